#include "stream/relay_private.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/response.h"
#include "llm/transport.h"

/* Give the journal what running answers have got since the last time. */
static void
write_down(struct relay *r)
{
	if (!journal_tick_begin(r->journal))
		return;
	for (struct stream *s = r->streams; s != NULL; s = s->next)
		for (int i = 0; i < s->n_lanes; i++)
			if (s->lanes[i].state == STREAM_RUNNING &&
			    !s->is_shadow)
				journal_tick_add(r->journal, &s->lanes[i]);
	journal_tick_end(r->journal);
}

static void
tick(struct relay *r)
{
	int64_t now_us = clock_us();

	if (r->now_ms < r->tick_due_ms)
		return;
	r->tick_due_ms = r->now_ms + RELAY_TICK_MS;
	for (struct stream *s = r->streams; s != NULL; s = s->next)
		relay_stream_tick(r, s, now_us);
	write_down(r);
	for (struct reader *reader = r->sends; reader; reader = reader->next)
		relay_reader_beat(r, reader);
}

static void
on_event(struct relay *r, const struct epoll_event *ev)
{
	uint64_t tag = ev->data.u64;
	uint64_t drop;

	if (!(tag & 1)) {
		relay_reader_event(r, (struct reader *)(uintptr_t)tag, ev->events);
		return;
	}
	if ((int)(tag >> 1) != r->wake) {
		relay_curl_event(r, (curl_socket_t)(tag >> 1), ev->events);
		return;
	}
	if (read(r->wake, &drop, sizeof(drop)) < 0) {}
}

static int
wait_ms(const struct relay *r)
{
	int64_t now = clock_ms();
	int64_t due = r->tick_due_ms;

	if (r->curl_due_ms >= 0 && r->curl_due_ms < due)
		due = r->curl_due_ms;
	return due > now ? (int)(due - now) : 0;
}

/* All is told, or nobody is left; the journal has what is not on disk. */
static bool
is_done(struct relay *r)
{
	bool done;

	pthread_mutex_lock(&r->lock);
	done = r->draining && r->sends == NULL && r->new_sends == NULL &&
	    r->new_streams == NULL && r->new_shadows == NULL;
	pthread_mutex_unlock(&r->lock);
	for (struct stream *s = r->streams; done && s != NULL; s = s->next)
		done = s->n_running == 0 && s->readers == NULL &&
		    r->now_ms >= r->drain_until_ms + RELAY_DRAIN_SAVE_MS;
	return done;
}

static void *
run(void *arg)
{
	struct relay *r = arg;
	struct epoll_event events[RELAY_EVENTS_MAX];

	while (!is_done(r)) {
		int n = epoll_wait(r->epoll, events, RELAY_EVENTS_MAX,
		    wait_ms(r));

		r->now_ms = clock_ms();
		for (int i = 0; i < n; i++)
			on_event(r, &events[i]);
		relay_curl_timer(r);
		relay_curl_read(r);
		relay_take_orders(r);
		tick(r);
		relay_settle(r);
		relay_readers_bury(r, &r->sends);
	}
	return NULL;
}

static enum err
open_epoll(struct relay *r)
{
	struct epoll_event ev = { .events = EPOLLIN };

	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->epoll < 0 || r->wake < 0)
		return ERR_INTERNAL;
	ev.data.u64 = relay_tag_fd(r->wake);
	return epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->wake, &ev) == 0 ?
	    ERR_OK : ERR_INTERNAL;
}

enum err
relay_open(const struct conf *conf, struct journal *journal,
    struct tail *tail, struct relay **out)
{
	struct relay *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return ERR_INTERNAL;
	llm_transport_start(); /* no other thread runs yet */
	r->conf = conf;
	r->journal = journal;
	r->tail = tail;
	r->epoll = r->wake = -1;
	r->curl_due_ms = -1;
	r->new_last = &r->new_streams;
	r->stops_last = &r->stops;
	r->news_last = &r->news;
	r->now_ms = clock_ms();
	buf_init(&r->scratch, RESP_MAX);
	pthread_mutex_init(&r->lock, NULL);
	if (relay_curl_open(r) || open_epoll(r)) {
		relay_free(r);
		return ERR_INTERNAL;
	}
	*out = r;
	return ERR_OK;
}

enum err
relay_start(struct relay *r)
{
	if (pthread_create(&r->thread, NULL, run, r) != 0)
		return ERR_INTERNAL;
	r->started = true;
	return ERR_OK;
}

void
relay_wait(struct relay *r)
{
	if (r->started)
		pthread_join(r->thread, NULL);
	r->started = false;
}

void
relay_free(struct relay *r)
{
	if (r == NULL)
		return;
	relay_streams_free(r);
	relay_inbox_free(r);
	if (r->multi != NULL)
		curl_multi_cleanup(r->multi);
	if (r->epoll >= 0)
		close(r->epoll);
	if (r->wake >= 0)
		close(r->wake);
	buf_free(&r->scratch);
	pthread_mutex_destroy(&r->lock);
	free(r);
	llm_transport_stop();
}
