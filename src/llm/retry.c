#include "llm/retry.h"

enum { JITTER_PARTS = 256 };

/* What only waiting can mend, and the provider has said so. */
static bool
is_worth_it(const struct llm_end *end)
{
	return end->retryable && end->err != ERR_OK &&
	    end->err != ERR_NETWORK && end->err != ERR_TIMEOUT;
}

static int64_t
own_wait(int repeats, unsigned dice)
{
	int64_t ms = LLM_RETRY_FIRST_MS;

	while (repeats-- > 0 && ms < LLM_RETRY_OWN_MAX_MS)
		ms *= 2;
	if (ms > LLM_RETRY_OWN_MAX_MS)
		ms = LLM_RETRY_OWN_MAX_MS;
	return ms - ms / 4 * (int64_t)(dice % JITTER_PARTS) / JITTER_PARTS;
}

int64_t
llm_retry_wait(const struct llm_tries *tries, const struct llm_end *end,
    unsigned dice)
{
	int64_t ms;

	if (!is_worth_it(end) || tries->repeats >= tries->repeats_max)
		return -1;
	if (end->retry_after_ms > LLM_RETRY_TOLD_MAX_MS)
		return -1;
	ms = end->retry_after_ms >= 0 ? end->retry_after_ms :
	    own_wait(tries->repeats, dice);
	return ms < tries->left_ms ? ms : -1;
}
