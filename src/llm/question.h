/*
 * A question that owns its texts, so that it can be asked once more: as it is,
 * without what the provider did not take, or with fewer turns.
 */
#ifndef LLM_QUESTION_H
#define LLM_QUESTION_H

#include "llm/llm.h"

struct llm_question {
	struct llm_request request; /* its texts are the question's own */
	struct llm_message *messages;
	size_t n_messages;          /* of the array; the request has the last
	                             * of them */
};

/*
 * Copies model and system prompt, and takes over the messages: an array from
 * malloc() of texts from malloc().  ERR_INTERNAL where memory is out: then the
 * messages are still the caller's.
 */
enum err
llm_question_take(const struct llm_request *request,
    struct llm_message *messages, size_t n, struct llm_question **out);

/*
 * Take out what was rejected.  A system prompt goes to the front of the first
 * message, so that what it says is still said.  False: there is no such thing
 * in the question, so asking once more would change nothing.
 */
bool
llm_question_relent(struct llm_question *q, enum llm_param rejected);

/*
 * Leave out the older half of the turns, by the bytes of their texts.  Returns
 * how many messages went; 0: only the last question is left.
 */
size_t
llm_question_shorten(struct llm_question *q);

/* NULL is well. */
void
llm_question_free(struct llm_question *q);

#endif
