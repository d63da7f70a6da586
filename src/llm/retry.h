/*
 * Whether and when a question that failed is asked once more.  Never once a
 * piece of the answer has come, for that was paid for; never when the
 * connection broke or fell silent, for the provider may be answering still; and
 * never when it takes the provider's word that it is useless.
 *
 * The waits are those of OpenAI's own clients: what the provider says where it
 * says so, up to two minutes, else half a second and twice that each time, at
 * most 8 s, with up to a quarter taken off so that many clients do not come
 * back together.
 */
#ifndef LLM_RETRY_H
#define LLM_RETRY_H

#include "llm/llm.h"

enum {
	LLM_RETRY_TOLD_MAX_MS = 120000, /* told to wait longer: it is not done */
	LLM_RETRY_FIRST_MS = 500,
	LLM_RETRY_OWN_MAX_MS = 8000,
	LLM_RETRY_CHANGES_MAX = 4, /* tries with another request */
};

struct llm_tries {
	int repeats;     /* of the same request, so far */
	int repeats_max;
	int64_t left_ms; /* until the limit of the whole answer */
};

/* ms to wait, 0 or more; -1: it is not asked again.  `dice` is any number. */
int64_t
llm_retry_wait(const struct llm_tries *tries, const struct llm_end *end,
    unsigned dice);

#endif
