#include "conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

/* In one go, before other connections have their turn. */
#define STEPS_MAX 64
#define WRITES_MAX 256
#define READ_MAX 65536
#define KEPT_MAX 65536	/* a larger buffer is given back when it is empty */

#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

enum flushed { FLUSHED, FLUSH_LATER, FLUSH_FAILED };

static void
watch(struct conn *c, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (c->events == events)
		return;
	c->events = events;
	epoll_ctl(c->server->epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

/* While a play runs nothing is read: what a client sends ahead stays in the
 * kernel, and its close is told all the same. */
static void
watch_for_now(struct conn *c)
{
	uint32_t events = EPOLLRDHUP;

	if (!c->play && c->out.n == 0)
		events |= EPOLLIN;
	if (c->is_blocked)
		events |= EPOLLOUT;
	watch(c, events);
}

bool
conn_open(struct server *s, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP };
	struct conn *c = calloc(1, sizeof(*c));
	int one = 1;

	if (!c) {
		close(fd);
		return false;
	}
	ev.data.ptr = c;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) != 0) {
		free(c);
		close(fd);
		return false;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->server = s;
	c->fd = fd;
	c->events = ev.events;
	c->next = s->conns;
	if (s->conns)
		s->conns->prev = c;
	s->conns = c;
	s->conn_count++;
	s->pages->stats.connections++;
	s->pages->stats.connections_open++;
	return true;
}

void
conn_close(struct conn *c)
{
	struct server *s = c->server;

	timers_unset(&s->timers, &c->timer);
	close(c->fd);
	if (c->prev)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->conn_count--;
	s->pages->stats.connections_open--;
	play_free(c->play);
	buf_free(&c->in);
	buf_free(&c->out);
	free(c);
}

void
conn_gone(struct conn *c)
{
	if (c->play)
		stats_early(&c->server->pages->stats, c->handle,
			&c->play->answer.script, clock_ns(),
			play_tokens(c->play));
	conn_close(c);
}

static void
close_with_reset(struct conn *c)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	conn_close(c);
}

static void
clear(struct buf *b)
{
	if (b->cap > KEPT_MAX)
		buf_free(b);
	buf_clear(b);
}

static const struct script *
script(const struct conn *c)
{
	return c->play ? &c->play->answer.script : NULL;
}

/* Sends what is waiting, in slices if the script wants them. */
static enum flushed
flush(struct conn *c)
{
	const struct script *s = script(c);
	size_t slice = s && s->slice > 0 ? (size_t)s->slice : SIZE_MAX;
	int64_t pause = s && s->slice_pace > 0 ? s->slice_pace * 1000000 : 0;

	c->is_blocked = false;
	for (int i = 0; c->out_at < c->out.n; i++) {
		size_t left = c->out.n - c->out_at;
		ssize_t n;

		if (i == WRITES_MAX || (i > 0 && pause)) {
			timers_set(&c->server->timers, &c->timer,
				clock_ns() + pause);
			return FLUSH_LATER;
		}
		n = send(c->fd, c->out.p + c->out_at,
			left < slice ? left : slice, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			c->is_blocked = true;
			return FLUSH_LATER;
		}
		if (n < 0)
			return FLUSH_FAILED;
		c->out_at += (size_t)n;
	}
	c->out_at = 0;
	clear(&c->out);
	return FLUSHED;
}

static void
step(struct conn *c)
{
	int64_t before = play_tokens(c->play);

	c->then = play_step(c->play, &c->out);
	stats_tokens(&c->server->pages->stats, c->handle,
		play_tokens(c->play) - before);
}

/* The play is over and all of it is sent.  False when the connection is no
 * more. */
static bool
finish(struct conn *c)
{
	bool keep = c->then == PLAY_DONE && c->play->keep;
	bool resets = c->then == PLAY_RESET;

	stats_complete(&c->server->pages->stats, c->handle);
	play_free(c->play);
	c->play = NULL;
	if (keep)
		return true;
	if (resets)
		close_with_reset(c);
	else
		conn_close(c);
	return false;
}

/* Goes on with the play as far as it can be gone on with now.  True when it
 * is over and the connection may read the next request. */
static bool
advance(struct conn *c)
{
	for (int i = 0; ; i++) {
		enum flushed flushed = flush(c);

		if (flushed == FLUSH_FAILED) {
			conn_gone(c);
			return false;
		}
		if (flushed == FLUSH_LATER)
			break;
		if (c->then == PLAY_HOLD)
			break;
		if (c->then != PLAY_WAIT)
			return finish(c);
		if (i == STEPS_MAX || c->play->due > clock_ns()) {
			timers_set(&c->server->timers, &c->timer,
				c->play->due);
			break;
		}
		step(c);
	}
	watch_for_now(c);
	return false;
}

/* An answer of http_read() that is an error. */
static void
refuse(struct conn *c, int status)
{
	struct buf body = { 0 };

	buf_adds(&body, "{\"error\": \"bad request\"}\n");
	http_write(&c->out, status, "application/json", &body, false);
	buf_free(&body);
	flush(c);
	conn_close(c);
}

static bool
send_continue(struct conn *c, const struct http_request *rq)
{
	if (!rq->expects || c->is_continued)
		return true;
	c->is_continued = true;
	return send(c->fd, CONTINUE, sizeof(CONTINUE) - 1, MSG_NOSIGNAL) > 0;
}

/* A page is small: what of it does not fit is sent when there is room, and
 * only then is the next request read.  False when the connection is no more
 * or has to wait. */
static bool
send_page(struct conn *c)
{
	switch (flush(c)) {
	case FLUSHED:
		if (c->then == PLAY_DONE)
			return true;
		conn_close(c);
		return false;
	case FLUSH_LATER:
		watch_for_now(c);
		return false;
	case FLUSH_FAILED:
		break;
	}
	conn_gone(c);
	return false;
}

/* True when the request is answered and another may follow. */
static bool
answer(struct conn *c, const struct http_request *rq)
{
	bool keep = rq->keep;

	c->play = pages_answer(c->server->pages, rq, clock_ns(), &c->out,
		&c->handle);
	buf_drop(&c->in, rq->size);
	if (c->in.n == 0)
		clear(&c->in);
	c->is_continued = false;
	if (!c->play) {
		c->then = keep ? PLAY_DONE : PLAY_CLOSE;
		return send_page(c);
	}
	c->then = PLAY_WAIT;
	return advance(c);
}

/* Answers the whole requests that have been read. */
static void
handle_input(struct conn *c)
{
	struct http_request rq;

	for (;;) {
		enum http_result result = http_read(c->in.p, c->in.n, &rq);

		if (result == HTTP_READY) {
			if (!answer(c, &rq))
				return;
		} else if (result == HTTP_MORE
			|| (result == HTTP_BODY && send_continue(c, &rq))) {
			watch_for_now(c);
			return;
		} else {
			refuse(c, result == HTTP_BODY ? HTTP_BAD
				: (int)result);
			return;
		}
	}
}

void
conn_readable(struct conn *c)
{
	char bytes[READ_MAX];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_gone(c);
		return;
	}
	buf_add(&c->in, bytes, (size_t)n);
	handle_input(c);
}

static void
go_on(struct conn *c)
{
	if (c->play ? advance(c) : send_page(c))
		handle_input(c);
}

void
conn_writable(struct conn *c)
{
	go_on(c);
}

void
conn_due(struct conn *c)
{
	go_on(c);
}
