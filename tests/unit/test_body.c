/*
 * The reader of JSON bodies: the rows of tests/bodies/index.json, in the spirit
 * of JSONTestSuite, and bodies that are cut or changed at every byte.
 *
 * A row has its body as "text", as "bytes" (characters up to U+00FF, one a
 * byte) or as "repeat" ([text, times], …); "is" says whether it has to be read
 * as an "object" or as something "other", and "at" where it is unreadable, as
 * [line, column].
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/body.h"

enum { BODY_MAX = 1 << 20, ROWS_MIN = 200 };

static struct req
request(const void *bytes, size_t n)
{
	struct req rq;

	req_init(&rq);
	rq.content_type = "application/json";
	buf_init(&rq.body, BODY_MAX);
	assert_int_equal(buf_add(&rq.body, bytes, n), ERR_OK);
	return rq;
}

/* ---- the rows ---- */

static void
add_text(struct buf *out, const json_t *text)
{
	buf_add(out, json_string_value(text), json_string_length(text));
}

/* Characters up to U+00FF have one byte in UTF-8, or two of 5 + 6 bits. */
static void
add_bytes(struct buf *out, const json_t *text)
{
	const unsigned char *p = (const unsigned char *)json_string_value(text);
	const unsigned char *end = p + json_string_length(text);

	for (; p < end; p++) {
		unsigned char byte = *p;

		if (byte >= 0xc0)
			byte = (unsigned char)((byte << 6) | (*++p & 0x3f));
		buf_add(out, &byte, 1);
	}
}

static void
add_repeated(struct buf *out, const json_t *pairs)
{
	json_t *pair;
	size_t i;

	json_array_foreach(pairs, i, pair) {
		json_int_t times = json_integer_value(json_array_get(pair, 1));

		while (times-- > 0)
			add_text(out, json_array_get(pair, 0));
	}
}

static void
fill_body(struct buf *out, const json_t *row)
{
	buf_init(out, BODY_MAX);
	add_text(out, json_object_get(row, "text"));
	if (json_object_get(row, "bytes") != NULL)
		add_bytes(out, json_object_get(row, "bytes"));
	add_repeated(out, json_object_get(row, "repeat"));
}

/* What body_read() has to say of a row; "" where it takes it. */
static void
wanted(const json_t *row, char *out, size_t size)
{
	const char *is = json_string_value(json_object_get(row, "is"));
	const json_t *at = json_object_get(row, "at");

	if (at != NULL)
		snprintf(out, size, "The request body is not readable JSON: "
		    "line %d, column %d.",
		    (int)json_integer_value(json_array_get(at, 0)),
		    (int)json_integer_value(json_array_get(at, 1)));
	else
		snprintf(out, size, "%s", strcmp(is, "other") == 0 ?
		    "The request body has to be a JSON object." : "");
}

static void
check_row(const json_t *row)
{
	const char *name = json_string_value(json_object_get(row, "name"));
	char want[REQ_TEXT_MAX];
	struct req rq;
	struct buf body;
	enum err err;

	fill_body(&body, row);
	rq = request(body.p, body.len);
	buf_free(&body);
	err = body_read(&rq);
	wanted(row, want, sizeof(want));
	if (err != (want[0] != '\0' ? ERR_BAD_JSON : ERR_OK) ||
	    strcmp(rq.message, want) != 0)
		fail_msg("%s: %s: %s", name, err_code(err), rq.message);
	if (err == ERR_OK)
		assert_true(json_is_object(rq.json));
	req_free(&rq);
}

static void
test_rows(void **state)
{
	const char *source = getenv("LLMSELECT_SOURCE");
	char path[4096];
	json_error_t fault;
	json_t *rows, *row;
	size_t i;

	(void)state;
	snprintf(path, sizeof(path), "%s/tests/bodies/index.json",
	    source != NULL ? source : ".");
	rows = json_load_file(path, JSON_ALLOW_NUL, &fault);
	if (rows == NULL)
		fail_msg("%s: %s", path, fault.text);
	assert_true(json_array_size(rows) >= ROWS_MIN);
	json_array_foreach(rows, i, row)
		check_row(row);
	json_decref(rows);
}

/* ---- every cut, every byte ---- */

static const char SOUND[] =
    "{\"a\": [1, -2.5e+3, true, null], \"\xc3\xa9\\ud83d\\ude00\": "
    "{\"b\": \"\xf0\x9f\x98\x80 \\n\"}}";

static enum err
read_once(const char *bytes, size_t n)
{
	struct req rq = request(bytes, n);
	enum err err = body_read(&rq);

	assert_true((err == ERR_OK) == (rq.message[0] == '\0'));
	req_free(&rq);
	return err;
}

static void
test_cuts(void **state)
{
	size_t whole = sizeof(SOUND) - 1;

	(void)state;
	for (size_t n = 0; n < whole; n++)
		assert_int_equal(read_once(SOUND, n), ERR_BAD_JSON);
	assert_int_equal(read_once(SOUND, whole), ERR_OK);
}

static void
test_changed_bytes(void **state)
{
	char bytes[sizeof(SOUND)];

	(void)state;
	for (size_t i = 0; i < sizeof(SOUND) - 1; i++)
		for (int byte = 0; byte < 256; byte++) {
			enum err err;

			memcpy(bytes, SOUND, sizeof(SOUND));
			bytes[i] = (char)byte;
			err = read_once(bytes, sizeof(SOUND) - 1);
			assert_true(err == ERR_OK || err == ERR_BAD_JSON);
		}
}

/* ---- what it is called ---- */

static const struct {
	const char *type;
	bool is_json;
} TYPES[] = {
	{ "application/json", true },
	{ "Application/JSON", true },
	{ "application/json; charset=utf-8", true },
	{ "application/json;", true },
	{ "application/json \t; charset=utf-8", true },
	{ "application/json  ", true },
	{ "", false },
	{ " ", false },
	{ "json", false },
	{ " application/json", false },
	{ "application/jso", false },
	{ "application/jsonp", false },
	{ "application/json+x", false },
	{ "application/json, text/plain", false },
	{ "application/problem+json", false },
	{ "application /json", false },
	{ "text/json", false },
	{ "text/plain; application/json", false },
};

static void
test_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
		struct req rq = request("{}", 2);
		enum err want = TYPES[i].is_json ? ERR_OK : ERR_MEDIA_TYPE;

		rq.content_type = TYPES[i].type;
		if (body_read(&rq) != want)
			fail_msg("\"%s\"", TYPES[i].type);
		assert_true((rq.json != NULL) == TYPES[i].is_json);
		req_free(&rq);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_changed_bytes),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
