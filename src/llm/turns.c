#include "llm/turns.h"

/* From the end, where the last question stays whatever it weighs. */
size_t
turns_drop_by(const struct llm_message *messages, size_t n, int64_t keep,
    turns_weigh_fn *weigh)
{
	int64_t weight = 0;
	size_t first = n; /* of those that stay; n: no question was met yet */

	for (size_t i = n; i-- > 0; ) {
		weight += weigh(&messages[i]);
		if (first < n && weight > keep)
			break;
		if (messages[i].role == LLM_USER)
			first = i;
	}
	return first < n ? first : 0;
}

static int64_t
bytes(const struct llm_message *message)
{
	return (int64_t)message->len;
}

size_t
turns_drop(const struct llm_message *messages, size_t n, size_t keep_bytes)
{
	return turns_drop_by(messages, n, (int64_t)keep_bytes, bytes);
}
