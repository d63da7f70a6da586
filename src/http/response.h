/*
 * What an answer looks like on its way to the web server: a CGI head (RFC 3875
 * section 6.3), an empty line, and JSON.  sse_out.h is the other kind.
 */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "http/request.h"

enum {
	RESP_MAX = 64 * 1024 * 1024, /* bytes of one answer */
	RESP_DIGITS = 12,            /* of a number: 45.4, not 45.399999 */
};

/* The head, its empty line included.  Everything is marked no-store. */
enum err
resp_head(struct buf *out, int status, const char *content_type);

/*
 * An error's body: {"error", "message", "details"?, "request_id"}.  `details`
 * may be NULL and is borrowed.  NULL where memory is out.
 */
json_t *
resp_error(enum err err, const char *message, json_t *details,
    const char *request_id);

/* The head of a request's answer, its headers and the empty line included, for
 * a body that follows in pieces. */
enum err
resp_start(struct buf *out, const struct req *rq, const char *content_type);

/*
 * Begin an answer in rq->whole: its head, with the request's status and headers
 * and `content_type`.  The handler adds the body, at most RESP_MAX bytes in all.
 */
enum err
resp_begin(struct req *rq, const char *content_type);

/* Add a JSON text, without a line end. */
enum err
resp_add_json(struct buf *out, const json_t *value);

/* The whole answer of a request that has been handled: what it has begun, its
 * reply, or its failure.  `out` is empty before. */
enum err
resp_write(struct buf *out, struct req *rq);

/* The same for a body made elsewhere; borrowed. */
enum err
resp_json(struct buf *out, int status, const json_t *body);

#endif
