/*
 * A long answer of JSON that goes out as it is made, so that what is in memory
 * is about POUR_PIECE.  For that the thread waits for its reader, which nothing
 * else does: how many may do so at once is for the caller to limit.
 *
 * Gather into `out` and call pour_some() now and then.  What is gathered before
 * pour_start() can still fail as an ordinary answer; from then on a failure
 * closes the connection, and what was sent is cut short.
 *
 * A reader who takes nothing for POUR_STALL_MS, or not all within
 * POUR_TOTAL_MS, or who leaves, is ERR_INTERRUPTED.  When this process is to
 * end, which the thread learns by a signal, the rest has POUR_HURRY_MS.
 */
#ifndef HTTP_POUR_H
#define HTTP_POUR_H

#include "base/buf.h"
#include "http/request.h"

enum {
	POUR_PIECE = 1 << 20,          /* bytes that are gathered, then sent */
	POUR_GATHERED_MAX = 256 << 20, /* the same with the longest value */
	POUR_STALL_MS = 30 * 1000,
	POUR_TOTAL_MS = 15 * 60 * 1000,
	POUR_HURRY_MS = 5 * 1000,
};

struct pour {
	struct req *rq;
	struct conn *conn; /* ours once it has started */
	struct buf out;
	int64_t end_ms; /* by clock_ms() */
};

void
pour_init(struct pour *p, struct req *rq);

/* The head goes in front of what is gathered, and rq->conn is taken over. */
enum err
pour_start(struct pour *p);

/* Add a value as JSON; borrowed, and NULL, for memory is out, is a failure. */
enum err
pour_json(struct pour *p, const json_t *value);

/* Send what is gathered, where that is a piece. */
enum err
pour_some(struct pour *p);

/* Send the rest. */
enum err
pour_end(struct pour *p);

/* Close the connection, where it has started. */
void
pour_free(struct pour *p);

#endif
