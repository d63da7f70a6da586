#include "http/fields.h"

#include <string.h>

/* A reader writes `at`, or says what is wrong with the value. */
typedef void read_fn(struct req *rq, const struct field *f,
    const json_t *value, void *at);

static void
check_length(struct req *rq, const struct field *f, size_t n, const char *unit)
{
	double least = f->least, most = f->most;

	if ((double)n >= least && (double)n <= most)
		return;
	if (n == 0)
		req_fail_field(rq, f->name, "This may not be empty.");
	else if (least == most)
		req_fail_field(rq, f->name, "Use %.15g %s; this has %zu.",
		    least, unit, n);
	else if (least == 0)
		req_fail_field(rq, f->name,
		    "Use at most %.15g %s; this has %zu.", most, unit, n);
	else
		req_fail_field(rq, f->name,
		    "Use %.15g to %.15g %s; this has %zu.", least, most, unit,
		    n);
}

static size_t
characters(const struct text *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->len; i++)
		n += ((unsigned char)t->p[i] & 0xc0) != 0x80;
	return n;
}

static bool
take_text(struct req *rq, const struct field *f, const json_t *value,
    struct text *t)
{
	if (!json_is_string(value)) {
		req_fail_field(rq, f->name, "This must be text.");
		return false;
	}
	t->p = json_string_value(value);
	t->len = json_string_length(value);
	return true;
}

static void
read_text(struct req *rq, const struct field *f, const json_t *value, void *at)
{
	struct text *t = at;

	if (!take_text(rq, f, value, t))
		return;
	if (memchr(t->p, '\0', t->len) != NULL)
		req_fail_field(rq, f->name,
		    "Leave out the character U+0000.");
	check_length(rq, f, characters(t), "characters");
}

static void
read_bytes(struct req *rq, const struct field *f, const json_t *value, void *at)
{
	struct text *t = at;

	if (take_text(rq, f, value, t))
		check_length(rq, f, t->len, "bytes");
}

static void
read_model(struct req *rq, const struct field *f, const json_t *value, void *at)
{
	static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@-";
	struct text *t = at;

	if (!take_text(rq, f, value, t))
		return;
	if (strspn(t->p, ALLOWED) != t->len)
		req_fail_field(rq, f->name,
		    "Only letters, digits and . _ : / @ - can be used.");
	else if (t->p[0] == '/' || strstr(t->p, "//") != NULL ||
	    strstr(t->p, "..") != NULL)
		req_fail_field(rq, f->name,
		    "This may not begin with / or contain .. or //.");
	check_length(rq, f, characters(t), "characters");
}

static void
read_uuid(struct req *rq, const struct field *f, const json_t *value, void *at)
{
	const char *text = json_string_value(value);

	/* The id of zeros is refused: a handler takes it for "absent". */
	if (text == NULL || strlen(text) != json_string_length(value) ||
	    !uuid_parse(text, at) || uuid_is_none(at))
		req_fail_field(rq, f->name, "Use an id of 36 characters, as "
		    "this server gives them.");
}

static void
read_int(struct req *rq, const struct field *f, const json_t *value, void *at)
{
	struct number *n = at;
	long long i = json_integer_value(value);

	if (!json_is_integer(value) || (double)i < f->least ||
	    (double)i > f->most) {
		req_fail_field(rq, f->name,
		    "Use a whole number from %.15g to %.15g.",
		    f->least, f->most);
		return;
	}
	*n = (struct number){ .set = true, .i = i, .r = (double)i };
}

static void
read_real(struct req *rq, const struct field *f, const json_t *value, void *at)
{
	struct number *n = at;
	double r = json_number_value(value);

	if (!json_is_number(value) || r < f->least || r > f->most) {
		req_fail_field(rq, f->name,
		    "Use a number from %.15g to %.15g.",
		    f->least, f->most);
		return;
	}
	*n = (struct number){ .set = true, .i = (long long)r, .r = r };
}

static void
read_bool(struct req *rq, const struct field *f, const json_t *value, void *at)
{
	if (!json_is_boolean(value))
		req_fail_field(rq, f->name, "Use true or false.");
	else
		*(bool *)at = json_is_true(value);
}

static void
fail_choice(struct req *rq, const struct field *f)
{
	char list[REQ_TEXT_MAX / 2] = "";
	size_t n = 0;

	for (int i = 0; f->choices[i] != NULL; i++) {
		size_t len = strlen(f->choices[i]);

		if (n + len + sizeof(", ") > sizeof(list))
			break;
		if (i > 0) {
			memcpy(list + n, ", ", 2);
			n += 2;
		}
		memcpy(list + n, f->choices[i], len + 1);
		n += len;
	}
	req_fail_field(rq, f->name, "Use one of: %s.", list);
}

static void
read_choice(struct req *rq, const struct field *f, const json_t *value,
    void *at)
{
	const char *text = json_string_value(value);

	for (int i = 0; text != NULL && f->choices[i] != NULL; i++) {
		if (strlen(f->choices[i]) == json_string_length(value) &&
		    strcmp(f->choices[i], text) == 0) {
			*(int *)at = i;
			return;
		}
	}
	fail_choice(rq, f);
}

static void
read_array(struct req *rq, const struct field *f, const json_t *value, void *at)
{
	if (!json_is_array(value)) {
		req_fail_field(rq, f->name, "This must be a list.");
		return;
	}
	check_length(rq, f, json_array_size(value), "entries");
	*(json_t **)at = (json_t *)(uintptr_t)value;
}

static const struct {
	read_fn *read;
	size_t size;
} TYPES[] = {
	[FIELD_IS_TEXT] = { read_text, sizeof(struct text) },
	[FIELD_IS_BYTES] = { read_bytes, sizeof(struct text) },
	[FIELD_IS_MODEL] = { read_model, sizeof(struct text) },
	[FIELD_IS_UUID] = { read_uuid, sizeof(struct uuid) },
	[FIELD_IS_INT] = { read_int, sizeof(struct number) },
	[FIELD_IS_REAL] = { read_real, sizeof(struct number) },
	[FIELD_IS_BOOL] = { read_bool, sizeof(bool) },
	[FIELD_IS_CHOICE] = { read_choice, sizeof(int) },
	[FIELD_IS_ARRAY] = { read_array, sizeof(json_t *) },
};

/* A field that is null counts as absent: browsers send what is not set so. */
static void
read_field(struct req *rq, const struct field *f, void *at)
{
	const json_t *value = json_object_get(rq->json, f->name);

	memset(at, 0, TYPES[f->type].size);
	if (f->type == FIELD_IS_CHOICE)
		*(int *)at = -1;
	if (value != NULL && !json_is_null(value))
		TYPES[f->type].read(rq, f, value, at);
	else if (f->flags & FIELD_MUST)
		req_fail_field(rq, f->name, "This is required.");
}

static bool
is_known(const struct field *table, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].name, name) == 0)
			return true;
	return false;
}

enum err
fields_read(struct req *rq, const struct field *table, size_t n, void *out)
{
	const char *name;
	json_t *value;

	if (!json_is_object(rq->json))
		return req_fail(rq, ERR_VALIDATION,
		    "The request body must be a JSON object.");
	for (size_t i = 0; i < n; i++)
		read_field(rq, &table[i], (char *)out + table[i].offset);
	json_object_foreach(rq->json, name, value)
		if (!is_known(table, n, name))
			req_fail_field(rq, name,
			    "This request has no such field.");
	return rq->err;
}
