/* Asking once more: when, after how long, and with what left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "llm/question.h"
#include "llm/retry.h"

/* ---- when ---- */

enum { MUCH_MS = 1800000 };

static const struct wait_row {
	const char *name;
	enum err err;
	bool retryable;
	int64_t told_ms;
	int repeats, repeats_max;
	int64_t left_ms;
	int64_t least_ms, most_ms; /* -1: not at all */
} WAITS[] = {
	{ "busy", ERR_PROVIDER_RATE, true, -1, 0, 2, MUCH_MS, 376, 500 },
	{ "busy again", ERR_PROVIDER_RATE, true, -1, 1, 2, MUCH_MS, 751,
	    1000 },
	{ "often enough", ERR_PROVIDER_RATE, true, -1, 2, 2, MUCH_MS, -1, -1 },
	{ "no tries set", ERR_PROVIDER_RATE, true, -1, 0, 0, MUCH_MS, -1, -1 },
	{ "a ceiling", ERR_PROVIDER_UNAVAILABLE, true, -1, 30, 99, MUCH_MS,
	    6001, 8000 },
	{ "told", ERR_PROVIDER_RATE, true, 12000, 0, 2, MUCH_MS, 12000,
	    12000 },
	{ "told: at once", ERR_PROVIDER_RATE, true, 0, 0, 2, MUCH_MS, 0, 0 },
	{ "told: the longest", ERR_PROVIDER_RATE, true, 120000, 0, 2, MUCH_MS,
	    120000, 120000 },
	{ "told: too long", ERR_PROVIDER_RATE, true, 120001, 0, 2, MUCH_MS, -1,
	    -1 },
	{ "longer than the answer may take", ERR_PROVIDER_RATE, true, 5000, 0,
	    2, 5000, -1, -1 },
	{ "its time is over", ERR_PROVIDER_RATE, true, -1, 0, 2, -3, -1, -1 },
	{ "the account is empty", ERR_PROVIDER_QUOTA, false, -1, 0, 2, MUCH_MS,
	    -1, -1 },
	{ "the key is refused", ERR_PROVIDER_AUTH, false, 1, 0, 2, MUCH_MS, -1,
	    -1 },
	{ "broken off", ERR_NETWORK, true, -1, 0, 2, MUCH_MS, -1, -1 },
	{ "too slow", ERR_TIMEOUT, true, -1, 0, 2, MUCH_MS, -1, -1 },
	{ "it went well", ERR_OK, true, -1, 0, 2, MUCH_MS, -1, -1 },
	{ "rejected, but the provider says try", ERR_PROVIDER_REJECTED, true,
	    7, 0, 2, MUCH_MS, 7, 7 },
};

static void
check_wait(const struct wait_row *row, unsigned dice)
{
	const struct llm_tries tries = {
		row->repeats, row->repeats_max, row->left_ms,
	};
	const struct llm_end end = {
		.err = row->err, .retryable = row->retryable,
		.retry_after_ms = row->told_ms,
	};
	int64_t ms = llm_retry_wait(&tries, &end, dice);

	assert_true(ms >= row->least_ms && ms <= row->most_ms);
}

static void
test_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(WAITS) / sizeof(WAITS[0]); i++) {
		print_message("  %s\n", WAITS[i].name);
		for (unsigned dice = 0; dice < 600; dice++)
			check_wait(&WAITS[i], dice);
		check_wait(&WAITS[i], UINT32_MAX);
	}
}

/* ---- with what ---- */

static struct llm_question *
ask(const char *system)
{
	const struct llm_request rq = {
		.model = "m", .system = system, .has_temperature = true,
		.temperature = 0.5, .max_tokens = 10,
		.reasoning_effort = "low",
	};
	struct llm_message *turns = calloc(2, sizeof(*turns));
	struct llm_question *q = NULL;

	turns[0] = (struct llm_message){ LLM_USER, strdup("Hi"), 2 };
	turns[1] = (struct llm_message){ LLM_ASSISTANT, strdup("Ho"), 2 };
	assert_int_equal(llm_question_take(&rq, turns, 2, &q), ERR_OK);
	return q;
}

static void
test_each_goes_once(void **state)
{
	static const enum llm_param PARAMS[] = {
		LLM_PARAM_TEMPERATURE, LLM_PARAM_EFFORT, LLM_PARAM_LIMIT_NAME,
		LLM_PARAM_MAX_TOKENS, LLM_PARAM_SYSTEM,
		LLM_PARAM_STREAM_OPTIONS,
	};
	struct llm_question *q = ask("Be brief.");

	(void)state;
	assert_false(llm_question_relent(q, LLM_PARAM_NONE));
	for (size_t i = 0; i < sizeof(PARAMS) / sizeof(PARAMS[0]); i++) {
		assert_true(llm_question_relent(q, PARAMS[i]));
		assert_false(llm_question_relent(q, PARAMS[i]));
	}
	assert_false(q->request.has_temperature);
	assert_null(q->request.reasoning_effort);
	assert_int_equal(q->request.max_tokens, 0);
	assert_true(q->request.no_stream_options);
	assert_null(q->request.system);
	assert_string_equal(q->request.messages[0].text, "Be brief.\n\nHi");
	assert_int_equal(q->request.messages[0].len, 13);
	assert_string_equal(q->request.messages[1].text, "Ho");
	llm_question_free(q);
}

static struct llm_question *
ask_turns(size_t n)
{
	const struct llm_request rq = { .model = "m" };
	struct llm_message *turns = calloc(n, sizeof(*turns));
	struct llm_question *q = NULL;

	for (size_t i = 0; i < n; i++)
		turns[i] = (struct llm_message){
			i % 2 == 0 ? LLM_USER : LLM_ASSISTANT,
			strdup("0123456789"), 10,
		};
	assert_int_equal(llm_question_take(&rq, turns, n, &q), ERR_OK);
	return q;
}

/* Questions stand at even places, and the last one stays. */
static void
test_shorter_each_time(void **state)
{
	static const size_t LEFT[] = { 5, 1 };
	struct llm_question *q = ask_turns(11);

	(void)state;
	for (size_t i = 0; i < sizeof(LEFT) / sizeof(LEFT[0]); i++) {
		size_t before = q->request.n_messages;

		assert_int_equal(llm_question_shorten(q), before - LEFT[i]);
		assert_int_equal(q->request.n_messages, LEFT[i]);
		assert_int_equal(q->request.messages[0].role, LLM_USER);
	}
	assert_int_equal(llm_question_shorten(q), 0);
	assert_int_equal(q->request.n_messages, 1);
	llm_question_free(q);
}

static void
test_nothing_to_take_out(void **state)
{
	struct llm_question *q = ask(NULL);

	(void)state;
	assert_false(llm_question_relent(q, LLM_PARAM_SYSTEM));
	assert_string_equal(q->request.messages[0].text, "Hi");
	assert_string_equal(q->request.model, "m");
	llm_question_free(q);
	llm_question_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_each_goes_once),
		cmocka_unit_test(test_shorter_each_time),
		cmocka_unit_test(test_nothing_to_take_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
