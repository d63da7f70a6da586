#include "stream/events.h"

#include <stdlib.h>

#include "http/response.h"

static enum err
add_dump(struct buf *out, const json_t *value)
{
	char *text = json_dumps(value, JSON_REAL_PRECISION(RESP_DIGITS));
	enum err err;

	if (text == NULL)
		return ERR_INTERNAL;
	err = buf_adds(out, text);
	free(text);
	return err;
}

static enum err
add_event(struct buf *out, const struct stream_lane *lane, const json_t *data)
{
	size_t was = out->len;
	enum err err;

	if (lane != NULL &&
	    (err = buf_addf(out, "id: %zu.%zu\n", lane->text.len,
	    lane->reasoning.len)))
		return err;
	if ((err = buf_adds(out, "data: ")) == ERR_OK &&
	    (err = add_dump(out, data)) == ERR_OK &&
	    (err = buf_adds(out, "\n\n")) == ERR_OK)
		return ERR_OK;
	out->len = was;
	return err;
}

/* The lane of a chat. */
static const struct stream_lane *
only_lane(const struct stream *s)
{
	return &s->lanes[0];
}

enum err
events_first(struct buf *out, const struct stream *s)
{
	const struct stream_lane *lane = only_lane(s);
	char id[UUID_TEXT_SIZE], conversation[UUID_TEXT_SIZE];
	char question[UUID_TEXT_SIZE], message[UUID_TEXT_SIZE];
	json_auto_t *data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:O}",
	    "stream_id", uuid_text(&s->id, id),
	    "conversation_id", uuid_text(&s->conversation, conversation),
	    "user_message_id", uuid_text(&s->question, question),
	    "message_id", uuid_text(&lane->message_id, message),
	    "provider", lane->provider,
	    "model", lane->model,
	    "left_out", s->left_out,
	    "ignored", s->ignored);

	return data != NULL ? add_event(out, NULL, data) : ERR_INTERNAL;
}

/* By hand, not through a JSON tree: this is what runs for every token. */
enum err
events_delta(struct buf *out, const struct stream_lane *lane,
    const struct llm_delta *delta)
{
	static const char *const keys[] = {
		[LLM_TEXT] = "content",
		[LLM_REASONING] = "reasoning",
	};
	size_t was = out->len;
	enum err err;

	if ((err = buf_addf(out, "id: %zu.%zu\ndata: {\"%s\": ",
	    lane->text.len, lane->reasoning.len, keys[delta->kind])) == ERR_OK &&
	    (err = buf_add_json(out, delta->text, delta->len)) == ERR_OK &&
	    (err = buf_adds(out, "}\n\n")) == ERR_OK)
		return ERR_OK;
	out->len = was;
	return err;
}

enum err
events_restart(struct buf *out)
{
	return buf_adds(out, "data: {\"restart\": true}\n\n");
}

enum err
events_retry(struct buf *out, const struct stream_lane *lane, int64_t now_ms)
{
	const struct stream_retry *retry = &lane->retry;
	int64_t in_ms = retry->at_ms > now_ms ? retry->at_ms - now_ms : 0;
	json_auto_t *data = json_pack("{s:{s:I, s:i, s:s, s:s*, s:o*}}", "retry",
	    "in_ms", (json_int_t)in_ms,
	    "attempt", retry->attempt,
	    "code", err_code(retry->code),
	    "ignored", retry->ignored,
	    "left_out", retry->left_out > 0 ?
	    json_integer(retry->left_out) : NULL);

	return data != NULL ? add_event(out, NULL, data) : ERR_INTERNAL;
}

static json_t *
int_or_null(int64_t v)
{
	return v >= 0 ? json_integer(v) : json_null();
}

static json_t *
real_or_null(double v)
{
	return v >= 0 ? json_real(v) : json_null();
}

static json_t *
text_or_null(const char *text)
{
	return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *
usage_json(const struct msg_figures *f)
{
	if (f->usage_source == NULL)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:s}",
	    "input_tokens", int_or_null(f->input_tokens),
	    "output_tokens", int_or_null(f->output_tokens),
	    "reasoning_tokens", int_or_null(f->reasoning_tokens),
	    "source", f->usage_source);
}

static json_t *
timing_json(const struct msg_figures *f)
{
	return json_pack("{s:o, s:o, s:o, s:o}",
	    "connect_ms", int_or_null(f->connect_ms),
	    "ttft_ms", int_or_null(f->ttft_ms),
	    "total_ms", int_or_null(f->total_ms),
	    "tokens_per_second", real_or_null(f->tokens_per_second));
}

static json_t *
cost_json(const struct msg_figures *f)
{
	if (f->cost_usd < 0)
		return json_null();
	return json_pack("{s:f, s:s, s:o}",
	    "amount", f->cost_usd,
	    "currency", "USD",
	    "price_date", text_or_null(f->price_date));
}

int
events_add_figures(json_t *object, const struct msg_figures *f)
{
	if (json_object_set_new(object, "usage", usage_json(f)) != 0 ||
	    json_object_set_new(object, "timing", timing_json(f)) != 0 ||
	    json_object_set_new(object, "cost", cost_json(f)) != 0)
		return -1;
	return 0;
}

/* Seconds, rounded up; null where the provider did not say. */
static json_t *
retry_after_json(const struct stream_lane *lane)
{
	return lane->retry_after_ms >= 0 ?
	    json_integer((lane->retry_after_ms + 999) / 1000) : json_null();
}

static bool
has_text(const struct stream_lane *lane)
{
	return lane->text.len > 0 || lane->reasoning.len > 0;
}

static json_t *
error_json(const struct stream_lane *lane)
{
	char message[UUID_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:b}",
	    "error", lane->message,
	    "code", err_code(lane->err),
	    "provider_status", lane->provider_status > 0 ?
	    json_integer(lane->provider_status) : json_null(),
	    "retry_after", retry_after_json(lane),
	    "message_id", uuid_text(&lane->message_id, message),
	    "partial", has_text(lane));
}

static json_t *
done_json(const struct stream_lane *lane)
{
	char conversation[UUID_TEXT_SIZE], message[UUID_TEXT_SIZE];
	json_t *data = json_pack("{s:b, s:s, s:s, s:s}",
	    "done", true,
	    "conversation_id",
	    uuid_text(&lane->stream->conversation, conversation),
	    "message_id", uuid_text(&lane->message_id, message),
	    "finish_reason", lane->finish_reason);

	if (data != NULL && events_add_figures(data, &lane->figures) != 0) {
		json_decref(data);
		return NULL;
	}
	return data;
}

enum err
events_end(struct buf *out, const struct stream_lane *lane)
{
	json_auto_t *data = lane->err != ERR_OK ?
	    error_json(lane) : done_json(lane);

	return data != NULL ? add_event(out, lane, data) : ERR_INTERNAL;
}

static json_t *
answer_json(const struct stream_lane *lane)
{
	char conversation[UUID_TEXT_SIZE], message[UUID_TEXT_SIZE];
	json_t *data = json_pack("{s:s, s:s, s:s%, s:s}",
	    "conversation_id",
	    uuid_text(&lane->stream->conversation, conversation),
	    "message_id", uuid_text(&lane->message_id, message),
	    "response", lane->text.p, lane->text.len,
	    "finish_reason", lane->finish_reason);

	if (data == NULL)
		return NULL;
	if (lane->reasoning.len > 0)
		json_object_set_new(data, "reasoning",
		    json_stringn(lane->reasoning.p, lane->reasoning.len));
	if (events_add_figures(data, &lane->figures) != 0) {
		json_decref(data);
		return NULL;
	}
	return data;
}

static json_t *
failure_json(const struct stream_lane *lane, const char *request_id)
{
	char conversation[UUID_TEXT_SIZE];
	json_t *data = error_json(lane);

	if (data == NULL)
		return NULL;
	json_object_del(data, "code");
	json_object_set_new(data, "error", json_string(err_code(lane->err)));
	json_object_set_new(data, "message", json_string(lane->message));
	json_object_set_new(data, "conversation_id", json_string(
	    uuid_text(&lane->stream->conversation, conversation)));
	json_object_set_new(data, "request_id", json_string(request_id));
	return data;
}

json_t *
events_answer(const struct stream_lane *lane, const char *request_id,
    int *status)
{
	*status = err_status(lane->err);
	return lane->err != ERR_OK ?
	    failure_json(lane, request_id) : answer_json(lane);
}
