/*
 * What requests of OpenAI and of Anthropic have alike: a model, and messages
 * with a role and a content.
 */
#ifndef DEMO_MESSAGES_H
#define DEMO_MESSAGES_H

#include "dialect.h"
#include "picky.h"

/* The text of a message: its content is a string, or parts of which some are
 * text.  NULL: it has none. */
const json_t *
messages_text(const json_t *message);

/* "" where there is none. */
const char *
messages_role(const json_t *message);

/* Model, messages, and whether it streams.  False when it makes no sense. */
bool
messages_read(const json_t *body, struct ask *ask);

/* The limit of tokens, of a member of the body that may be NULL. */
int64_t
messages_limit(const json_t *max);

/* A member of the body, and what the request has where it is there. */
struct messages_option {
	const char *name;
	enum ask_has has;
};

void
messages_read_options(const json_t *body, const struct messages_option *table,
	size_t n, struct ask *ask);

#endif
