/*
 * The anthropic wire: what it asks, what it makes of errors, of answers that
 * do not stream, and of lists of models.  What it makes of what was recorded
 * is in tests/recorded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/wire_test.h"

static const struct llm_provider PROVIDER = {
	.name = "anthropic", .label = "Anthropic",
	.base_url = "https://api.example.org/v1", .wire = &llm_wire_anthropic,
};

/* ---- the request ---- */

#define HI ",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
#define ASK(model, max, more) "{\"model\":\"" model "\",\"max_tokens\":" max \
	more ",\"stream\":true}"
#define ADAPTIVE ",\"thinking\":{\"type\":\"adaptive\"," \
	"\"display\":\"summarized\"}"
#define OFF ",\"thinking\":{\"type\":\"disabled\"}"
#define EFFORT(word) ",\"output_config\":{\"effort\":\"" word "\"}"
#define BUDGET(n) ",\"thinking\":{\"type\":\"enabled\"," \
	"\"budget_tokens\":" n "}"

static const struct wire_ask_row ASKS[] = {
	{ "plain", "claude-haiku-4-5", NULL, -1, 0, NULL,
	    ASK("claude-haiku-4-5", "64000", HI) },
	{ "all of it", "claude-haiku-4-5", "Be \"brief\".", 0.7, 100, NULL,
	    ASK("claude-haiku-4-5", "100", ",\"system\":\"Be \\\"brief\\\".\""
	    HI ",\"temperature\":0.7") },
	{ "an empty system prompt is none", "claude-haiku-4-5", "", -1, 9,
	    NULL, ASK("claude-haiku-4-5", "9", HI) },

	{ "limit: 4.6", "claude-opus-4-6", NULL, -1, 0, NULL,
	    ASK("claude-opus-4-6", "128000", HI) },
	{ "limit: a date is no version", "claude-opus-4-20250514", NULL, -1, 0,
	    NULL, ASK("claude-opus-4-20250514", "32000", HI) },
	{ "limit: 3.7", "claude-3-7-sonnet-20250219", NULL, -1, 0, NULL,
	    ASK("claude-3-7-sonnet-20250219", "64000", HI) },
	{ "limit: 3.5", "claude-3-5-haiku-20241022", NULL, -1, 0, NULL,
	    ASK("claude-3-5-haiku-20241022", "8192", HI) },
	{ "limit: 3", "claude-3-opus-20240229", NULL, -1, 0, NULL,
	    ASK("claude-3-opus-20240229", "4096", HI) },
	{ "limit: another maker's", "deepseek-chat", NULL, -1, 0, NULL,
	    ASK("deepseek-chat", "8192", HI) },

	{ "temperature 0 is one", "claude-haiku-4-5", NULL, 0, 9, NULL,
	    ASK("claude-haiku-4-5", "9", HI ",\"temperature\":0") },
	{ "temperature 1.5 is 1 here", "claude-haiku-4-5", NULL, 1.5, 9,
	    NULL, ASK("claude-haiku-4-5", "9", HI ",\"temperature\":1") },
	{ "temperature: 4.6 takes it", "claude-opus-4-6", NULL, 0.5, 9,
	    NULL, ASK("claude-opus-4-6", "9", HI ",\"temperature\":0.5") },
	{ "temperature: 4.7 does not", "claude-opus-4-7", NULL, 0.5, 9,
	    NULL, ASK("claude-opus-4-7", "9", HI) },
	{ "temperature: 4.8 does not, with a dot", "anthropic/claude-opus-4.8",
	    NULL, 0.5, 9, NULL, ASK("anthropic/claude-opus-4.8", "9", HI) },
	{ "temperature: not with a budget", "claude-haiku-4-5", NULL, 0.5,
	    4000, "medium",
	    ASK("claude-haiku-4-5", "4000", HI BUDGET("2000")) },
	{ "temperature: not with an effort", "claude-sonnet-4-6", NULL, 0.5, 9,
	    "low", ASK("claude-sonnet-4-6", "9",
	    HI ADAPTIVE EFFORT("low")) },
	{ "temperature: without thinking", "claude-sonnet-4-6", NULL, 0.5, 9,
	    "none",
	    ASK("claude-sonnet-4-6", "9", HI ",\"temperature\":0.5") },

	{ "budget: none", "claude-haiku-4-5", NULL, -1, 4000, "none",
	    ASK("claude-haiku-4-5", "4000", HI) },
	{ "budget: the least there is", "claude-haiku-4-5", NULL, -1, 4000,
	    "minimal", ASK("claude-haiku-4-5", "4000", HI BUDGET("1024")) },
	{ "budget: a share", "claude-3-7-sonnet-latest", NULL, -1, 0,
	    "high", ASK("claude-3-7-sonnet-latest", "64000",
	    HI BUDGET("44800")) },
	{ "budget: below the limit", "claude-haiku-4-5", NULL, -1, 1025,
	    "max", ASK("claude-haiku-4-5", "1025", HI BUDGET("1024")) },
	{ "budget: no room for it", "claude-haiku-4-5", NULL, 0.5, 1024,
	    "max", ASK("claude-haiku-4-5", "1024",
	    HI ",\"temperature\":0.5") },
	{ "budget: another maker's", "deepseek-chat", NULL, -1, 4000,
	    "low", ASK("deepseek-chat", "4000", HI BUDGET("1024")) },
	{ "no thinking at all", "claude-3-5-haiku-20241022", NULL, 0.5, 4000,
	    "high", ASK("claude-3-5-haiku-20241022", "4000",
	    HI ",\"temperature\":0.5") },

	{ "effort: minimal is low", "claude-opus-4-8", NULL, -1, 9,
	    "minimal", ASK("claude-opus-4-8", "9",
	    HI ADAPTIVE EFFORT("low")) },
	{ "effort: xhigh", "claude-opus-4-8", NULL, -1, 9, "xhigh",
	    ASK("claude-opus-4-8", "9", HI ADAPTIVE EFFORT("xhigh")) },
	{ "effort: 4.6 has no xhigh", "claude-opus-4-6", NULL, -1, 9,
	    "xhigh", ASK("claude-opus-4-6", "9",
	    HI ADAPTIVE EFFORT("high")) },
	{ "effort: but max", "claude-opus-4-6", NULL, -1, 9, "max",
	    ASK("claude-opus-4-6", "9", HI ADAPTIVE EFFORT("max")) },
	{ "effort: none, where that is usual", "claude-opus-4-8", NULL, -1, 9,
	    "none", ASK("claude-opus-4-8", "9", HI) },
	{ "effort: none, where it must be said", "claude-sonnet-5", NULL, -1,
	    9, "none", ASK("claude-sonnet-5", "9", HI OFF) },
	{ "effort: none, where it is refused", "claude-fable-5", NULL, -1, 9,
	    "none", ASK("claude-fable-5", "9",
	    HI ADAPTIVE EFFORT("low")) },
	{ "what it thinks anyway is shown", "claude-opus-5", NULL, 0.5, 9,
	    NULL, ASK("claude-opus-5", "9", HI ADAPTIVE) },
	{ "a word that is none", "claude-opus-4-8", NULL, -1, 9, "hard",
	    ASK("claude-opus-4-8", "9", HI) },
	{ "newer than is known", "claude-sonnet-7", NULL, 0.5, 0, "none",
	    ASK("claude-sonnet-7", "128000", HI ADAPTIVE EFFORT("low")) },
	{ "without a number", "claude-mythos-preview", NULL, 0.5, 9, NULL,
	    ASK("claude-mythos-preview", "9", HI ADAPTIVE) },
};

static void
test_asks(void **state)
{
	(void)state;
	wire_check_asks(&PROVIDER, ASKS, COUNT(ASKS));
}

/* What the model writes at most, where that is known, and what is asked for. */
static const struct {
	const char *name;
	int asked;
	const char *max;
} LIMITS[] = {
	{ "the limit that is known", 0, "\"max_tokens\":5000," },
	{ "not more than the model writes", 9000, "\"max_tokens\":5000," },
	{ "less is well", 9, "\"max_tokens\":9," },
};

static void
test_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(LIMITS); i++) {
		const struct llm_request rq = {
			.model = "claude-haiku-4-5", .messages = &WIRE_HI,
			.n_messages = 1, .max_tokens = LIMITS[i].asked,
			.max_output = 5000,
		};
		struct llm_ask ask;

		print_message("  %s\n", LIMITS[i].name);
		wire_ask(&PROVIDER, &rq, &ask);
		assert_non_null(strstr(ask.body.p, LIMITS[i].max));
		assert_string_equal(ask.url.p,
		    "https://api.example.org/v1/messages");
		llm_ask_free(&ask);
	}
}

#define M(text) (text), sizeof(text) - 1

static void
test_turns(void **state)
{
	static const struct llm_message TURNS[] = {
		{ LLM_USER, M("a\n\xe6\x95\xb0") }, { LLM_ASSISTANT, M(" \n") },
		{ LLM_USER, M("") }, { LLM_ASSISTANT, M("b\0c") },
		{ LLM_USER, M(" ") },
	};

	(void)state;
	/* what is blank is left out, but for the question */
	wire_check_turns(&PROVIDER, TURNS, COUNT(TURNS),
	    "[{\"role\":\"user\",\"content\":"
	    "\"a\\n\xe6\x95\xb0\"},{\"role\":\"assistant\",\"content\":"
	    "\"b\\u0000c\"},{\"role\":\"user\",\"content\":\" \"}]");
}

static void
check_auth(const char *key, const char *headers, size_t n)
{
	struct llm_ask ask;

	llm_ask_init(&ask);
	assert_int_equal(llm_wire_anthropic.auth(&PROVIDER, key, &ask), ERR_OK);
	assert_int_equal(ask.headers.len, n);
	assert_memory_equal(ask.headers.p, headers, n);
	llm_ask_free(&ask);
}

/* The key's is the last, so that no copy of it is left behind. */
static void
test_auth(void **state)
{
	static const char BOTH[] =
	    "anthropic-version: 2023-06-01\0x-api-key: sk-1";

	(void)state;
	check_auth("sk-1", BOTH, sizeof(BOTH));
	check_auth(NULL, BOTH, sizeof("anthropic-version: 2023-06-01"));
}

/* ---- errors ---- */

#define CANARY "sk-CANARY0123456789abcdef"
#define ERROR(type, text) "{\"type\":\"error\",\"error\":{\"type\":\"" type \
	"\",\"message\":\"" text "\"},\"request_id\":\"req_1\"}"
#define E(type) ERROR(type, CANARY)
#define BAD(text) ERROR("invalid_request_error", text " " CANARY)

static const struct wire_error_row ERRORS[] = {
	{ "key", 401, E("authentication_error"), ERR_PROVIDER_AUTH, false },
	{ "key, in the type", 401, E(CANARY), ERR_PROVIDER_AUTH, false },
	{ "payment", 402, E("billing_error"), ERR_PROVIDER_QUOTA, false },
	{ "payment, under another status", 400, E("billing_error"),
	    ERR_PROVIDER_QUOTA, false },
	{ "no credit, by its text alone", 400,
	    BAD("Your credit balance is too low to access the Anthropic API."),
	    ERR_PROVIDER_QUOTA, false },
	{ "limit of spending", 400,
	    BAD("You have reached your specified API usage limits."),
	    ERR_PROVIDER_QUOTA, false },
	{ "account", 400, BAD("This organization has been disabled."),
	    ERR_PROVIDER_AUTH, false },
	{ "forbidden", 403, E("permission_error"), ERR_PROVIDER_AUTH, false },
	{ "model", 404, ERROR("not_found_error", "model: x " CANARY),
	    ERR_MODEL_NOT_FOUND, false },
	{ "model, with words of other rows in its name", 404,
	    ERROR("not_found_error", "model: max-effort-thinking"),
	    ERR_MODEL_NOT_FOUND, false },
	{ "no such address", 404, E("not_found_error"), ERR_PROTOCOL, false },
	{ "no such address, HTML", 404, "<html>" CANARY, ERR_PROTOCOL, false },
	{ "context", 400, BAD("prompt is too long: 9 tokens > 8 maximum"),
	    ERR_CONTEXT_LENGTH, false },
	{ "context, with the limit", 400, BAD("input length and `max_tokens` "
	    "exceed context limit: 9 + 9 > 8"), ERR_CONTEXT_LENGTH, false },
	{ "too large", 413, E("request_too_large"), ERR_CONTEXT_LENGTH, false },
	{ "too large, no body", 413, "", ERR_CONTEXT_LENGTH, false },
	{ "not context: a limit of requests", 429,
	    ERROR("rate_limit_error", "prompt is too long"),
	    ERR_PROVIDER_RATE, true },
	{ "temperature", 400, BAD("temperature: range: 0..1"),
	    ERR_PROVIDER_REJECTED, false },
	{ "some field", 400, BAD("metadata: Extra inputs"),
	    ERR_PROVIDER_REJECTED, false },
	{ "rate", 429, E("rate_limit_error"), ERR_PROVIDER_RATE, true },
	{ "rate, no body", 429, "", ERR_PROVIDER_RATE, true },
	{ "trouble", 500, E("api_error"), ERR_PROVIDER_UNAVAILABLE, true },
	{ "trouble, blamed on the request", 500, E("invalid_request_error"),
	    ERR_PROVIDER_UNAVAILABLE, true },
	{ "gateway, HTML", 502, "<html>" CANARY "</html>",
	    ERR_PROVIDER_UNAVAILABLE, true },
	{ "took too long", 504, E("timeout_error"),
	    ERR_PROVIDER_UNAVAILABLE, true },
	{ "overloaded", 529, E("overloaded_error"),
	    ERR_PROVIDER_UNAVAILABLE, true },
	{ "overloaded, no body", 529, "", ERR_PROVIDER_UNAVAILABLE, true },
	{ "redirect", 302, "<a href=x>" CANARY "</a>", ERR_PROTOCOL, false },
	{ "of no kind", 400, "{\"error\":{}}", ERR_PROVIDER_REJECTED, false },
	{ "a bare string", 503, "{\"error\":\"" CANARY "\"}",
	    ERR_PROVIDER_UNAVAILABLE, true },
	{ "odd types", 400, "{\"error\":{\"message\":[],\"type\":7}}",
	    ERR_PROVIDER_REJECTED, false },
	{ "well, and an error", 200, E("authentication_error"),
	    ERR_PROVIDER_AUTH, false },
	{ "well, and the request is blamed", 200, E("invalid_request_error"),
	    ERR_PROVIDER_REJECTED, false },
	{ "well, and the request is too long", 200, BAD("prompt is too long"),
	    ERR_CONTEXT_LENGTH, false },
	{ "well, and an error of no kind", 200, E("new_error"),
	    ERR_PROVIDER_UNAVAILABLE, true },
	{ "well, and JSON", 200, "{\"type\":\"message\"}",
	    ERR_PROTOCOL, false },
	{ "well, and a list", 200, "[]", ERR_PROTOCOL, false },
	{ "well, and HTML", 200, "<html>" CANARY, ERR_PROTOCOL, false },
	{ "well, and null", 200, "{\"error\":null}", ERR_PROTOCOL, false },
};

static void
test_errors(void **state)
{
	(void)state;
	wire_check_errors(&PROVIDER, ERRORS, COUNT(ERRORS));
}

static void
test_content_filter(void **state)
{
	static const char BODY[] =
	    BAD("Output blocked by content filtering policy");
	struct llm_end end;

	(void)state;
	wire_error(&PROVIDER, 400, BODY, sizeof(BODY) - 1, &end);
	assert_int_equal(end.err, ERR_OK);
	assert_int_equal(end.finish, LLM_FINISH_FILTER);
}

/* What a person can do about it is said. */
static const struct {
	const char *body;
	enum llm_param rejected; /* without it, it may work */
	const char *message;
} SENTENCES[] = {
	{ E("authentication_error"), LLM_PARAM_NONE,
	    "Anthropic refused the API key. Check it in Keys." },
	{ E("permission_error"), LLM_PARAM_NONE,
	    "Anthropic does not let this API key do that. "
	    "Check its rights, or use another in Keys." },
	{ E("not_found_error"), LLM_PARAM_NONE,
	    "Anthropic has nothing at the address asked. "
	    "Check its base_url." },
	{ BAD("Your credit balance is too low"), LLM_PARAM_NONE,
	    "The account at Anthropic has "
	    "no credit left. Add some there, or use another key." },
	{ BAD("API usage limits"), LLM_PARAM_NONE,
	    "The account at Anthropic has reached its "
	    "limit of spending. Raise it there, or use another key." },
	{ BAD("`max_tokens` exceed context limit"), LLM_PARAM_NONE,
	    "The conversation and the "
	    "token limit together are more than this model of Anthropic "
	    "takes. Lower the limit, or begin a new conversation." },
	{ BAD("`temperature` is deprecated for this model."),
	    LLM_PARAM_TEMPERATURE,
	    "Anthropic does not take this temperature with this model. Leave "
	    "it out." },
	{ BAD("max_tokens: 99 > 8, the maximum"), LLM_PARAM_MAX_TOKENS,
	    "Anthropic does not take "
	    "this token limit with this model. Choose another, or leave it "
	    "out." },
	{ BAD("This model does not support effort level 'xhigh'."),
	    LLM_PARAM_EFFORT,
	    "Anthropic does not take this reasoning effort with this model. "
	    "Choose another, or leave it out." },
	{ BAD("thinking.type: disabled is not supported"), LLM_PARAM_EFFORT,
	    "Anthropic does not take this reasoning effort with this model. "
	    "Choose another, or leave it out." },
	{ BAD("text content blocks must be non-empty"), LLM_PARAM_NONE,
	    "Anthropic does not "
	    "take a question that is blank. Write one." },
};

static void
test_sentences(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(SENTENCES); i++) {
		struct llm_end end;

		wire_error(&PROVIDER, 200, SENTENCES[i].body,
		    strlen(SENTENCES[i].body), &end);
		assert_string_equal(end.message, SENTENCES[i].message);
		assert_int_equal(end.rejected, SENTENCES[i].rejected);
	}
}

static void
test_retry_headers(void **state)
{
	static const char BODY[] = E("overloaded_error");
	struct llm_head head;
	struct llm_end end;

	(void)state;
	llm_head_init(&head);
	head.status = 529;
	head.should_retry = 0;
	head.retry_after_ms = 12000;
	llm_end_init(&end);
	llm_wire_anthropic.error_body(&PROVIDER, &head, BODY,
	    sizeof(BODY) - 1, &end);
	assert_false(end.retryable);
	assert_int_equal(end.retry_after_ms, 12000);
	assert_string_equal(end.note, "http 529, type overloaded_error");
}

static void
test_hostile_bodies(void **state)
{
	(void)state;
	wire_check_hostile_bodies(&PROVIDER);
}

/* ---- answers that do not stream ---- */

#define WHOLE(content, reason) "{\"type\":\"message\",\"content\":[" content \
	"],\"stop_reason\":" reason ",\"usage\":{\"input_tokens\":1," \
	"\"cache_read_input_tokens\":2,\"cache_creation_input_tokens\":4," \
	"\"output_tokens\":8,\"output_tokens_details\":" \
	"{\"thinking_tokens\":3}}}"

static const struct {
	const char *name, *body;
	bool is_one;
	const char *text, *reasoning, *finish;
	struct llm_usage usage;
} WHOLES[] = {
	{ "text", WHOLE("{\"type\":\"text\",\"text\":\"Hi\"}", "\"end_turn\""),
	    true, "Hi", "", "stop", { 7, 8, 3, 2 } },
	{ "thinking", WHOLE("{\"type\":\"thinking\",\"thinking\":\"Hm\"},"
	    "{\"type\":\"redacted_thinking\",\"data\":\"x\"},"
	    "{\"type\":\"text\",\"text\":\"Hi\"}", "\"max_tokens\""),
	    true, "Hi", "Hm", "length", { 7, 8, 3, 2 } },
	{ "refusal", WHOLE("", "\"refusal\""), true, "", "", "refusal",
	    { 7, 8, 3, 2 } },
	{ "a tool, and no reason", WHOLE("{\"type\":\"tool_use\"}", "null"),
	    true, "", "", "tool", { 7, 8, 3, 2 } },
	{ "no usage", "{\"content\":[],\"stop_reason\":\"end_turn\"}",
	    true, "", "", "stop", { -1, -1, -1, -1 } },
	{ "an error", E("overloaded_error"), false, "", "", "",
	    { -1, -1, -1, -1 } },
	{ "another wire's", "{\"choices\":[]}", false, "", "", "",
	    { -1, -1, -1, -1 } },
	{ "no object", "[]", false, "", "", "", { -1, -1, -1, -1 } },
};

static void
test_wholes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(WHOLES); i++) {
		const struct llm_usage *u = &WHOLES[i].usage;
		struct wire_answer a;

		print_message("  %s\n", WHOLES[i].name);
		wire_read_whole(&PROVIDER, WHOLES[i].body,
		    strlen(WHOLES[i].body), &a);
		assert_int_equal(a.is_one, WHOLES[i].is_one);
		assert_int_equal(a.parse.end.err, ERR_OK);
		assert_string_equal(a.text.p, WHOLES[i].text);
		assert_string_equal(a.reasoning.p, WHOLES[i].reasoning);
		assert_string_equal(llm_finish_name(a.parse.end.finish),
		    WHOLES[i].finish);
		assert_memory_equal(&a.parse.end.usage, u, sizeof(*u));
		wire_answer_free(&a);
	}
}

/* ---- lists of models ---- */

static const struct wire_list_row LISTS[] = {
	{ "one page", "{\"data\":[{\"type\":\"model\",\"id\":\"a\","
	    "\"display_name\":\"A 1\",\"max_input_tokens\":200,"
	    "\"max_tokens\":8}],\"has_more\":false,\"last_id\":\"a\"}",
	    true, "a|A 1|200|8\n", "" },
	{ "more to come", "{\"data\":[{\"id\":\"a\"},{\"id\":\"b\","
	    "\"max_tokens\":null}],\"has_more\":true,\"last_id\":\"b\"}",
	    true, "a||0|0\nb||0|0\n", "b" },
	{ "no ids", "{\"data\":[{},7,{\"id\":\"\"}],\"has_more\":true}",
	    true, "", "" },
	{ "none", "{\"data\":[]}", true, "", "" },
	{ "an error", E("authentication_error"), false, "", "" },
	{ "no object", "[]", false, "", "" },
};

static void
test_lists(void **state)
{
	(void)state;
	wire_check_lists(&PROVIDER, LISTS, COUNT(LISTS));
}

#define LIST "https://api.example.org/v1/models?limit=1000"

static void
test_list_urls(void **state)
{
	(void)state;
	wire_check_list_url(&PROVIDER, "", LIST);
	wire_check_list_url(&PROVIDER, "claude-3.5",
	    LIST "&after_id=claude-3.5");
	wire_check_list_url(&PROVIDER, "a&b=\xc3\xa9",
	    LIST "&after_id=a%26b%3D%C3%A9");
}

/* ---- hostile streams ---- */

static void
test_hostile_events(void **state)
{
	(void)state;
	wire_check_hostile_event(&PROVIDER, "content_block_delta",
	    "{\"delta\":");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asks),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_auth),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_content_filter),
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_retry_headers),
		cmocka_unit_test(test_hostile_bodies),
		cmocka_unit_test(test_wholes),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_list_urls),
		cmocka_unit_test(test_hostile_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
