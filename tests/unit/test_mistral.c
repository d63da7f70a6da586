/*
 * The mistral wire, as far as it differs from the openai wire: what it asks,
 * the shapes of its errors, its list of models.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "tests/unit/wire_test.h"

static const struct llm_provider PROVIDER = {
	.name = "mistral", .label = "Mistral",
	.base_url = "https://api.example.org/v1", .wire = &llm_wire_mistral,
};

#define BEGIN(model) "{\"model\":\"" model "\",\"messages\":["
#define HI "{\"role\":\"user\",\"content\":\"Hi\"}]"
#define END ",\"stream\":true}"

static const struct wire_ask_row ASKS[] = {
	{ "no stream_options", "m", NULL, -1, 0, NULL, BEGIN("m") HI END },
	{ "system role and max_tokens", "m", "Be brief.", 0.7, 9, NULL,
	    BEGIN("m") "{\"role\":\"system\",\"content\":\"Be brief.\"}," HI
	    ",\"temperature\":0.7,\"max_tokens\":9" END },
	{ "the warmest there is", "m", NULL, 2, 0, NULL,
	    BEGIN("m") HI ",\"temperature\":1.5" END },
	{ "a name as of OpenAI's", "o3-mini", NULL, -1, 9, NULL,
	    BEGIN("o3-mini") HI ",\"max_tokens\":9" END },
	{ "some effort is all", "mistral-small-latest", NULL, -1, 0, "low",
	    BEGIN("mistral-small-latest") HI
	    ",\"reasoning_effort\":\"high\"" END },
	{ "no effort", "mistral-medium-2604", NULL, -1, 0, "none",
	    BEGIN("mistral-medium-2604") HI
	    ",\"reasoning_effort\":\"none\"" END },
	{ "a model that always thinks", "magistral-medium-latest", NULL, -1, 0,
	    "high", BEGIN("magistral-medium-latest") HI END },
	{ "a model that never does", "codestral-2508", NULL, -1, 0, "none",
	    BEGIN("codestral-2508") HI END },
};

static void
test_asks(void **state)
{
	(void)state;
	wire_check_asks(&PROVIDER, ASKS, COUNT(ASKS));
}

#define CANARY "sk-CANARY0123456789abcdef"
#define OBJECT(inside) "{\"object\":\"error\",\"message\":\"" CANARY "\"," \
	inside "}"
#define LOC(loc) "{\"detail\":[{\"loc\":[" loc "],\"msg\":\"" CANARY "\"," \
	"\"type\":\"x\"}]}"

static const struct {
	const char *name;
	int status;
	const char *body;
	enum err err;
	const char *sentence; /* part of it */
	const char *note;
} ERRORS[] = {
	{ "a bad key", 401, "{\"detail\":\"" CANARY "\"}", ERR_PROVIDER_AUTH,
	    "Mistral refused the API key.", "http 401" },
	{ "no key", 401, "{\"message\":\"" CANARY "\",\"request_id\":\"x\"}",
	    ERR_PROVIDER_AUTH, "Mistral refused the API key.",
	    "http 401, body unknown" },
	{ "a list that names a parameter", 422,
	    LOC("\"body\",\"temperature\""), ERR_PROVIDER_REJECTED,
	    "does not take this temperature", "http 422, param temperature" },
	{ "a list that names a place in one", 422,
	    LOC("\"body\",\"messages\",0,\"assistant\",\"content\""),
	    ERR_PROVIDER_REJECTED, "does not take these messages",
	    "http 422, param messages" },
	{ "a list that names one of nobody", 422, LOC("\"body\",\"" CANARY
	    "\""), ERR_PROVIDER_REJECTED, "did not accept",
	    "http 422, param ?" },
	{ "a list of nothing", 422, "{\"detail\":[]}", ERR_PROVIDER_REJECTED,
	    "did not accept", "http 422" },
	{ "a list of odd things", 422, "{\"detail\":[7,{\"loc\":{}}]}",
	    ERR_PROVIDER_REJECTED, "did not accept", "http 422" },
	{ "a list whose path is short", 422, LOC("\"body\""),
	    ERR_PROVIDER_REJECTED, "did not accept", "http 422" },
	{ "no such address", 404, "{\"detail\":\"Not Found\"}", ERR_PROTOCOL,
	    "Check its base_url.", "http 404, body unknown" },
	{ "the key's limit", 429, OBJECT("\"type\":\"rate_limited\","
	    "\"param\":null,\"code\":\"1300\",\"raw_status_code\":429"),
	    ERR_PROVIDER_RATE, "limiting requests",
	    "http 429, code 1300, type rate_limited" },
	{ "the tier's limit", 429, OBJECT("\"type\":"
	    "\"service_tier_capacity_exceeded\",\"code\":\"3505\""),
	    ERR_PROVIDER_RATE, "limiting requests",
	    "http 429, code 3505, type service_tier_capacity_exceeded" },
	{ "no such model", 400, OBJECT("\"type\":\"invalid_model\","
	    "\"code\":\"1500\""), ERR_MODEL_NOT_FOUND, "Choose another.",
	    "http 400, code 1500, type invalid_model" },
	{ "a limit in a stream", 200, OBJECT("\"type\":\"x\",\"code\":\"1\","
	    "\"raw_status_code\":429"), ERR_PROVIDER_RATE, "Try again later",
	    "http 200, code 1, type x" },
	{ "too long, by its text", 400, "{\"object\":\"error\",\"message\":"
	    "\"Prompt contains 9 tokens, too large for model with 8 maximum "
	    "context length\",\"type\":\"x\",\"code\":\"3051\"}",
	    ERR_CONTEXT_LENGTH, "Begin a new one",
	    "http 400, code 3051, type x" },
	{ "trouble", 500, OBJECT("\"type\":\"internal_server_error\""),
	    ERR_PROVIDER_UNAVAILABLE, "problem of its own",
	    "http 500, type internal_server_error" },
	{ "an HTML page", 502, "<html>" CANARY, ERR_PROVIDER_UNAVAILABLE,
	    "problem of its own", "http 502, body unknown" },
};

static void
test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ERRORS); i++) {
		struct llm_head head;
		struct llm_end end;

		print_message("  %s\n", ERRORS[i].name);
		llm_head_init(&head);
		head.status = ERRORS[i].status;
		head.retry_after_ms = 7000;
		llm_end_init(&end);
		PROVIDER.wire->error_body(&PROVIDER, &head, ERRORS[i].body,
		    strlen(ERRORS[i].body), &end);
		assert_string_equal(err_code(end.err),
		    err_code(ERRORS[i].err));
		assert_non_null(strstr(end.message, ERRORS[i].sentence));
		assert_null(strstr(end.message, "CANARY"));
		assert_string_equal(end.note, ERRORS[i].note);
		assert_int_equal(end.provider_status, ERRORS[i].status);
		assert_int_equal(end.retry_after_ms, 7000);
	}
}

#define MODEL(id, inside) "{\"id\":\"" id "\",\"name\":\"N\"," \
	"\"max_context_length\":262144," inside "}"
#define CHATS "\"capabilities\":{\"completion_chat\":true}"

static const struct wire_list_row LISTS[] = {
	{ "those that chat and stay", "{\"object\":\"list\",\"data\":["
	    MODEL("mistral-large-latest", CHATS ",\"aliases\":[\"x\"],"
	    "\"deprecation\":null") ","
	    MODEL("x", CHATS) ","
	    MODEL("old", CHATS ",\"deprecation\":\"2026-09-01T00:00:00Z\"") ","
	    MODEL("ocr", "\"capabilities\":{\"completion_chat\":false}") ","
	    MODEL("", CHATS) "]}", true,
	    "mistral-large-latest|N|262144|0\nx|N|262144|0\n", "" },
};

static void
test_lists(void **state)
{
	(void)state;
	wire_check_lists(&PROVIDER, LISTS, COUNT(LISTS));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asks),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
