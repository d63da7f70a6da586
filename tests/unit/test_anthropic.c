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

#include "llm/wire.h"

enum { BYTES_MAX = 1024 * 1024 };

static const struct llm_provider PROVIDER = {
	.name = "anthropic", .label = "Anthropic",
	.base_url = "https://api.example.org/v1", .wire = &llm_wire_anthropic,
};

#define WIRE llm_wire_anthropic

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

static const struct ask_row {
	const char *name, *model, *system;
	double temperature; /* -1: none */
	int max_tokens;
	int64_t max_output;
	const char *effort;
	const char *body;
} ASKS[] = {
	{ "plain", "claude-haiku-4-5", NULL, -1, 0, 0, NULL,
	    ASK("claude-haiku-4-5", "64000", HI) },
	{ "all of it", "claude-haiku-4-5", "Be \"brief\".", 0.7, 100, 0, NULL,
	    ASK("claude-haiku-4-5", "100", ",\"system\":\"Be \\\"brief\\\".\""
	    HI ",\"temperature\":0.7") },
	{ "an empty system prompt is none", "claude-haiku-4-5", "", -1, 9, 0,
	    NULL, ASK("claude-haiku-4-5", "9", HI) },

	{ "the limit that is known", "claude-haiku-4-5", NULL, -1, 0, 5000,
	    NULL, ASK("claude-haiku-4-5", "5000", HI) },
	{ "not more than the model writes", "claude-haiku-4-5", NULL, -1, 9000,
	    5000, NULL, ASK("claude-haiku-4-5", "5000", HI) },
	{ "less is well", "claude-haiku-4-5", NULL, -1, 9, 5000, NULL,
	    ASK("claude-haiku-4-5", "9", HI) },
	{ "limit: 4.6", "claude-opus-4-6", NULL, -1, 0, 0, NULL,
	    ASK("claude-opus-4-6", "128000", HI) },
	{ "limit: a date is no version", "claude-opus-4-20250514", NULL, -1, 0,
	    0, NULL, ASK("claude-opus-4-20250514", "32000", HI) },
	{ "limit: 3.7", "claude-3-7-sonnet-20250219", NULL, -1, 0, 0, NULL,
	    ASK("claude-3-7-sonnet-20250219", "64000", HI) },
	{ "limit: 3.5", "claude-3-5-haiku-20241022", NULL, -1, 0, 0, NULL,
	    ASK("claude-3-5-haiku-20241022", "8192", HI) },
	{ "limit: 3", "claude-3-opus-20240229", NULL, -1, 0, 0, NULL,
	    ASK("claude-3-opus-20240229", "4096", HI) },
	{ "limit: another maker's", "deepseek-chat", NULL, -1, 0, 0, NULL,
	    ASK("deepseek-chat", "8192", HI) },

	{ "temperature 0 is one", "claude-haiku-4-5", NULL, 0, 9, 0, NULL,
	    ASK("claude-haiku-4-5", "9", HI ",\"temperature\":0") },
	{ "temperature 1.5 is 1 here", "claude-haiku-4-5", NULL, 1.5, 9, 0,
	    NULL, ASK("claude-haiku-4-5", "9", HI ",\"temperature\":1") },
	{ "temperature: 4.6 takes it", "claude-opus-4-6", NULL, 0.5, 9, 0,
	    NULL, ASK("claude-opus-4-6", "9", HI ",\"temperature\":0.5") },
	{ "temperature: 4.7 does not", "claude-opus-4-7", NULL, 0.5, 9, 0,
	    NULL, ASK("claude-opus-4-7", "9", HI) },
	{ "temperature: 4.8 does not, with a dot", "anthropic/claude-opus-4.8",
	    NULL, 0.5, 9, 0, NULL, ASK("anthropic/claude-opus-4.8", "9", HI) },
	{ "temperature: not with a budget", "claude-haiku-4-5", NULL, 0.5,
	    4000, 0, "medium",
	    ASK("claude-haiku-4-5", "4000", HI BUDGET("2000")) },
	{ "temperature: not with an effort", "claude-sonnet-4-6", NULL, 0.5, 9,
	    0, "low", ASK("claude-sonnet-4-6", "9",
	    HI ADAPTIVE EFFORT("low")) },
	{ "temperature: without thinking", "claude-sonnet-4-6", NULL, 0.5, 9,
	    0, "none",
	    ASK("claude-sonnet-4-6", "9", HI ",\"temperature\":0.5") },

	{ "budget: none", "claude-haiku-4-5", NULL, -1, 4000, 0, "none",
	    ASK("claude-haiku-4-5", "4000", HI) },
	{ "budget: the least there is", "claude-haiku-4-5", NULL, -1, 4000, 0,
	    "minimal", ASK("claude-haiku-4-5", "4000", HI BUDGET("1024")) },
	{ "budget: a share", "claude-3-7-sonnet-latest", NULL, -1, 0, 0,
	    "high", ASK("claude-3-7-sonnet-latest", "64000",
	    HI BUDGET("44800")) },
	{ "budget: below the limit", "claude-haiku-4-5", NULL, -1, 1025, 0,
	    "max", ASK("claude-haiku-4-5", "1025", HI BUDGET("1024")) },
	{ "budget: no room for it", "claude-haiku-4-5", NULL, 0.5, 1024, 0,
	    "max", ASK("claude-haiku-4-5", "1024",
	    HI ",\"temperature\":0.5") },
	{ "budget: another maker's", "deepseek-chat", NULL, -1, 4000, 0,
	    "low", ASK("deepseek-chat", "4000", HI BUDGET("1024")) },
	{ "no thinking at all", "claude-3-5-haiku-20241022", NULL, 0.5, 4000,
	    0, "high", ASK("claude-3-5-haiku-20241022", "4000",
	    HI ",\"temperature\":0.5") },

	{ "effort: minimal is low", "claude-opus-4-8", NULL, -1, 9, 0,
	    "minimal", ASK("claude-opus-4-8", "9",
	    HI ADAPTIVE EFFORT("low")) },
	{ "effort: xhigh", "claude-opus-4-8", NULL, -1, 9, 0, "xhigh",
	    ASK("claude-opus-4-8", "9", HI ADAPTIVE EFFORT("xhigh")) },
	{ "effort: 4.6 has no xhigh", "claude-opus-4-6", NULL, -1, 9, 0,
	    "xhigh", ASK("claude-opus-4-6", "9",
	    HI ADAPTIVE EFFORT("high")) },
	{ "effort: but max", "claude-opus-4-6", NULL, -1, 9, 0, "max",
	    ASK("claude-opus-4-6", "9", HI ADAPTIVE EFFORT("max")) },
	{ "effort: none, where that is usual", "claude-opus-4-8", NULL, -1, 9,
	    0, "none", ASK("claude-opus-4-8", "9", HI) },
	{ "effort: none, where it must be said", "claude-sonnet-5", NULL, -1,
	    9, 0, "none", ASK("claude-sonnet-5", "9", HI OFF) },
	{ "effort: none, where it is refused", "claude-fable-5", NULL, -1, 9,
	    0, "none", ASK("claude-fable-5", "9",
	    HI ADAPTIVE EFFORT("low")) },
	{ "what it thinks anyway is shown", "claude-opus-5", NULL, 0.5, 9, 0,
	    NULL, ASK("claude-opus-5", "9", HI ADAPTIVE) },
	{ "a word that is none", "claude-opus-4-8", NULL, -1, 9, 0, "hard",
	    ASK("claude-opus-4-8", "9", HI) },
	{ "newer than is known", "claude-sonnet-7", NULL, 0.5, 0, 0, "none",
	    ASK("claude-sonnet-7", "128000", HI ADAPTIVE EFFORT("low")) },
	{ "without a number", "claude-mythos-preview", NULL, 0.5, 9, 0, NULL,
	    ASK("claude-mythos-preview", "9", HI ADAPTIVE) },
};

static void
check_ask(const struct ask_row *row)
{
	const struct llm_message hi = { LLM_USER, "Hi", 2 };
	const struct llm_request rq = {
		.model = row->model, .system = row->system,
		.messages = &hi, .n_messages = 1,
		.has_temperature = row->temperature >= 0,
		.temperature = row->temperature,
		.max_tokens = row->max_tokens, .max_output = row->max_output,
		.reasoning_effort = row->effort,
	};
	struct llm_ask ask;

	llm_ask_init(&ask);
	assert_int_equal(WIRE.ask(&PROVIDER, &rq, &ask), ERR_OK);
	assert_string_equal(ask.body.p, row->body);
	assert_string_equal(ask.url.p, "https://api.example.org/v1/messages");
	llm_ask_free(&ask);
}

static void
test_asks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ASKS) / sizeof(ASKS[0]); i++) {
		print_message("  %s\n", ASKS[i].name);
		check_ask(&ASKS[i]);
	}
}

#define M(text) (text), sizeof(text) - 1

static void
test_turns(void **state)
{
	const struct llm_message turns[] = {
		{ LLM_USER, M("a\n\xe6\x95\xb0") }, { LLM_ASSISTANT, M(" \n") },
		{ LLM_USER, M("") }, { LLM_ASSISTANT, M("b\0c") },
		{ LLM_USER, M(" ") },
	};
	const struct llm_request rq = {
		.model = "m", .messages = turns, .n_messages = 5,
	};
	struct llm_ask ask;

	(void)state;
	llm_ask_init(&ask);
	assert_int_equal(WIRE.ask(&PROVIDER, &rq, &ask), ERR_OK);
	/* what is blank is left out, but for the question */
	assert_non_null(strstr(ask.body.p, "[{\"role\":\"user\",\"content\":"
	    "\"a\\n\xe6\x95\xb0\"},{\"role\":\"assistant\",\"content\":"
	    "\"b\\u0000c\"},{\"role\":\"user\",\"content\":\" \"}]"));
	llm_ask_free(&ask);
}

static void
check_auth(const char *key, const char *headers, size_t n)
{
	struct llm_ask ask;

	llm_ask_init(&ask);
	assert_int_equal(WIRE.auth(&PROVIDER, key, &ask), ERR_OK);
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

static const struct error_row {
	const char *name;
	int status;
	const char *body;
	enum err err;
	bool retryable;
} ERRORS[] = {
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
error_body(int status, const char *body, size_t n, struct llm_end *end)
{
	struct llm_head head;

	llm_head_init(&head);
	head.status = status;
	llm_end_init(end);
	WIRE.error_body(&PROVIDER, &head, body, n, end);
	assert_int_equal(end->provider_status, status);
}

static void
test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ERRORS) / sizeof(ERRORS[0]); i++) {
		const struct error_row *row = &ERRORS[i];
		struct llm_end end;

		print_message("  %s\n", row->name);
		error_body(row->status, row->body, strlen(row->body), &end);
		assert_string_equal(err_code(end.err), err_code(row->err));
		assert_int_equal(end.retryable, row->retryable);
		assert_non_null(strstr(end.message, "Anthropic"));
		assert_null(strstr(end.message, "CANARY"));
		assert_null(strstr(end.note, "CANARY"));
	}
}

static void
test_content_filter(void **state)
{
	static const char BODY[] =
	    BAD("Output blocked by content filtering policy");
	struct llm_end end;

	(void)state;
	error_body(400, BODY, sizeof(BODY) - 1, &end);
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
	for (size_t i = 0; i < sizeof(SENTENCES) / sizeof(SENTENCES[0]); i++) {
		struct llm_end end;

		error_body(200, SENTENCES[i].body, strlen(SENTENCES[i].body),
		    &end);
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
	WIRE.error_body(&PROVIDER, &head, BODY, sizeof(BODY) - 1, &end);
	assert_false(end.retryable);
	assert_int_equal(end.retry_after_ms, 12000);
	assert_string_equal(end.note, "http 529, type overloaded_error");
}

static void
test_hostile_bodies(void **state)
{
	static const char FILL[] = { '[', (char)0xff, '\0' };
	struct buf body;
	struct llm_end end;

	(void)state;
	buf_init(&body, BYTES_MAX);
	for (size_t i = 0; i < sizeof(FILL); i++) {
		buf_reset(&body);
		for (int n = 0; n < LLM_ERROR_BODY_MAX; n++)
			buf_add(&body, &FILL[i], 1);
		error_body(400, body.p, body.len, &end);
		assert_int_equal(end.err, ERR_PROVIDER_REJECTED);
	}
	buf_free(&body);
}

/* ---- answers that do not stream ---- */

struct answer {
	struct llm_parse parse;
	struct buf text, reasoning;
	bool was_one;
};

static void
take_delta(void *arg, const struct llm_delta *delta)
{
	struct answer *a = arg;

	buf_add(delta->kind == LLM_TEXT ? &a->text : &a->reasoning,
	    delta->text, delta->len);
}

static void
read_whole(struct answer *a, const char *body, size_t n)
{
	json_auto_t *root = json_loadb(body, n, 0, NULL);

	assert_non_null(root);
	*a = (struct answer){ .was_one = false };
	buf_init(&a->text, BYTES_MAX);
	buf_init(&a->reasoning, BYTES_MAX);
	llm_parse_init(&a->parse, &PROVIDER, take_delta, a);
	a->was_one = WIRE.whole(&a->parse, root);
}

static void
answer_free(struct answer *a)
{
	llm_parse_free(&a->parse);
	buf_free(&a->text);
	buf_free(&a->reasoning);
}

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
	for (size_t i = 0; i < sizeof(WHOLES) / sizeof(WHOLES[0]); i++) {
		const struct llm_usage *u = &WHOLES[i].usage;
		struct answer a;

		print_message("  %s\n", WHOLES[i].name);
		read_whole(&a, WHOLES[i].body, strlen(WHOLES[i].body));
		assert_int_equal(a.was_one, WHOLES[i].is_one);
		assert_int_equal(a.parse.is_over, WHOLES[i].is_one);
		assert_int_equal(a.parse.end.err, ERR_OK);
		assert_string_equal(a.text.p, WHOLES[i].text);
		assert_string_equal(a.reasoning.p, WHOLES[i].reasoning);
		assert_string_equal(llm_finish_name(a.parse.end.finish),
		    WHOLES[i].finish);
		assert_memory_equal(&a.parse.end.usage, u, sizeof(*u));
		answer_free(&a);
	}
}

/* ---- lists of models ---- */

static void
list_model(void *arg, const struct llm_listed *m)
{
	buf_addf(arg, "%s|%s|%lld|%lld ", m->id, m->name,
	    (long long)m->context, (long long)m->max_output);
}

static const struct {
	const char *name, *body;
	bool is_list;
	const char *models, *after;
} LISTS[] = {
	{ "one page", "{\"data\":[{\"type\":\"model\",\"id\":\"a\","
	    "\"display_name\":\"A 1\",\"max_input_tokens\":200,"
	    "\"max_tokens\":8}],\"has_more\":false,\"last_id\":\"a\"}",
	    true, "a|A 1|200|8 ", "" },
	{ "more to come", "{\"data\":[{\"id\":\"a\"},{\"id\":\"b\","
	    "\"max_tokens\":null}],\"has_more\":true,\"last_id\":\"b\"}",
	    true, "a||0|0 b||0|0 ", "b" },
	{ "no ids", "{\"data\":[{},7,{\"id\":\"\"}],\"has_more\":true}",
	    true, "", "" },
	{ "none", "{\"data\":[]}", true, "", "" },
	{ "an error", E("authentication_error"), false, "", "" },
	{ "no object", "[]", false, "", "" },
};

static void
test_lists(void **state)
{
	struct buf models, after;

	(void)state;
	buf_init(&models, BYTES_MAX);
	buf_init(&after, BYTES_MAX);
	for (size_t i = 0; i < sizeof(LISTS) / sizeof(LISTS[0]); i++) {
		json_auto_t *root = json_loads(LISTS[i].body, 0, NULL);

		print_message("  %s\n", LISTS[i].name);
		buf_reset(&models);
		buf_reset(&after);
		assert_int_equal(WIRE.models(root, list_model, &models,
		    &after), LISTS[i].is_list);
		assert_string_equal(models.p, LISTS[i].models);
		assert_string_equal(after.p, LISTS[i].after);
	}
	buf_free(&models);
	buf_free(&after);
}

static void
check_list_url(const char *after, const char *expected)
{
	struct buf url;

	buf_init(&url, LLM_URL_MAX);
	assert_int_equal(WIRE.models_url(&PROVIDER, after, &url), ERR_OK);
	assert_string_equal(url.p, expected);
	buf_free(&url);
}

static void
test_list_urls(void **state)
{
	(void)state;
	check_list_url("", "https://api.example.org/v1/models?limit=1000");
	check_list_url("claude-3.5", "https://api.example.org/v1/models"
	    "?limit=1000&after_id=claude-3.5");
	check_list_url("a&b=\xc3\xa9", "https://api.example.org/v1/models"
	    "?limit=1000&after_id=a%26b%3D%C3%A9");
}

/* ---- hostile streams ---- */

static void
test_hostile_events(void **state)
{
	struct answer a;
	struct buf deep;
	struct sse_event event = {
		.name = "content_block_delta", .id = "", .is_whole = true,
	};

	(void)state;
	buf_init(&deep, BYTES_MAX);
	for (int i = 0; i < 100000; i++)
		buf_adds(&deep, "{\"delta\":");
	read_whole(&a, "{}", 2);
	event.data = deep.p;
	event.len = deep.len;
	WIRE.event(&a.parse, &event);
	assert_true(a.parse.is_over);
	assert_int_equal(a.parse.end.err, ERR_PROTOCOL);
	assert_string_equal(a.parse.end.note, "bad JSON in event 1");
	answer_free(&a);
	buf_free(&deep);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asks),
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
