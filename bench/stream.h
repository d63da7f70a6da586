/*
 * One request of the load client and what came of it.
 *
 * It is waiting, open (connecting, sent, reading) or over; `over` says how.
 * Times are CLOCK_MONOTONIC nanoseconds, 0 when it has not happened.
 */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include "options.h"
#include "reply.h"
#include "tokens.h"

#define STAMPS_MAX 1000000	/* tokens of one stream that are kept */

enum over {
	NOT_OVER,
	OVER_OK,		/* the end was seen and the body was whole */
	OVER_STOPPED,		/* closed by us, as asked */
	OVER_FAILED
};

struct seen {
	int64_t stamp, at;
};

struct stream {
	const struct options *options;	/* borrowed */
	int64_t number;
	int fd;				/* -1 when it is not open */
	enum over over;
	const char *why;		/* it failed; a literal */
	int64_t sent_at, done_at, closed_at;
	struct seen *seen;
	size_t count, room;
	char *request;			/* what is left to send */
	size_t request_n, request_at;
	struct reply *reply;		/* while it is open */
	struct tokens *tokens;
	int status;
	char error[TOKENS_ERROR_MAX + 1];
};

/* Connects and begins to send.  False when it is over at once. */
bool
stream_open(struct stream *s, const struct options *o, int64_t number);

/* What the loop saw on `fd`.  It may be over after that. */
void
stream_writable(struct stream *s);

void
stream_readable(struct stream *s);

/* Closes it, if it is open, and says how it went. */
void
stream_end(struct stream *s, enum over over, const char *why);

void
stream_free(struct stream *s);

/* Writes `template` with every %n replaced.  The bytes written without the
 * NUL, at most size - 1. */
size_t
stream_expand(char *out, size_t size, const char *template, int64_t number);

#endif
