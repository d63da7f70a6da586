/*
 * How a lane ended: which state and which sentence, how many tokens, how fast,
 * at what cost, and whose figures these are.  A table says what every end that
 * a provider can come to is called, another what we bring about ourselves.
 */
#ifndef STREAM_SETTLE_H
#define STREAM_SETTLE_H

#include "stream/stream.h"

/*
 * Fix how the lane ended, from what its call says and from `cause`.  The call
 * is still there.  After it only the journal's fields of the lane change.
 */
void
settle_lane(struct stream_lane *lane, enum stream_cause cause);

/* The finish reason's own literal, of the tables; NULL for any other text. */
const char *
settle_reason(const char *text);

#endif
