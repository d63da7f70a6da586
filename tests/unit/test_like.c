/* store/like: what a person searches for is taken literally. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/like.h"

static const struct row {
	const char *name, *text, *pattern;
} rows[] = {
	{ "nothing", "", "%%" },
	{ "a word", "go", "%go%" },
	{ "what LIKE means by %", "100%", "%100!%%" },
	{ "what it means by _", "a_b", "%a!_b%" },
	{ "the escape itself", "!", "%!!%" },
	{ "all of them", "%_!", "%!%!_!!%" },
	{ "a backslash is none", "\\", "%\\%" },
	{ "other scripts", "\xe6\x95\xb0", "%\xe6\x95\xb0%" },
};

static void
patterns(void **state)
{
	char out[LIKE_PATTERN_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("# %s\n", rows[i].name);
		assert_string_equal(like_pattern(rows[i].text, out),
		    rows[i].pattern);
	}
}

static void
the_longest_text_fits(void **state)
{
	char text[LIKE_TEXT_MAX + 1], out[LIKE_PATTERN_SIZE];

	(void)state;
	memset(text, '%', LIKE_TEXT_MAX);
	text[LIKE_TEXT_MAX] = '\0';
	like_pattern(text, out);
	assert_int_equal(strlen(out), 2 * LIKE_TEXT_MAX + 2);
	assert_string_equal(out + strlen(out) - 3, "!%%");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns),
		cmocka_unit_test(the_longest_text_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
