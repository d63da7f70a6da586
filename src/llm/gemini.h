/*
 * Google's Gemini, generateContent (gemini.c: the events, gemini_ask.c: the
 * request, gemini_error.c: the errors, gemini_models.c: the list of models).
 * An event is a whole GenerateContentResponse, nothing has a name, and nothing
 * comes behind the last: a finishReason is the end marker.  Vertex AI answers
 * in the same way.
 */
#ifndef LLM_GEMINI_H
#define LLM_GEMINI_H

#include <jansson.h>

#include "llm/wire.h"

enum err
gemini_ask(const struct llm_provider *provider,
    const struct llm_request *request, struct llm_ask *ask);

enum err
gemini_auth(const struct llm_provider *provider, const char *key,
    struct llm_ask *ask);

/* Add `text` so that it is one segment of a path or one value of a query:
 * all but the unreserved characters of RFC 3986 section 2.3 as %XX. */
enum err
gemini_add_encoded(struct buf *url, const char *text);

/* ---- gemini_models.c ---- */

enum err
gemini_models_url(const struct llm_provider *provider, const char *after,
    struct buf *url);

bool
gemini_models(const json_t *root, llm_listed_fn *each, void *arg,
    struct buf *after);

/* ---- gemini_error.c ---- */

bool
gemini_error_body(const struct llm_provider *provider,
    const struct llm_head *head, const char *body, size_t n,
    struct llm_end *end);

/* The error in a body or chunk, which may be a list with one; NULL where
 * there is none. */
const json_t *
gemini_find_error(const json_t *root);

/* What that error means, when it came with this HTTP status; sets
 * `end->retry_after_ms` where the error says it. */
void
gemini_tell_error(struct llm_end *end, const struct llm_provider *provider,
    const json_t *error, int http_status);

#endif
