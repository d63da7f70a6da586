#include "stream/settle.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { BYTES_PER_TOKEN = 4 }; /* of an estimate: English prose, roughly */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

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
settle_reason(const char *text)
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
	if (lane->call == NULL || lane->retry.at_ms > 0)
		return; /* nobody was asked, or answered */
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
set_cost(struct stream_lane *lane, int64_t cached)
{
	struct msg_figures *f = &lane->figures;
	struct llm_usage usage = {
		f->input_tokens, f->output_tokens, f->reasoning_tokens, cached,
	};

	if (lane->known == NULL || f->usage_source == NULL ||
	    !catalog_cost(lane->known, &usage, &f->cost_usd))
		return;
	snprintf(f->price_date, sizeof(f->price_date), "%s",
	    lane->known->price.date);
}

void
settle_lane(struct stream_lane *lane, enum stream_cause cause)
{
	struct llm_end end = {
		.usage = { -1, -1, -1, -1 }, .retry_after_ms = -1,
	};
	struct llm_times none = { 0 };

	if (lane->call != NULL)
		llm_call_end(lane->call, &end);
	if (cause == STREAM_ENDED)
		settle_by_provider(lane, &end);
	else
		settle_by_cause(lane, cause);
	set_usage(lane, &end.usage);
	set_timing(lane, lane->call != NULL ? llm_call_times(lane->call) : &none);
	set_cost(lane, end.usage.cached);
	lane->ended_at = clock_wall_ms();
	lane->ended_ms = clock_ms();
	lane->stream->n_running--;
}
