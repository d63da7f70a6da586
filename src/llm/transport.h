/*
 * The connection to a provider: the libcurl options that every handle gets,
 * and what libcurl's failures mean to a person.
 *
 * HTTP/1.1, so that Stop is a close: with HTTP/2, libcurl before 8.15 leaves a
 * silent stream open when its handle is removed (curl issue 17611).
 * CURLOPT_QUICK_EXIT, or a slow DNS answer holds up the removal and with it
 * the whole loop.  No redirects, no proxy from the environment (S24, S25).
 */
#ifndef LLM_TRANSPORT_H
#define LLM_TRANSPORT_H

#include <curl/curl.h>

#include "llm/llm.h"

/* Once in a process, before a second thread runs, and when none does. */
void
llm_transport_start(void);

void
llm_transport_stop(void);

/* False where libcurl cannot do one of them. */
bool
llm_transport_set(CURL *easy, const struct llm_provider *provider,
    int64_t connect_ms);

/*
 * Why there is no whole answer, when the transfer ended with this code.
 * CURLE_OK counts too: the connection was closed, and no end had come.
 */
void
llm_transport_fault(struct llm_end *end, const struct llm_provider *provider,
    CURLcode code);

#endif
