/*
 * A reader of a stream: where it stands, what is queued for it, how it is fed.
 * Any number of readers, coming and going as they like, end with the same text.
 *
 * A position in a lane is the count of bytes of its answer and of its
 * reasoning, always on a character boundary.  It is what an event's id says,
 * so a reader who comes back can be given exactly what follows.
 *
 * What is new is queued for all readers at once.  Where one's queue is full it
 * is behind: nothing more is queued for it until it has taken what was, and
 * then it is fed from the lane's own text, at its position.  So a slow reader
 * costs a queue and misses nothing.
 */
#ifndef STREAM_READER_H
#define STREAM_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/sse_out.h"
#include "llm/llm.h"

struct stream;
struct stream_lane;

enum {
	READER_FEED_MAX = 32 * 1024, /* bytes of text in an event to a reader
	                              * who is behind */
};

/* What a reader gets. */
enum reader_kind {
	READER_EVENTS, /* server-sent events as they come */
	READER_ANSWER, /* one JSON answer at the end */
	READER_REST,   /* no stream: the rest of an answer to send */
};

/* Where a reader stands in a lane, as an event's id says it. */
struct position {
	bool given; /* else it begins at the start */
	bool bad;   /* given, and not readable */
	size_t text, reasoning;
};

struct reader {
	struct reader *next; /* of the stream, or of the relay's own list */
	struct stream *stream; /* NULL for READER_REST */
	enum reader_kind kind;
	struct sse_out out;
	char request_id[17];
	bool joined; /* it came to a stream that was asked by another request */
	/*
	 * What is queued for it, or what it had when it came back.  Usually
	 * where the lane stands.  Less where it is behind: then nothing is
	 * queued until it has taken what was, and it is fed from the lane's own
	 * text.  More where it is ahead: only in a shadow, whose text comes
	 * later than that of the stream it follows.
	 */
	struct position at;
	bool behind;
	bool end_due;   /* the last event follows once it is no longer behind */
	bool wants_out; /* EPOLLOUT is asked for */
	bool ending;    /* everything is queued: close once it is sent */
	uint64_t seen_sent;   /* out.total when it was last seen to move */
	int64_t seen_sent_ms; /* and when that was */
	bool gone;      /* to be freed at the end of the round */
};

/* "12.34" into a position; "" is none. */
struct position
reader_position(const char *text);

/*
 * Give the stream a reader, which takes over `conn`.  Nothing is sent to it
 * before reader_open().
 */
enum err
reader_add(struct stream *s, enum reader_kind kind, struct conn *conn,
    const char *request_id, struct position after);

/*
 * For READER_EVENTS: queue the head and the first event; the text after the
 * reader's position follows as it is fed.  Where the position makes no sense,
 * `restart`, and all of the text.
 */
void
reader_open(struct reader *r, struct buf *scratch, int64_t now_ms);

/*
 * A piece that is part of the lane already: queue it for every reader of its
 * stream.  `scratch` is only room to work in.
 */
void
readers_queue(const struct stream_lane *lane, const struct llm_delta *delta,
    struct buf *scratch, int64_t now_ms);

/* A lane waits to ask its model once more: tell all who are there.  Who comes
 * while it waits is told by reader_open(). */
void
readers_tell_retry(const struct stream_lane *lane, struct buf *scratch,
    int64_t now_ms);

/*
 * Queue the last event, or the one JSON answer, as soon as the reader is no
 * longer behind, and mark it as ending.  Twice is well.
 */
void
reader_finish(struct reader *r, struct buf *scratch, int64_t now_ms);

/* Send what is queued and, to one who is behind, what it has not had yet.
 * Never waits. */
enum sse_out_state
reader_feed(struct reader *r, struct buf *scratch, int64_t now_ms);

#endif
