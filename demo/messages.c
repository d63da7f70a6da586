#include "messages.h"

#include <string.h>

const json_t *
messages_text(const json_t *message)
{
	const json_t *content = json_object_get(message, "content");
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

const char *
messages_role(const json_t *message)
{
	const char *role = json_string_value(json_object_get(message, "role"));

	return role ? role : "";
}

static void
read_message(const json_t *message, struct ask *ask)
{
	const char *role = messages_role(message);
	const json_t *text = messages_text(message);

	if (!text)
		return;
	ask->prompt_bytes += (int64_t)json_string_length(text);
	if (strcmp(role, "system") == 0)
		ask->has |= ASK_SYSTEM;
	if (strcmp(role, "user") != 0)
		return;
	ask->question = json_string_value(text);
	ask->question_n = json_string_length(text);
}

bool
messages_read(const json_t *body, struct ask *ask)
{
	json_t *messages = json_object_get(body, "messages");
	const json_t *model = json_object_get(body, "model");
	const json_t *message;
	size_t i;

	if (!json_is_string(model) || !json_is_array(messages))
		return false;
	snprintf(ask->model, sizeof(ask->model), "%s",
		json_string_value(model));
	ask->stream = json_is_true(json_object_get(body, "stream"));
	json_array_foreach(messages, i, message)
		read_message(message, ask);
	return true;
}

int64_t
messages_limit(const json_t *max)
{
	return json_is_integer(max) ? json_integer_value(max)
		: ASK_TOKENS_UNSET;
}

void
messages_read_options(const json_t *body, const struct messages_option *table,
	size_t n, struct ask *ask)
{
	for (size_t i = 0; i < n; i++)
		if (json_object_get(body, table[i].name))
			ask->has |= table[i].has;
}
