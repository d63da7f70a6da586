/*
 * bench-load: opens many streaming requests in one thread and measures how
 * late their tokens come.  The provider stamps each token with the clock that
 * all processes of a machine share; here the stamp is subtracted.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clock.h"
#include "net.h"
#include "report.h"

#define EVENTS_MAX 256
#define MS 1000000

struct load {
	struct options options;
	struct stream *streams;
	int epoll;
	int64_t begin;
	int64_t next;		/* the stream that opens next */
	int64_t open;		/* how many are */
	int64_t next_stop;	/* the stream that is closed next */
};

/* When stream i may open; the ramp is even. */
static int64_t
open_time(const struct load *l, int64_t i)
{
	return l->begin + l->options.ramp_ms * MS * i / l->options.streams;
}

static void
open_one(struct load *l)
{
	struct stream *s = &l->streams[l->next];
	struct epoll_event ev = { .events = EPOLLOUT, .data.ptr = s };

	if (!stream_open(s, &l->options, l->next++))
		return;
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, s->fd, &ev) == 0)
		l->open++;
	else
		stream_end(s, OVER_FAILED, "no epoll");
}

static void
open_due(struct load *l, int64_t now)
{
	while (l->next < l->options.streams && l->open < l->options.at_once
		&& open_time(l, l->next) <= now)
		open_one(l);
}

static void
handle(struct load *l, struct stream *s)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = s };

	if (s->request) {
		stream_writable(s);
		if (s->over == NOT_OVER && !s->request)
			epoll_ctl(l->epoll, EPOLL_CTL_MOD, s->fd, &ev);
	} else {
		stream_readable(s);
	}
	if (s->over != NOT_OVER)
		l->open--;
}

/* Streams are sent in the order of their numbers, so they stop in it. */
static void
stop_due(struct load *l, int64_t now)
{
	while (l->options.stop_ms >= 0 && l->next_stop < l->next) {
		struct stream *s = &l->streams[l->next_stop];

		if (s->over == NOT_OVER && (s->sent_at == 0
			|| now < s->sent_at + l->options.stop_ms * MS))
			return;
		if (s->over == NOT_OVER) {
			stream_end(s, OVER_STOPPED, NULL);
			l->open--;
		}
		l->next_stop++;
	}
}

static bool
is_finished(const struct load *l, int64_t now)
{
	return (l->next == l->options.streams && l->open == 0)
		|| now > l->begin + l->options.timeout_s * 1000 * MS;
}

/* Wakes each millisecond while there is something to open or to stop. */
static int
find_wait(const struct load *l)
{
	bool opens = l->next < l->options.streams
		&& l->open < l->options.at_once;

	return opens || l->options.stop_ms >= 0 ? 1 : 100;
}

static void
run(struct load *l)
{
	struct epoll_event events[EVENTS_MAX];
	int64_t now = l->begin;

	while (!is_finished(l, now)) {
		int n;

		open_due(l, now);
		n = epoll_wait(l->epoll, events, EVENTS_MAX, find_wait(l));
		for (int i = 0; i < n; i++)
			handle(l, events[i].data.ptr);
		now = clock_ns();
		stop_due(l, now);
	}
}

/* What the time ran out on has failed too. */
static void
end_all(struct load *l)
{
	while (l->next < l->options.streams)
		open_one(l);
	for (int64_t i = 0; i < l->options.streams; i++)
		stream_end(&l->streams[i], OVER_FAILED, "not over in time");
}

int
main(int argc, char **argv)
{
	struct load load = { 0 };
	int64_t wall;

	options_read(&load.options, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	net_raise_file_limit();
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	load.streams = calloc((size_t)load.options.streams,
		sizeof(*load.streams));
	if (load.epoll < 0 || !load.streams)
		return 1;
	load.begin = clock_ns();
	run(&load);
	wall = clock_ns() - load.begin;
	end_all(&load);
	report_write(stdout, &load.options, load.streams, wall);
	for (int64_t i = 0; i < load.options.streams; i++)
		stream_free(&load.streams[i]);
	free(load.streams);
	close(load.epoll);
	return 0;
}
