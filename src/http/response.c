#include "http/response.h"

#include <stdlib.h>

#include "base/buf.h"

static const struct reason {
	int status;
	const char *text;
} reasons[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Content" },
	{ 424, "Failed Dependency" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
};

static const char *
reason(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Status";
}

static enum err
add_start(struct buf *out, int status)
{
	return buf_addf(out,
	    "Status: %d %s\r\n"
	    "Cache-Control: no-store\r\n",
	    status, reason(status));
}

enum err
resp_head(struct buf *out, int status, const char *content_type)
{
	enum err err;

	if ((err = add_start(out, status)))
		return err;
	return buf_addf(out, "Content-Type: %s\r\n\r\n", content_type);
}

json_t *
resp_error(enum err err, const char *message, json_t *details,
    const char *request_id)
{
	json_t *body = json_pack("{s:s, s:s, s:s}",
	    "error", err_code(err),
	    "message", message[0] != '\0' ? message : err_sentence(err),
	    "request_id", request_id);

	if (body != NULL && details != NULL)
		json_object_set(body, "details", details);
	return body;
}

struct dumping {
	struct buf *out;
	enum err err;
};

static int
add_dump(const char *bytes, size_t n, void *arg)
{
	struct dumping *d = arg;

	d->err = buf_add(d->out, bytes, n);
	return d->err == ERR_OK ? 0 : -1;
}

enum err
resp_add_json(struct buf *out, const json_t *value)
{
	struct dumping d = { .out = out };

	if (json_dump_callback(value, add_dump, &d,
	    JSON_ENCODE_ANY | JSON_REAL_PRECISION(RESP_DIGITS)) == 0)
		return ERR_OK;
	return d.err ? d.err : ERR_INTERNAL;
}

static enum err
add_body(struct buf *out, const json_t *body)
{
	enum err err = resp_add_json(out, body);

	return err ? err : buf_add(out, "\n", 1);
}

enum err
resp_json(struct buf *out, int status, const json_t *body)
{
	enum err err;

	if ((err = resp_head(out, status, "application/json")))
		return err;
	return add_body(out, body);
}

static enum err
add_headers(struct buf *out, const struct req *rq)
{
	enum err err;

	for (int i = 0; i < rq->n_headers; i++)
		if ((err = buf_addf(out, "%s\r\n", rq->headers[i])))
			return err;
	if (rq->err != ERR_OK && rq->retry_after > 0)
		return buf_addf(out, "Retry-After: %d\r\n", rq->retry_after);
	return ERR_OK;
}

static int
status_of(const struct req *rq)
{
	if (rq->err != ERR_OK)
		return err_status(rq->err);
	return rq->status != 0 ? rq->status : 200;
}

enum err
resp_start(struct buf *out, const struct req *rq, const char *content_type)
{
	enum err err;

	if ((err = add_start(out, status_of(rq))) ||
	    (err = add_headers(out, rq)))
		return err;
	return buf_addf(out, "Content-Type: %s\r\n\r\n", content_type);
}

enum err
resp_begin(struct req *rq, const char *content_type)
{
	buf_init(&rq->whole, RESP_MAX);
	return resp_start(&rq->whole, rq, content_type);
}

enum err
resp_write(struct buf *out, struct req *rq)
{
	json_auto_t *failure = NULL;
	const json_t *body = rq->reply;
	enum err err;

	if (rq->err == ERR_OK && rq->whole.len > 0) {
		*out = rq->whole; /* given away */
		rq->whole = (struct buf){ 0 };
		return ERR_OK;
	}
	if (rq->err != ERR_OK) {
		failure = resp_error(rq->err, rq->message, rq->details, rq->id);
		if (failure == NULL)
			return ERR_INTERNAL;
		body = failure;
	}
	if (body != NULL)
		return (err = resp_start(out, rq, "application/json")) ?
		    err : add_body(out, body);
	if ((err = add_start(out, status_of(rq))) ||
	    (err = add_headers(out, rq)))
		return err;
	return buf_adds(out, "\r\n");
}
