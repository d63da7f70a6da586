/*
 * A growing byte buffer with a ceiling.  The bytes are always followed by a
 * NUL, and after buf_init() `p` is never NULL, so an empty buffer is the
 * string "".  A call that fails leaves the buffer as it was: ERR_TOO_LARGE
 * where the ceiling would be passed, ERR_INTERNAL where memory is out.
 *
 * The owner of the struct owns the bytes.  A struct of zeros can be freed, but
 * has a ceiling of 0 and so takes nothing.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "base/err.h"

struct buf {
	char *p;
	size_t len;
	size_t cap; /* bytes allocated, the NUL included; 0: none yet */
	size_t max; /* ceiling of len */
};

void
buf_init(struct buf *b, size_t max);

void
buf_free(struct buf *b);

/* Empty again; the memory is kept. */
void
buf_reset(struct buf *b);

enum err
buf_add(struct buf *b, const void *bytes, size_t n);

enum err
buf_adds(struct buf *b, const char *text);

enum err
buf_addf(struct buf *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Add `text` as a JSON string, quotes included.  The text must be valid
 * UTF-8; only what RFC 8259 section 7 demands is escaped, and DEL and the
 * line separators U+2028/2029 pass as they are.
 */
enum err
buf_add_json(struct buf *b, const char *text, size_t n);

/* Drop the first `n` bytes (at most all of them). */
void
buf_drop(struct buf *b, size_t n);

/* The bytes, now the caller's to free(); the buffer is empty again. */
char *
buf_take(struct buf *b);

#endif
