/* The query of a request, its failures and its headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "http/request.h"

static const struct query_row {
	const char *label, *query, *name;
	const char *value; /* NULL: not there */
} QUERIES[] = {
	{ "alone", "a=1", "a", "1" },
	{ "the second", "b=2&a=1", "a", "1" },
	{ "the first of two", "a=1&a=2", "a", "1" },
	{ "not the end of another", "ba=2&a=1", "a", "1" },
	{ "not the beginning of another", "ab=2", "a", NULL },
	{ "empty value", "a=", "a", "" },
	{ "no equals sign", "a", "a", "" },
	{ "no equals sign, more follows", "a&b=1", "a", "" },
	{ "not there", "b=1", "a", NULL },
	{ "empty query", "", "a", NULL },
	{ "only separators", "&&", "a", NULL },
	{ "plus is a blank", "a=x+y", "a", "x y" },
	{ "escapes of both cases", "a=%2f%2F%41", "a", "//A" },
	{ "escaped plus", "a=%2B", "a", "+" },
	{ "escaped ampersand", "a=x%26b", "a", "x&b" },
	{ "UTF-8", "a=%E6%95%B0", "a", "\xe6\x95\xb0" },
	{ "equals sign in the value", "a=b=c", "a", "b=c" },
	{ "bad escape", "a=%zz", "a", NULL },
	{ "half an escape", "a=%4", "a", NULL },
	{ "half an escape before another", "a=%4&b=1", "a", NULL },
	{ "percent alone", "a=%", "a", NULL },
	{ "escaped NUL", "a=x%00y", "a", NULL },
	{ "bad UTF-8", "a=%FF", "a", NULL },
};

static void
test_query(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(QUERIES) / sizeof(QUERIES[0]); i++) {
		const struct query_row *row = &QUERIES[i];
		char out[REQ_QUERY_MAX] = "untouched";
		struct req rq;

		print_message("  %s\n", row->label);
		req_init(&rq);
		rq.query = row->query;
		assert_int_equal(req_query(&rq, row->name, out),
		    row->value != NULL);
		assert_string_equal(out,
		    row->value != NULL ? row->value : "untouched");
		req_free(&rq);
	}
}

static void
test_query_length(void **state)
{
	char query[REQ_QUERY_MAX + 8] = "a=";
	char out[REQ_QUERY_MAX];
	struct req rq;

	(void)state;
	memset(query + 2, 'x', REQ_QUERY_MAX - 1);
	req_init(&rq);
	rq.query = query;
	assert_true(req_query(&rq, "a", out));
	assert_int_equal(strlen(out), REQ_QUERY_MAX - 1);
	query[strlen(query)] = 'x'; /* the rest of it is zero */
	assert_false(req_query(&rq, "a", out));
	req_free(&rq);
}

static void
test_query_text(void **state)
{
	static const struct {
		const char *query;
		enum err err;
		const char *text;
	} rows[] = {
		{ "", ERR_OK, "" },
		{ "b=1", ERR_OK, "" },
		{ "a=", ERR_OK, "" },
		{ "a=x%20y", ERR_OK, "x y" },
		{ "a=%ff", ERR_VALIDATION, "" },
		{ "a=%f", ERR_VALIDATION, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[REQ_QUERY_MAX];
		struct req rq;

		req_init(&rq);
		rq.query = rows[i].query;
		assert_int_equal(req_query_text(&rq, "a", out), rows[i].err);
		assert_string_equal(out, rows[i].text);
		req_free(&rq);
	}
}

static const struct int_row {
	const char *query;
	enum err err;
	int value;
} INTS[] = {
	{ "", ERR_OK, 7 },
	{ "n=1", ERR_OK, 1 },
	{ "n=100", ERR_OK, 100 },
	{ "n=0", ERR_VALIDATION, -1 },
	{ "n=101", ERR_VALIDATION, -1 },
	{ "n=-1", ERR_VALIDATION, -1 },
	{ "n=1.5", ERR_VALIDATION, -1 },
	{ "n=+1", ERR_VALIDATION, -1 },
	{ "n=%201", ERR_VALIDATION, -1 },
	{ "n=1x", ERR_VALIDATION, -1 },
	{ "n=", ERR_VALIDATION, -1 },
	{ "n=99999999999999999999", ERR_VALIDATION, -1 },
};

static void
test_query_int(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(INTS) / sizeof(INTS[0]); i++) {
		struct req rq;
		int n = -1;

		print_message("  \"%s\"\n", INTS[i].query);
		req_init(&rq);
		rq.query = INTS[i].query;
		assert_int_equal(req_query_int(&rq, "n", 1, 100, 7, &n),
		    INTS[i].err);
		assert_int_equal(n, INTS[i].value);
		if (INTS[i].err)
			assert_string_equal(json_string_value(json_object_get(
			    rq.details, "n")),
			    "Use a whole number from 1 to 100.");
		req_free(&rq);
	}
}

static void
test_first_failure_wins(void **state)
{
	struct req rq;

	(void)state;
	req_init(&rq);
	assert_int_equal(req_fail(&rq, ERR_NOT_FOUND, "no %s", "such"),
	    ERR_NOT_FOUND);
	assert_int_equal(req_fail(&rq, ERR_INTERNAL, "second"), ERR_NOT_FOUND);
	assert_string_equal(rq.message, "no such");
	req_note(&rq, "first %d", 1);
	req_note(&rq, "second");
	assert_string_equal(rq.note, "first 1");
	req_free(&rq);
	req_free(&rq);
}

static void
test_field_ceilings(void **state)
{
	char name[200];
	struct req rq;

	(void)state;
	req_init(&rq);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "field%d", i);
		assert_int_equal(req_fail_field(&rq, name, "is bad"),
		    ERR_VALIDATION);
	}
	assert_int_equal(json_object_size(rq.details), 32);
	req_free(&rq);

	req_init(&rq);
	memset(name, 'x', sizeof(name));
	memcpy(name + 62, "\xe6\x95\xb0", 3); /* astride of the ceiling */
	name[sizeof(name) - 1] = '\0';
	req_fail_field(&rq, name, "is bad");
	assert_int_equal(json_object_size(rq.details), 1);
	assert_int_equal(strlen(json_object_iter_key(
	    json_object_iter(rq.details))), 62 + 3);
	req_free(&rq);
}

static void
test_headers(void **state)
{
	char text[REQ_HEADER_SIZE + 1];
	struct req rq;

	(void)state;
	req_init(&rq);
	assert_int_equal(req_header(&rq, "A: %d", 1), ERR_OK);
	assert_string_equal(rq.headers[0], "A: 1");
	assert_int_equal(req_header(&rq, "B: %s", "x\r\nC: y"), ERR_INTERNAL);
	assert_int_equal(rq.n_headers, 1);
	req_free(&rq);

	req_init(&rq);
	memset(text, 'x', sizeof(text));
	text[REQ_HEADER_SIZE] = '\0';
	assert_int_equal(req_header(&rq, "%s", text), ERR_INTERNAL);
	req_free(&rq);

	req_init(&rq);
	for (int i = 0; i < REQ_HEADERS_MAX; i++)
		assert_int_equal(req_header(&rq, "A: 1"), ERR_OK);
	assert_int_equal(req_header(&rq, "A: 1"), ERR_INTERNAL);
	assert_int_equal(rq.n_headers, REQ_HEADERS_MAX);
	req_free(&rq);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_query_length),
		cmocka_unit_test(test_query_text),
		cmocka_unit_test(test_query_int),
		cmocka_unit_test(test_first_failure_wins),
		cmocka_unit_test(test_field_ceilings),
		cmocka_unit_test(test_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
