/* What a conversation is called that begins with a question. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "api/title.h"
#include "store/conversations.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define X10 "xxxxxxxxxx"
#define X80 X10 X10 X10 X10 X10 X10 X10 X10
#define CRAB "\U0001F980"
#define CRAB10 CRAB CRAB CRAB CRAB CRAB CRAB CRAB CRAB CRAB CRAB
#define CRAB80 CRAB10 CRAB10 CRAB10 CRAB10 CRAB10 CRAB10 CRAB10 CRAB10

static void
titles_from_questions(void **state)
{
	static const struct {
		const char *name, *question, *title;
	} rows[] = {
		{ "plain", "How fast is Go?", "How fast is Go?" },
		{ "lines and tabs", "  One\r\n\ttwo\n\n", "One two" },
		{ "only spaces", " \n\t ", "" },
		{ "wide and fixed spaces", "a\u3000\u00A0\u2028b", "a b" },
		{ "only wide spaces", "\u3000\u00A0", "" },
		{ "emoji alone", CRAB CRAB, CRAB CRAB },
		{ "a family, joined",
		    "\U0001F468\u200D\U0001F469\u200D\U0001F467",
		    "\U0001F468\u200D\U0001F469\u200D\U0001F467" },
		{ "a heart with its selector", "\u2764\uFE0F", "\u2764\uFE0F" },
		{ "Hebrew", "\u05E9\u05DC\u05D5\u05DD", "\u05E9\u05DC\u05D5\u05DD" },
		{ "Persian with its joiner", "\u0645\u06CC\u200C\u062E",
		    "\u0645\u06CC\u200C\u062E" },
		{ "a direction turned around", "a\u202Egpj.exe\u202C", "agpj.exe" },
		{ "isolates", "\u2066a\u2069", "a" },
		{ "zero-width spaces", "\u200Ba\uFEFFb\u200B", "ab" },
		{ "only zero-width", "\u200B\uFEFF\u2060", "" },
		{ "only joiners", "\u200D\uFE0F", "" },
		{ "controls", "a\x1B[31mb\x7F\xC2\x85" "c", "a[31mb c" },
		{ "a hidden one between words makes no second space",
		    "a \u200B b", "a b" },
		{ "a very long word", X80 "y", X80 },
		{ "cut at a space", X80 " y", X80 },
		{ "cut before a space that would be the last", X10 X10 X10 X10
		    X10 X10 X10 "xxxxxxxxx yy", X10 X10 X10 X10 X10 X10 X10
		    "xxxxxxxxx" },
		{ "cut between emoji", CRAB80 CRAB, CRAB80 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[CONV_TITLE_SIZE];

		title_make(rows[i].question, strlen(rows[i].question), out,
		    sizeof(out));
		if (strcmp(out, rows[i].title) != 0)
			fail_msg("%s: %s", rows[i].name, out);
	}
}

static void
cuts_where_room_is_out(void **state)
{
	char out[6];

	(void)state;
	title_make("abcdefg", 7, out, sizeof(out));
	assert_string_equal(out, "abcde");
	title_make("ab" CRAB, 6, out, sizeof(out));
	assert_string_equal(out, "ab");
	title_make("abcd e", 6, out, sizeof(out));
	assert_string_equal(out, "abcd");
	title_make(NULL, 0, out, sizeof(out));
	assert_string_equal(out, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(titles_from_questions),
		cmocka_unit_test(cuts_where_room_is_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
