/* What of a conversation goes to a model: guesses, turns, neighbours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "api/prompt.h"
#include "llm/tokens.h"
#include "llm/turns.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
guesses_by_the_script(void **state)
{
	static const struct {
		const char *name, *text;
		int64_t tokens;
	} rows[] = {
		{ "nothing", "", 0 },
		{ "one letter", "a", 1 },
		{ "three letters", "abc", 1 },
		{ "four letters", "abcd", 2 },
		{ "Chinese: one a character", "\u6570\u636E\u5E93", 3 },
		{ "Cyrillic: one a letter", "\u0414\u0430", 2 },
		{ "an emoji: two", "\U0001F980", 2 },
		{ "of all kinds", "abc \u6570\U0001F980", 5 },
		{ "NUL is a letter too", "\0\0\0", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = i + 1 < COUNT(rows) ? strlen(rows[i].text) : 3;

		if (tokens_guess(rows[i].text, len) != rows[i].tokens)
			fail_msg("%s: %d", rows[i].name,
			    (int)tokens_guess(rows[i].text, len));
	}
}

static void
leaves_room_for_the_answer(void **state)
{
	static const struct {
		const char *name;
		int64_t context, max_output, max_tokens, room;
	} rows[] = {
		{ "nothing is known", 0, 0, 0, INT64_MAX },
		{ "no context, though an output", 0, 100, 100, INT64_MAX },
		{ "the context alone", 16000, 0, 0, 16000 - 1000 - 4000 },
		{ "its longest answer", 16000, 2000, 0, 16000 - 1000 - 2000 },
		{ "exactly half of it", 16000, 8000, 0, 16000 - 1000 - 8000 },
		{ "the context itself as output", 16000, 16000, 0,
		    16000 - 1000 - 4000 },
		{ "what was asked for wins", 16000, 2000, 5000,
		    16000 - 1000 - 5000 },
		{ "more than there is", 16000, 0, 20000, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t room = tokens_room(rows[i].context, rows[i].max_output,
		    rows[i].max_tokens);

		if (room != rows[i].room)
			fail_msg("%s: %lld", rows[i].name, (long long)room);
	}
}

/* Messages in short: "u3 a4" is a question of 3 bytes and an answer of 4. */
static size_t
read_messages(const char *text, struct llm_message *out)
{
	static const char X[] = "xxxxxxxxx";
	size_t n = 0;

	for (; *text != '\0'; text += text[2] == ' ' ? 3 : 2)
		out[n++] = (struct llm_message){
			*text == 'u' ? LLM_USER : LLM_ASSISTANT, X,
			(size_t)(text[1] - '0'),
		};
	return n;
}

static void
drops_whole_turns(void **state)
{
	static const struct {
		const char *name, *messages;
		size_t keep, dropped;
	} rows[] = {
		{ "nothing at all", "", 5, 0 },
		{ "all fit", "u1 a1 u1 a1 u1", 5, 0 },
		{ "one byte too many", "u1 a1 u1 a1 u1", 4, 2 },
		{ "half a turn is none", "u1 a1 u1 a1 u1", 2, 4 },
		{ "the last question stays", "u1 a1 u9", 0, 2 },
		{ "alone it stays", "u9", 0, 0 },
		{ "a long answer takes its question along", "u1 a9 u1 a1 u1",
		    5, 2 },
		{ "a large turn in the middle hides what is older",
		    "u1 a1 u9 a9 u1", 5, 4 },
		{ "empty turns cost nothing", "u0 a0 u1", 1, 0 },
		{ "an answer at the front goes", "a1 u1 a1 u1", 9, 1 },
		{ "several answers to one question", "u1 a1 a1 u1 a1 a1 u1",
		    4, 3 },
		{ "several questions without an answer are turns of their own",
		    "u3 u3 u3", 6, 1 },
		{ "no question, no turn", "a1 a1", 0, 0 },
		{ "what follows the last question stays", "u1 a1 u1 a9", 0, 2 },
	};
	struct llm_message list[16];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = read_messages(rows[i].messages, list);
		size_t dropped = turns_drop(list, n, rows[i].keep);

		if (dropped != rows[i].dropped)
			fail_msg("%s: %zu", rows[i].name, dropped);
		if (dropped > 0)
			assert_int_equal(list[dropped].role, LLM_USER);
	}
}

static void
joins_neighbours(void **state)
{
	static const struct {
		const char *name, *messages, *joined;
	} rows[] = {
		{ "none", "", "" },
		{ "in turns", "u:a a:b u:c", "u:a a:b u:c" },
		{ "two questions", "u:a u:b", "u:a\n\nb" },
		{ "three at the end", "u:a a:b u:c u:d u:e",
		    "u:a a:b u:c\n\nd\n\ne" },
		{ "at the front", "u:a u:b a:c u:d", "u:a\n\nb a:c u:d" },
		{ "two answers", "u:a a:b a:c u:d", "u:a a:b\n\nc u:d" },
		{ "all of one kind", "u:a u:b u:c", "u:a\n\nb\n\nc" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[64], out[64] = "", *word, *rest = text;
		struct prompt p = { 0 };

		p.messages = calloc(8, sizeof(*p.messages));
		strcpy(text, rows[i].messages);
		while ((word = strtok_r(rest, " ", &rest)) != NULL)
			p.messages[p.n++] = (struct llm_message){
				word[0] == 'u' ? LLM_USER : LLM_ASSISTANT,
				strdup(word + 2), strlen(word + 2),
			};
		assert_int_equal(prompt_join(&p), ERR_OK);
		for (size_t k = 0; k < p.n; k++) {
			strcat(out, k > 0 ? " " : "");
			strcat(out, p.messages[k].role == LLM_USER ?
			    "u:" : "a:");
			strcat(out, p.messages[k].text);
			assert_int_equal(strlen(p.messages[k].text),
			    p.messages[k].len);
		}
		assert_string_equal(out, rows[i].joined);
		prompt_free(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guesses_by_the_script),
		cmocka_unit_test(leaves_room_for_the_answer),
		cmocka_unit_test(drops_whole_turns),
		cmocka_unit_test(joins_neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
