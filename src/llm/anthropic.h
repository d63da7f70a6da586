/*
 * Anthropic's Messages (anthropic.c: the events, anthropic_ask.c: the request,
 * anthropic_error.c: the errors, anthropic_models.c: the list of models).
 *
 * The end marker is the stop_reason in message_delta: it comes behind the last
 * block, with the final usage, so nothing of the answer can follow it.
 * message_stop behind it is empty and only says that nobody need wait longer;
 * where it comes without a stop_reason it is an end as well.
 */
#ifndef LLM_ANTHROPIC_H
#define LLM_ANTHROPIC_H

#include <jansson.h>

#include "llm/wire.h"

enum err
anthropic_ask(const struct llm_provider *provider,
    const struct llm_request *request, struct llm_ask *ask);

enum err
anthropic_auth(const struct llm_provider *provider, const char *key,
    struct llm_ask *ask);

/* ---- anthropic_models.c ---- */

enum err
anthropic_models_url(const struct llm_provider *provider, const char *after,
    struct buf *url);

bool
anthropic_models(const json_t *root, llm_listed_fn *each, void *arg,
    struct buf *after);

/* ---- anthropic_error.c ---- */

bool
anthropic_error_body(const struct llm_provider *provider,
    const struct llm_head *head, const char *body, size_t n,
    struct llm_end *end);

/* The error in a body or an event; NULL where there is none. */
const json_t *
anthropic_find_error(const json_t *root);

/* What that error means, when it came with this HTTP status. */
void
anthropic_tell_error(struct llm_end *end, const struct llm_provider *provider,
    const json_t *error, int http_status);

#endif
