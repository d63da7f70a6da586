#include "picky.h"

#include <stddef.h>

#define AT(member) offsetof(struct script, member)

static const struct row {
	size_t flag;	/* in struct script */
	unsigned has;
	struct pick pick;
} ROWS[] = {
	{ AT(no_temperature), ASK_TEMPERATURE, { "\"temperature\"",
		"\"unsupported_value\"", "Unsupported value: 'temperature' "
		"does not support 0.5 with this model." } },
	{ AT(no_effort), ASK_EFFORT, { "\"reasoning_effort\"",
		"\"unsupported_parameter\"", "Unsupported parameter: "
		"'reasoning_effort' is not supported with this model." } },
	{ AT(no_system), ASK_SYSTEM, { "\"messages[0].role\"",
		"\"unsupported_value\"", "Unsupported value: "
		"'messages[0].role' does not support 'system' with this "
		"model." } },
	{ AT(no_options), ASK_OPTIONS, { "\"stream_options\"",
		"\"unsupported_parameter\"", "Unsupported parameter: "
		"'stream_options'." } },
	{ AT(new_limit), ASK_OLD_LIMIT, { "\"max_tokens\"",
		"\"unsupported_parameter\"", "Unsupported parameter: "
		"'max_tokens' is not supported with this model. Use "
		"'max_completion_tokens' instead." } },
};

static const struct pick TOO_LONG = {
	"\"messages\"", "\"context_length_exceeded\"",
	"This model's maximum context length is exceeded. Please reduce the "
	"length of the messages.",
};

const struct pick *
picky_find(const struct script *s, const struct ask *ask)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		const int64_t *flag = (const void *)
			((const char *)s + ROWS[i].flag);

		if (*flag && (ask->has & ROWS[i].has))
			return &ROWS[i].pick;
	}
	if (s->context >= 0 && ask->prompt_bytes > s->context)
		return &TOO_LONG;
	return NULL;
}
