/*
 * The body of an answer that is not a stream, as far as it is read the same
 * for every wire: mostly an error, sometimes an HTML page of something in
 * between.
 */
#ifndef LLM_ERRBODY_H
#define LLM_ERRBODY_H

#include <jansson.h>

#include "llm/fault.h"

/* Its JSON, with bad UTF-8 and lone surrogates mended; NULL where it is none. */
json_t *
llm_errbody_load(const char *body, size_t n);

/* The note "http 401". */
void
llm_errbody_note_status(struct llm_end *end, int status);

/* What an answer is that is no error of the wire: what its status says. */
void
llm_errbody_unknown(struct llm_end *end, const struct llm_provider *provider,
    int status);

#endif
