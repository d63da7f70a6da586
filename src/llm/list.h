/*
 * The list of models that a provider shows to a key: one page after the other,
 * by GET.  It costs nothing, so it also tells whether a key is taken.
 *
 * Unlike a question it waits: it is for threads that may.
 */
#ifndef LLM_LIST_H
#define LLM_LIST_H

#include <stdatomic.h>

#include "llm/wire.h"

enum {
	LLM_LIST_MS = 10000,        /* for all pages */
	LLM_LIST_PAGES_MAX = 20,
	LLM_LIST_MODELS_MAX = 2000, /* further ones are not told */
};

/*
 * Calls `each` for every model whose id can be asked for.  Returns end->err,
 * which is ERR_OK, or what the provider or the connection had to say; models
 * of pages before have been told then.  `key` NULL or
 * "": there is none.  Where
 * `*stop` becomes true it ends with ERR_NETWORK.
 */
enum err
llm_list_fetch(const struct llm_provider *provider, const char *key,
    const atomic_bool *stop, llm_listed_fn *each, void *arg,
    struct llm_end *end);

#endif
