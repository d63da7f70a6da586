/*
 * A stream made from what the database has of an answer, for a reader who comes
 * to it later or on another worker than its own.  It is read like any other; no
 * provider is behind it.
 */
#ifndef STREAM_REPLAY_H
#define STREAM_REPLAY_H

#include "store/messages.h"
#include "stream/stream.h"

/*
 * A shadow of the answer.  Where it runs, the shadow has no text yet and is
 * given it by the tail; where it has ended, all is there.  NULL where memory
 * is out.
 */
struct stream *
replay_new(const struct uuid *user, const struct msg *row);

/*
 * The answer has ended: add the text that the shadow does not have, and how it
 * ended.  `on_text` is called for the pieces before they are part of the lane.
 */
void
replay_end(struct stream *shadow, const struct msg *row, struct buf *scratch,
    int64_t now_ms);

#endif
