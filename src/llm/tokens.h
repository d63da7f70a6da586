/*
 * Guesses about tokens.  Every model cuts text in a way of its own, and few say
 * how; so this counts what a text may come to, rather too much than too little.
 * Where it is too little after all, the provider says so, and more is dropped.
 */
#ifndef LLM_TOKENS_H
#define LLM_TOKENS_H

#include <stddef.h>
#include <stdint.h>

/* What a text of UTF-8 may come to. */
int64_t
tokens_guess(const char *text, size_t len);

/*
 * How much a model may be sent, when it takes `context` tokens in all and its
 * answer may have `max_tokens`, or else `max_output`; 0: not known.  INT64_MAX
 * where `context` is not known, and never below 0.
 */
int64_t
tokens_room(int64_t context, int64_t max_output, int64_t max_tokens);

#endif
