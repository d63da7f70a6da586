/*
 * The relay: one thread that carries the text.  It runs every provider
 * connection and every reader of this process in one loop, and waits for
 * nothing but that loop: no database, no name look-up, no slow reader.
 */
#ifndef STREAM_RELAY_H
#define STREAM_RELAY_H

#include "base/conf.h"
#include "stream/journal.h"
#include "stream/stream.h"
#include "stream/tail.h"

enum {
	RELAY_TICK_MS = 250,       /* between looks at time limits and beats */
	RELAY_EVENTS_MAX = 256,    /* taken from epoll at once */
	RELAY_HASH_SIZE = 4096,    /* buckets of the streams, a power of two */
	RELAY_IDLE_MAX = 256,      /* provider connections kept open, unused */
	RELAY_EARLY_MAX = 256,     /* stops kept for streams not here yet */
	RELAY_EARLY_MS = 60000,    /* for so long */
	RELAY_SEND_MAX_MS = 30000, /* a reader who takes nothing for so long goes */
	RELAY_SAVE_MAX_MS = 60000, /* readers wait that long for the commit */
};

struct relay;

/* `conf`, `journal` and `tail` must outlive it. */
enum err
relay_open(const struct conf *conf, struct journal *journal,
    struct tail *tail, struct relay **out);

enum err
relay_start(struct relay *relay);

/*
 * Keep a place for one more stream; ERR_UNAVAILABLE when this process has as
 * many as it may.  relay_add() uses it up, relay_unreserve() gives it back.
 */
enum err
relay_reserve(struct relay *relay);

void
relay_unreserve(struct relay *relay);

/* Give a stream away.  From this line on it is the relay's. */
void
relay_add(struct relay *relay, struct stream *s);

/*
 * Give away a shadow (stream/replay.h) with its reader.  Where the stream
 * itself runs in this process, the reader becomes one of it and the shadow
 * goes; else the shadow is read, and followed while it runs.  Uses up a
 * reserved place.
 */
void
relay_join(struct relay *relay, struct stream *shadow);

/* The tail: this is new of a shadow.  Takes it over. */
void
relay_news(struct relay *relay, struct tail_news *news);

/* Stop a stream, or one lane; one that is not here yet is stopped when it
 * comes.  With STOP_JOINED (store/stops.h) `id` is a user. */
void
relay_stop(struct relay *relay, const struct uuid *id, int lane);

/* The journal: this lane's end is on disk (ERR_OK), or will never be. */
void
relay_committed(struct relay *relay, struct stream_lane *lane, enum err err);

/* Give away a connection and the rest of its answer, which is taken over. */
void
relay_send(struct relay *relay, struct conn *conn, struct buf *rest);

/* For llm_call_open(); `arg` is the lane. */
void
relay_delta(void *arg, const struct llm_delta *delta);

/* Streams of this process now. */
int
relay_count(const struct relay *relay);

/*
 * No stream comes any more.  Those that run may end by themselves for
 * `drain_ms`, then end as interrupted; the thread ends when all are told.
 * relay_drain() may be called again with a shorter time.
 */
void
relay_drain(struct relay *relay, int64_t drain_ms);

/* Wait for the thread.  Before journal_close(). */
void
relay_wait(struct relay *relay);

void
relay_free(struct relay *relay);

#endif
