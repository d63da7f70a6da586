/*
 * Asking once more.  While a lane waits for that its call is over and out of
 * curl's hands, and the lane still runs: it can be stopped, and its readers are
 * told how long it waits.
 */
#include "stream/relay_private.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "base/log.h"
#include "llm/retry.h"

static void
log_retry(const struct stream_lane *lane, const struct llm_end *end)
{
	char id[UUID_TEXT_SIZE];
	const struct log_field fields[] = {
		{ "message_id", uuid_text(&lane->message_id, id), 0 },
		{ "provider", lane->provider, 0 },
		{ "model", lane->model, 0 },
		{ "code", err_code(end->err), 0 },
		{ "provider_status", NULL, end->provider_status },
		{ "in_ms", NULL, lane->retry.in_ms },
		{ "attempt", NULL, lane->retry.attempt },
		{ "note", end->note, 0 },
		{ NULL, NULL, 0 },
	};

	log_fields(LOG_INFO, "retry", fields);
}

/* Once something of the answer has come, it was paid for. */
static bool
may_retry(const struct relay *r, const struct stream_lane *lane)
{
	return lane->question != NULL && lane->call != NULL &&
	    lane->n_deltas == 0 && !r->is_draining;
}

/* What the model will not be told is told to whoever reads this, now and
 * later: in the first event. */
static void
note_ignored(struct stream_lane *lane, enum llm_param param)
{
	const char *name = llm_param_name(param);

	lane->retry.ignored = name;
	if (name != NULL)
		json_array_append_new(lane->stream->ignored,
		    json_string(name));
}

/* Our guess of what the model can take was too high. */
static bool
shorten(struct stream_lane *lane)
{
	size_t n = llm_question_shorten(lane->question);

	lane->stream->left_out += (int)n;
	lane->retry.left_out = lane->stream->left_out;
	return n > 0;
}

static bool
leave_out(struct stream_lane *lane, enum llm_param rejected)
{
	if (!llm_question_relent(lane->question, rejected))
		return false;
	note_ignored(lane, rejected);
	return true;
}

/* Another request at once, where this one cannot be taken as it is. */
static bool
change_request(struct stream_lane *lane, const struct llm_end *end)
{
	if (lane->retry.changes >= LLM_RETRY_CHANGES_MAX)
		return false;
	lane->retry.ignored = NULL;
	lane->retry.left_out = 0;
	if (!(end->err == ERR_CONTEXT_LENGTH ? shorten(lane) :
	    leave_out(lane, end->rejected)))
		return false;
	lane->retry.changes++;
	lane->retry.in_ms = 0;
	return true;
}

/* The same request later. */
static bool
wait_for_it(struct relay *r, struct stream_lane *lane,
    const struct llm_end *end)
{
	struct llm_tries tries = {
		.repeats = lane->retry.repeats,
		.repeats_max = r->conf->limits_retries,
		.left_ms = llm_call_left_ms(lane->call, clock_us()),
	};
	unsigned dice;

	crypt_random(&dice, sizeof(dice));
	lane->retry.in_ms = llm_retry_wait(&tries, end, dice);
	if (lane->retry.in_ms < 0)
		return false;
	lane->retry.repeats++;
	return true;
}

static void
ask_again(struct relay *r, struct stream_lane *lane)
{
	lane->retry.at_ms = 0;
	if (llm_call_again(lane->call, &lane->question->request) == ERR_OK)
		relay_lane_start(r, lane);
	else
		relay_lane_end(r, lane, STREAM_ENDED);
}

bool
relay_lane_retry(struct relay *r, struct stream_lane *lane)
{
	struct llm_end end;

	if (!may_retry(r, lane))
		return false;
	llm_call_end(lane->call, &end);
	if (!change_request(lane, &end) && !wait_for_it(r, lane, &end))
		return false;
	if (lane->in_multi)
		curl_multi_remove_handle(r->multi, llm_call_easy(lane->call));
	lane->in_multi = false;
	lane->retry.attempt++;
	lane->retry.code = end.err;
	lane->retry.at_ms = r->now_ms + lane->retry.in_ms;
	log_retry(lane, &end);
	readers_tell_retry(lane, &r->scratch, r->now_ms);
	relay_mark_dirty(r, lane->stream);
	if (lane->retry.in_ms == 0)
		ask_again(r, lane);
	return true;
}

void
relay_lane_retry_due(struct relay *r, struct stream_lane *lane)
{
	if (r->now_ms >= lane->retry.at_ms)
		ask_again(r, lane);
}
