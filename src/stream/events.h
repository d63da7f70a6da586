/*
 * What a reader of a chat sees: each event as one physical `data:` line of
 * JSON, and the one JSON answer of those who did not ask for events.
 */
#ifndef STREAM_EVENTS_H
#define STREAM_EVENTS_H

#include <jansson.h>

#include "base/buf.h"
#include "stream/stream.h"

/* The first event: what was made and what was asked. */
enum err
events_first(struct buf *out, const struct stream *s);

/* A piece of text or reasoning; the lane stands behind it already. */
enum err
events_delta(struct buf *out, const struct stream_lane *lane,
    const struct llm_delta *delta);

/* "Drop the text that you show; all of it follows." */
enum err
events_restart(struct buf *out);

/* A lane waits to ask once more. */
enum err
events_retry(struct buf *out, const struct stream_lane *lane, int64_t now_ms);

/* The last event of a lane that has ended: done or error. */
enum err
events_end(struct buf *out, const struct stream_lane *lane);

/* The answer as one JSON object, or the error; `*status` gets the HTTP one. */
json_t *
events_answer(const struct stream_lane *lane, const char *request_id,
    int *status);

/* Add `usage`, `timing` and `cost` to an object; null for what is unknown. */
int
events_add_figures(json_t *object, const struct msg_figures *figures);

#endif
