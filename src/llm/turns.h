/*
 * Which messages go to a model that cannot take them all.
 *
 * They are dropped in whole turns, oldest first: a turn is a question with all
 * that follows it up to the next one.  So the first message that is kept is
 * always a user's, which every provider wants, and the last question stays
 * whatever it weighs: whether it is too large the provider says.
 */
#ifndef LLM_TURNS_H
#define LLM_TURNS_H

#include "llm/llm.h"

/* What a message weighs, in a unit of the caller's. */
typedef int64_t turns_weigh_fn(const struct llm_message *message);

/*
 * How many messages have to go from the front so that the rest weighs at most
 * `keep`.  0 where no message is a user's, for then there is no turn.
 */
size_t
turns_drop_by(const struct llm_message *messages, size_t n, int64_t keep,
    turns_weigh_fn *weigh);

/* The same by the bytes of their texts. */
size_t
turns_drop(const struct llm_message *messages, size_t n, size_t keep_bytes);

#endif
