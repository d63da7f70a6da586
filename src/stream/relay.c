#include "stream/relay.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/response.h"
#include "stream/replay.h"

enum { DRAIN_SAVE_MS = 5000 }; /* after the drain, for the last commits */

/* A stop that came before its stream. */
struct early_stop {
	struct uuid id;
	int lane;
	int64_t until_ms;
};

struct stop_order {
	struct stop_order *next;
	struct uuid id;
	int lane;
};

struct relay {
	const struct conf *conf;
	struct journal *journal;
	struct tail *tail;
	pthread_t thread;
	bool started;
	atomic_int reserved;

	/* what other threads bring, under `lock` */
	pthread_mutex_t lock;
	struct stream *new_streams, **new_last;
	struct stream *new_shadows;
	struct tail_news *news, **news_last;
	struct reader *new_sends;
	struct stop_order *stops, **stops_last;
	struct stream_lane *committed;
	bool draining;
	int64_t drain_at_ms;

	/* the thread's own */
	int epoll, wake;
	CURLM *multi;
	int64_t curl_due_ms; /* -1: none */
	int64_t tick_due_ms;
	int64_t now_ms;
	struct stream *streams;
	struct stream *hash[RELAY_HASH_SIZE];
	struct stream *dirty;
	struct reader *sends;
	struct early_stop early[RELAY_EARLY_MAX];
	int early_next;
	struct buf scratch;
	bool is_draining;    /* copies of the two above, for this round */
	int64_t drain_until_ms;
};

/*
 * What epoll hands back with an event: a reader's address, or for the others,
 * told apart by the lowest bit that no address has, a descriptor.
 */
static uint64_t
tag_fd(int fd)
{
	return (uint64_t)(unsigned)fd << 1 | 1;
}

static void
wake(struct relay *r)
{
	uint64_t one = 1;

	/* It can only fail where it is awake already (EAGAIN). */
	if (write(r->wake, &one, sizeof(one)) < 0) {}
}

/* ---- what other threads call ---- */

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
	wake(r);
}

void
relay_join(struct relay *r, struct stream *shadow)
{
	pthread_mutex_lock(&r->lock);
	shadow->next = r->new_shadows;
	r->new_shadows = shadow;
	pthread_mutex_unlock(&r->lock);
	wake(r);
}

void
relay_news(struct relay *r, struct tail_news *news)
{
	pthread_mutex_lock(&r->lock);
	news->next = NULL;
	*r->news_last = news;
	r->news_last = &news->next;
	pthread_mutex_unlock(&r->lock);
	wake(r);
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
	wake(r);
}

void
relay_committed(struct relay *r, struct stream_lane *lane, enum err err)
{
	lane->commit_err = err;
	pthread_mutex_lock(&r->lock);
	lane->committed_next = r->committed;
	r->committed = lane;
	pthread_mutex_unlock(&r->lock);
	wake(r);
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
	wake(r);
}

void
relay_drain(struct relay *r, int64_t drain_ms)
{
	pthread_mutex_lock(&r->lock);
	r->draining = true;
	r->drain_at_ms = clock_ms() + drain_ms;
	pthread_mutex_unlock(&r->lock);
	wake(r);
}

/* ---- streams by id ---- */

static struct stream **
bucket(struct relay *r, const struct uuid *id)
{
	/* The last bytes of a UUID of version 7 are random. */
	unsigned h = (unsigned)id->b[14] << 8 | id->b[15];

	return &r->hash[h & (RELAY_HASH_SIZE - 1)];
}

static struct stream *
find(struct relay *r, const struct uuid *id)
{
	for (struct stream *s = *bucket(r, id); s != NULL; s = s->hash_next)
		if (uuid_equal(&s->id, id))
			return s;
	return NULL;
}

/* A shadow is in the list only: its id is that of the stream it follows. */
static void
link_stream(struct relay *r, struct stream *s)
{
	struct stream **b = bucket(r, &s->id);

	if (!s->is_shadow) {
		s->hash_next = *b;
		*b = s;
	}
	s->next = r->streams;
	s->link = &r->streams;
	if (s->next != NULL)
		s->next->link = &s->next;
	r->streams = s;
}

static void
unlink_stream(struct relay *r, struct stream *s)
{
	struct stream **p = bucket(r, &s->id);

	while (*p != NULL && *p != s)
		p = &(*p)->hash_next;
	if (*p == s)
		*p = s->hash_next;
	*s->link = s->next;
	if (s->next != NULL)
		s->next->link = s->link;
}

static void
mark_dirty(struct relay *r, struct stream *s)
{
	if (s->dirty)
		return;
	s->dirty = true;
	s->dirty_next = r->dirty;
	r->dirty = s;
}

/* ---- lanes ---- */

/* Closes the provider's connection where the answer is not all there. */
static void
drop_call(struct relay *r, struct stream_lane *lane)
{
	if (lane->in_multi)
		curl_multi_remove_handle(r->multi, llm_call_easy(lane->call));
	lane->in_multi = false;
	llm_call_free(lane->call);
	lane->call = NULL;
}

static void
log_end(const struct stream_lane *lane)
{
	char id[UUID_TEXT_SIZE];
	const struct log_field fields[] = {
		{ "message_id", uuid_text(&lane->message_id, id), 0 },
		{ "provider", lane->provider, 0 },
		{ "model", lane->model, 0 },
		{ "state", stream_state_name(lane->state), 0 },
		{ "code", err_code(lane->err), 0 },
		{ "provider_status", NULL, lane->provider_status },
		{ "ttft_ms", NULL, lane->figures.ttft_ms },
		{ "total_ms", NULL, lane->figures.total_ms },
		{ "bytes", NULL, (long long)lane->text.len },
		{ "note", lane->note, 0 },
		{ NULL, NULL, 0 },
	};

	log_fields(lane->err != ERR_OK ? LOG_WARN : LOG_INFO, "answer", fields);
}

static void
end_lane(struct relay *r, struct stream_lane *lane, enum stream_cause cause)
{
	if (lane->state != STREAM_RUNNING)
		return;
	/* The provider may have come to its end in the very round in which our
	 * ceiling was met; what is kept is cut off all the same. */
	if (lane->overflowed)
		cause = STREAM_FULL;
	stream_settle(lane, cause);
	/*
	 * An answer that came to its end may still owe the last bytes of its
	 * connection, which then serves the next question; all others are cut.
	 */
	if (cause != STREAM_ENDED || !llm_call_is_over(lane->call))
		drop_call(r, lane);
	log_end(lane);
	journal_end(r->journal, lane);
}

static void
end_stream(struct relay *r, struct stream *s, enum stream_cause cause)
{
	if (s->is_shadow)
		return; /* its end is its owner's to decide */
	for (int i = 0; i < s->n_lanes; i++)
		end_lane(r, &s->lanes[i], cause);
}

static void
start_lane(struct relay *r, struct stream_lane *lane)
{
	CURL *easy = llm_call_easy(lane->call);

	llm_call_set_private(lane->call, lane);
	llm_call_begin(lane->call);
	if (curl_multi_add_handle(r->multi, easy) == CURLM_OK) {
		lane->in_multi = true;
		return;
	}
	log_say(LOG_ERROR, "relay", "a request could not be started");
	end_lane(r, lane, STREAM_ENDED);
}

void
relay_delta(void *arg, const struct llm_delta *delta)
{
	struct stream_lane *lane = arg;
	struct relay *r = lane->stream->relay;

	stream_append(lane, delta, &r->scratch, r->now_ms);
	mark_dirty(r, lane->stream);
}

/* ---- readers ---- */

static void
watch_reader(struct relay *r, struct reader *reader, int op)
{
	struct epoll_event ev = {
		.events = EPOLLRDHUP | (reader->wants_out ? EPOLLOUT : 0u),
		.data.u64 = (uint64_t)(uintptr_t)reader,
	};

	if (reader->out.conn == NULL || reader->out.conn->fd < 0)
		return;
	if (epoll_ctl(r->epoll, op, reader->out.conn->fd, &ev) != 0)
		reader->gone = true;
}

static void
want_out(struct relay *r, struct reader *reader, bool wants)
{
	if (reader->wants_out == wants)
		return;
	reader->wants_out = wants;
	watch_reader(r, reader, EPOLL_CTL_MOD);
}

static void
flush_reader(struct relay *r, struct reader *reader)
{
	if (reader->gone)
		return;
	switch (stream_feed(reader, &r->scratch, r->now_ms)) {
	case SSE_OUT_GONE:
		reader->gone = true;
		return;
	case SSE_OUT_FULL:
		want_out(r, reader, true);
		return;
	case SSE_OUT_EMPTY:
		want_out(r, reader, false);
		if (reader->ending)
			reader->gone = true;
	}
}

static void
close_reader(struct relay *r, struct reader *reader)
{
	if (reader->out.conn != NULL && reader->out.conn->fd >= 0)
		epoll_ctl(r->epoll, EPOLL_CTL_DEL, reader->out.conn->fd, NULL);
	sse_out_free(&reader->out);
	free(reader);
}

/* They find the connection closed, and come back. */
static void
drop_readers(struct stream *s)
{
	for (struct reader *reader = s->readers; reader; reader = reader->next)
		reader->gone = true;
}

/* Free the readers that are done with. */
static void
bury_readers(struct relay *r, struct reader **list)
{
	while (*list != NULL) {
		struct reader *reader = *list;

		if (!reader->gone) {
			list = &reader->next;
			continue;
		}
		*list = reader->next;
		close_reader(r, reader);
	}
}

static void
on_reader(struct relay *r, struct reader *reader, uint32_t events)
{
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		reader->gone = true;
	else if (events & EPOLLOUT)
		flush_reader(r, reader);
	if (reader->stream != NULL)
		mark_dirty(r, reader->stream);
}

static void
open_reader(struct relay *r, struct reader *reader)
{
	reader->seen_sent_ms = r->now_ms;
	watch_reader(r, reader, EPOLL_CTL_ADD);
	stream_open_reader(reader->stream, reader, &r->scratch, r->now_ms);
}

/* ---- a stream's life ---- */

static bool
take_early_stop(struct relay *r, const struct uuid *id)
{
	for (int i = 0; i < RELAY_EARLY_MAX; i++) {
		struct early_stop *e = &r->early[i];

		if (e->until_ms > r->now_ms && uuid_equal(&e->id, id)) {
			e->until_ms = 0;
			return true;
		}
	}
	return false;
}

static void
keep_early_stop(struct relay *r, const struct uuid *id, int lane)
{
	r->early[r->early_next] = (struct early_stop){
		.id = *id, .lane = lane, .until_ms = r->now_ms + RELAY_EARLY_MS,
	};
	r->early_next = (r->early_next + 1) % RELAY_EARLY_MAX;
}

static void
start_stream(struct relay *r, struct stream *s)
{
	s->relay = r;
	link_stream(r, s);
	for (struct reader *reader = s->readers; reader; reader = reader->next)
		open_reader(r, reader);
	if (s->stop_at_once || take_early_stop(r, &s->id))
		end_stream(r, s, STREAM_STOPPED);
	for (int i = 0; i < s->n_lanes; i++)
		if (s->lanes[i].state == STREAM_RUNNING)
			start_lane(r, &s->lanes[i]);
	mark_dirty(r, s);
}

/* The readers of a shadow become the stream's own. */
static void
adopt_readers(struct relay *r, struct stream *s, struct stream *shadow)
{
	while (shadow->readers != NULL) {
		struct reader *reader = shadow->readers;

		shadow->readers = reader->next;
		reader->stream = s;
		reader->next = s->readers;
		s->readers = reader;
		open_reader(r, reader);
	}
	if (s->n_uncommitted == 0)
		stream_finish(s, s->commit_err, &r->scratch, r->now_ms);
	mark_dirty(r, s);
}

static void
start_shadow(struct relay *r, struct stream *s)
{
	s->relay = r;
	link_stream(r, s);
	for (struct reader *reader = s->readers; reader; reader = reader->next)
		open_reader(r, reader);
	if (s->n_running == 0)
		stream_finish(s, ERR_OK, &r->scratch, r->now_ms);
	else if (tail_add(r->tail, &s->user, &s->id, &s->shadow_id))
		drop_readers(s); /* too many are followed: they come back */
	mark_dirty(r, s);
}

static void
join_stream(struct relay *r, struct stream *shadow)
{
	struct stream *s = shadow->n_running > 0 ?
	    find(r, &shadow->id) : NULL;

	if (s == NULL) {
		start_shadow(r, shadow);
		return;
	}
	adopt_readers(r, s, shadow);
	stream_free(shadow);
	relay_unreserve(r);
}

static struct stream *
find_shadow(struct relay *r, uint64_t id)
{
	for (struct stream *s = r->streams; s != NULL; s = s->next)
		if (s->is_shadow && s->shadow_id == id)
			return s;
	return NULL;
}

static void
append_news(struct relay *r, struct stream_lane *lane, enum llm_kind kind,
    const struct buf *text)
{
	struct llm_delta delta = { kind, text->p, text->len };

	if (text->len > 0)
		stream_append(lane, &delta, &r->scratch, r->now_ms);
}

static void
take_one_news(struct relay *r, const struct tail_news *news)
{
	struct stream *s = find_shadow(r, news->shadow_id);

	if (s == NULL)
		return; /* its readers have left */
	if (news->is_gone) {
		stream_finish(s, ERR_NOT_FOUND, &r->scratch, r->now_ms);
		s->n_running = s->n_uncommitted = 0;
	} else if (news->is_over) {
		replay_end(s, &news->row, &r->scratch, r->now_ms);
		stream_finish(s, ERR_OK, &r->scratch, r->now_ms);
	} else {
		append_news(r, &s->lanes[0], LLM_REASONING, &news->reasoning);
		append_news(r, &s->lanes[0], LLM_TEXT, &news->text);
	}
	mark_dirty(r, s);
}

static void
stop_stream(struct relay *r, const struct uuid *id, int lane)
{
	struct stream *s = find(r, id);

	if (s == NULL)
		keep_early_stop(r, id, lane);
	else if (lane < 0)
		end_stream(r, s, STREAM_STOPPED);
	else if (lane < s->n_lanes)
		end_lane(r, &s->lanes[lane], STREAM_STOPPED);
}

static void
on_committed(struct relay *r, struct stream_lane *lane)
{
	struct stream *s = lane->stream;

	if (lane->commit_err != ERR_OK) {
		log_say(LOG_ERROR, "relay", "an answer was not saved: %s",
		    err_code(lane->commit_err));
		s->commit_err = lane->commit_err;
	}
	if (--s->n_uncommitted > 0)
		return;
	stream_finish(s, s->commit_err, &r->scratch, r->now_ms);
	mark_dirty(r, s);
}

static void
end_stream_for_good(struct relay *r, struct stream *s)
{
	if (s->is_shadow && s->shadow_id != 0)
		tail_remove(r->tail, s->shadow_id);
	unlink_stream(r, s);
	for (int i = 0; i < s->n_lanes; i++)
		drop_call(r, &s->lanes[i]);
	stream_free(s);
	relay_unreserve(r);
}

/* After what happened in this round: send, close what is done with. */
static void
settle_stream(struct relay *r, struct stream *s)
{
	for (int i = 0; i < s->n_lanes; i++)
		if (s->lanes[i].overflowed)
			end_lane(r, &s->lanes[i], STREAM_FULL);
	for (struct reader *reader = s->readers; reader; reader = reader->next)
		flush_reader(r, reader);
	bury_readers(r, &s->readers);
	if (s->readers != NULL)
		return;
	if (s->stop_on_leave)
		end_stream(r, s, STREAM_ABANDONED);
	if (s->n_uncommitted == 0 || s->is_shadow)
		end_stream_for_good(r, s);
}

static void
settle_dirty(struct relay *r)
{
	while (r->dirty != NULL) {
		struct stream *s = r->dirty;

		r->dirty = s->dirty_next;
		s->dirty = false;
		settle_stream(r, s);
	}
}

/* ---- curl ---- */

static int
on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct relay *r = arg;
	struct epoll_event ev = { .data.u64 = tag_fd(fd) };

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(r->epoll, EPOLL_CTL_DEL, fd, NULL);
		curl_multi_assign(r->multi, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		ev.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		ev.events |= EPOLLOUT;
	if (epoll_ctl(r->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev)
	    != 0 && errno == EEXIST)
		epoll_ctl(r->epoll, EPOLL_CTL_MOD, fd, &ev);
	curl_multi_assign(r->multi, fd, r); /* any mark: "known" */
	return 0;
}

static int
on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct relay *r = arg;

	(void)multi;
	r->curl_due_ms = timeout_ms < 0 ? -1 : clock_ms() + timeout_ms;
	return 0;
}

static void
run_curl(struct relay *r, curl_socket_t fd, uint32_t events)
{
	int mask = 0, running;

	if (events & (EPOLLIN | EPOLLHUP))
		mask |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (events & EPOLLERR)
		mask |= CURL_CSELECT_ERR;
	curl_multi_socket_action(r->multi, fd, mask, &running);
}

static void
on_call_done(struct relay *r, struct stream_lane *lane, CURLcode code)
{
	llm_call_finished(lane->call, code);
	curl_multi_remove_handle(r->multi, llm_call_easy(lane->call));
	lane->in_multi = false;
	end_lane(r, lane, STREAM_ENDED);
	mark_dirty(r, lane->stream);
}

static void
read_curl_messages(struct relay *r)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(r->multi, &left)) != NULL) {
		CURLcode code = m->data.result;
		char *lane = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &lane);
		on_call_done(r, (struct stream_lane *)(void *)lane, code);
	}
}

static void
run_curl_timer(struct relay *r)
{
	if (r->curl_due_ms < 0 || r->curl_due_ms > clock_ms())
		return;
	r->curl_due_ms = -1;
	run_curl(r, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- the loop ---- */

static void
take_streams(struct relay *r, struct stream *list)
{
	struct stream *next;

	for (struct stream *s = list; s != NULL; s = next) {
		next = s->next;
		start_stream(r, s);
	}
}

static void
take_shadows(struct relay *r, struct stream *list)
{
	struct stream *next;

	for (struct stream *s = list; s != NULL; s = next) {
		next = s->next;
		join_stream(r, s);
	}
}

static void
take_news(struct relay *r, struct tail_news *list)
{
	struct tail_news *next;

	for (struct tail_news *news = list; news != NULL; news = next) {
		next = news->next;
		take_one_news(r, news);
		tail_news_free(news);
	}
}

static void
take_stops(struct relay *r, struct stop_order *list)
{
	struct stop_order *next;

	for (struct stop_order *o = list; o != NULL; o = next) {
		next = o->next;
		stop_stream(r, &o->id, o->lane);
		free(o);
	}
}

static void
take_sends(struct relay *r, struct reader *list)
{
	struct reader *next;

	for (struct reader *reader = list; reader != NULL; reader = next) {
		next = reader->next;
		reader->next = r->sends;
		r->sends = reader;
		watch_reader(r, reader, EPOLL_CTL_ADD);
		flush_reader(r, reader);
	}
}

static void
take_committed(struct relay *r, struct stream_lane *list)
{
	struct stream_lane *next;

	for (struct stream_lane *lane = list; lane != NULL; lane = next) {
		next = lane->committed_next;
		on_committed(r, lane);
	}
}

static void
take_orders(struct relay *r)
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

static void
check_lane(struct relay *r, struct stream_lane *lane, int64_t now_us)
{
	if (lane->state != STREAM_RUNNING || lane->call == NULL)
		return;
	if (llm_call_check_time(lane->call, now_us) ||
	    llm_call_is_over(lane->call))
		end_lane(r, lane, STREAM_ENDED);
}

/* Something waits for it, and it has taken nothing for so long. */
static bool
is_stuck(struct relay *r, struct reader *reader)
{
	bool waits = reader->out.queue.len > reader->out.sent;

	if (!waits || reader->out.total != reader->seen_sent) {
		reader->seen_sent = reader->out.total;
		reader->seen_sent_ms = r->now_ms;
		return false;
	}
	return r->now_ms - reader->seen_sent_ms > RELAY_SEND_MAX_MS;
}

static void
beat_reader(struct relay *r, struct reader *reader)
{
	static const char comment[] = ": still here\n\n";

	if (is_stuck(r, reader))
		reader->gone = true;
	if (reader->kind == READER_EVENTS && !reader->ending &&
	    sse_out_beat_due(&reader->out, r->now_ms) &&
	    sse_out_add(&reader->out, comment, sizeof(comment) - 1,
	    r->now_ms) == ERR_INTERNAL)
		reader->gone = true;
}

/*
 * A stream whose end is not on disk after so long must not keep its readers
 * waiting; the journal goes on trying.
 */
static void
check_save(struct relay *r, struct stream *s)
{
	bool late = r->now_ms - s->lanes[0].ended_ms >= RELAY_SAVE_MAX_MS ||
	    (r->is_draining &&
	    r->now_ms >= r->drain_until_ms + DRAIN_SAVE_MS);

	if (s->n_running == 0 && s->n_uncommitted > 0 && late)
		stream_finish(s, ERR_UNAVAILABLE, &r->scratch, r->now_ms);
}

/* Who follows another worker's answer may do so from another worker. */
static void
drain_stream(struct relay *r, struct stream *s)
{
	if (s->is_shadow)
		drop_readers(s);
	else
		end_stream(r, s, STREAM_DRAINED);
}

static void
tick_stream(struct relay *r, struct stream *s, int64_t now_us)
{
	for (int i = 0; i < s->n_lanes; i++)
		check_lane(r, &s->lanes[i], now_us);
	if (r->is_draining && r->now_ms >= r->drain_until_ms)
		drain_stream(r, s);
	for (struct reader *reader = s->readers; reader; reader = reader->next)
		beat_reader(r, reader);
	check_save(r, s);
	mark_dirty(r, s);
}

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
		tick_stream(r, s, now_us);
	write_down(r);
	for (struct reader *reader = r->sends; reader; reader = reader->next)
		beat_reader(r, reader);
}

static void
on_event(struct relay *r, const struct epoll_event *ev)
{
	uint64_t tag = ev->data.u64;
	uint64_t drop;

	if (!(tag & 1)) {
		on_reader(r, (struct reader *)(uintptr_t)tag, ev->events);
		return;
	}
	if ((int)(tag >> 1) != r->wake) {
		run_curl(r, (curl_socket_t)(tag >> 1), ev->events);
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
		    r->now_ms >= r->drain_until_ms + DRAIN_SAVE_MS;
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
		run_curl_timer(r);
		read_curl_messages(r);
		take_orders(r);
		tick(r);
		settle_dirty(r);
		bury_readers(r, &r->sends);
	}
	return NULL;
}

/* ---- */

static enum err
open_multi(struct relay *r)
{
	r->multi = curl_multi_init();
	if (r->multi == NULL)
		return ERR_INTERNAL;
	curl_multi_setopt(r->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(r->multi, CURLMOPT_SOCKETDATA, r);
	curl_multi_setopt(r->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(r->multi, CURLMOPT_TIMERDATA, r);
	curl_multi_setopt(r->multi, CURLMOPT_MAXCONNECTS, (long)RELAY_IDLE_MAX);
	return ERR_OK;
}

static enum err
open_epoll(struct relay *r)
{
	struct epoll_event ev = { .events = EPOLLIN };

	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->epoll < 0 || r->wake < 0)
		return ERR_INTERNAL;
	ev.data.u64 = tag_fd(r->wake);
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
	/* Here no other thread uses curl yet, which this call demands. */
	curl_global_init(CURL_GLOBAL_DEFAULT);
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
	if (open_multi(r) || open_epoll(r)) {
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

static void
free_streams(struct relay *r)
{
	while (r->streams != NULL) {
		struct stream *s = r->streams;

		unlink_stream(r, s);
		for (int i = 0; i < s->n_lanes; i++)
			drop_call(r, &s->lanes[i]);
		stream_free(s);
	}
}

void
relay_free(struct relay *r)
{
	if (r == NULL)
		return;
	free_streams(r);
	take_news(r, r->news);
	if (r->multi != NULL)
		curl_multi_cleanup(r->multi);
	if (r->epoll >= 0)
		close(r->epoll);
	if (r->wake >= 0)
		close(r->wake);
	buf_free(&r->scratch);
	pthread_mutex_destroy(&r->lock);
	free(r);
	curl_global_cleanup();
}
