#include "base/buf.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

/* What an empty buffer points at; never written through. */
static char empty[1];

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .p = empty, .max = max };
}

void
buf_free(struct buf *b)
{
	if (b->cap > 0)
		free(b->p);
	*b = (struct buf){ .p = empty, .max = b->max };
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->cap > 0)
		b->p[0] = '\0';
}

static enum err
reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap > 0 ? b->cap : FIRST_CAP;
	char *p;

	if (n > b->max || b->len > b->max - n)
		return ERR_TOO_LARGE;
	if (b->len + n + 1 <= b->cap)
		return ERR_OK;
	while (cap < b->len + n + 1)
		cap *= 2;
	p = realloc(b->cap > 0 ? b->p : NULL, cap);
	if (p == NULL)
		return ERR_INTERNAL;
	b->p = p;
	b->cap = cap;
	return ERR_OK;
}

enum err
buf_add(struct buf *b, const void *bytes, size_t n)
{
	enum err err;

	if (n == 0)
		return ERR_OK;
	if ((err = reserve(b, n)))
		return err;
	memcpy(b->p + b->len, bytes, n);
	b->len += n;
	b->p[b->len] = '\0';
	return ERR_OK;
}

enum err
buf_adds(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

enum err
buf_addf(struct buf *b, const char *format, ...)
{
	va_list ap;
	enum err err;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		return ERR_INTERNAL;
	if ((err = reserve(b, (size_t)n)))
		return err;
	va_start(ap, format);
	vsnprintf(b->p + b->len, (size_t)n + 1, format, ap);
	va_end(ap);
	b->len += (size_t)n;
	return ERR_OK;
}

/* The two-character escape of a byte; 0 where it has none. */
static char
short_escape(unsigned char c)
{
	switch (c) {
	case '"': return '"';
	case '\\': return '\\';
	case '\b': return 'b';
	case '\f': return 'f';
	case '\n': return 'n';
	case '\r': return 'r';
	case '\t': return 't';
	default: return 0;
	}
}

static enum err
add_escape(struct buf *b, unsigned char c)
{
	char e = short_escape(c);

	if (e != 0)
		return buf_add(b, (char[]){ '\\', e }, 2);
	return buf_addf(b, "\\u%04x", c);
}

static bool
needs_escape(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

static enum err
add_json_bytes(struct buf *b, const char *text, size_t n)
{
	enum err err;
	size_t run = 0; /* start of the bytes that pass as they are */

	for (size_t i = 0; i < n; i++) {
		if (!needs_escape((unsigned char)text[i]))
			continue;
		if ((err = buf_add(b, text + run, i - run)) ||
		    (err = add_escape(b, (unsigned char)text[i])))
			return err;
		run = i + 1;
	}
	return buf_add(b, text + run, n - run);
}

enum err
buf_add_json(struct buf *b, const char *text, size_t n)
{
	size_t was = b->len;
	enum err err;

	if ((err = buf_add(b, "\"", 1)) == ERR_OK &&
	    (err = add_json_bytes(b, text, n)) == ERR_OK &&
	    (err = buf_add(b, "\"", 1)) == ERR_OK)
		return ERR_OK;
	b->len = was;
	if (b->cap > 0)
		b->p[was] = '\0';
	return err;
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n >= b->len) {
		buf_reset(b);
		return;
	}
	memmove(b->p, b->p + n, b->len - n + 1);
	b->len -= n;
}

char *
buf_take(struct buf *b)
{
	char *p = b->cap > 0 ? b->p : calloc(1, 1);

	buf_init(b, b->max);
	return p;
}
