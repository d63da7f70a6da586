#include "stream/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/response.h"
#include "stream/events.h"

enum { BYTES_PER_TOKEN = 4 }; /* of an estimate: English prose, roughly */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const state_names[STREAM_STATE_COUNT] = {
#define STREAM_STATE_NAME(name, text) text,
	STREAM_STATE_TABLE(STREAM_STATE_NAME)
#undef STREAM_STATE_NAME
};

const char *
stream_state_name(enum stream_state state)
{
	return state_names[state];
}

enum stream_state
stream_state_by_name(const char *name)
{
	for (size_t i = 0; i < COUNT(state_names); i++)
		if (strcmp(state_names[i], name) == 0)
			return (enum stream_state)i;
	return STREAM_FAILED;
}

static void
init_lane(struct stream_lane *lane, struct stream *s, int index,
    size_t answer_max)
{
	lane->stream = s;
	lane->index = index;
	lane->retry_after_ms = -1;
	lane->figures = msg_figures_none();
	buf_init(&lane->text, answer_max);
	buf_init(&lane->reasoning, answer_max);
}

struct stream *
stream_new(int n_lanes, size_t answer_max)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->lanes = calloc((size_t)n_lanes, sizeof(*s->lanes));
	s->ignored = json_array();
	if (s->lanes == NULL || s->ignored == NULL) {
		stream_free(s);
		return NULL;
	}
	s->n_lanes = s->n_running = s->n_uncommitted = n_lanes;
	for (int i = 0; i < n_lanes; i++)
		init_lane(&s->lanes[i], s, i, answer_max);
	return s;
}

static void
free_lane(struct stream_lane *lane)
{
	llm_call_free(lane->call);
	buf_free(&lane->text);
	buf_free(&lane->reasoning);
}

void
stream_free(struct stream *s)
{
	struct reader *next;

	if (s == NULL)
		return;
	for (int i = 0; s->lanes != NULL && i < s->n_lanes; i++)
		free_lane(&s->lanes[i]);
	for (struct reader *r = s->readers; r != NULL; r = next) {
		next = r->next;
		sse_out_free(&r->out);
		free(r);
	}
	json_decref(s->ignored);
	free(s->lanes);
	free(s);
}

enum err
stream_add_reader(struct stream *s, enum reader_kind kind, struct conn *conn,
    const char *request_id, struct position after)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		conn->close(conn);
		return ERR_INTERNAL;
	}
	r->stream = s;
	r->kind = kind;
	r->at = after;
	snprintf(r->request_id, sizeof(r->request_id), "%s", request_id);
	sse_out_init(&r->out, conn, kind == READER_EVENTS ?
	    (size_t)SSE_OUT_QUEUE_MAX : (size_t)RESP_MAX);
	r->next = s->readers;
	s->readers = r;
	return ERR_OK;
}

/* ---- positions ---- */

struct position
stream_position(const char *text)
{
	struct position p = { .given = text[0] != '\0' };
	char *end;

	if (!p.given)
		return p;
	p.bad = true;
	if (text[0] < '0' || text[0] > '9')
		return p;
	p.text = strtoull(text, &end, 10);
	if (*end++ != '.' || *end < '0' || *end > '9')
		return p;
	p.reasoning = strtoull(end, &end, 10);
	p.bad = *end != '\0';
	return p;
}

/* No character is cut in two there. */
static bool
is_boundary(const struct buf *text, size_t at)
{
	return at >= text->len || ((unsigned char)text->p[at] & 0xC0) != 0x80;
}

static bool
makes_sense(const struct stream_lane *lane, const struct position *p)
{
	bool beyond = p->text > lane->text.len ||
	    p->reasoning > lane->reasoning.len;
	bool may_be_ahead = lane->stream->is_shadow &&
	    lane->state == STREAM_RUNNING;

	return !p->bad && (!beyond || may_be_ahead) &&
	    is_boundary(&lane->text, p->text) &&
	    is_boundary(&lane->reasoning, p->reasoning);
}

static enum err
add_restart(struct buf *out, struct reader *r)
{
	r->at = (struct position){ 0 };
	return events_restart(out);
}

static bool
is_behind(const struct reader *r)
{
	const struct stream_lane *lane = &r->stream->lanes[0];

	return r->at.text < lane->text.len ||
	    r->at.reasoning < lane->reasoning.len;
}

static bool
is_ahead(const struct reader *r)
{
	const struct stream_lane *lane = &r->stream->lanes[0];

	return r->at.text > lane->text.len ||
	    r->at.reasoning > lane->reasoning.len;
}

void
stream_open_reader(struct stream *s, struct reader *r, struct buf *scratch,
    int64_t now_ms)
{
	if (r->kind != READER_EVENTS)
		return;
	buf_reset(scratch);
	if (buf_adds(scratch, SSE_OUT_HEAD) || events_first(scratch, s) ||
	    (r->at.given && !makes_sense(&s->lanes[0], &r->at) &&
	    add_restart(scratch, r)) ||
	    sse_out_add(&r->out, scratch->p, scratch->len, now_ms)) {
		r->gone = true;
		return;
	}
	r->behind = is_behind(r);
}

/* ---- text ---- */

/* Where there is no room for it now, it comes later out of the lane's text. */
static void
queue_piece(struct reader *r, const struct buf *event, enum llm_kind kind,
    size_t to, int64_t now_ms)
{
	enum err err = sse_out_add(&r->out, event->p, event->len, now_ms);

	if (err == ERR_TOO_LARGE)
		r->behind = true;
	else if (err)
		r->gone = true;
	else
		*(kind == LLM_TEXT ? &r->at.text : &r->at.reasoning) = to;
}

static size_t
stands_at(const struct reader *r, enum llm_kind kind)
{
	return kind == LLM_TEXT ? r->at.text : r->at.reasoning;
}

/* A reader that has some of it already gets the rest of it. */
static void
queue_unseen(struct reader *r, const struct stream_lane *lane,
    const struct llm_delta *delta, size_t from, struct buf *scratch,
    int64_t now_ms)
{
	size_t at = stands_at(r, delta->kind), to = from + delta->len;
	struct llm_delta rest = { delta->kind, delta->text + (at - from),
		to - at };

	if (at < from || at >= to)
		return;
	buf_reset(scratch);
	if (events_delta(scratch, lane, &rest) == ERR_OK)
		queue_piece(r, scratch, delta->kind, to, now_ms);
}

static bool
takes_text(const struct reader *r)
{
	return r->kind == READER_EVENTS && !r->gone && !r->behind;
}

static void
queue_for_readers(const struct stream_lane *lane,
    const struct llm_delta *delta, struct buf *scratch, int64_t now_ms)
{
	struct reader *readers = lane->stream->readers;
	const struct buf *whole = delta->kind == LLM_TEXT ?
	    &lane->text : &lane->reasoning;
	size_t from = whole->len - delta->len;

	buf_reset(scratch);
	if (events_delta(scratch, lane, delta))
		return;
	for (struct reader *r = readers; r != NULL; r = r->next)
		if (takes_text(r) && stands_at(r, delta->kind) == from)
			queue_piece(r, scratch, delta->kind, whole->len, now_ms);
	for (struct reader *r = readers; r != NULL; r = r->next)
		if (takes_text(r) && stands_at(r, delta->kind) < whole->len)
			queue_unseen(r, lane, delta, from, scratch, now_ms);
}

static enum err
keep(struct stream_lane *lane, const struct llm_delta *delta)
{
	if (lane->text.len + lane->reasoning.len + delta->len > lane->text.max)
		return ERR_TOO_LARGE;
	return buf_add(delta->kind == LLM_TEXT ? &lane->text : &lane->reasoning,
	    delta->text, delta->len);
}

void
stream_append(struct stream_lane *lane, const struct llm_delta *delta,
    struct buf *scratch, int64_t now_ms)
{
	if (lane->state != STREAM_RUNNING || lane->overflowed)
		return;
	if (keep(lane, delta)) {
		lane->overflowed = true;
		return;
	}
	lane->n_deltas++;
	queue_for_readers(lane, delta, scratch, now_ms);
}

/* How each end that a provider can come to is called. */
static const struct finish_row {
	enum stream_state state;
	const char *reason;
} finish_rows[] = {
	[LLM_FINISH_NONE] = { STREAM_INTERRUPTED, NULL },
	[LLM_FINISH_STOP] = { STREAM_COMPLETE, "stop" },
	[LLM_FINISH_TOOL] = { STREAM_COMPLETE, "tool" },
	[LLM_FINISH_LENGTH] = { STREAM_LENGTH, "length" },
	[LLM_FINISH_REFUSAL] = { STREAM_REFUSED, "refusal" },
	[LLM_FINISH_FILTER] = { STREAM_REFUSED, "content_filter" },
};

static const struct cause_row {
	enum stream_state state;
	enum err err;
	const char *reason;
	const char *message;
} cause_rows[] = {
	[STREAM_STOPPED] = { STREAM_CANCELLED, ERR_OK, "cancelled", "" },
	[STREAM_ABANDONED] = { STREAM_CANCELLED, ERR_OK, "abandoned", "" },
	[STREAM_FULL] = { STREAM_LENGTH, ERR_OK, "length", "" },
	[STREAM_DRAINED] = { STREAM_INTERRUPTED, ERR_INTERRUPTED, NULL,
		"The server was restarted. What came is kept." },
};

const char *
stream_finish_reason(const char *text)
{
	for (size_t i = 0; i < COUNT(finish_rows); i++)
		if (finish_rows[i].reason != NULL &&
		    strcmp(finish_rows[i].reason, text) == 0)
			return finish_rows[i].reason;
	for (size_t i = 0; i < COUNT(cause_rows); i++)
		if (cause_rows[i].reason != NULL &&
		    strcmp(cause_rows[i].reason, text) == 0)
			return cause_rows[i].reason;
	return NULL;
}

/* Errors after which the text that came is worth going on from. */
static bool
breaks_off(enum err err)
{
	return err == ERR_NETWORK || err == ERR_PROVIDER_UNAVAILABLE ||
	    err == ERR_PROTOCOL || err == ERR_TIMEOUT;
}

static void
settle_failure(struct stream_lane *lane, const struct llm_end *end)
{
	bool text_came = lane->text.len > 0 || lane->reasoning.len > 0;

	lane->state = text_came && breaks_off(end->err) ?
	    STREAM_INTERRUPTED : STREAM_FAILED;
	lane->err = end->err;
	snprintf(lane->message, sizeof(lane->message), "%s",
	    end->message[0] != '\0' ? end->message : err_sentence(end->err));
}

static void
settle_by_provider(struct stream_lane *lane, const struct llm_end *end)
{
	lane->provider_status = end->provider_status;
	lane->retry_after_ms = end->retry_after_ms;
	snprintf(lane->note, sizeof(lane->note), "%s", end->note);
	if (end->err != ERR_OK) {
		settle_failure(lane, end);
		return;
	}
	lane->state = finish_rows[end->finish].state;
	lane->finish_reason = finish_rows[end->finish].reason;
}

static void
settle_by_cause(struct stream_lane *lane, enum stream_cause cause)
{
	const struct cause_row *row = &cause_rows[cause];

	lane->state = row->state;
	lane->err = row->err;
	lane->finish_reason = row->reason;
	snprintf(lane->message, sizeof(lane->message), "%s", row->message);
}

static int64_t
tokens_of(int64_t bytes)
{
	return (bytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN;
}

static void
set_usage(struct stream_lane *lane, const struct llm_usage *usage)
{
	struct msg_figures *f = &lane->figures;

	if (usage->output >= 0) {
		f->input_tokens = usage->input;
		f->output_tokens = usage->output;
		f->reasoning_tokens = usage->reasoning;
		f->usage_source = "provider";
		return;
	}
	if (lane->call == NULL)
		return; /* nobody was asked */
	if (lane->text.len + lane->reasoning.len == 0 && lane->err != ERR_OK)
		return; /* nothing came: nothing to estimate */
	f->input_tokens = tokens_of(lane->input_bytes);
	f->reasoning_tokens = tokens_of((int64_t)lane->reasoning.len);
	f->output_tokens = tokens_of((int64_t)lane->text.len) +
	    f->reasoning_tokens;
	f->usage_source = "estimate";
}

static int64_t
span_ms(int64_t from_us, int64_t to_us)
{
	return from_us > 0 && to_us >= from_us ? (to_us - from_us) / 1000 : -1;
}

/* More digits than that nobody measured. */
static double
tenths(double v)
{
	return (double)(int64_t)(v * 10 + 0.5) / 10;
}

/*
 * An answer that came in one piece has no speed: the time between its first and
 * its last piece is nothing.
 */
static double
tokens_per_second(const struct stream_lane *lane, const struct llm_times *t)
{
	int64_t us = t->last_delta - t->first_delta;

	if (lane->n_deltas < 2 || us <= 0 || lane->figures.output_tokens < 1)
		return -1;
	return tenths((double)lane->figures.output_tokens * 1e6 / (double)us);
}

static void
set_timing(struct stream_lane *lane, const struct llm_times *t)
{
	struct msg_figures *f = &lane->figures;

	f->connect_ms = span_ms(t->began, t->connected);
	f->ttft_ms = span_ms(t->began, t->first_delta);
	f->total_ms = span_ms(t->began, clock_us());
	f->tokens_per_second = tokens_per_second(lane, t);
}

static void
set_cost(struct stream_lane *lane)
{
	struct msg_figures *f = &lane->figures;
	struct llm_usage usage = {
		f->input_tokens, f->output_tokens, f->reasoning_tokens,
	};

	if (lane->known == NULL || f->usage_source == NULL ||
	    !catalog_cost(lane->known, &usage, &f->cost_usd))
		return;
	snprintf(f->price_date, sizeof(f->price_date), "%s",
	    lane->known->price.date);
}

void
stream_settle(struct stream_lane *lane, enum stream_cause cause)
{
	struct llm_end end = { .usage = { -1, -1, -1 }, .retry_after_ms = -1 };
	struct llm_times none = { 0 };

	if (lane->call != NULL)
		llm_call_end(lane->call, &end);
	if (cause == STREAM_ENDED)
		settle_by_provider(lane, &end);
	else
		settle_by_cause(lane, cause);
	set_usage(lane, &end.usage);
	set_timing(lane, lane->call != NULL ? llm_call_times(lane->call) : &none);
	set_cost(lane);
	lane->ended_at = clock_wall_ms();
	lane->ended_ms = clock_ms();
	lane->stream->n_running--;
}

static enum err
write_answer(struct buf *out, const struct stream_lane *lane,
    const struct reader *r)
{
	int status;
	json_auto_t *body = events_answer(lane, r->request_id, &status);

	return body != NULL ? resp_json(out, status, body) : ERR_INTERNAL;
}

/* The lane as its readers are to see it where it could not be saved. */
static struct stream_lane
unsaved(const struct stream_lane *lane, enum err saved)
{
	struct stream_lane told = *lane;

	told.err = saved == ERR_NOT_FOUND ? ERR_INTERRUPTED : saved;
	snprintf(told.message, sizeof(told.message), "%s",
	    saved == ERR_NOT_FOUND ?
	    "This answer was ended or deleted elsewhere." :
	    "The answer could not be saved yet. Copy it before you leave.");
	return told;
}

static enum err
write_last(struct buf *out, const struct reader *r)
{
	const struct stream *s = r->stream;
	struct stream_lane told = s->lanes[0];

	if (s->saved != ERR_OK)
		told = unsaved(&s->lanes[0], s->saved);
	if (r->kind == READER_ANSWER)
		return write_answer(out, &told, r);
	return events_end(out, &told);
}

static void
queue_last(struct reader *r, struct buf *scratch, int64_t now_ms)
{
	buf_reset(scratch);
	if (write_last(scratch, r) ||
	    sse_out_add(&r->out, scratch->p, scratch->len, now_ms))
		r->gone = true;
	r->ending = true;
}

/* A reader that has seen more than was kept is shown what was kept. */
static void
queue_restart(struct reader *r, struct buf *scratch, int64_t now_ms)
{
	buf_reset(scratch);
	if (add_restart(scratch, r) ||
	    sse_out_add(&r->out, scratch->p, scratch->len, now_ms))
		r->gone = true;
	r->behind = is_behind(r);
}

void
stream_finish(struct stream *s, enum err saved, struct buf *scratch,
    int64_t now_ms)
{
	s->saved = saved;
	for (struct reader *r = s->readers; r != NULL; r = r->next) {
		if (r->gone || r->ending || r->end_due)
			continue;
		if (r->kind == READER_EVENTS && is_ahead(r))
			queue_restart(r, scratch, now_ms);
		if (r->behind)
			r->end_due = true;
		else
			queue_last(r, scratch, now_ms);
	}
}

/* ---- feeding ---- */

/* At most so many bytes from there on, and no character cut in two. */
static size_t
piece_of(const struct buf *text, size_t from, size_t most)
{
	size_t n = text->len - from;

	if (n <= most)
		return n;
	while (!is_boundary(text, from + most))
		most--;
	return most;
}

/* The next piece that a reader who is behind has not had: reasoning first. */
static void
queue_next(struct reader *r, struct buf *scratch, int64_t now_ms)
{
	const struct stream_lane *lane = &r->stream->lanes[0];
	struct stream_lane then = *lane; /* as it stood after this piece */
	enum llm_kind kind = r->at.reasoning < lane->reasoning.len ?
	    LLM_REASONING : LLM_TEXT;
	const struct buf *whole = kind == LLM_TEXT ?
	    &lane->text : &lane->reasoning;
	size_t from = stands_at(r, kind);
	struct llm_delta piece = { kind, whole->p + from,
		piece_of(whole, from, STREAM_FEED_MAX) };

	then.text.len = r->at.text;
	then.reasoning.len = r->at.reasoning;
	*(kind == LLM_TEXT ? &then.text.len : &then.reasoning.len) +=
	    piece.len;
	buf_reset(scratch);
	if (events_delta(scratch, &then, &piece))
		r->gone = true;
	else
		queue_piece(r, scratch, kind, from + piece.len, now_ms);
}

static void
feed_more(struct reader *r, struct buf *scratch, int64_t now_ms)
{
	r->behind = is_behind(r);
	if (r->behind)
		queue_next(r, scratch, now_ms);
	else if (r->end_due)
		queue_last(r, scratch, now_ms);
}

enum sse_out_state
stream_feed(struct reader *r, struct buf *scratch, int64_t now_ms)
{
	enum sse_out_state state = sse_out_flush(&r->out);

	while (state == SSE_OUT_EMPTY && !r->ending && !r->gone &&
	    (r->behind || r->end_due)) {
		feed_more(r, scratch, now_ms);
		state = sse_out_flush(&r->out);
	}
	return r->gone ? SSE_OUT_GONE : state;
}
