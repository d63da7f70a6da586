/*
 * A stage: the bytes of one HTTP/1.1 response, in any cut, to the bytes of
 * its body.  No I/O.  A struct that starts as { 0 } is ready, and can be
 * freed at any time, twice too.
 */
#ifndef BENCH_REPLY_H
#define BENCH_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#define REPLY_HEAD_MAX 4096	/* a larger head is bad */

enum reply_state {
	REPLY_HEAD,
	REPLY_PLAIN,		/* until the close, or `left` bytes */
	REPLY_CHUNK_LINE,
	REPLY_CHUNK,
	REPLY_CHUNK_END,
	REPLY_TRAILER,
	REPLY_END,		/* the body came to its own end */
	REPLY_BAD
};

struct reply {
	enum reply_state state;
	int status;
	bool has_length;
	size_t left;		/* bytes of the chunk, or of the body */
	size_t line;		/* bytes of the line that is being read */
	size_t head_n;
	char *head;		/* only while it is being read */
};

typedef void reply_sink(void *who, const char *bytes, size_t n);

/* Gives the body's bytes to `sink`, in order. */
void
reply_feed(struct reply *r, const char *bytes, size_t n, reply_sink *sink,
	void *who);

/* The connection closed: is the body whole? */
bool
reply_is_whole_at_close(const struct reply *r);

void
reply_free(struct reply *r);

#endif
