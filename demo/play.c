#include "play.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fault.h"
#include "refuse.h"

#define MS 1000000
#define BYTES_PER_TOKEN 4	/* the usual estimate for a prompt */


int64_t
play_tokens(const struct play *p)
{
	return p->answer.tokens + p->answer.thoughts;
}

void
play_frame(const struct play *p, struct buf *out, size_t start)
{
	char line[24];
	size_t n = out->n - start;
	int len;

	if (!p->is_chunked || n == 0)
		return;
	len = snprintf(line, sizeof(line), "%zx\r\n", n);
	buf_add(out, line, (size_t)len);
	memmove(out->p + start + len, out->p + start, n);
	memcpy(out->p + start, line, (size_t)len);
	buf_adds(out, "\r\n");
}

void
play_end_body(const struct play *p, struct buf *out)
{
	if (p->is_chunked)
		buf_adds(out, "0\r\n\r\n");
}

void
play_write_token(struct play *p, struct buf *out)
{
	struct answer *a = &p->answer;
	struct slice text;

	buf_clear(&p->token);
	if (a->thoughts < p->text.thoughts) {
		text_thought(&p->text, a->thoughts, &p->token);
		text = (struct slice){ p->token.p, p->token.n };
		p->dialect->write_thought(a, text, out);
		return;
	}
	text_token(&p->text, a->tokens, &p->token);
	text = (struct slice){ p->token.p, p->token.n };
	p->dialect->write_token(a, text, out);
}

bool
play_is_all_said(const struct play *p)
{
	return p->answer.thoughts == p->text.thoughts
		&& p->answer.tokens == p->text.tokens;
}

static enum play_next
step_end(struct play *p, struct buf *out)
{
	size_t start = out->n;

	p->dialect->write_end(&p->answer, out);
	play_frame(p, out, start);
	play_end_body(p, out);
	return PLAY_DONE;
}

static enum play_next
step_token(struct play *p, struct buf *out)
{
	play_step_fn *fault = fault_due(p);
	struct answer *a = &p->answer;
	size_t start = out->n;

	if (fault)
		return fault(p, out);
	if (play_is_all_said(p))
		return step_end(p, out);
	play_write_token(p, out);
	play_frame(p, out, start);
	if (a->thoughts < p->text.thoughts)
		a->thoughts++;
	else
		a->tokens++;
	/* Nothing is waited for between the last token and the end. */
	if (!play_is_all_said(p))
		p->due += p->pace_ns;
	return PLAY_WAIT;
}

static enum play_next
step_head(struct play *p, struct buf *out)
{
	size_t start;

	http_write_head(out, 200, p->dialect->stream_type);
	buf_addf(out, "Cache-Control: no-cache\r\n"
		"x-request-id: req_demo%016" PRIx64 "\r\n%s%s\r\n",
		p->answer.id,
		p->is_chunked ? "Transfer-Encoding: chunked\r\n" : "",
		p->keep ? "" : "Connection: close\r\n");
	start = out->n;
	if (!p->answer.script.norole) {
		p->dialect->write_head(&p->answer, out);
		play_frame(p, out, start);
	}
	p->due += p->answer.script.first_ms * MS;
	p->next = step_token;
	return PLAY_WAIT;
}

/* An answer that does not stream meets the same faults, each in the shape
 * that it has there: half a body, or a body that is no JSON. */
static enum play_next
break_whole(const struct play *p, struct buf *out, size_t body)
{
	const struct script *s = &p->answer.script;

	if (s->cut < 0 && s->reset < 0 && s->stall < 0)
		return PLAY_DONE;
	out->n = body + (out->n - body) / 2;
	if (s->stall >= 0)
		return PLAY_HOLD;
	return s->reset >= 0 ? PLAY_RESET : PLAY_CLOSE;
}

static void
write_whole_body(struct play *p, struct buf *body)
{
	const struct script *s = &p->answer.script;
	struct answer *a = &p->answer;
	struct buf thoughts = { 0 }, text = { 0 };

	for (; a->thoughts < p->text.thoughts; a->thoughts++)
		text_thought(&p->text, a->thoughts, &thoughts);
	for (; a->tokens < p->text.tokens && text.n < PLAY_WHOLE_MAX;
		a->tokens++)
		text_token(&p->text, a->tokens, &text);
	if (s->error >= 0)
		p->dialect->write_refusal(&(struct refusal){ .status = 500,
			.retry_ms = -1, .flavour = a->flavour,
			.model = s->model }, body);
	else
		p->dialect->write_whole(a,
			(struct slice){ thoughts.p, thoughts.n },
			(struct slice){ text.p, text.n }, body);
	if (s->badjson >= 0 || s->garbage >= 0 || s->end >= 0)
		body->n /= 2;
	buf_free(&thoughts);
	buf_free(&text);
}

static enum play_next
step_whole(struct play *p, struct buf *out)
{
	struct buf body = { 0 };
	size_t start;

	write_whole_body(p, &body);
	http_write_head(out, 200, "application/json");
	buf_addf(out, "x-request-id: req_demo%016" PRIx64 "\r\n",
		p->answer.id);
	http_write_length(out, body.n, p->keep);
	start = out->n;
	buf_add(out, body.p, body.n);
	buf_free(&body);
	return break_whole(p, out, start);
}

static struct play *
open_any(const struct play_request *rq, const struct script *s)
{
	struct slice key = rq->dialect->key(rq->http);
	struct play *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->dialect = rq->dialect;
	p->answer.script = *s;
	p->answer.flavour = rq->dialect->flavour;
	p->answer.id = rq->id;
	p->answer.created = (int64_t)time(NULL);
	p->keep = rq->http->keep && !s->connclose && !s->unchunked;
	p->is_chunked = rq->http->is_http11 && !s->unchunked;
	p->due = rq->now + s->head_ms * MS;
	buf_add(&p->key, key.p, key.n);
	p->refusal = (struct refusal){
		.status = refuse_status(rq->dialect, s),
		.is_quota = s->quota,
		.retry_ms = refuse_retry_ms(s),
		.flavour = rq->dialect->flavour,
		.model = p->answer.script.model,
		.key = { p->key.p, p->key.n },
	};
	return p;
}

static void
open_text(struct play *p, const struct ask *ask)
{
	struct answer *a = &p->answer;

	text_open(&p->text, &a->script, ask->question, ask->question_n);
	a->prompt_tokens = ask->prompt_bytes / BYTES_PER_TOKEN + 1;
	a->wants_usage = ask->wants_usage;
	if (ask->max_tokens < 0
	    || p->text.thoughts + p->text.tokens <= ask->max_tokens)
		return;
	a->is_short = true;
	if (p->text.thoughts > ask->max_tokens)
		p->text.thoughts = ask->max_tokens;
	p->text.tokens = ask->max_tokens - p->text.thoughts;
}

struct play *
play_open(const struct play_request *rq, const struct script *s)
{
	struct play *p = open_any(rq, s);

	p->pace_ns = script_pace_ns(s);
	p->next = refuse_choose(p);
	if (p->next)
		return p;
	open_text(p, rq->ask);
	p->next = rq->ask->stream && !s->whole ? step_head : step_whole;
	if (p->next == step_whole)
		p->due += s->first_ms * MS
			+ p->pace_ns * (p->text.tokens + p->text.thoughts);
	return p;
}

struct play *
play_refuse(const struct play_request *rq, const struct script *s,
	int status, const char *message)
{
	struct play *p = open_any(rq, s);

	script_heal(&p->answer.script);
	p->refusal.status = status;
	p->refusal.is_quota = false;
	if (message) {
		snprintf(p->why, sizeof(p->why), "%s", message);
		p->refusal.message = p->why;
	}
	p->next = refuse_step;
	return p;
}

struct play *
play_reject(const struct play_request *rq, const struct script *s,
	const struct pick *pick)
{
	struct play *p = play_refuse(rq, s, 400, NULL);

	p->refusal.message = pick->message;
	p->refusal.param = pick->param;
	p->refusal.code = pick->code;
	return p;
}

enum play_next
play_step(struct play *p, struct buf *out)
{
	return p->next(p, out);
}

void
play_free(struct play *p)
{
	if (!p)
		return;
	text_free(&p->text);
	buf_free(&p->token);
	buf_free(&p->key);
	free(p);
}
