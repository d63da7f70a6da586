/* The buffer: its ceiling, and what a failed call leaves behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
an_empty_buffer_is_the_empty_string(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_string_equal(b.p, "");
	assert_int_equal(buf_add(&b, NULL, 0), ERR_OK);
	assert_string_equal(b.p, "");
	buf_free(&b);
	buf_free(&b);
	assert_string_equal(b.p, "");
}

static void
zeros_can_be_freed_and_take_nothing(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(buf_adds(&b, "x"), ERR_TOO_LARGE);
	buf_free(&b);
}

static void
the_ceiling(void **state)
{
	static const struct {
		const char *name, *first, *second;
		size_t max;
		enum err err;
		const char *left;
	} rows[] = {
		{ "below it", "abc", "de", 6, ERR_OK, "abcde" },
		{ "at it", "abc", "def", 6, ERR_OK, "abcdef" },
		{ "one past it", "abc", "defg", 6, ERR_TOO_LARGE, "abc" },
		{ "none left", "abcdef", "g", 6, ERR_TOO_LARGE, "abcdef" },
		{ "nothing always fits", "abcdef", "", 6, ERR_OK, "abcdef" },
		{ "a ceiling of 0", "", "a", 0, ERR_TOO_LARGE, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b;

		buf_init(&b, rows[i].max);
		assert_int_equal(buf_adds(&b, rows[i].first), ERR_OK);
		if (buf_adds(&b, rows[i].second) != rows[i].err ||
		    strcmp(b.p, rows[i].left) != 0)
			fail_msg("buf_adds, %s: \"%s\"", rows[i].name, b.p);
		buf_reset(&b);
		assert_int_equal(buf_adds(&b, rows[i].first), ERR_OK);
		if (buf_addf(&b, "%s", rows[i].second) != rows[i].err ||
		    strcmp(b.p, rows[i].left) != 0)
			fail_msg("buf_addf, %s: \"%s\"", rows[i].name, b.p);
		buf_free(&b);
	}
}

static void
json_strings(void **state)
{
	static const struct {
		const char *name, *text;
		size_t n;
		const char *want;
	} rows[] = {
		{ "nothing", "", 0, "\"\"" },
		{ "plain", "abc", 3, "\"abc\"" },
		{ "quote and backslash", "a\"b\\", 4, "\"a\\\"b\\\\\"" },
		{ "short escapes", "\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"" },
		{ "other control characters", "\0\x01\x1f", 3,
		    "\"\\u0000\\u0001\\u001f\"" },
		{ "DEL and beyond pass", "\x7f\xc3\xa9\xe2\x80\xa8", 6,
		    "\"\x7f\xc3\xa9\xe2\x80\xa8\"" },
		{ "a slash passes", "</script>", 9, "\"</script>\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b;

		buf_init(&b, 1000);
		assert_int_equal(buf_add_json(&b, rows[i].text, rows[i].n), ERR_OK);
		if (strcmp(b.p, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].name, b.p);
		buf_free(&b);
	}
}

/* Whatever the ceiling, a JSON string is added whole or not at all. */
static void
json_strings_at_every_ceiling(void **state)
{
	static const char want[] = "x\"a\\n\\u0001b\"";

	(void)state;
	for (size_t max = 1; max <= sizeof(want); max++) {
		struct buf b;
		enum err err;

		buf_init(&b, max);
		assert_int_equal(buf_adds(&b, "x"), ERR_OK);
		err = buf_add_json(&b, "a\n\x01" "b", 4);
		assert_int_equal(err,
		    max < sizeof(want) - 1 ? ERR_TOO_LARGE : ERR_OK);
		assert_string_equal(b.p, err ? "x" : want);
		assert_int_equal(b.len, strlen(b.p));
		buf_free(&b);
	}
}

static void
dropping(void **state)
{
	static const struct {
		size_t n;
		const char *left;
	} rows[] = {
		{ 0, "abcdef" }, { 2, "cdef" }, { 5, "f" }, { 6, "" }, { 99, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b;

		buf_init(&b, 10);
		assert_int_equal(buf_adds(&b, "abcdef"), ERR_OK);
		buf_drop(&b, rows[i].n);
		assert_string_equal(b.p, rows[i].left);
		assert_int_equal(b.len, strlen(rows[i].left));
		buf_free(&b);
	}
}

static void
what_is_taken_is_the_callers(void **state)
{
	struct buf b;
	char *p;

	(void)state;
	buf_init(&b, 100);
	p = buf_take(&b);
	assert_string_equal(p, "");
	free(p);
	assert_int_equal(buf_addf(&b, "%d and %s", 7, "seven"), ERR_OK);
	p = buf_take(&b);
	assert_string_equal(p, "7 and seven");
	free(p);
	assert_string_equal(b.p, "");
	assert_int_equal(buf_adds(&b, "again"), ERR_OK);
	buf_free(&b);
}

static void
many_small_pieces(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(buf_add(&b, &(char){ (char)('a' + i % 26) }, 1),
		    ERR_OK);
	assert_int_equal(buf_adds(&b, "x"), ERR_TOO_LARGE);
	assert_int_equal(b.len, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(b.p[i], 'a' + i % 26);
	assert_int_equal(b.p[b.len], '\0');
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_is_the_empty_string),
		cmocka_unit_test(zeros_can_be_freed_and_take_nothing),
		cmocka_unit_test(the_ceiling),
		cmocka_unit_test(json_strings),
		cmocka_unit_test(json_strings_at_every_ceiling),
		cmocka_unit_test(dropping),
		cmocka_unit_test(what_is_taken_is_the_callers),
		cmocka_unit_test(many_small_pieces),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
