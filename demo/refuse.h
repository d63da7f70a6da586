/*
 * What comes instead of an answer: an error status, a web server's HTML page,
 * a redirect, silence, or a close without a byte.
 */
#ifndef DEMO_REFUSE_H
#define DEMO_REFUSE_H

#include "play.h"

/* The status a script asks for; 0 is an ordinary answer. */
int
refuse_status(const struct dialect *d, const struct script *s);

/* When it says to ask again; -1: it does not. */
int64_t
refuse_retry_ms(const struct script *s);

/* The step that stands in for an answer, or NULL when there is to be one. */
play_step_fn *
refuse_choose(const struct play *p);

/* Writes p->refusal. */
enum play_next
refuse_step(struct play *p, struct buf *out);

#endif
