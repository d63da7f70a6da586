#include "anthropic.h"

#include <string.h>

#include "messages.h"

static const struct messages_option OPTIONS[] = {
	{ "temperature", ASK_TEMPERATURE },
	{ "thinking", ASK_EFFORT },
	{ "output_config", ASK_EFFORT },
	{ "system", ASK_SYSTEM },
};

bool
anthropic_read(struct slice path, json_t *body, struct ask *ask)
{
	(void)path;
	if (!messages_read(body, ask))
		return false;
	ask->max_tokens = messages_limit(json_object_get(body, "max_tokens"));
	ask->wants_usage = true;
	ask->prompt_bytes += (int64_t)json_string_length(
		json_object_get(body, "system"));
	messages_read_options(body, OPTIONS,
		sizeof(OPTIONS) / sizeof(OPTIONS[0]), ask);
	return true;
}

/* ---- what it refuses ---- */

static bool
is_blank(const json_t *text)
{
	const char *s = json_string_value(text);

	return !s || s[strspn(s, " \t\r\n")] == '\0';
}

static const char *
object_to_messages(const json_t *messages)
{
	const json_t *message;
	size_t i;

	if (json_array_size(messages) == 0)
		return "messages: at least one message is required";
	json_array_foreach((json_t *)messages, i, message) {
		const char *role = messages_role(message);

		if (strcmp(role, "user") != 0
			&& strcmp(role, "assistant") != 0)
			return "messages: Unexpected role. Allowed roles are "
				"\"user\" or \"assistant\".";
		if (is_blank(messages_text(message)))
			return "messages: text content blocks must be "
				"non-empty";
	}
	return NULL;
}

static const char *
object_to_thinking(const json_t *body)
{
	const json_t *thinking = json_object_get(body, "thinking");
	const json_t *budget = json_object_get(thinking, "budget_tokens");
	const json_t *max = json_object_get(body, "max_tokens");

	if (!json_is_integer(budget))
		return NULL;
	if (json_integer_value(budget) < 1024)
		return "thinking.enabled.budget_tokens: Input should be "
			"greater than or equal to 1024";
	if (json_integer_value(budget) >= json_integer_value(max))
		return "`max_tokens` must be greater than "
			"`thinking.budget_tokens`.";
	if (json_object_get(body, "temperature"))
		return "`temperature` may only be set to 1 when thinking is "
			"enabled.";
	return NULL;
}

static const char *
object_to_body(const json_t *body)
{
	const json_t *max = json_object_get(body, "max_tokens");
	const json_t *heat = json_object_get(body, "temperature");
	const char *why;

	if (!json_is_integer(max))
		return "max_tokens: Field required";
	if (json_integer_value(max) < 1)
		return "max_tokens: Input should be greater than or equal to "
			"1";
	if (json_number_value(heat) < 0 || json_number_value(heat) > 1)
		return "temperature: range: 0..1";
	why = object_to_messages(json_object_get(body, "messages"));
	return why ? why : object_to_thinking(body);
}

/* The key, then the header, then the body's fields. */
struct objection
anthropic_object(const struct http_request *rq, json_t *body)
{
	const char *why;

	if (http_header(rq, "x-api-key").n == 0)
		return (struct objection){ 401, NULL };
	why = http_header(rq, ANTHROPIC_VERSION).p ? object_to_body(body)
		: ANTHROPIC_VERSION ": header is required";
	return (struct objection){ why ? 400 : 0, why };
}
