/*
 * Reads one HTTP/1.x request from bytes that may come in any cut.  No I/O:
 * the caller keeps the bytes and asks again when it has more.
 *
 * Everything in a request points into the caller's bytes and lives as long.
 * Bodies need a Content-Length; chunked request bodies get 411.
 */
#ifndef DEMO_HTTP_H
#define DEMO_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define HTTP_HEAD_MAX 32768
#define HTTP_BODY_MAX (16 * 1024 * 1024)
#define HTTP_HEADERS_MAX 64

struct slice {
	const char *p;
	size_t n;
};

struct http_header {
	struct slice name, value;
};

struct http_request {
	struct slice method, path, query;
	struct http_header headers[HTTP_HEADERS_MAX];
	size_t header_count;
	struct slice body;
	size_t size;		/* bytes of the whole request */
	bool is_http11;
	bool keep;		/* the connection may be used again */
	bool expects;		/* waits for 100 Continue */
};

enum http_result {
	HTTP_READY,		/* the request is whole */
	HTTP_MORE,		/* the head is not whole yet */
	HTTP_BODY,		/* the head is, the body is not */
	HTTP_BAD = 400,
	HTTP_LENGTH_REQUIRED = 411,
	HTTP_TOO_LARGE = 413,
	HTTP_HEAD_TOO_LARGE = 431
};

enum http_result
http_read(const char *bytes, size_t n, struct http_request *rq);

/* A header's value by its lower-case name; { NULL, 0 } when it is not there. */
struct slice
http_header(const struct http_request *rq, const char *name);

/* The value of `name` in the query, as it stands; { NULL, 0 } if absent. */
struct slice
http_query(const struct http_request *rq, const char *name);

bool
slice_is(struct slice s, const char *string);

/* Both ends of an answer's head: the status line with the fields every answer
 * has, and the blank line with how the body is delimited. */
void
http_write_head(struct buf *out, int status, const char *type);

void
http_write_length(struct buf *out, size_t length, bool keep);

/* A whole answer. */
void
http_write(struct buf *out, int status, const char *type,
	const struct buf *body, bool keep);

#endif
