/*
 * What the two files of the Gemini dialect share: gemini.c reads requests and
 * writes answers, gemini_errors.c refuses.
 */
#ifndef DEMO_GEMINI_H
#define DEMO_GEMINI_H

#include "dialect.h"

struct objection
gemini_object(const struct http_request *rq, json_t *body);

void
gemini_write_refusal(const struct refusal *r, struct buf *out);

#endif
