#include "reply.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CHUNK_MAX (1024u * 1024 * 1024)

/* The value of a field in the head, or NULL. */
static const char *
find_field(const struct reply *r, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = strstr(r->head, "\r\n"); p;
		p = strstr(p + 2, "\r\n")) {
		if (strncasecmp(p + 2, name, len) != 0 || p[2 + len] != ':')
			continue;
		p += 3 + len;
		return p + strspn(p, " ");
	}
	return NULL;
}

static void
read_head(struct reply *r)
{
	const char *encoding = find_field(r, "transfer-encoding");
	const char *length = find_field(r, "content-length");
	const char *status = strchr(r->head, ' ');

	r->status = status ? (int)strtol(status, NULL, 10) : 0;
	if (strncmp(r->head, "HTTP/1.", 7) != 0 || r->status == 0) {
		r->state = REPLY_BAD;
	} else if (encoding && strncasecmp(encoding, "chunked", 7) == 0) {
		r->state = REPLY_CHUNK_LINE;
	} else if (length) {
		r->has_length = true;
		r->left = strtoul(length, NULL, 10);
		r->state = r->left ? REPLY_PLAIN : REPLY_END;
	} else {
		r->state = REPLY_PLAIN;
	}
}

void
reply_free(struct reply *r)
{
	free(r->head);
	r->head = NULL;
}

static void
take_head(struct reply *r, char c)
{
	if (!r->head)
		r->head = malloc(REPLY_HEAD_MAX);
	if (!r->head || r->head_n + 1 == REPLY_HEAD_MAX) {
		r->state = REPLY_BAD;
		return;
	}
	r->head[r->head_n++] = c;
	r->head[r->head_n] = '\0';
	if (c != '\n' || r->head_n < 4
	    || memcmp(r->head + r->head_n - 4, "\r\n\r\n", 4) != 0)
		return;
	read_head(r);
	reply_free(r);
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
take_chunk_line(struct reply *r, char c)
{
	if (c == '\n') {
		r->line = 0;
		r->state = r->left ? REPLY_CHUNK : REPLY_TRAILER;
		return;
	}
	if (c == '\r')
		return;
	if (hex(c) < 0 || r->left > CHUNK_MAX) {
		r->state = REPLY_BAD;
		return;
	}
	r->left = r->left * 16 + (size_t)hex(c);
}

static void
take_chunk_end(struct reply *r, char c)
{
	if (c == '\n')
		r->state = REPLY_CHUNK_LINE;
	else if (c != '\r')
		r->state = REPLY_BAD;
}

/* Lines up to an empty one. */
static void
take_trailer(struct reply *r, char c)
{
	if (c == '\n' && r->line == 0)
		r->state = REPLY_END;
	else if (c == '\n')
		r->line = 0;
	else if (c != '\r')
		r->line++;
}

typedef void take_fn(struct reply *r, char c);

/* The states that go byte by byte; the others carry the body. */
static take_fn *const TAKE[] = {
	[REPLY_HEAD] = take_head,
	[REPLY_PLAIN] = NULL,
	[REPLY_CHUNK_LINE] = take_chunk_line,
	[REPLY_CHUNK] = NULL,
	[REPLY_CHUNK_END] = take_chunk_end,
	[REPLY_TRAILER] = take_trailer,
};

static size_t
take_body(struct reply *r, const char *bytes, size_t n, reply_sink *sink,
	void *who)
{
	bool is_counted = r->state == REPLY_CHUNK || r->has_length;

	if (is_counted && n > r->left)
		n = r->left;
	sink(who, bytes, n);
	if (!is_counted)
		return n;
	r->left -= n;
	if (r->left == 0)
		r->state = r->state == REPLY_CHUNK ? REPLY_CHUNK_END
			: REPLY_END;
	return n;
}

void
reply_feed(struct reply *r, const char *bytes, size_t n, reply_sink *sink,
	void *who)
{
	size_t i = 0;

	while (i < n && r->state < REPLY_END) {
		if (TAKE[r->state])
			TAKE[r->state](r, bytes[i++]);
		else
			i += take_body(r, bytes + i, n - i, sink, who);
	}
}

bool
reply_is_whole_at_close(const struct reply *r)
{
	return r->state == REPLY_END
		|| (r->state == REPLY_PLAIN && !r->has_length);
}
