/*
 * The openai wire: what it asks, and what it makes of errors.  What it makes
 * of recorded streams and bodies is in tests/recorded.
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
	.name = "openai", .label = "OpenAI",
	.base_url = "https://api.example.org/v1", .wire = &llm_wire_openai,
};

/* ---- the request ---- */

#define ASK_END ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}"
#define HI "{\"role\":\"user\",\"content\":\"Hi\"}"

static const struct wire_ask_row ASKS[] = {
	{ "plain", "gpt-4o", NULL, -1, 0, NULL,
	    "{\"model\":\"gpt-4o\",\"messages\":[" HI "]" ASK_END },
	{ "all of it", "gpt-4o", "Be \"brief\".", 0.7, 100, NULL,
	    "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"system\","
	    "\"content\":\"Be \\\"brief\\\".\"}," HI "],\"temperature\":0.7,"
	    "\"max_tokens\":100" ASK_END },
	{ "temperature 0 is one", "gpt-4o", NULL, 0, 0, NULL,
	    "{\"model\":\"gpt-4o\",\"messages\":[" HI "],\"temperature\":0"
	    ASK_END },
	{ "a reasoning model", "o3-mini", "Be brief.", 0.7, 100, "low",
	    "{\"model\":\"o3-mini\",\"messages\":[{\"role\":\"developer\","
	    "\"content\":\"Be brief.\"}," HI "],"
	    "\"max_completion_tokens\":100,\"reasoning_effort\":\"low\""
	    ASK_END },
	{ "gpt-5", "gpt-5", NULL, 0.7, 5, NULL,
	    "{\"model\":\"gpt-5\",\"messages\":[" HI "],"
	    "\"max_completion_tokens\":5" ASK_END },
	{ "gpt-5 takes no temperature, ever", "gpt-5", NULL, 0.7, 0, "none",
	    "{\"model\":\"gpt-5\",\"messages\":[" HI "],"
	    "\"reasoning_effort\":\"none\"" ASK_END },
	{ "gpt-5.1 does, with effort none", "gpt-5.1", NULL, 0.5, 0, "none",
	    "{\"model\":\"gpt-5.1\",\"messages\":[" HI "],"
	    "\"temperature\":0.5,\"reasoning_effort\":\"none\"" ASK_END },
	{ "gpt-5.1 does not, with another", "gpt-5.1", NULL, 0.5, 0, "low",
	    "{\"model\":\"gpt-5.1\",\"messages\":[" HI "],"
	    "\"reasoning_effort\":\"low\"" ASK_END },
	{ "gpt-12 is one", "gpt-12", NULL, 0.5, 5, NULL,
	    "{\"model\":\"gpt-12\",\"messages\":[" HI "],"
	    "\"max_completion_tokens\":5" ASK_END },
	{ "gpt-5-chat is none", "gpt-5-chat-latest", NULL, 0.5, 5, NULL,
	    "{\"model\":\"gpt-5-chat-latest\",\"messages\":[" HI "],"
	    "\"temperature\":0.5,\"max_tokens\":5" ASK_END },
	{ "gpt-oss is none", "gpt-oss-120b", NULL, 0.5, 5, NULL,
	    "{\"model\":\"gpt-oss-120b\",\"messages\":[" HI "],"
	    "\"temperature\":0.5,\"max_tokens\":5" ASK_END },
	{ "olmo is none", "olmo-2", NULL, -1, 5, NULL,
	    "{\"model\":\"olmo-2\",\"messages\":[" HI "],\"max_tokens\":5"
	    ASK_END },
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
		{ LLM_ASSISTANT, "b\0c", 3 }, { LLM_USER, "", 0 },
	};

	(void)state;
	wire_check_turns(&PROVIDER, TURNS, COUNT(TURNS),
	    "[{\"role\":\"user\",\"content\":"
	    "\"a\\n\xe6\x95\xb0\"},{\"role\":\"assistant\",\"content\":"
	    "\"b\\u0000c\"},{\"role\":\"user\",\"content\":\"\"}]");
}

static void
test_key(void **state)
{
	static const char LINE[] = "\0Authorization: Bearer sk-1";
	const struct llm_request rq = {
		.model = "m", .messages = &WIRE_HI, .n_messages = 1,
	};
	struct llm_ask ask;

	(void)state;
	wire_ask(&PROVIDER, &rq, &ask);
	assert_string_equal(ask.url.p,
	    "https://api.example.org/v1/chat/completions");
	assert_int_equal(llm_wire_openai.auth(&PROVIDER, NULL, &ask), ERR_OK);
	assert_null(memmem(ask.headers.p, ask.headers.len, "Authoriz", 8));
	assert_int_equal(llm_wire_openai.auth(&PROVIDER, "sk-1", &ask),
	    ERR_OK);
	assert_non_null(memmem(ask.headers.p, ask.headers.len, LINE,
	    sizeof(LINE)));
	llm_ask_free(&ask);
}

/* ---- the head ---- */

enum { NOW_MS = 1700000000 }; /* times 1000: 2023-11-14 22:13:20 UTC */

static const struct head_row {
	const char *name, *lines; /* each ended by | */
	struct llm_head head;
} HEADS[] = {
	{ "stream", "HTTP/1.1 200 OK|Content-Type: text/event-stream|",
	    { 200, false, true, false, -1, -1 } },
	{ "stream with a charset",
	    "HTTP/1.1 200|content-type:TEXT/event-stream; charset=utf-8|",
	    { 200, false, true, false, -1, -1 } },
	{ "not quite", "HTTP/1.1 200 OK|content-type: text/event-streams|",
	    { 200, false, false, false, -1, -1 } },
	{ "JSON", "HTTP/1.1 200 OK|Content-Type: application/json|",
	    { 200, false, false, true, -1, -1 } },
	{ "seconds", "HTTP/1.1 429 x|Retry-After: 12|",
	    { 429, false, false, false, 12000, -1 } },
	{ "part of a second", "HTTP/1.1 429 x|Retry-After: 0.0305|",
	    { 429, false, false, false, 31, -1 } },
	{ "ms", "HTTP/1.1 429 x|retry-after-ms: 1500|",
	    { 429, false, false, false, 1500, -1 } },
	{ "ms win", "HTTP/1.1 429 x|retry-after-ms: 1500|retry-after: 9|",
	    { 429, false, false, false, 1500, -1 } },
	{ "ms win behind", "HTTP/1.1 429 x|retry-after: 9|"
	    "retry-after-ms: 1500|", { 429, false, false, false, 1500, -1 } },
	{ "a date", "HTTP/1.1 503 x|"
	    "Retry-After: Tue, 14 Nov 2023 22:13:50 GMT|",
	    { 503, false, false, false, 30000, -1 } },
	{ "a date that is past", "HTTP/1.1 503 x|"
	    "Retry-After: Tue, 14 Nov 2023 22:13:00 GMT|",
	    { 503, false, false, false, 0, -1 } },
	{ "years", "HTTP/1.1 503 x|Retry-After: 999999999999|",
	    { 503, false, false, false, 86400000, -1 } },
	{ "negative", "HTTP/1.1 503 x|Retry-After: -1|",
	    { 503, false, false, false, -1, -1 } },
	{ "words", "HTTP/1.1 503 x|Retry-After: soon|",
	    { 503, false, false, false, -1, -1 } },
	{ "nan", "HTTP/1.1 503 x|Retry-After: nan|",
	    { 503, false, false, false, -1, -1 } },
	{ "inf", "HTTP/1.1 503 x|Retry-After: inf|",
	    { 503, false, false, false, 86400000, -1 } },
	{ "retry", "HTTP/1.1 400 x|x-should-retry: true|",
	    { 400, false, false, false, -1, 1 } },
	{ "no retry", "HTTP/1.1 500 x|X-Should-Retry: false|",
	    { 500, false, false, false, -1, 0 } },
	{ "100 in front", "HTTP/1.1 100 Continue|Retry-After: 7||"
	    "HTTP/1.1 200 OK|", { 200, false, false, false, -1, -1 } },
	{ "whole", "HTTP/1.1 200 OK|Server: x||",
	    { 200, true, false, false, -1, -1 } },
	{ "no status", "HTTP/1.1|", { 0, false, false, false, -1, -1 } },
};

static void
check_head(const struct head_row *row)
{
	struct llm_head head;

	llm_head_init(&head);
	for (const char *p = row->lines; *p != '\0';
	    p += strcspn(p, "|") + 1) {
		char line[256];
		int n = snprintf(line, sizeof(line), "%.*s\r\n",
		    (int)strcspn(p, "|"), p);

		llm_head_line(&head, line, (size_t)n, NOW_MS * INT64_C(1000));
	}
	assert_int_equal(head.status, row->head.status);
	assert_int_equal(head.is_whole, row->head.is_whole);
	assert_int_equal(head.is_stream, row->head.is_stream);
	assert_int_equal(head.is_json, row->head.is_json);
	assert_int_equal(head.retry_after_ms, row->head.retry_after_ms);
	assert_int_equal(head.should_retry, row->head.should_retry);
}

static void
test_heads(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(HEADS); i++) {
		print_message("  %s\n", HEADS[i].name);
		check_head(&HEADS[i]);
	}
}

/* ---- errors ---- */

#define CANARY "sk-CANARY0123456789abcdef"
#define E(inside) "{\"error\":{\"message\":\"" CANARY "\"," inside "}}"

static const struct wire_error_row ERRORS[] = {
	{ "key", 401, E("\"code\":\"invalid_api_key\""),
	    ERR_PROVIDER_AUTH, false },
	{ "key, no words", 401, E("\"code\":null"), ERR_PROVIDER_AUTH, false },
	{ "key, in the code", 401, E("\"code\":\"" CANARY "\""),
	    ERR_PROVIDER_AUTH, false },
	{ "key of letters, in the type", 401,
	    E("\"type\":\"CANARYabcdefghijklmnop0123\""),
	    ERR_PROVIDER_AUTH, false },
	{ "payment", 402, E("\"code\":402"), ERR_PROVIDER_QUOTA, false },
	{ "forbidden", 403, E("\"code\":403"), ERR_PROVIDER_AUTH, false },
	{ "model", 404, E("\"code\":\"model_not_found\""),
	    ERR_MODEL_NOT_FOUND, false },
	{ "model, Ollama", 404, E("\"type\":\"api_error\""),
	    ERR_MODEL_NOT_FOUND, false },
	{ "model, old Ollama", 404, "{\"error\":\"" CANARY "\"}",
	    ERR_MODEL_NOT_FOUND, false },
	{ "model, vLLM", 404, "{\"object\":\"error\",\"message\":\""
	    CANARY "\",\"type\":\"NotFoundError\",\"code\":404}",
	    ERR_MODEL_NOT_FOUND, false },
	{ "no such address", 404, "{\"detail\":\"Not Found\"}",
	    ERR_PROTOCOL, false },
	{ "no such address, HTML", 404, "<html>" CANARY, ERR_PROTOCOL, false },
	{ "context", 400, E("\"code\":\"context_length_exceeded\""),
	    ERR_CONTEXT_LENGTH, false },
	{ "context, by its text", 400, "{\"error\":{\"message\":\"maximum "
	    "Context Length is 1 " CANARY "\"}}", ERR_CONTEXT_LENGTH, false },
	{ "not context: a limit of requests", 429, "{\"error\":{\"message\":"
	    "\"context length per minute\"}}", ERR_PROVIDER_RATE, true },
	{ "value", 400, E("\"code\":\"unsupported_value\","
	    "\"param\":\"temperature\""), ERR_PROVIDER_REJECTED, false },
	{ "param of ours, written by others", 400,
	    E("\"param\":\"" CANARY "\""), ERR_PROVIDER_REJECTED, false },
	{ "unprocessable", 422, E("\"code\":null"),
	    ERR_PROVIDER_REJECTED, false },
	{ "too large", 413, "", ERR_CONTEXT_LENGTH, false },
	{ "request timeout", 408, "", ERR_PROVIDER_UNAVAILABLE, true },
	{ "conflict", 409, "", ERR_PROVIDER_UNAVAILABLE, true },
	{ "rate", 429, E("\"code\":\"rate_limit_exceeded\""),
	    ERR_PROVIDER_RATE, true },
	{ "rate, no body", 429, "", ERR_PROVIDER_RATE, true },
	{ "quota", 429, E("\"code\":\"insufficient_quota\""),
	    ERR_PROVIDER_QUOTA, false },
	{ "quota, by its type", 429, E("\"type\":\"insufficient_quota\","
	    "\"code\":null"), ERR_PROVIDER_QUOTA, false },
	{ "trouble", 500, E("\"type\":\"server_error\""),
	    ERR_PROVIDER_UNAVAILABLE, true },
	{ "gateway, HTML", 502, "<html>" CANARY "</html>",
	    ERR_PROVIDER_UNAVAILABLE, true },
	{ "overloaded", 529, "", ERR_PROVIDER_UNAVAILABLE, true },
	{ "redirect", 302, "<a href=x>" CANARY "</a>", ERR_PROTOCOL, false },
	{ "not modified", 304, "", ERR_PROTOCOL, false },
	{ "teapot", 418, "\0\xff", ERR_PROVIDER_REJECTED, false },
	{ "status of nobody", 999, "", ERR_PROTOCOL, false },
	{ "well, and an error", 200, E("\"code\":\"invalid_api_key\""),
	    ERR_PROVIDER_AUTH, false },
	{ "well, and a list with an error", 200,
	    "[" E("\"type\":\"invalid_request_error\"") "]",
	    ERR_PROVIDER_REJECTED, false },
	{ "well, and an error of no kind", 200, E("\"code\":null"),
	    ERR_PROVIDER_UNAVAILABLE, true },
	{ "well, and JSON", 200, "{\"choices\":[]}", ERR_PROTOCOL, false },
	{ "well, and HTML", 200, "<html>" CANARY, ERR_PROTOCOL, false },
	{ "well, and an empty list", 200, "[]", ERR_PROTOCOL, false },
	{ "well, and null", 200, "{\"error\":null}", ERR_PROTOCOL, false },
	{ "odd types", 400, "{\"error\":{\"message\":[],\"code\":{},"
	    "\"type\":7,\"param\":true}}", ERR_PROVIDER_REJECTED, false },
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
	static const char BODY[] = E("\"code\":\"content_filter\"");
	struct llm_end end;

	(void)state;
	wire_error(&PROVIDER, 400, BODY, sizeof(BODY) - 1, &end);
	assert_int_equal(end.err, ERR_OK);
	assert_int_equal(end.finish, LLM_FINISH_FILTER);
}

static void
test_retry_headers(void **state)
{
	struct llm_head head;
	struct llm_end end;

	(void)state;
	llm_head_init(&head);
	head.status = 500;
	head.should_retry = 0;
	head.retry_after_ms = 12000;
	llm_end_init(&end);
	llm_wire_openai.error_body(&PROVIDER, &head, "", 0, &end);
	assert_false(end.retryable);
	assert_int_equal(end.retry_after_ms, 12000);
	head.status = 400;
	head.should_retry = 1;
	llm_end_init(&end);
	llm_wire_openai.error_body(&PROVIDER, &head, "", 0, &end);
	assert_true(end.retryable);
	head.status = 402;
	llm_end_init(&end);
	llm_wire_openai.error_body(&PROVIDER, &head, "", 0, &end);
	assert_false(end.retryable);
}

static void
test_sentences(void **state)
{
	static const char AUTH[] = E("\"code\":\"invalid_api_key\"");
	static const char HOT[] = E("\"param\":\"temperature\"");
	struct llm_end end;

	(void)state;
	wire_error(&PROVIDER, 401, AUTH, sizeof(AUTH) - 1, &end);
	assert_string_equal(end.message,
	    "OpenAI refused the API key. Check it in Keys.");
	assert_string_equal(end.note, "http 401, code invalid_api_key");
	wire_error(&PROVIDER, 400, HOT, sizeof(HOT) - 1, &end);
	assert_string_equal(end.message,
	    "The model at OpenAI does not take this temperature. Change it, "
	    "or choose another model.");
	wire_error(&PROVIDER, 308, "", 0, &end);
	assert_string_equal(end.message, "OpenAI answered with a redirect, "
	    "which is not followed. Check its base_url.");
}

static void
test_hostile_bodies(void **state)
{
	(void)state;
	wire_check_hostile_bodies(&PROVIDER);
}

/* ---- hostile streams ---- */

static void
test_hostile_events(void **state)
{
	(void)state;
	wire_check_hostile_event(&PROVIDER, "message", "[");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asks),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_content_filter),
		cmocka_unit_test(test_retry_headers),
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_hostile_bodies),
		cmocka_unit_test(test_hostile_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
