#include "http.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

struct reason {
	int status;
	const char *words;
};

static const struct reason REASONS[] = {
	{ 200, "OK" }, { 302, "Found" }, { 400, "Bad Request" },
	{ 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
	{ 402, "Payment Required" }, { 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 411, "Length Required" }, { 413, "Content Too Large" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" }, { 502, "Bad Gateway" },
	{ 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
	{ 529, "Overloaded" },
};

bool
slice_is(struct slice s, const char *string)
{
	return s.p && strlen(string) == s.n && memcmp(s.p, string, s.n) == 0;
}

static bool
is_same_name(struct slice s, const char *name)
{
	return strlen(name) == s.n && strncasecmp(s.p, name, s.n) == 0;
}

struct slice
http_header(const struct http_request *rq, const char *name)
{
	for (size_t i = 0; i < rq->header_count; i++)
		if (is_same_name(rq->headers[i].name, name))
			return rq->headers[i].value;
	return (struct slice){ NULL, 0 };
}

struct slice
http_query(const struct http_request *rq, const char *name)
{
	const char *p = rq->query.p, *end = rq->query.p + rq->query.n;
	size_t len = strlen(name);

	while (p && p < end) {
		const char *amp = memchr(p, '&', (size_t)(end - p));
		size_t n = (size_t)((amp ? amp : end) - p);

		if (n > len && memcmp(p, name, len) == 0 && p[len] == '=')
			return (struct slice){ p + len + 1, n - len - 1 };
		p += n + 1;
	}
	return (struct slice){ NULL, 0 };
}

static struct slice
trim(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (struct slice){ p, (size_t)(end - p) };
}

static bool
read_request_line(struct http_request *rq, const char *p, const char *end)
{
	const char *sp = memchr(p, ' ', (size_t)(end - p));
	const char *sp2, *mark;
	struct slice version;

	if (!sp || sp == p)
		return false;
	rq->method = (struct slice){ p, (size_t)(sp - p) };
	sp2 = memchr(sp + 1, ' ', (size_t)(end - sp - 1));
	if (!sp2 || sp[1] != '/')
		return false;
	mark = memchr(sp + 1, '?', (size_t)(sp2 - sp - 1));
	rq->path = (struct slice){ sp + 1,
		(size_t)((mark ? mark : sp2) - sp - 1) };
	if (mark)
		rq->query = (struct slice){ mark + 1,
			(size_t)(sp2 - mark - 1) };
	version = (struct slice){ sp2 + 1, (size_t)(end - sp2 - 1) };
	rq->is_http11 = slice_is(version, "HTTP/1.1");
	rq->keep = rq->is_http11;
	return rq->is_http11 || slice_is(version, "HTTP/1.0");
}

static bool
read_header(struct http_request *rq, const char *p, const char *end)
{
	const char *colon = memchr(p, ':', (size_t)(end - p));
	struct http_header *h;

	if (!colon || colon == p || rq->header_count == HTTP_HEADERS_MAX)
		return false;
	h = &rq->headers[rq->header_count++];
	h->name = (struct slice){ p, (size_t)(colon - p) };
	h->value = trim(colon + 1, end);
	return true;
}

/* Lines of the head, each ended by CRLF, without the blank one. */
static bool
read_head(struct http_request *rq, const char *p, const char *end)
{
	bool is_first = true;

	while (p < end) {
		const char *eol = memmem(p, (size_t)(end - p), "\r\n", 2);

		if (!eol)
			return false;
		if (is_first ? !read_request_line(rq, p, eol)
			: !read_header(rq, p, eol))
			return false;
		is_first = false;
		p = eol + 2;
	}
	return !is_first;
}

static enum http_result
read_length(const struct http_request *rq, size_t *length)
{
	struct slice s = http_header(rq, "content-length");
	size_t n = 0;

	*length = 0;
	if (http_header(rq, "transfer-encoding").p)
		return HTTP_LENGTH_REQUIRED;
	if (!s.p)
		return HTTP_READY;
	if (s.n == 0)
		return HTTP_BAD;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return HTTP_BAD;
		n = n * 10 + (size_t)(s.p[i] - '0');
		if (n > HTTP_BODY_MAX)
			return HTTP_TOO_LARGE;
	}
	*length = n;
	return HTTP_READY;
}

enum http_result
http_read(const char *bytes, size_t n, struct http_request *rq)
{
	const char *blank = n ? memmem(bytes, n, "\r\n\r\n", 4) : NULL;
	struct slice connection;
	enum http_result result;
	size_t head, length;

	*rq = (struct http_request){ 0 };
	if (!blank)
		return n > HTTP_HEAD_MAX ? HTTP_HEAD_TOO_LARGE : HTTP_MORE;
	head = (size_t)(blank - bytes) + 4;
	if (head > HTTP_HEAD_MAX)
		return HTTP_HEAD_TOO_LARGE;
	if (!read_head(rq, bytes, blank + 2))
		return HTTP_BAD;
	result = read_length(rq, &length);
	if (result != HTTP_READY)
		return result;
	connection = http_header(rq, "connection");
	if (connection.p && is_same_name(connection, "close"))
		rq->keep = false;
	rq->expects = http_header(rq, "expect").p != NULL;
	if (n - head < length)
		return HTTP_BODY;
	rq->body = (struct slice){ bytes + head, length };
	rq->size = head + length;
	return HTTP_READY;
}

static const char *
find_reason(int status)
{
	for (size_t i = 0; i < sizeof(REASONS) / sizeof(REASONS[0]); i++)
		if (REASONS[i].status == status)
			return REASONS[i].words;
	return "Status";
}

void
http_write_head(struct buf *out, int status, const char *type)
{
	buf_addf(out, "HTTP/1.1 %d %s\r\n", status, find_reason(status));
	buf_addf(out, "Content-Type: %s\r\n", type);
}

void
http_write_length(struct buf *out, size_t length, bool keep)
{
	buf_addf(out, "Content-Length: %zu\r\n", length);
	if (!keep)
		buf_adds(out, "Connection: close\r\n");
	buf_adds(out, "\r\n");
}

void
http_write(struct buf *out, int status, const char *type,
	const struct buf *body, bool keep)
{
	http_write_head(out, status, type);
	http_write_length(out, body->n, keep);
	buf_add(out, body->p, body->n);
}
