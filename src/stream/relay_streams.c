#include "stream/relay_private.h"

#include "base/log.h"
#include "store/stops.h"
#include "stream/replay.h"

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

void
relay_mark_dirty(struct relay *r, struct stream *s)
{
	if (s->dirty)
		return;
	s->dirty = true;
	s->dirty_next = r->dirty;
	r->dirty = s;
}

void
relay_stream_end(struct relay *r, struct stream *s, enum stream_cause cause)
{
	if (s->is_shadow)
		return; /* its end is its owner's to decide */
	for (int i = 0; i < s->n_lanes; i++)
		relay_lane_end(r, &s->lanes[i], cause);
}

static void
take_early_stops(struct relay *r, const struct uuid *id)
{
	for (int i = 0; i < RELAY_EARLY_MAX; i++) {
		struct early_stop *e = &r->early[i];

		if (e->until_ms > r->now_ms && uuid_equal(&e->id, id)) {
			e->until_ms = 0;
			relay_stream_stop(r, id, e->lane);
		}
	}
}

static void
keep_early_stop(struct relay *r, const struct uuid *id, int lane)
{
	r->early[r->early_next] = (struct early_stop){
		.id = *id, .lane = lane, .until_ms = r->now_ms + RELAY_EARLY_MS,
	};
	r->early_next = (r->early_next + 1) % RELAY_EARLY_MAX;
}

void
relay_stream_start(struct relay *r, struct stream *s)
{
	s->relay = r;
	link_stream(r, s);
	for (struct reader *reader = s->readers; reader; reader = reader->next)
		relay_reader_open(r, reader);
	if (s->stop_at_once)
		relay_stream_end(r, s, STREAM_STOPPED);
	take_early_stops(r, &s->id);
	for (int i = 0; i < s->n_lanes; i++)
		if (s->lanes[i].state == STREAM_RUNNING)
			relay_lane_start(r, &s->lanes[i]);
	relay_mark_dirty(r, s);
}

/* The readers of a shadow become the stream's own. */
static void
adopt_readers(struct relay *r, struct stream *s, struct stream *shadow)
{
	while (shadow->readers != NULL) {
		struct reader *reader = shadow->readers;

		shadow->readers = reader->next;
		reader->stream = s;
		reader->joined = true;
		reader->next = s->readers;
		s->readers = reader;
		relay_reader_open(r, reader);
	}
	if (s->n_uncommitted == 0)
		stream_finish(s, s->commit_err, &r->scratch, r->now_ms);
	relay_mark_dirty(r, s);
}

static void
start_shadow(struct relay *r, struct stream *s)
{
	s->relay = r;
	link_stream(r, s);
	for (struct reader *reader = s->readers; reader; reader = reader->next)
		relay_reader_open(r, reader);
	if (s->n_running == 0)
		stream_finish(s, ERR_OK, &r->scratch, r->now_ms);
	else if (tail_add(r->tail, &s->user, &s->id, &s->shadow_id))
		relay_readers_drop(s); /* too many are followed: they come back */
	relay_mark_dirty(r, s);
}

static int
count_readers(const struct stream *s)
{
	int n = 0;

	for (const struct reader *r = s->readers; r != NULL; r = r->next)
		n++;
	return n;
}

void
relay_stream_join(struct relay *r, struct stream *shadow)
{
	struct stream *s = shadow->n_running > 0 ?
	    find(r, &shadow->id) : NULL;

	/* A shadow keeps its reserved place, so that readers have a ceiling. */
	if (s == NULL || count_readers(s) >= STREAM_READERS_MAX) {
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

void
relay_stream_news(struct relay *r, const struct tail_news *news)
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
	relay_mark_dirty(r, s);
}

/* All readers of a shadow have joined. */
static void
drop_joined(struct relay *r, const struct uuid *user)
{
	for (struct stream *s = r->streams; s != NULL; s = s->next) {
		if (!uuid_equal(&s->user, user))
			continue;
		for (struct reader *rd = s->readers; rd != NULL; rd = rd->next)
			rd->gone |= rd->joined || s->is_shadow;
		relay_mark_dirty(r, s);
	}
}

void
relay_stream_stop(struct relay *r, const struct uuid *id, int lane)
{
	struct stream *s = find(r, id);

	if (lane == STOP_JOINED)
		drop_joined(r, id);
	else if (s == NULL)
		keep_early_stop(r, id, lane);
	else if (lane < 0)
		relay_stream_end(r, s, STREAM_STOPPED);
	else if (lane < s->n_lanes)
		relay_lane_end(r, &s->lanes[lane], STREAM_STOPPED);
}

void
relay_lane_committed(struct relay *r, struct stream_lane *lane)
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
	relay_mark_dirty(r, s);
}

static void
end_stream_for_good(struct relay *r, struct stream *s)
{
	if (s->is_shadow && s->shadow_id != 0)
		tail_remove(r->tail, s->shadow_id);
	unlink_stream(r, s);
	for (int i = 0; i < s->n_lanes; i++)
		relay_lane_drop(r, &s->lanes[i]);
	stream_free(s);
	relay_unreserve(r);
}

static void
settle_stream(struct relay *r, struct stream *s)
{
	for (int i = 0; i < s->n_lanes; i++)
		if (s->lanes[i].overflowed)
			relay_lane_end(r, &s->lanes[i], STREAM_FULL);
	for (struct reader *reader = s->readers; reader; reader = reader->next)
		relay_reader_flush(r, reader);
	relay_readers_bury(r, &s->readers);
	if (s->readers != NULL)
		return;
	if (s->stop_on_leave)
		relay_stream_end(r, s, STREAM_ABANDONED);
	if (s->n_uncommitted == 0 || s->is_shadow)
		end_stream_for_good(r, s);
}

void
relay_settle(struct relay *r)
{
	while (r->dirty != NULL) {
		struct stream *s = r->dirty;

		r->dirty = s->dirty_next;
		s->dirty = false;
		settle_stream(r, s);
	}
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
	    r->now_ms >= r->drain_until_ms + RELAY_DRAIN_SAVE_MS);

	if (s->n_running == 0 && s->n_uncommitted > 0 && late)
		stream_finish(s, ERR_UNAVAILABLE, &r->scratch, r->now_ms);
}

/* Who follows another worker's answer may do so from another worker. */
static void
drain_stream(struct relay *r, struct stream *s)
{
	if (s->is_shadow)
		relay_readers_drop(s);
	else
		relay_stream_end(r, s, STREAM_DRAINED);
}

void
relay_stream_tick(struct relay *r, struct stream *s, int64_t now_us)
{
	for (int i = 0; i < s->n_lanes; i++)
		relay_lane_check(r, &s->lanes[i], now_us);
	if (r->is_draining && r->now_ms >= r->drain_until_ms)
		drain_stream(r, s);
	for (struct reader *reader = s->readers; reader; reader = reader->next)
		relay_reader_beat(r, reader);
	check_save(r, s);
	relay_mark_dirty(r, s);
}

void
relay_streams_free(struct relay *r)
{
	while (r->streams != NULL) {
		struct stream *s = r->streams;

		unlink_stream(r, s);
		for (int i = 0; i < s->n_lanes; i++)
			relay_lane_drop(r, &s->lanes[i]);
		stream_free(s);
	}
}
