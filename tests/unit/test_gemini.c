/*
 * The gemini wire: what it asks, what it makes of errors, of answers that did
 * not stream, and of lists of models.  What it makes of what was recorded
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
	.name = "gemini", .label = "Gemini",
	.base_url = "https://api.example.org/v1beta", .wire = &llm_wire_gemini,
};

/* ---- the address ---- */

#define BASE "https://api.example.org/v1beta/"
#define STREAM ":streamGenerateContent?alt=sse"

static const struct url_row {
	const char *name, *model, *url;
} URLS[] = {
	{ "plain", "gemini-2.5-flash", BASE "models/gemini-2.5-flash" STREAM },
	{ "as the list has it", "models/gemini-2.5-flash",
	    BASE "models/gemini-2.5-flash" STREAM },
	{ "a tuned one", "tunedModels/mine-1",
	    BASE "tunedModels/mine-1" STREAM },
	{ "only one prefix is one", "models/models/x",
	    BASE "models/models%2Fx" STREAM },
	{ "every character that is allowed (S20)", "a/b:c@d.e_f-g",
	    BASE "models/a%2Fb%3Ac%40d.e_f-g" STREAM },
	{ "a way up (S20)", "../../v1/files", BASE
	    "models/..%2F..%2Fv1%2Ffiles" STREAM },
	{ "a way up in a collection (S20)", "tunedModels/../models/x", BASE
	    "tunedModels/..%2Fmodels%2Fx" STREAM },
	{ "another host (S20)", "//evil.example/x", BASE
	    "models/%2F%2Fevil.example%2Fx" STREAM },
	{ "another user (S20)", "@evil.example", BASE
	    "models/%40evil.example" STREAM },
	{ "a query (S20)", "x?key=1&a#b", BASE
	    "models/x%3Fkey%3D1%26a%23b" STREAM },
	{ "encoded already (S20)", "%2e%2e%2f", BASE
	    "models/%252e%252e%252f" STREAM },
	{ "bytes of no URL (S20)", "a\r\n \xc3\xa4", BASE
	    "models/a%0D%0A%20%C3%A4" STREAM },
};

static void
test_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(URLS); i++) {
		const struct llm_request rq = {
			.model = URLS[i].model, .messages = &WIRE_HI,
			.n_messages = 1,
		};
		struct llm_ask out;

		print_message("  %s\n", URLS[i].name);
		wire_ask(&PROVIDER, &rq, &out);
		assert_string_equal(out.url.p, URLS[i].url);
		llm_ask_free(&out);
	}
}

/* The longest base_url and the longest model fit. */
static void
test_longest_url(void **state)
{
	struct llm_provider provider = PROVIDER;
	char model[201];
	const struct llm_request rq = {
		.model = model, .messages = &WIRE_HI, .n_messages = 1,
	};
	struct llm_ask out;

	(void)state;
	memset(provider.base_url, 'x', sizeof(provider.base_url) - 1);
	memset(model, ':', sizeof(model) - 1);
	model[sizeof(model) - 1] = '\0';
	llm_ask_init(&out);
	assert_int_equal(llm_wire_gemini.ask(&provider, &rq, &out), ERR_OK);
	llm_ask_free(&out);
}

/* ---- the body ---- */

#define HI "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]"
#define CONFIG(inside) HI ",\"generationConfig\":{" inside "}}"
#define THINK(inside) CONFIG("\"thinkingConfig\":{" inside "}")
#define SHOWN "\"includeThoughts\":true"
#define LEVEL(name) THINK(SHOWN ",\"thinkingLevel\":\"" name "\"")
#define BUDGET(n) THINK(SHOWN ",\"thinkingBudget\":" n)
#define OFF THINK("\"thinkingBudget\":0")

static const struct wire_ask_row ASKS[] = {
	{ "plain", "gemini-2.0-flash", NULL, -1, 0, NULL, CONFIG("") },
	{ "all of it", "gemini-2.0-flash", "Be \"brief\".", 0.7, 100, NULL,
	    HI ",\"systemInstruction\":{\"parts\":[{\"text\":"
	    "\"Be \\\"brief\\\".\"}]},\"generationConfig\":{"
	    "\"temperature\":0.7,\"maxOutputTokens\":100}}" },
	{ "all of it, and it thinks", "gemini-3.1-pro-preview", NULL, 2, 9,
	    "low", CONFIG("\"temperature\":2,\"maxOutputTokens\":9,"
	    "\"thinkingConfig\":{" SHOWN ",\"thinkingLevel\":\"LOW\"}") },
	{ "temperature 0 is one", "gemini-2.0-flash", NULL, 0, 0, NULL,
	    CONFIG("\"temperature\":0") },
	{ "effort where there is no thinking", "gemini-2.0-flash", NULL, -1,
	    0, "high", CONFIG("") },
	{ "an effort of nobody", "gemini-2.5-pro", NULL, -1, 0, "extreme",
	    CONFIG("") },
	{ "a model of nobody", "learnlm-9", NULL, -1, 0, "low", CONFIG("") },
	{ "speech", "gemini-2.5-flash-preview-tts", NULL, -1, 0, "low",
	    CONFIG("") },
	{ "images", "gemini-3.1-flash-image", NULL, -1, 0, "low",
	    CONFIG("") },
	{ "2.5 pro", "gemini-2.5-pro", NULL, -1, 0, NULL, THINK(SHOWN) },
	{ "2.5 pro, by its whole name", "models/gemini-2.5-pro", NULL, -1, 0,
	    NULL, THINK(SHOWN) },
	{ "2.5 pro cannot be off", "gemini-2.5-pro", NULL, -1, 0, "none",
	    BUDGET("128") },
	{ "2.5 pro, max", "gemini-2.5-pro", NULL, -1, 0, "max",
	    BUDGET("32768") },
	{ "2.5 flash", "gemini-2.5-flash", NULL, -1, 0, NULL, THINK(SHOWN) },
	{ "2.5 flash, off: no thoughts to show", "gemini-2.5-flash", NULL, -1,
	    0, "none", OFF },
	{ "2.5 flash, medium", "gemini-2.5-flash-preview-09-2025", NULL, -1,
	    0, "medium", BUDGET("8192") },
	{ "2.5 flash, max", "gemini-2.5-flash", NULL, -1, 0, "max",
	    BUDGET("24576") },
	{ "2.5 lite does not think by itself", "gemini-2.5-flash-lite", NULL,
	    -1, 0, NULL, CONFIG("") },
	{ "2.5 lite, low", "gemini-2.5-flash-lite", NULL, -1, 0, "low",
	    BUDGET("1024") },
	{ "2.5 lite, off", "gemini-2.5-flash-lite", NULL, -1, 0, "none",
	    OFF },
	{ "3 pro has no medium", "gemini-3-pro-preview", NULL, -1, 0,
	    "medium", LEVEL("HIGH") },
	{ "3.1 pro has", "gemini-3.1-pro-preview", NULL, -1, 0, "medium",
	    LEVEL("MEDIUM") },
	{ "3.1 pro has no minimal", "gemini-3.1-pro-preview", NULL, -1, 0,
	    "minimal", LEVEL("LOW") },
	{ "3.1 pro by itself", "gemini-3.1-pro-preview", NULL, -1, 0, NULL,
	    THINK(SHOWN) },
	{ "3 flash, none", "gemini-3-flash-preview", NULL, -1, 0, "none",
	    LEVEL("MINIMAL") },
	{ "3.7 flash has no minimal", "gemini-3.7-flash", NULL, -1, 0, "none",
	    LEVEL("LOW") },
	{ "3.7 flash, xhigh", "gemini-3.7-flash", NULL, -1, 0, "xhigh",
	    LEVEL("HIGH") },
	{ "a generation to come", "gemini-4.2-pro", NULL, -1, 0, "low",
	    LEVEL("LOW") },
	{ "the latest, whichever it is", "gemini-flash-latest", NULL, -1, 0,
	    "low", THINK(SHOWN) },
};

static void
test_asks(void **state)
{
	(void)state;
	wire_check_asks(&PROVIDER, ASKS, COUNT(ASKS));
}

static void
test_turns(void **state)
{
	static const struct llm_message TURNS[] = {
		{ LLM_USER, "a\n\xe6\x95\xb0", 5 },
		{ LLM_ASSISTANT, "b\0c", 3 }, { LLM_USER, "\"", 1 },
	};

	(void)state;
	wire_check_turns(&PROVIDER, TURNS, COUNT(TURNS), "{\"contents\":["
	    "{\"role\":\"user\",\"parts\":[{\"text\":\"a\\n\xe6\x95\xb0\"}]},"
	    "{\"role\":\"model\",\"parts\":[{\"text\":\"b\\u0000c\"}]},"
	    "{\"role\":\"user\",\"parts\":[{\"text\":\"\\\"\"}]}]");
}

/* The key is in the last header and nowhere else (S20). */
static void
test_key(void **state)
{
	static const char LINE[] = "x-goog-api-key: AIza-1";
	const struct llm_request rq = {
		.model = "m", .messages = &WIRE_HI, .n_messages = 1,
	};
	struct llm_ask out;

	(void)state;
	wire_ask(&PROVIDER, &rq, &out);
	assert_int_equal(llm_wire_gemini.auth(&PROVIDER, NULL, &out), ERR_OK);
	assert_null(memmem(out.headers.p, out.headers.len, "x-goog", 6));
	assert_int_equal(llm_wire_gemini.auth(&PROVIDER, "AIza-1", &out),
	    ERR_OK);
	assert_string_equal(out.headers.p + out.headers.len - sizeof(LINE),
	    LINE);
	assert_null(strstr(out.url.p, "AIza"));
	assert_null(strstr(out.body.p, "AIza"));
	llm_ask_free(&out);
}

/* ---- errors ---- */

#define CANARY "AIzaCANARY0123456789abcdef"
#define E(inside) "{\"error\":{\"message\":\"" CANARY "\"," inside "}}"
#define SAYS(text) "{\"error\":{\"code\":400,\"message\":\"" text " " CANARY \
	"\",\"status\":\"INVALID_ARGUMENT\"}}"
#define REASON(word) "\"details\":[{\"@type\":\"x\"},{\"reason\":\"" word "\"}]"
#define QUOTA(id) "{\"violations\":[{\"quotaId\":\"" id "\"}]}"
#define DELAY(text) "{\"retryDelay\":\"" text "\"}"
#define LIMITED(details) E("\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\"," \
	"\"details\":[" details "]")

static const struct wire_error_row ERRORS[] = {
	{ "key", 400, E("\"status\":\"INVALID_ARGUMENT\","
	    REASON("API_KEY_INVALID")), ERR_PROVIDER_AUTH, false },
	{ "key, only said", 400, SAYS("API key not valid."),
	    ERR_PROVIDER_AUTH, false },
	{ "key that is too old", 400, SAYS("API key expired."),
	    ERR_PROVIDER_AUTH, false },
	{ "key, in the status", 400, E("\"status\":\"" CANARY "\""),
	    ERR_PROVIDER_REJECTED, false },
	{ "key, in the reason", 403, E("\"status\":\"PERMISSION_DENIED\","
	    REASON(CANARY)), ERR_PROVIDER_AUTH, false },
	{ "key of letters, in the reason", 403,
	    E(REASON("CANARY-abcdefghijklm")), ERR_PROVIDER_AUTH, false },
	{ "no sign-in", 401, E("\"status\":\"UNAUTHENTICATED\""),
	    ERR_PROVIDER_AUTH, false },
	{ "forbidden", 403, E("\"status\":\"PERMISSION_DENIED\""),
	    ERR_PROVIDER_AUTH, false },
	{ "no billing", 403, E("\"status\":\"PERMISSION_DENIED\","
	    REASON("BILLING_DISABLED")), ERR_PROVIDER_QUOTA, false },
	{ "model", 404, E("\"status\":\"NOT_FOUND\""), ERR_MODEL_NOT_FOUND,
	    false },
	{ "model of no shape", 400, SAYS("* GenerateContentRequest.model: "
	    "unexpected model name format"), ERR_MODEL_NOT_FOUND, false },
	{ "no such address", 404, "<html>" CANARY, ERR_PROTOCOL, false },
	{ "context", 400, SAYS("The input token count (1250074) exceeds the "
	    "maximum number of tokens allowed (1048576)."),
	    ERR_CONTEXT_LENGTH, false },
	{ "not context: a limit of requests", 429, SAYS("input token count"),
	    ERR_PROVIDER_RATE, true },
	{ "value", 400, SAYS("Invalid value at 'contents'"),
	    ERR_PROVIDER_REJECTED, false },
	{ "place", 400, E("\"status\":\"FAILED_PRECONDITION\""),
	    ERR_PROVIDER_REJECTED, false },
	{ "rate, no body", 429, "", ERR_PROVIDER_RATE, true },
	{ "a day's quota, whatever the delay", 429, LIMITED(
	    QUOTA("GenerateRequestsPerDayPerProjectPerModel-FreeTier") ","
	    DELAY("20s")), ERR_PROVIDER_QUOTA, false },
	{ "trouble", 500, E("\"status\":\"INTERNAL\""),
	    ERR_PROVIDER_UNAVAILABLE, true },
	{ "overloaded", 503, E("\"status\":\"UNAVAILABLE\""),
	    ERR_PROVIDER_UNAVAILABLE, true },
	{ "too slow", 504, E("\"status\":\"DEADLINE_EXCEEDED\""),
	    ERR_PROVIDER_UNAVAILABLE, true },
	{ "gateway, HTML", 502, "<html>" CANARY, ERR_PROVIDER_UNAVAILABLE,
	    true },
	{ "redirect", 302, CANARY, ERR_PROTOCOL, false },
	{ "well, and an error", 200, E("\"code\":429"), ERR_PROVIDER_RATE,
	    true },
	{ "well, and only a word", 200, E("\"status\":\"PERMISSION_DENIED\""),
	    ERR_PROVIDER_AUTH, false },
	{ "well, and given up", 200, E("\"code\":499,\"status\":"
	    "\"CANCELLED\""), ERR_PROVIDER_UNAVAILABLE, true },
	{ "well, and an error of no kind", 200, E("\"code\":null"),
	    ERR_PROVIDER_UNAVAILABLE, true },
	{ "well, and JSON", 200, "{\"x\":1}", ERR_PROTOCOL, false },
	{ "well, and HTML", 200, "<html>" CANARY, ERR_PROTOCOL, false },
	{ "well, and an empty list", 200, "[]", ERR_PROTOCOL, false },
	{ "odd types", 400, "{\"error\":{\"message\":[],\"code\":{},"
	    "\"status\":7,\"details\":true}}", ERR_PROVIDER_REJECTED, false },
};

/* How long a limit says to wait; -1: it does not. */
static const struct {
	const char *name, *body;
	int64_t ms;
} DELAYS[] = {
	{ "rate", LIMITED(DELAY("48s")), 48000 },
	{ "rate, parts of a second", LIMITED(QUOTA("RequestsPerMinute") ","
	    DELAY("1.5s")), 1500 },
	{ "rate, at once", LIMITED(DELAY("0s")), 0 },
	{ "rate, years", LIMITED(DELAY("1e99s")), 86400000 },
	{ "rate, negative", LIMITED(DELAY("-1s")), -1 },
	{ "rate, nan", LIMITED(DELAY("nans")), -1 },
	{ "rate, no unit", LIMITED(DELAY("48")), -1 },
	{ "rate, words", LIMITED(DELAY("soons")), -1 },
	{ "rate, odd details", LIMITED("7,null,[],{\"violations\":[1,"
	    "{\"quotaId\":4}]},{\"retryDelay\":{}}"), -1 },
	{ "in a list", "[" LIMITED(DELAY("2s")) "]", 2000 },
};

static void
test_errors(void **state)
{
	(void)state;
	wire_check_errors(&PROVIDER, ERRORS, COUNT(ERRORS));
}

/* An error of this wire is told from what only has a status. */
static void
test_bodies_of_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ERRORS); i++) {
		const struct wire_error_row *row = &ERRORS[i];
		struct llm_end end;

		print_message("  %s\n", row->name);
		assert_int_equal(wire_error(&PROVIDER, row->status, row->body,
		    strlen(row->body), &end),
		    strstr(row->body, "\"error\"") != NULL);
		assert_int_equal(end.retry_after_ms, -1);
	}
}

static void
test_delays(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(DELAYS); i++) {
		struct llm_end end;

		print_message("  %s\n", DELAYS[i].name);
		assert_true(wire_error(&PROVIDER, 429, DELAYS[i].body,
		    strlen(DELAYS[i].body), &end));
		assert_string_equal(err_code(end.err),
		    err_code(ERR_PROVIDER_RATE));
		assert_true(end.retryable);
		assert_int_equal(end.retry_after_ms, DELAYS[i].ms);
	}
}

static const struct {
	const char *body, *sentence;
	enum llm_param rejected;
} SENTENCES[] = {
	{ SAYS("it has a temperature value of 1000 but"), "Gemini does not "
	    "take this temperature with this model. Choose another.",
	    LLM_PARAM_TEMPERATURE },
	{ SAYS("max_output_tokens must be"), "Gemini does not take this token "
	    "limit with this model. Choose another.", LLM_PARAM_MAX_TOKENS },
	{ SAYS("Thinking level is not supported"), "Gemini does not take this "
	    "reasoning effort with this model. Choose another.",
	    LLM_PARAM_EFFORT },
	{ SAYS("Developer instruction is not enabled for models/gemma"),
	    "Gemini does not take a system prompt with this model. Leave it "
	    "out, or choose another model.", LLM_PARAM_SYSTEM },
	{ SAYS("User location is not supported for the API use."), "Gemini "
	    "does not serve the place where this server stands. Choose a "
	    "model of another provider.", LLM_PARAM_NONE },
};

static void
test_sentences(void **state)
{
	static const char DAY[] = LIMITED(QUOTA("RequestsPerDay"));
	struct llm_end end;

	(void)state;
	for (size_t i = 0; i < COUNT(SENTENCES); i++) {
		wire_error(&PROVIDER, 400, SENTENCES[i].body,
		    strlen(SENTENCES[i].body), &end);
		assert_string_equal(end.message, SENTENCES[i].sentence);
		assert_int_equal(end.err, ERR_PROVIDER_REJECTED);
		assert_int_equal(end.rejected, SENTENCES[i].rejected);
		assert_string_equal(end.note,
		    "http 400, status INVALID_ARGUMENT");
	}
	wire_error(&PROVIDER, 429, DAY, sizeof(DAY) - 1, &end);
	assert_string_equal(end.message, "What Gemini lets this API key ask "
	    "in a day is used up. Try again tomorrow, or use another key.");
}

/* None was ever seen; should one come, it counts. */
static void
test_retry_header(void **state)
{
	static const char BODY[] = LIMITED(DELAY("48s"));
	struct llm_head head;
	struct llm_end end;

	(void)state;
	llm_head_init(&head);
	head.status = 429;
	head.retry_after_ms = 7000;
	llm_end_init(&end);
	llm_wire_gemini.error_body(&PROVIDER, &head, BODY, sizeof(BODY) - 1,
	    &end);
	assert_int_equal(end.retry_after_ms, 7000);
}

static void
test_hostile_bodies(void **state)
{
	(void)state;
	wire_check_hostile_bodies(&PROVIDER);
}

/* ---- answers that did not stream ---- */

#define PART(text) "{\"text\":\"" text "\"}"
#define CONTENT(parts) "\"content\":{\"parts\":[" parts "],\"role\":\"model\"}"
#define CANDIDATE(inside) "{\"candidates\":[{" inside "}]}"

static const struct whole_row {
	const char *name, *body;
	bool is_answer;
	const char *text, *reasoning, *finish;
	enum err err;
} WHOLES[] = {
	{ "one", CANDIDATE(CONTENT(PART("Hi")) ",\"finishReason\":\"STOP\""),
	    true, "Hi", "", "stop", ERR_OK },
	{ "with thoughts", CANDIDATE(CONTENT("{\"text\":\"Hm\",\"thought\":"
	    "true}," PART("Hi")) ",\"finishReason\":\"STOP\""), true, "Hi",
	    "Hm", "stop", ERR_OK },
	{ "a list of chunks", "[" CANDIDATE(CONTENT(PART("H"))) ","
	    CANDIDATE(CONTENT(PART("i")) ",\"finishReason\":\"MAX_TOKENS\"")
	    "]", true, "Hi", "", "length", ERR_OK },
	{ "a list with an error at its end", "["
	    CANDIDATE(CONTENT(PART("Hi"))) ",{\"error\":{\"code\":503}}]",
	    true, "Hi", "", "", ERR_PROVIDER_UNAVAILABLE },
	{ "a list without an end", "[" CANDIDATE(CONTENT(PART("Hi"))) "]",
	    true, "Hi", "", "", ERR_OK },
	{ "blocked", "{\"promptFeedback\":{\"blockReason\":\"OTHER\"}}", true,
	    "", "", "content_filter", ERR_OK },
	{ "a call", CANDIDATE(CONTENT("{\"functionCall\":{}}")
	    ",\"finishReason\":\"STOP\""), true, "", "", "tool", ERR_OK },
	{ "an error", "{\"error\":{\"code\":503}}", false, "", "", "",
	    ERR_OK },
	{ "a list with an error", "[{\"error\":{\"code\":503}}]", false, "",
	    "", "", ERR_OK },
	{ "an empty list", "[]", false, "", "", "", ERR_OK },
	{ "other JSON", "{\"choices\":[]}", false, "", "", "", ERR_OK },
};

static void
test_wholes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(WHOLES); i++) {
		const struct whole_row *row = &WHOLES[i];
		struct wire_answer said;

		print_message("  %s\n", row->name);
		wire_read_whole(&PROVIDER, row->body, strlen(row->body),
		    &said);
		assert_int_equal(said.is_one, row->is_answer);
		assert_string_equal(said.text.p, row->text);
		assert_string_equal(said.reasoning.p, row->reasoning);
		assert_string_equal(llm_finish_name(said.parse.end.finish),
		    row->finish);
		assert_string_equal(err_code(said.parse.end.err),
		    err_code(row->err));
		wire_answer_free(&said);
	}
}

static const struct {
	const char *word, *finish;
} WORDS[] = {
	{ "STOP", "stop" }, { "MAX_TOKENS", "length" },
	{ "SAFETY", "content_filter" }, { "RECITATION", "content_filter" },
	{ "LANGUAGE", "content_filter" }, { "BLOCKLIST", "content_filter" },
	{ "PROHIBITED_CONTENT", "content_filter" },
	{ "SPII", "content_filter" }, { "MODEL_ARMOR", "content_filter" },
	{ "IMAGE_SAFETY", "content_filter" },
	{ "IMAGE_PROHIBITED_CONTENT", "content_filter" },
	{ "IMAGE_RECITATION", "content_filter" },
	{ "OTHER", "" }, { "IMAGE_OTHER", "" }, { "NO_IMAGE", "" },
	{ "MALFORMED_FUNCTION_CALL", "" }, { "UNEXPECTED_TOOL_CALL", "" },
	{ "TOO_MANY_TOOL_CALLS", "" }, { "MALFORMED_RESPONSE", "" },
	{ "A_WORD_TO_COME", "" },
};

/* A word that is no end is a failure that may be tried again. */
static void
test_finish_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(WORDS); i++) {
		bool is_end = WORDS[i].finish[0] != '\0';
		char body[256];
		struct wire_answer said;

		print_message("  %s\n", WORDS[i].word);
		snprintf(body, sizeof(body), CANDIDATE("\"finishReason\":"
		    "\"%s\""), WORDS[i].word);
		wire_read_whole(&PROVIDER, body, strlen(body),
		    &said);
		assert_string_equal(llm_finish_name(said.parse.end.finish),
		    WORDS[i].finish);
		assert_int_equal(said.parse.end.err, is_end ? ERR_OK :
		    ERR_PROVIDER_UNAVAILABLE);
		assert_int_equal(said.parse.end.retryable, !is_end);
		assert_int_equal(strstr(said.parse.end.note,
		    WORDS[i].word) == NULL, is_end);
		wire_answer_free(&said);
	}
}

/* ---- lists of models ---- */

#define CHATS "\"supportedGenerationMethods\":[\"countTokens\"," \
	"\"generateContent\"]"

static const struct wire_list_row LISTS[] = {
	{ "one", "{\"models\":[{\"name\":\"models/a\",\"displayName\":\"A\","
	    "\"inputTokenLimit\":9,\"outputTokenLimit\":4," CHATS "}]}", true,
	    "a|A|9|4\n", "" },
	{ "no limits, no name for people", "{\"models\":[{\"name\":\"a\","
	    CHATS "}]}", true, "a||0|0\n", "" },
	{ "a tuned one keeps its collection", "{\"models\":[{\"name\":"
	    "\"tunedModels/a\"," CHATS "}]}", true, "tunedModels/a||0|0\n",
	    "" },
	{ "one that does not chat", "{\"models\":[{\"name\":\"models/a\","
	    "\"supportedGenerationMethods\":[\"embedContent\"]}]}", true, "",
	    "" },
	{ "methods that are none", "{\"models\":[{\"name\":\"models/a\","
	    "\"supportedGenerationMethods\":[7,null]},{\"name\":\"models/b\"},"
	    "7,null]}", true, "", "" },
	{ "no name", "{\"models\":[{" CHATS "},{\"name\":\"models/\","
	    CHATS "}]}", true, "", "" },
	{ "odd limits", "{\"models\":[{\"name\":\"models/a\","
	    "\"inputTokenLimit\":-1,\"outputTokenLimit\":\"9\"," CHATS "}]}",
	    true, "a||0|0\n", "" },
	{ "a page", "{\"models\":[],\"nextPageToken\":\"a/b=\"}", true, "",
	    "a/b=" },
	{ "an error", "{\"error\":{}}", false, "", "" },
	{ "no object", "[]", false, "", "" },
};

static void
test_lists(void **state)
{
	(void)state;
	wire_check_lists(&PROVIDER, LISTS, COUNT(LISTS));
}

static void
test_list_urls(void **state)
{
	(void)state;
	wire_check_list_url(&PROVIDER, "", BASE "models?pageSize=1000");
	wire_check_list_url(&PROVIDER, "a/b=&x",
	    BASE "models?pageSize=1000&pageToken=a%2Fb%3D%26x");
}

/* ---- hostile streams ---- */

static void
test_hostile_events(void **state)
{
	(void)state;
	wire_check_hostile_event(&PROVIDER, "message", "[");
}

/* What it wrote as a reason gets into the log only if it cannot be a key. */
static void
test_odd_reasons(void **state)
{
	static const char *const BODIES[] = {
		CANDIDATE("\"finishReason\":\"" CANARY "\""),
		"{\"promptFeedback\":{\"blockReason\":\"" CANARY "\"}}",
	};
	struct wire_answer said;

	(void)state;
	for (size_t i = 0; i < COUNT(BODIES); i++) {
		wire_read_whole(&PROVIDER, BODIES[i], strlen(BODIES[i]),
		    &said);
		assert_null(strstr(said.parse.end.note, "CANARY"));
		assert_null(strstr(said.parse.end.message, "CANARY"));
		wire_answer_free(&said);
	}
	assert_int_equal(said.parse.end.finish, LLM_FINISH_FILTER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_longest_url),
		cmocka_unit_test(test_asks),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_bodies_of_errors),
		cmocka_unit_test(test_delays),
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_retry_header),
		cmocka_unit_test(test_hostile_bodies),
		cmocka_unit_test(test_wholes),
		cmocka_unit_test(test_finish_words),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_list_urls),
		cmocka_unit_test(test_hostile_events),
		cmocka_unit_test(test_odd_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
