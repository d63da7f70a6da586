#include "stream/relay_private.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/response.h"

void
relay_wake(struct relay *r)
{
	uint64_t one = 1;

	/* It can only fail where it is awake already (EAGAIN). */
	if (write(r->wake, &one, sizeof(one)) < 0) {}
}

enum err
relay_reserve(struct relay *r)
{
	if (atomic_fetch_add(&r->reserved, 1) < r->conf->server_streams_max)
		return ERR_OK;
	relay_unreserve(r);
	return ERR_UNAVAILABLE;
}

void
relay_unreserve(struct relay *r)
{
	atomic_fetch_sub(&r->reserved, 1);
}

int
relay_count(const struct relay *r)
{
	return atomic_load(&r->reserved);
}

void
relay_add(struct relay *r, struct stream *s)
{
	pthread_mutex_lock(&r->lock);
	s->next = NULL;
	*r->new_last = s;
	r->new_last = &s->next;
	pthread_mutex_unlock(&r->lock);
	relay_wake(r);
}

void
relay_join(struct relay *r, struct stream *shadow)
{
	pthread_mutex_lock(&r->lock);
	shadow->next = r->new_shadows;
	r->new_shadows = shadow;
	pthread_mutex_unlock(&r->lock);
	relay_wake(r);
}

void
relay_news(struct relay *r, struct tail_news *news)
{
	pthread_mutex_lock(&r->lock);
	news->next = NULL;
	*r->news_last = news;
	r->news_last = &news->next;
	pthread_mutex_unlock(&r->lock);
	relay_wake(r);
}

void
relay_stop(struct relay *r, const struct uuid *id, int lane)
{
	struct stop_order *o = malloc(sizeof(*o));

	if (o == NULL)
		return; /* the row in the database is still there to be read */
	*o = (struct stop_order){ .id = *id, .lane = lane };
	pthread_mutex_lock(&r->lock);
	*r->stops_last = o;
	r->stops_last = &o->next;
	pthread_mutex_unlock(&r->lock);
	relay_wake(r);
}

void
relay_committed(struct relay *r, struct stream_lane *lane, enum err err)
{
	lane->commit_err = err;
	pthread_mutex_lock(&r->lock);
	lane->committed_next = r->committed;
	r->committed = lane;
	pthread_mutex_unlock(&r->lock);
	relay_wake(r);
}

void
relay_send(struct relay *r, struct conn *conn, struct buf *rest)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	if (reader == NULL) {
		conn->close(conn);
		buf_free(rest);
		return;
	}
	reader->kind = READER_REST;
	reader->ending = true;
	reader->seen_sent_ms = clock_ms();
	sse_out_init(&reader->out, conn, RESP_MAX);
	reader->out.queue = *rest;
	buf_init(rest, rest->max);
	pthread_mutex_lock(&r->lock);
	reader->next = r->new_sends;
	r->new_sends = reader;
	pthread_mutex_unlock(&r->lock);
	relay_wake(r);
}

void
relay_drain(struct relay *r, int64_t drain_ms)
{
	pthread_mutex_lock(&r->lock);
	r->draining = true;
	r->drain_at_ms = clock_ms() + drain_ms;
	pthread_mutex_unlock(&r->lock);
	relay_wake(r);
}

static void
take_streams(struct relay *r, struct stream *list)
{
	struct stream *next;

	for (struct stream *s = list; s != NULL; s = next) {
		next = s->next;
		relay_stream_start(r, s);
	}
}

static void
take_shadows(struct relay *r, struct stream *list)
{
	struct stream *next;

	for (struct stream *s = list; s != NULL; s = next) {
		next = s->next;
		relay_stream_join(r, s);
	}
}

static void
take_news(struct relay *r, struct tail_news *list)
{
	struct tail_news *next;

	for (struct tail_news *news = list; news != NULL; news = next) {
		next = news->next;
		relay_stream_news(r, news);
		tail_news_free(news);
	}
}

static void
take_stops(struct relay *r, struct stop_order *list)
{
	struct stop_order *next;

	for (struct stop_order *o = list; o != NULL; o = next) {
		next = o->next;
		relay_stream_stop(r, &o->id, o->lane);
		free(o);
	}
}

static void
take_sends(struct relay *r, struct reader *list)
{
	struct reader *next;

	for (struct reader *reader = list; reader != NULL; reader = next) {
		next = reader->next;
		relay_reader_send(r, reader);
	}
}

static void
take_committed(struct relay *r, struct stream_lane *list)
{
	struct stream_lane *next;

	for (struct stream_lane *lane = list; lane != NULL; lane = next) {
		next = lane->committed_next;
		relay_lane_committed(r, lane);
	}
}

void
relay_take_orders(struct relay *r)
{
	struct stream *streams, *shadows;
	struct tail_news *news;
	struct stop_order *stops;
	struct reader *sends;
	struct stream_lane *committed;

	pthread_mutex_lock(&r->lock);
	streams = r->new_streams;
	r->new_streams = NULL;
	r->new_last = &r->new_streams;
	shadows = r->new_shadows;
	r->new_shadows = NULL;
	news = r->news;
	r->news = NULL;
	r->news_last = &r->news;
	stops = r->stops;
	r->stops = NULL;
	r->stops_last = &r->stops;
	sends = r->new_sends;
	r->new_sends = NULL;
	committed = r->committed;
	r->committed = NULL;
	r->is_draining = r->draining;
	r->drain_until_ms = r->drain_at_ms;
	pthread_mutex_unlock(&r->lock);
	take_streams(r, streams);
	take_shadows(r, shadows);
	take_news(r, news);
	take_stops(r, stops);
	take_sends(r, sends);
	take_committed(r, committed);
}

void
relay_inbox_free(struct relay *r)
{
	struct tail_news *next;

	for (struct tail_news *news = r->news; news != NULL; news = next) {
		next = news->next;
		tail_news_free(news);
	}
	r->news = NULL;
	r->news_last = &r->news;
}
