/*
 * A stage: the bytes of an event stream, in any cut, to the stamps in it and
 * its end.  No I/O.
 *
 * A stamp is what the demo provider's script `stamp` writes: the digits of a
 * CLOCK_MONOTONIC time in nanoseconds and a space, inside the JSON string
 * `"content"` of a `data:` line.  An event may carry several.  The end is
 * `[DONE]` or `"done": true`; a line with `"error"` is an end that failed.
 */
#ifndef BENCH_TOKENS_H
#define BENCH_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOKENS_LINE_MAX 8192	/* of a line, what is beyond is not looked at */
#define TOKENS_ERROR_MAX 120

struct tokens {
	size_t n;		/* bytes of the line so far */
	bool is_done;
	bool is_error;
	char error[TOKENS_ERROR_MAX + 1];	/* the start of that line */
	char line[TOKENS_LINE_MAX + 1];
};

typedef void token_sink(void *who, int64_t stamp);

void
tokens_feed(struct tokens *t, const char *bytes, size_t n, token_sink *sink,
	void *who);

#endif
