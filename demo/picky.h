/*
 * What a model does not take of a request that is otherwise well: the script
 * says it, a row here says how the provider words it.
 */
#ifndef DEMO_PICKY_H
#define DEMO_PICKY_H

#include "dialect.h"

/* What a request has beside its messages. */
enum ask_has {
	ASK_TEMPERATURE = 1,
	ASK_EFFORT = 2,
	ASK_SYSTEM = 4,
	ASK_OPTIONS = 8,     /* stream_options */
	ASK_OLD_LIMIT = 16,  /* max_tokens */
};

/* A row of what is not taken. */
struct pick {
	const char *param, *code, *message;
};

/* The first thing that this script does not take; NULL: it takes all. */
const struct pick *
picky_find(const struct script *s, const struct ask *ask);

#endif
