#include "stream/replay.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "stream/settle.h"

static void
copy_end(struct stream_lane *lane, const struct msg *row)
{
	lane->state = stream_state_by_name(row->state);
	lane->finish_reason = settle_reason(row->finish_reason);
	lane->err = row->error_code[0] != '\0' ?
	    err_by_code(row->error_code) : ERR_OK;
	snprintf(lane->message, sizeof(lane->message), "%s",
	    row->error_message);
	lane->figures = row->figures;
	/* The row's own copy of the word does not outlive it. */
	if (lane->figures.usage_source != NULL)
		lane->figures.usage_source =
		    strcmp(row->usage_source, "provider") == 0 ?
		    "provider" : "estimate";
	lane->ended_ms = clock_ms();
	lane->stream->n_running = lane->stream->n_uncommitted = 0;
}

static void
append(struct stream_lane *lane, enum llm_kind kind, const char *text,
    size_t len, struct buf *scratch, int64_t now_ms)
{
	struct llm_delta delta = { kind, text, len };

	if (len > 0)
		stream_append(lane, &delta, scratch, now_ms);
}

void
replay_end(struct stream *s, const struct msg *row, struct buf *scratch,
    int64_t now_ms)
{
	struct stream_lane *lane = &s->lanes[0];

	if (row->reasoning_len > lane->reasoning.len)
		append(lane, LLM_REASONING,
		    row->reasoning + lane->reasoning.len,
		    row->reasoning_len - lane->reasoning.len, scratch, now_ms);
	if (row->text_len > lane->text.len)
		append(lane, LLM_TEXT, row->text + lane->text.len,
		    row->text_len - lane->text.len, scratch, now_ms);
	copy_end(lane, row);
}

struct stream *
replay_new(const struct uuid *user, const struct msg *row)
{
	struct stream *s = stream_new(1, DB_CELL_MAX);
	struct stream_lane *lane;
	struct buf scratch;

	if (s == NULL)
		return NULL;
	lane = &s->lanes[0];
	s->is_shadow = true;
	s->id = lane->message_id = row->id;
	s->user = *user;
	s->conversation = row->conversation;
	s->question = row->parent;
	s->left_out = row->left_out;
	snprintf(lane->provider, sizeof(lane->provider), "%s", row->provider);
	snprintf(lane->model, sizeof(lane->model), "%s", row->model);
	if (strcmp(row->state, stream_state_name(STREAM_RUNNING)) == 0)
		return s;
	buf_init(&scratch, 0); /* nobody reads yet: no event is made */
	replay_end(s, row, &scratch, clock_ms());
	return s;
}
