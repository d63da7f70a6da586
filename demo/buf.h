/*
 * A growing byte buffer for the demo provider.
 *
 * `p` may be NULL while `n` is 0.  Running out of memory ends the program
 * with a message: a stand-in provider has nobody to answer for by then.  A
 * buffer that starts as { 0 } may be freed, and freed twice.
 */
#ifndef DEMO_BUF_H
#define DEMO_BUF_H

#include <stddef.h>

struct buf {
	char *p;
	size_t n;	/* bytes used */
	size_t cap;	/* bytes allocated */
};

void
buf_add(struct buf *b, const void *bytes, size_t n);

void
buf_adds(struct buf *b, const char *string);

void
buf_addf(struct buf *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* `n` copies of the byte `c`. */
void
buf_fill(struct buf *b, char c, size_t n);

/* The inside of a JSON string: quotes, backslash and controls are escaped,
 * everything else goes as it is. */
void
buf_add_json(struct buf *b, const char *bytes, size_t n);

/* Puts bytes at the front. */
void
buf_prepend(struct buf *b, const void *bytes, size_t n);

/* Takes `n` bytes off the front. */
void
buf_drop(struct buf *b, size_t n);

/* Forgets the bytes and keeps the memory. */
void
buf_clear(struct buf *b);

void
buf_free(struct buf *b);

#endif
