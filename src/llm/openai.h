/*
 * OpenAI's chat completions (openai.c: the events, openai_ask.c: the request,
 * openai_error.c: the errors, openai_models.c: the list of models), and what
 * many other hosts speak after it; mistral.c takes most of it over.
 * Where they differ all of it is taken: reasoning under two names, usage in
 * x_groq, errors as a chunk, as an event, inside a chunk that has choices, at
 * the top of a body, or as a bare string.
 */
#ifndef LLM_OPENAI_H
#define LLM_OPENAI_H

#include <jansson.h>

#include "llm/wire.h"

void
openai_event(struct llm_parse *parse, const struct sse_event *event);

bool
openai_whole(struct llm_parse *parse, const json_t *root);

/* ---- openai_ask.c ---- */

/* What hosts call differently, or do not take, in a request. */
struct openai_form {
	const char *system_role;
	const char *max_tokens;       /* the name of the limit */
	bool has_temperature;
	double temperature;
	const char *reasoning_effort; /* NULL: none is sent */
	bool asks_usage;              /* stream_options is taken */
};

enum err
openai_ask_as(const struct llm_provider *provider,
    const struct llm_request *request, const struct openai_form *form,
    struct llm_ask *ask);

enum err
openai_ask(const struct llm_provider *provider,
    const struct llm_request *request, struct llm_ask *ask);

enum err
openai_auth(const struct llm_provider *provider, const char *key,
    struct llm_ask *ask);

/* ---- openai_models.c ---- */

enum err
openai_models_url(const struct llm_provider *provider, const char *after,
    struct buf *url);

bool
openai_models(const json_t *root, llm_listed_fn *each, void *arg,
    struct buf *after);

/* ---- openai_error.c ---- */

bool
openai_error_body(const struct llm_provider *provider,
    const struct llm_head *head, const char *body, size_t n,
    struct llm_end *end);

/* The error in a body or chunk; NULL where there is none. */
const json_t *
openai_find_error(const json_t *root);

/* What that error means, when it came with this HTTP status. */
void
openai_tell_error(struct llm_end *end, const struct llm_provider *provider,
    const json_t *error, int http_status);

#endif
