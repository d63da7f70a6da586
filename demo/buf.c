#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 512	/* one event fits, so most buffers grow once */

static void
room(struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST;
	char *p;

	if (b->p && b->cap - b->n >= more)
		return;
	while (cap - b->n < more)
		cap *= 2;
	p = realloc(b->p, cap);
	if (!p) {
		fprintf(stderr, "llmselect-demo: out of memory\n");
		exit(1);
	}
	b->p = p;
	b->cap = cap;
}

void
buf_add(struct buf *b, const void *bytes, size_t n)
{
	if (n == 0)
		return;
	room(b, n);
	memcpy(b->p + b->n, bytes, n);
	b->n += n;
}

void
buf_adds(struct buf *b, const char *string)
{
	buf_add(b, string, strlen(string));
}

void
buf_addf(struct buf *b, const char *format, ...)
{
	va_list ap;
	int n;

	room(b, 1);
	va_start(ap, format);
	n = vsnprintf(b->p + b->n, b->cap - b->n, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= b->cap - b->n) {
		room(b, (size_t)n + 1);
		va_start(ap, format);
		n = vsnprintf(b->p + b->n, b->cap - b->n, format, ap);
		va_end(ap);
	}
	b->n += (size_t)n;
}

void
buf_fill(struct buf *b, char c, size_t n)
{
	room(b, n + 1);
	memset(b->p + b->n, c, n);
	b->n += n;
}

static void
add_escape(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"':
		buf_adds(b, "\\\"");
		break;
	case '\\':
		buf_adds(b, "\\\\");
		break;
	case '\n':
		buf_adds(b, "\\n");
		break;
	default:
		buf_addf(b, "\\u%04x", c);
	}
}

void
buf_add_json(struct buf *b, const char *bytes, size_t n)
{
	size_t plain = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_add(b, bytes + plain, i - plain);
		add_escape(b, c);
		plain = i + 1;
	}
	buf_add(b, bytes + plain, n - plain);
}

void
buf_prepend(struct buf *b, const void *bytes, size_t n)
{
	room(b, n + 1);
	memmove(b->p + n, b->p, b->n);
	memcpy(b->p, bytes, n);
	b->n += n;
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

void
buf_clear(struct buf *b)
{
	b->n = 0;
}

void
buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}
