/*
 * Anthropic Messages in two files: anthropic.c writes answers, anthropic_ask.c
 * reads requests and refuses what the real one refuses.
 */
#ifndef DEMO_ANTHROPIC_H
#define DEMO_ANTHROPIC_H

#include "dialect.h"

/* A header that every request must have. */
#define ANTHROPIC_VERSION "anthropic-version"

bool
anthropic_read(struct slice path, json_t *body, struct ask *ask);

struct objection
anthropic_object(const struct http_request *rq, json_t *body);

#endif
