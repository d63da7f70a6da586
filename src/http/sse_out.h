/*
 * Bytes on their way to one reader: sent at once where the reader takes them,
 * else queued up to a ceiling, so that one who does not read holds up nobody.
 *
 * Used for event streams and for the ends of long JSON answers alike.
 */
#ifndef HTTP_SSE_OUT_H
#define HTTP_SSE_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "http/conn.h"

enum {
	SSE_OUT_QUEUE_MAX = 256 * 1024, /* bytes waiting for one reader */
	SSE_OUT_KEPT = 512,             /* bytes kept by an empty queue */
	SSE_OUT_BEAT_MS = 15000,        /* silence before a comment goes out */
};

struct sse_out {
	struct conn *conn; /* owned; NULL once it is closed */
	struct buf queue;
	size_t sent;       /* bytes of the queue that are gone already */
	uint64_t total;    /* bytes that the reader has taken in all */
	int64_t wrote_ms;  /* when something last went into it, by clock_ms() */
};

enum sse_out_state {
	SSE_OUT_EMPTY, /* all is sent */
	SSE_OUT_FULL,  /* the reader takes nothing now; wait for EPOLLOUT */
	SSE_OUT_GONE,  /* nobody reads */
};

/* The head of every event stream, its empty line included. */
extern const char SSE_OUT_HEAD[];

/* Takes over `conn`.  `queue_max` is SSE_OUT_QUEUE_MAX for event streams. */
void
sse_out_init(struct sse_out *out, struct conn *conn, size_t queue_max);

/* Queue bytes; ERR_TOO_LARGE where the reader has too much waiting. */
enum err
sse_out_add(struct sse_out *out, const void *bytes, size_t n, int64_t now_ms);

/* Send what the reader takes now.  Never waits. */
enum sse_out_state
sse_out_flush(struct sse_out *out);

/* True where a comment is due, so that the web server keeps waiting. */
bool
sse_out_beat_due(const struct sse_out *out, int64_t now_ms);

/* Close the connection and free the queue.  Twice is well. */
void
sse_out_free(struct sse_out *out);

#endif
