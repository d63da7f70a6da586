/* A JSON body read by a table: what is taken, and what is said of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "http/fields.h"

struct ask {
	struct text title, secret, model;
	struct uuid id;
	struct number limit, warmth;
	bool stream;
	int mode;
	json_t *lanes;
};

static const char *const MODES[] = { "stop", "continue", NULL };

static const struct field FIELDS[] = {
	FIELD_TEXT(struct ask, title, 2, 5, FIELD_MUST),
	FIELD_BYTES(struct ask, secret, 0, 4, 0),
	FIELD_MODEL(struct ask, model, 0),
	FIELD_UUID(struct ask, id, 0),
	FIELD_INT(struct ask, limit, 1, 100, 0),
	FIELD_REAL(struct ask, warmth, 0, 2, 0),
	FIELD_BOOL(struct ask, stream, 0),
	FIELD_CHOICE(struct ask, mode, MODES, 0),
	FIELD_ARRAY(struct ask, lanes, 1, 2, 0),
};

#define TITLE "\"title\": \"abc\", "

static const struct row {
	const char *label, *json;
	const char *field;    /* of the one fault; NULL: none */
	const char *sentence;
} ROWS[] = {
	{ "only what must be there", "{\"title\": \"abc\"}", NULL, NULL },
	{ "text: missing", "{}", "title", "This is required." },
	{ "text: null is missing", "{\"title\": null}", "title",
	    "This is required." },
	{ "text: number", "{\"title\": 7}", "title", "This must be text." },
	{ "text: empty", "{\"title\": \"\"}", "title",
	    "This may not be empty." },
	{ "text: too short", "{\"title\": \"x\"}", "title",
	    "Use 2 to 5 characters; this has 1." },
	{ "text: too long", "{\"title\": \"abcdef\"}", "title",
	    "Use 2 to 5 characters; this has 6." },
	{ "text: characters, not bytes",
	    "{\"title\": \"\xe6\x95\xb0\xe6\x95\xb0\xe6\x95\xb0"
	    "\xe6\x95\xb0\xf0\x9f\x98\x84\"}", NULL, NULL },
	{ "text: NUL", "{\"title\": \"a\\u0000b\"}", "title",
	    "Leave out the character U+0000." },
	{ "bytes: NUL", "{" TITLE "\"secret\": \"a\\u0000b\"}", NULL, NULL },
	{ "bytes: counted as bytes",
	    "{" TITLE "\"secret\": \"\xe6\x95\xb0\xe6\x95\xb0\"}", "secret",
	    "Use at most 4 bytes; this has 6." },
	{ "bytes: empty is allowed", "{" TITLE "\"secret\": \"\"}",
	    NULL, NULL },
	{ "model: all characters", "{" TITLE
	    "\"model\": \"a/B-9._:x@y\"}", NULL, NULL },
	{ "model: blank", "{" TITLE "\"model\": \"a b\"}", "model",
	    "Only letters, digits and . _ : / @ - can be used." },
	{ "model: question mark", "{" TITLE "\"model\": \"a?b\"}", "model",
	    "Only letters, digits and . _ : / @ - can be used." },
	{ "model: number sign", "{" TITLE "\"model\": \"a#b\"}", "model",
	    "Only letters, digits and . _ : / @ - can be used." },
	{ "model: escape", "{" TITLE "\"model\": \"a%2fb\"}", "model",
	    "Only letters, digits and . _ : / @ - can be used." },
	{ "model: line end", "{" TITLE "\"model\": \"a\\r\\nb\"}", "model",
	    "Only letters, digits and . _ : / @ - can be used." },
	{ "model: NUL", "{" TITLE "\"model\": \"a\\u0000b\"}", "model",
	    "Only letters, digits and . _ : / @ - can be used." },
	{ "model: letter of another script",
	    "{" TITLE "\"model\": \"a\xc3\xa4\"}", "model",
	    "Only letters, digits and . _ : / @ - can be used." },
	{ "model: up", "{" TITLE "\"model\": \"../x\"}", "model",
	    "This may not begin with / or contain .. or //." },
	{ "model: leading slash", "{" TITLE "\"model\": \"/x\"}", "model",
	    "This may not begin with / or contain .. or //." },
	{ "model: two slashes", "{" TITLE "\"model\": \"a//b\"}", "model",
	    "This may not begin with / or contain .. or //." },
	{ "model: empty", "{" TITLE "\"model\": \"\"}", "model",
	    "This may not be empty." },
	{ "id", "{" TITLE
	    "\"id\": \"01890a5d-ac96-774b-bcce-b302099a8057\"}", NULL, NULL },
	{ "id: not one", "{" TITLE "\"id\": \"7\"}", "id",
	    "Use an id of 36 characters, as this server gives them." },
	{ "id: number", "{" TITLE "\"id\": 7}", "id",
	    "Use an id of 36 characters, as this server gives them." },
	{ "int: least", "{" TITLE "\"limit\": 1}", NULL, NULL },
	{ "int: most", "{" TITLE "\"limit\": 100}", NULL, NULL },
	{ "int: too small", "{" TITLE "\"limit\": 0}", "limit",
	    "Use a whole number from 1 to 100." },
	{ "int: too big", "{" TITLE "\"limit\": 101}", "limit",
	    "Use a whole number from 1 to 100." },
	{ "int: fraction", "{" TITLE "\"limit\": 1.5}", "limit",
	    "Use a whole number from 1 to 100." },
	{ "int: text", "{" TITLE "\"limit\": \"1\"}", "limit",
	    "Use a whole number from 1 to 100." },
	{ "real", "{" TITLE "\"warmth\": 0.7}", NULL, NULL },
	{ "real: whole", "{" TITLE "\"warmth\": 2}", NULL, NULL },
	{ "real: too big", "{" TITLE "\"warmth\": 2.01}", "warmth",
	    "Use a number from 0 to 2." },
	{ "real: text", "{" TITLE "\"warmth\": \"1\"}", "warmth",
	    "Use a number from 0 to 2." },
	{ "bool", "{" TITLE "\"stream\": true}", NULL, NULL },
	{ "bool: number", "{" TITLE "\"stream\": 1}", "stream",
	    "Use true or false." },
	{ "choice", "{" TITLE "\"mode\": \"continue\"}", NULL, NULL },
	{ "choice: another", "{" TITLE "\"mode\": \"go\"}", "mode",
	    "Use one of: stop, continue." },
	{ "choice: with a NUL", "{" TITLE "\"mode\": \"stop\\u0000\"}",
	    "mode", "Use one of: stop, continue." },
	{ "choice: number", "{" TITLE "\"mode\": 0}", "mode",
	    "Use one of: stop, continue." },
	{ "array", "{" TITLE "\"lanes\": [1, 2]}", NULL, NULL },
	{ "array: too long", "{" TITLE "\"lanes\": [1, 2, 3]}", "lanes",
	    "Use 1 to 2 entries; this has 3." },
	{ "array: empty", "{" TITLE "\"lanes\": []}", "lanes",
	    "This may not be empty." },
	{ "array: object", "{" TITLE "\"lanes\": {}}", "lanes",
	    "This must be a list." },
	{ "unknown", "{" TITLE "\"tilte\": 1}", "tilte",
	    "This request has no such field." },
	{ "unknown, null", "{" TITLE "\"tilte\": null}", "tilte",
	    "This request has no such field." },
};

static void
check_row(const struct row *row)
{
	struct ask ask;
	struct req rq;
	enum err err;

	req_init(&rq);
	rq.json = json_loads(row->json, JSON_ALLOW_NUL, NULL);
	assert_non_null(rq.json);
	err = FIELDS_READ(&rq, FIELDS, &ask);
	if (row->field == NULL) {
		assert_int_equal(err, ERR_OK);
		assert_null(rq.details);
	} else {
		assert_int_equal(err, ERR_VALIDATION);
		assert_int_equal(json_object_size(rq.details), 1);
		assert_string_equal(json_string_value(json_object_get(
		    rq.details, row->field)), row->sentence);
	}
	req_free(&rq);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		print_message("  %s\n", ROWS[i].label);
		check_row(&ROWS[i]);
	}
}

static void
test_values(void **state)
{
	struct ask ask;
	struct req rq;

	(void)state;
	req_init(&rq);
	rq.json = json_loads("{\"title\": \"abc\", \"limit\": 7, "
	    "\"warmth\": 0.5, \"stream\": true, \"mode\": \"continue\", "
	    "\"lanes\": [1], \"secret\": \"a\\u0000b\", "
	    "\"id\": \"01890A5D-AC96-774B-BCCE-B302099A8057\"}",
	    JSON_ALLOW_NUL, NULL);
	assert_int_equal(FIELDS_READ(&rq, FIELDS, &ask), ERR_OK);
	assert_string_equal(ask.title.p, "abc");
	assert_int_equal(ask.title.len, 3);
	assert_int_equal(ask.secret.len, 3);
	assert_memory_equal(ask.secret.p, "a\0b", 3);
	assert_true(ask.limit.set && ask.limit.i == 7);
	assert_true(ask.warmth.set && ask.warmth.r == 0.5);
	assert_true(ask.stream);
	assert_int_equal(ask.mode, 1);
	assert_int_equal(json_array_size(ask.lanes), 1);
	assert_int_equal(ask.id.b[0], 0x01);
	assert_int_equal(ask.id.b[15], 0x57);
	req_free(&rq);
}

static void
test_absent(void **state)
{
	struct ask ask;
	struct req rq;

	(void)state;
	memset(&ask, 0xaa, sizeof(ask));
	req_init(&rq);
	rq.json = json_loads("{\"title\": \"abc\"}", 0, NULL);
	assert_int_equal(FIELDS_READ(&rq, FIELDS, &ask), ERR_OK);
	assert_null(ask.secret.p);
	assert_null(ask.model.p);
	assert_null(ask.lanes);
	assert_true(uuid_is_none(&ask.id));
	assert_false(ask.limit.set || ask.warmth.set || ask.stream);
	assert_int_equal(ask.mode, -1);
	req_free(&rq);
}

static void
test_all_at_once(void **state)
{
	struct ask ask;
	struct req rq;

	(void)state;
	req_init(&rq);
	rq.json = json_loads("{\"limit\": 0, \"mode\": 1, \"x\": 1, "
	    "\"y\": 1}", 0, NULL);
	assert_int_equal(FIELDS_READ(&rq, FIELDS, &ask), ERR_VALIDATION);
	assert_int_equal(json_object_size(rq.details), 5);
	req_free(&rq);
}

static void
test_no_object(void **state)
{
	struct ask ask;
	struct req rq;

	(void)state;
	req_init(&rq);
	assert_int_equal(FIELDS_READ(&rq, FIELDS, &ask), ERR_VALIDATION);
	rq.json = json_array();
	assert_int_equal(FIELDS_READ(&rq, FIELDS, &ask), ERR_VALIDATION);
	assert_string_equal(rq.message,
	    "The request body must be a JSON object.");
	req_free(&rq);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_no_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
