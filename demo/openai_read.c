/* What a request for a chat completion asks for. */
#include <string.h>
#include <strings.h>

#include "openai.h"
#include "picky.h"

struct slice
openai_key(const struct http_request *rq)
{
	struct slice s = http_header(rq, "authorization");

	if (s.n < 7 || strncasecmp(s.p, "Bearer ", 7) != 0)
		return (struct slice){ NULL, 0 };
	return (struct slice){ s.p + 7, s.n - 7 };
}

/* A content is a string, or parts of which some are text. */
static const json_t *
find_text(const json_t *content)
{
	const json_t *part;
	size_t i;

	if (!json_is_array(content))
		return json_is_string(content) ? content : NULL;
	json_array_foreach((json_t *)content, i, part) {
		const json_t *text = json_object_get(part, "text");

		if (json_is_string(text))
			return text;
	}
	return NULL;
}

static void
read_messages(const json_t *messages, struct ask *ask)
{
	const json_t *message;
	size_t i;

	json_array_foreach((json_t *)messages, i, message) {
		const json_t *text =
			find_text(json_object_get(message, "content"));
		const char *role =
			json_string_value(json_object_get(message, "role"));

		if (!text)
			continue;
		if (role && strcmp(role, "system") == 0)
			ask->has |= ASK_SYSTEM;
		ask->prompt_bytes += (int64_t)json_string_length(text);
		if (!role || strcmp(role, "user") != 0)
			continue;
		ask->question = json_string_value(text);
		ask->question_n = json_string_length(text);
	}
}

static void
read_options(const json_t *body, struct ask *ask)
{
	static const struct {
		const char *name;
		unsigned has;
	} OPTIONS[] = {
		{ "temperature", ASK_TEMPERATURE },
		{ "reasoning_effort", ASK_EFFORT },
		{ "stream_options", ASK_OPTIONS },
		{ "max_tokens", ASK_OLD_LIMIT },
	};

	for (size_t i = 0; i < sizeof(OPTIONS) / sizeof(OPTIONS[0]); i++)
		if (json_object_get(body, OPTIONS[i].name))
			ask->has |= OPTIONS[i].has;
}

bool
openai_read(struct slice path, json_t *body, struct ask *ask)
{
	const json_t *messages = json_object_get(body, "messages");
	const json_t *model = json_object_get(body, "model");
	const json_t *max = json_object_get(body, "max_completion_tokens");
	const json_t *options = json_object_get(body, "stream_options");

	(void)path;
	if (!json_is_string(model) || !json_is_array(messages))
		return false;
	snprintf(ask->model, sizeof(ask->model), "%s",
		json_string_value(model));
	if (!max)
		max = json_object_get(body, "max_tokens");
	ask->max_tokens = json_is_integer(max)
		? json_integer_value(max) : ASK_TOKENS_UNSET;
	ask->stream = json_is_true(json_object_get(body, "stream"));
	ask->wants_usage =
		json_is_true(json_object_get(options, "include_usage"));
	read_messages(messages, ask);
	read_options(body, ask);
	return true;
}
