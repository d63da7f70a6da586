#include "record.h"

#include <ctype.h>
#include <string.h>

#define NAME_MAX_BYTES 127	/* longer header names are left out */

static json_t *
headers_json(const struct http_request *rq)
{
	json_t *headers = json_object();
	char name[NAME_MAX_BYTES + 1];

	for (size_t i = 0; i < rq->header_count; i++) {
		const struct http_header *h = &rq->headers[i];

		if (h->name.n > NAME_MAX_BYTES)
			continue;
		for (size_t k = 0; k < h->name.n; k++)
			name[k] = (char)tolower((unsigned char)h->name.p[k]);
		name[h->name.n] = '\0';
		json_object_set_new(headers, name,
			json_stringn(h->value.p, h->value.n));
	}
	return headers;
}

static json_t *
string_or_null(struct slice s)
{
	json_t *string = s.p ? json_stringn(s.p, s.n) : NULL;

	return string ? string : json_null();
}

void
record_add(struct record *r, const char *tag, const struct http_request *rq,
	int64_t now)
{
	struct recorded *e = &r->ring[r->seq % RECORD_MAX];
	size_t n = rq->body.n < RECORD_BODY_MAX ? rq->body.n
		: RECORD_BODY_MAX;

	json_decref(e->about);
	e->about = json_pack("{s:o, s:o, s:o, s:o, s:o}",
		"method", string_or_null(rq->method),
		"path", string_or_null(rq->path),
		"query", string_or_null(rq->query), "authorization",
		string_or_null(http_header(rq, "authorization")),
		"headers", headers_json(rq));
	e->seq = ++r->seq;
	e->at_ns = now;
	snprintf(e->tag, sizeof(e->tag), "%s", tag);
	e->body_bytes = rq->body.n;
	buf_clear(&e->body);
	buf_add(&e->body, rq->body.p, n);
}

static json_t *
entry_json(const struct recorded *e)
{
	json_t *entry = json_pack("{s:I, s:I, s:s}",
		"seq", (json_int_t)e->seq, "at_ns", (json_int_t)e->at_ns,
		"tag", e->tag);
	struct slice body = { e->body.n ? e->body.p : "", e->body.n };

	json_object_update(entry, e->about);
	json_object_set_new(entry, "body", string_or_null(body));
	json_object_set_new(entry, "body_bytes",
		json_integer((json_int_t)e->body_bytes));
	json_object_set_new(entry, "truncated",
		json_boolean(e->body_bytes > e->body.n));
	return entry;
}

json_t *
record_json(const struct record *r, struct slice tag)
{
	int64_t oldest = r->seq > RECORD_MAX ? r->seq - RECORD_MAX : 0;
	json_t *list = json_array();

	for (int64_t i = r->seq; i > oldest
		&& json_array_size(list) < RECORD_SHOWN_MAX; i--) {
		const struct recorded *e = &r->ring[(i - 1) % RECORD_MAX];

		if (!tag.p || slice_is(tag, e->tag))
			json_array_insert_new(list, 0, entry_json(e));
	}
	return json_pack("{s:o, s:o}", "tag", string_or_null(tag),
		"requests", list);
}

void
record_free(struct record *r)
{
	for (size_t i = 0; i < RECORD_MAX; i++) {
		json_decref(r->ring[i].about);
		buf_free(&r->ring[i].body);
	}
	*r = (struct record){ 0 };
}
