#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define READ_MAX 65536

size_t
stream_expand(char *out, size_t size, const char *template, int64_t number)
{
	size_t n = 0;

	for (const char *p = template; *p && n + 1 < size; p++) {
		if (p[0] == '%' && p[1] == 'n') {
			int len = snprintf(out + n, size - n, "%" PRId64,
				number);

			n += (size_t)len < size - n ? (size_t)len
				: size - n - 1;
			p++;
		} else {
			out[n++] = *p;
		}
	}
	out[n] = '\0';
	return n;
}

/* An answer's body is read to its end, so that the server can finish; the
 * connection is for this one request. */
static void
write_request(struct stream *s)
{
	static char body[TEMPLATE_MAX], head[TEMPLATE_MAX];
	const struct options *o = s->options;
	size_t body_n = stream_expand(body, sizeof(body), o->body, s->number);
	size_t n = 0;

	n += (size_t)snprintf(head, sizeof(head), "POST ");
	n += stream_expand(head + n, sizeof(head) - n, o->path, s->number);
	n += (size_t)snprintf(head + n, sizeof(head) - n, " HTTP/1.1\r\n"
		"Host: %s\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n", o->host,
		body_n);
	for (int i = 0; i < o->header_count && n < sizeof(head) - 8; i++) {
		n += stream_expand(head + n, sizeof(head) - n - 4,
			o->headers[i], s->number);
		head[n++] = '\r';
		head[n++] = '\n';
	}
	head[n++] = '\r';
	head[n++] = '\n';
	s->request = malloc(n + body_n);
	if (!s->request)
		abort();
	memcpy(s->request, head, n);
	memcpy(s->request + n, body, body_n);
	s->request_n = n + body_n;
}

bool
stream_open(struct stream *s, const struct options *o, int64_t number)
{
	int one = 1;

	*s = (struct stream){ .options = o, .number = number };
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	s->reply = calloc(1, sizeof(*s->reply));
	s->tokens = calloc(1, sizeof(*s->tokens));
	if (!s->reply || !s->tokens)
		abort();
	if (s->fd < 0) {
		stream_end(s, OVER_FAILED, "no socket");
		return false;
	}
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	write_request(s);
	if (connect(s->fd, (const struct sockaddr *)&o->address,
		sizeof(o->address)) != 0 && errno != EINPROGRESS) {
		stream_end(s, OVER_FAILED, "no connection");
		return false;
	}
	return true;
}

void
stream_writable(struct stream *s)
{
	ssize_t n;

	/* Before the call: the other side may have answered when it returns. */
	if (s->sent_at == 0)
		s->sent_at = clock_ns();
	n = send(s->fd, s->request + s->request_at,
		s->request_n - s->request_at, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		stream_end(s, OVER_FAILED, "could not send");
		return;
	}
	s->request_at += (size_t)n;
	if (s->request_at < s->request_n)
		return;
	free(s->request);
	s->request = NULL;
}

static void
take_token(void *who, int64_t stamp)
{
	struct stream *s = who;

	if (s->count == STAMPS_MAX)
		return;
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 32;
		s->seen = realloc(s->seen, s->room * sizeof(*s->seen));
		if (!s->seen)
			abort();
	}
	s->seen[s->count++] = (struct seen){ stamp, clock_ns() };
}

static void
take_body(void *who, const char *bytes, size_t n)
{
	struct stream *s = who;

	tokens_feed(s->tokens, bytes, n, take_token, s);
	if (s->tokens->is_done && s->done_at == 0)
		s->done_at = clock_ns();
}

static void
judge(struct stream *s, bool is_whole)
{
	if (s->reply->state == REPLY_HEAD)
		stream_end(s, OVER_FAILED, "no answer");
	else if (s->status != 200)
		stream_end(s, OVER_FAILED, "not status 200");
	else if (s->tokens->is_error)
		stream_end(s, OVER_FAILED, "an error event");
	else if (!s->tokens->is_done)
		stream_end(s, OVER_FAILED, "no end");
	else if (!is_whole)
		stream_end(s, OVER_FAILED, "body cut short");
	else
		stream_end(s, OVER_OK, NULL);
}

static bool
is_to_stop(const struct stream *s)
{
	return s->options->stop_tokens >= 0
		&& s->count >= (size_t)s->options->stop_tokens
		&& s->count > 0;
}

void
stream_readable(struct stream *s)
{
	static char bytes[READ_MAX];
	ssize_t n = recv(s->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		judge(s, n == 0 && reply_is_whole_at_close(s->reply));
		return;
	}
	reply_feed(s->reply, bytes, (size_t)n, take_body, s);
	s->status = s->reply->status;
	if (is_to_stop(s))
		stream_end(s, OVER_STOPPED, NULL);
	else if (s->reply->state >= REPLY_END)
		judge(s, s->reply->state == REPLY_END);
}

void
stream_end(struct stream *s, enum over over, const char *why)
{
	if (s->over != NOT_OVER)
		return;
	/* Before the close: on one core the other side may run first. */
	s->closed_at = clock_ns();
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->over = over;
	s->why = why;
	memcpy(s->error, s->tokens->error, sizeof(s->error));
	free(s->request);
	reply_free(s->reply);
	free(s->reply);
	free(s->tokens);
	s->request = NULL;
	s->reply = NULL;
	s->tokens = NULL;
}

void
stream_free(struct stream *s)
{
	if (s->options)
		stream_end(s, OVER_FAILED, "not over");
	free(s->seen);
	*s = (struct stream){ 0 };
}
