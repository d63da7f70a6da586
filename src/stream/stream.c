#include "stream/stream.h"

#include <stdlib.h>
#include <string.h>

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
	lane->retry.attempt = 1;
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
	llm_question_free(lane->question);
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
	llm_question_free(lane->question);
	lane->question = NULL;
	readers_queue(lane, delta, scratch, now_ms);
}

void
stream_finish(struct stream *s, enum err saved, struct buf *scratch,
    int64_t now_ms)
{
	s->saved = saved;
	for (struct reader *r = s->readers; r != NULL; r = r->next)
		reader_finish(r, scratch, now_ms);
}
