/* What a request for a chat completion asks for. */
#include <strings.h>

#include "messages.h"
#include "openai.h"

struct slice
openai_key(const struct http_request *rq)
{
	struct slice s = http_header(rq, "authorization");

	if (s.n < 7 || strncasecmp(s.p, "Bearer ", 7) != 0)
		return (struct slice){ NULL, 0 };
	return (struct slice){ s.p + 7, s.n - 7 };
}

static const struct messages_option OPTIONS[] = {
	{ "temperature", ASK_TEMPERATURE },
	{ "reasoning_effort", ASK_EFFORT },
	{ "stream_options", ASK_OPTIONS },
	{ "max_tokens", ASK_OLD_LIMIT },
};

bool
openai_read(struct slice path, json_t *body, struct ask *ask)
{
	const json_t *max = json_object_get(body, "max_completion_tokens");
	const json_t *options = json_object_get(body, "stream_options");

	(void)path;
	if (!messages_read(body, ask))
		return false;
	ask->max_tokens = messages_limit(max ? max
		: json_object_get(body, "max_tokens"));
	ask->wants_usage =
		json_is_true(json_object_get(options, "include_usage"));
	messages_read_options(body, OPTIONS,
		sizeof(OPTIONS) / sizeof(OPTIONS[0]), ask);
	return true;
}
