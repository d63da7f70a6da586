#include "stream/reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/response.h"
#include "stream/events.h"
#include "stream/stream.h"

/* ---- positions ---- */

struct position
reader_position(const char *text)
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

/* ---- coming ---- */

enum err
reader_add(struct stream *s, enum reader_kind kind, struct conn *conn,
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
	if (conn->forget != NULL)
		conn->forget(conn);
	sse_out_init(&r->out, conn, kind == READER_EVENTS ?
	    (size_t)SSE_OUT_QUEUE_MAX : (size_t)RESP_MAX);
	r->next = s->readers;
	s->readers = r;
	return ERR_OK;
}

/* Does it wait to ask its model once more? */
static enum err
add_wait(struct buf *out, const struct stream_lane *lane, int64_t now_ms)
{
	return lane->retry.at_ms > 0 && lane->state == STREAM_RUNNING ?
	    events_retry(out, lane, now_ms) : ERR_OK;
}

void
reader_open(struct reader *r, struct buf *scratch, int64_t now_ms)
{
	const struct stream *s = r->stream;

	if (r->kind != READER_EVENTS)
		return;
	buf_reset(scratch);
	if (buf_adds(scratch, SSE_OUT_HEAD) || events_first(scratch, s) ||
	    (r->at.given && !makes_sense(&s->lanes[0], &r->at) &&
	    add_restart(scratch, r)) ||
	    add_wait(scratch, &s->lanes[0], now_ms) ||
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

void
readers_queue(const struct stream_lane *lane, const struct llm_delta *delta,
    struct buf *scratch, int64_t now_ms)
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

void
readers_tell_retry(const struct stream_lane *lane, struct buf *scratch,
    int64_t now_ms)
{
	buf_reset(scratch);
	if (events_retry(scratch, lane, now_ms))
		return;
	for (struct reader *r = lane->stream->readers; r != NULL; r = r->next)
		if (takes_text(r) && sse_out_add(&r->out, scratch->p,
		    scratch->len, now_ms) == ERR_INTERNAL)
			r->gone = true;
}

/* ---- the end ---- */

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
reader_finish(struct reader *r, struct buf *scratch, int64_t now_ms)
{
	if (r->gone || r->ending || r->end_due)
		return;
	if (r->kind == READER_EVENTS && is_ahead(r))
		queue_restart(r, scratch, now_ms);
	if (r->behind)
		r->end_due = true;
	else
		queue_last(r, scratch, now_ms);
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
		piece_of(whole, from, READER_FEED_MAX) };

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
reader_feed(struct reader *r, struct buf *scratch, int64_t now_ms)
{
	enum sse_out_state state = sse_out_flush(&r->out);

	while (state == SSE_OUT_EMPTY && !r->ending && !r->gone &&
	    (r->behind || r->end_due)) {
		feed_more(r, scratch, now_ms);
		state = sse_out_flush(&r->out);
	}
	return r->gone ? SSE_OUT_GONE : state;
}
