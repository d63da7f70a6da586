/*
 * The inside of the relay, shared by stream/relay*.c and nobody else:
 *
 *   relay.c          the loop: wait, take what came, look at what is due
 *   relay_inbox.c    what other threads bring, and how it comes in
 *   relay_streams.c  a stream from its start to its end, shadows included
 *   relay_lanes.c    a lane's call to its provider: libcurl
 *   relay_retry.c    asking once more
 *   relay_readers.c  readers: when they can be written to, when they are gone
 *
 * All but the inbox runs in the relay's thread alone.  Whatever happens to a
 * stream marks it dirty; at the end of each round relay_settle() sends, closes
 * and frees, so that nothing is freed while somebody looks at it.
 */
#ifndef STREAM_RELAY_PRIVATE_H
#define STREAM_RELAY_PRIVATE_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "stream/relay.h"

enum {
	RELAY_DRAIN_SAVE_MS = 5000, /* after the drain, for the last commits */
};

/* A stop that came before its stream. */
struct early_stop {
	struct uuid id;
	int lane;
	int64_t until_ms;
};

/* A stop on its way into the relay's thread. */
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

	/* the inbox: what other threads bring, under `lock` */
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
	int64_t now_ms;      /* of this round */
	struct stream *streams;
	struct stream *hash[RELAY_HASH_SIZE];
	struct stream *dirty;
	struct reader *sends; /* readers without a stream: READER_REST */
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
static inline uint64_t
relay_tag_fd(int fd)
{
	return (uint64_t)(unsigned)fd << 1 | 1;
}

/* ---- relay_inbox.c ---- */

/* Make the loop look at what came. */
void
relay_wake(struct relay *r);

/* Take all that came since the last round. */
void
relay_take_orders(struct relay *r);

/* Free the news that came when nobody was left to read them. */
void
relay_inbox_free(struct relay *r);

/* ---- relay_streams.c ---- */

/* Something happened to it in this round. */
void
relay_mark_dirty(struct relay *r, struct stream *s);

void
relay_stream_start(struct relay *r, struct stream *s);

/* relay_join() has come in. */
void
relay_stream_join(struct relay *r, struct stream *shadow);

void
relay_stream_news(struct relay *r, const struct tail_news *news);

void
relay_stream_stop(struct relay *r, const struct uuid *id, int lane);

void
relay_lane_committed(struct relay *r, struct stream_lane *lane);

/* End what still runs of it; a shadow's end is its owner's to decide. */
void
relay_stream_end(struct relay *r, struct stream *s, enum stream_cause cause);

/* Time limits, heartbeats, the drain. */
void
relay_stream_tick(struct relay *r, struct stream *s, int64_t now_us);

/* Of all that are dirty: send, close and free what is done with. */
void
relay_settle(struct relay *r);

void
relay_streams_free(struct relay *r);

/* ---- relay_lanes.c ---- */

enum err
relay_curl_open(struct relay *r);

/* A provider's connection can be read or written. */
void
relay_curl_event(struct relay *r, curl_socket_t fd, uint32_t events);

void
relay_curl_timer(struct relay *r);

/* Calls that have come to their end. */
void
relay_curl_read(struct relay *r);

void
relay_lane_start(struct relay *r, struct stream_lane *lane);

void
relay_lane_end(struct relay *r, struct stream_lane *lane,
    enum stream_cause cause);

/* End it where a limit has passed, or its wire has seen the end. */
void
relay_lane_check(struct relay *r, struct stream_lane *lane, int64_t now_us);

/* Closes the provider's connection where the answer is not all there. */
void
relay_lane_drop(struct relay *r, struct stream_lane *lane);

/* ---- relay_retry.c ---- */

/* The provider has come to its end: true where it is asked once more, now or
 * later, and the lane runs on. */
bool
relay_lane_retry(struct relay *r, struct stream_lane *lane);

/* A lane that waits is looked at: ask, where it is time. */
void
relay_lane_retry_due(struct relay *r, struct stream_lane *lane);

/* ---- relay_readers.c ---- */

/* The first thing for a reader of a stream. */
void
relay_reader_open(struct relay *r, struct reader *reader);

/* A reader without a stream: the rest of an answer. */
void
relay_reader_send(struct relay *r, struct reader *reader);

void
relay_reader_event(struct relay *r, struct reader *reader, uint32_t events);

/* Send what it takes now; mark it gone where it is, or where it has all. */
void
relay_reader_flush(struct relay *r, struct reader *reader);

/* A heartbeat where one is due; who has taken nothing for long is gone. */
void
relay_reader_beat(struct relay *r, struct reader *reader);

/* They find the connection closed, and come back. */
void
relay_readers_drop(struct stream *s);

/* Close and free those that are gone. */
void
relay_readers_bury(struct relay *r, struct reader **list);

#endif
