/* Anthropic Messages, as api.anthropic.com writes it: each event has a name,
 * which is also its `type`; an answer is blocks; the JSON of an event is padded
 * with blanks before its last brace. */
#include <inttypes.h>
#include <string.h>

#include "anthropic.h"

#define PADDING "              "
#define PADDING_STEP 5		/* so that it differs from event to event */

static bool
is_ask(struct slice path)
{
	return slice_is(path, "/v1/messages");
}

static struct slice
key(const struct http_request *rq)
{
	return http_header(rq, "x-api-key");
}

/* ---- the stream ---- */

static void
begin_event(const struct answer *a, const char *type, struct buf *out)
{
	buf_addf(out, "event: %s%sdata: {\"type\":\"%s\"", type,
		a->script.crlf ? "\r\n" : "\n", type);
}

static void
end_event(const struct answer *a, struct buf *out)
{
	int64_t n = (a->tokens + a->thoughts) * PADDING_STEP
		% (int64_t)sizeof(PADDING);

	buf_addf(out, "%.*s}%s", (int)n, PADDING,
		a->script.crlf ? "\r\n\r\n" : "\n\n");
}

/* A part of what was read came from the cache, and a part went into it. */
static void
write_usage(const struct answer *a, struct buf *out)
{
	int64_t part = a->prompt_tokens / 4;

	buf_addf(out, "\"usage\":{\"input_tokens\":%" PRId64
		",\"cache_creation_input_tokens\":%" PRId64
		",\"cache_read_input_tokens\":%" PRId64
		",\"output_tokens\":%" PRId64, a->prompt_tokens - 2 * part,
		part, part, a->tokens + a->thoughts);
	if (a->thoughts > 0)
		buf_addf(out, ",\"output_tokens_details\":"
			"{\"thinking_tokens\":%" PRId64 "}", a->thoughts);
	buf_adds(out, "}");
}

static void
begin_message(const struct answer *a, struct buf *out)
{
	buf_addf(out, "\"id\":\"msg_demo%016" PRIx64 "\",\"type\":"
		"\"message\",\"role\":\"assistant\",\"model\":\"%s\","
		"\"content\":[", a->id, a->script.model);
}

static void
write_head(const struct answer *a, struct buf *out)
{
	begin_event(a, "message_start", out);
	buf_adds(out, ",\"message\":{");
	begin_message(a, out);
	buf_adds(out, "],\"stop_reason\":null,\"stop_sequence\":null");
	if (!a->script.nousage) {
		buf_adds(out, ",");
		write_usage(a, out);
	}
	buf_adds(out, "}");
	end_event(a, out);
	begin_event(a, "ping", out);
	end_event(a, out);
}

static void
begin_block(const struct answer *a, int index, const char *block,
	struct buf *out)
{
	begin_event(a, "content_block_start", out);
	buf_addf(out, ",\"index\":%d,\"content_block\":%s", index, block);
	end_event(a, out);
}

static void
end_block(const struct answer *a, int index, struct buf *out)
{
	begin_event(a, "content_block_stop", out);
	buf_addf(out, ",\"index\":%d", index);
	end_event(a, out);
}

static void
write_delta(const struct answer *a, int index, const char *before,
	struct slice text, struct buf *out)
{
	begin_event(a, "content_block_delta", out);
	buf_addf(out, ",\"index\":%d,\"delta\":{%s\"", index, before);
	buf_add(out, text.p, text.n);
	buf_adds(out, "\"}");
	end_event(a, out);
}

#define SIGNATURE ((struct slice){ "ZGVtbw==", 8 })

static void
end_thinking(const struct answer *a, struct buf *out)
{
	write_delta(a, 0, "\"type\":\"signature_delta\",\"signature\":",
		SIGNATURE, out);
	end_block(a, 0, out);
}

static void
write_thought(const struct answer *a, struct slice text, struct buf *out)
{
	if (a->thoughts == 0)
		begin_block(a, 0, "{\"type\":\"thinking\",\"thinking\":\"\","
			"\"signature\":\"\"}", out);
	write_delta(a, 0, "\"type\":\"thinking_delta\",\"thinking\":", text,
		out);
}

static int
text_index(const struct answer *a)
{
	return a->thoughts > 0;
}

static void
write_token(const struct answer *a, struct slice text, struct buf *out)
{
	if (a->tokens == 0 && a->thoughts > 0)
		end_thinking(a, out);
	if (a->tokens == 0)
		begin_block(a, text_index(a), "{\"type\":\"text\","
			"\"text\":\"\"}", out);
	write_delta(a, text_index(a), "\"type\":\"text_delta\",\"text\":",
		text, out);
}

static void
write_stop(const struct answer *a, struct buf *out)
{
	if (a->script.length || a->is_short)
		buf_adds(out, "\"stop_reason\":\"max_tokens\"");
	else if (a->script.refusal)
		buf_adds(out, "\"stop_reason\":\"refusal\",\"stop_details\":"
			"{\"type\":\"refusal\",\"category\":\"cyber\","
			"\"explanation\":\"This request was blocked under "
			"the Usage Policy.\"}");
	else
		buf_adds(out, "\"stop_reason\":\"end_turn\"");
	buf_adds(out, ",\"stop_sequence\":null");
}

static void
write_fault(const struct answer *a, const char *type, const char *message,
	struct buf *out)
{
	begin_event(a, "error", out);
	buf_addf(out, ",\"error\":{\"details\":null,\"type\":\"%s\","
		"\"message\":\"%s\"}", type, message);
	end_event(a, out);
}

static void
write_message_delta(const struct answer *a, struct buf *out)
{
	begin_event(a, "message_delta", out);
	buf_adds(out, ",\"delta\":{");
	write_stop(a, out);
	buf_adds(out, "}");
	if (!a->script.nousage) {
		buf_adds(out, ",");
		write_usage(a, out);
	}
	end_event(a, out);
}

/* Its content filter has no stop_reason, it is an error. */
static void
write_end(const struct answer *a, struct buf *out)
{
	if (a->tokens > 0)
		end_block(a, text_index(a), out);
	else if (a->thoughts > 0)
		end_thinking(a, out);
	if (a->script.filter) {
		write_fault(a, "invalid_request_error",
			"Output blocked by content filtering policy", out);
		return;
	}
	if (!a->script.nofinish)
		write_message_delta(a, out);
	if (!a->script.nodone) {
		begin_event(a, "message_stop", out);
		end_event(a, out);
	}
}

static void
write_error(const struct answer *a, struct buf *out)
{
	write_fault(a, "overloaded_error", "Overloaded", out);
}

static void
write_bad(const struct answer *a, struct buf *out)
{
	begin_event(a, "content_block_delta", out);
	buf_adds(out, ",,");
	end_event(a, out);
}

/* ---- what does not stream ---- */

static void
write_whole(const struct answer *a, struct slice thoughts, struct slice text,
	struct buf *out)
{
	buf_adds(out, "{");
	begin_message(a, out);
	if (thoughts.n > 0) {
		buf_adds(out, "{\"type\":\"thinking\",\"thinking\":\"");
		buf_add(out, thoughts.p, thoughts.n);
		buf_adds(out, "\",\"signature\":\"ZGVtbw==\"},");
	}
	buf_adds(out, "{\"type\":\"text\",\"text\":\"");
	buf_add(out, text.p, text.n);
	buf_adds(out, "\"}],");
	if (a->script.nofinish)
		buf_adds(out, "\"stop_reason\":null");
	else
		write_stop(a, out);
	if (!a->script.nousage) {
		buf_adds(out, ",");
		write_usage(a, out);
	}
	buf_adds(out, "}\n");
}

/* `%m` in a message is the model. */
static const struct error_row {
	int status;
	const char *type, *message;
} ERRORS[] = {
	{ 400, "invalid_request_error",
		"prompt is too long: 9001 tokens > 8192 maximum" },
	{ 401, "authentication_error", "invalid x-api-key" },
	{ 402, "billing_error", "There is a problem with your billing." },
	{ 403, "permission_error", "Your API key does not have permission to "
		"use the specified resource." },
	{ 404, "not_found_error", "model: %m" },
	{ 413, "request_too_large", "Request exceeds the maximum size" },
	{ 429, "rate_limit_error", "This request would exceed your "
		"organization's rate limit of 50 requests per minute." },
	{ 504, "timeout_error", "Request timed out." },
	{ 529, "overloaded_error", "Overloaded" },
	{ 0, "api_error", "Internal server error" },
};

#define QUOTA "Your credit balance is too low to access the Anthropic API. " \
	"Please go to Plans & Billing to upgrade or purchase credits."

static const struct error_row *
find_error(int status)
{
	size_t i = 0;

	while (ERRORS[i].status != 0 && ERRORS[i].status != status)
		i++;
	return &ERRORS[i];
}

static void
add_message(const char *m, const char *model, struct buf *out)
{
	for (; *m; m++) {
		if (m[0] == '%' && m[1] == 'm') {
			buf_add_json(out, model, strlen(model));
			m++;
		} else {
			buf_add_json(out, m, 1);
		}
	}
}

/* What is too long is told in its own words, which are all there is. */
static const char *
message_of(const struct refusal *r, const struct error_row *row)
{
	if (r->is_quota)
		return QUOTA;
	if (r->code && strstr(r->code, "context_length"))
		return row->message;
	return r->message ? r->message : row->message;
}

static void
write_refusal(const struct refusal *r, struct buf *out)
{
	const struct error_row *row = find_error(r->status);

	buf_addf(out, "{\"type\":\"error\",\"error\":{\"type\":\"%s\","
		"\"message\":\"", row->type);
	add_message(message_of(r, row), r->model, out);
	buf_adds(out, "\"},\"request_id\":\"req_demo\"}");
}

static void
write_models(struct buf *out)
{
	const char *name, *first = script_model_name(0), *last = first;

	buf_adds(out, "{\"data\":[");
	for (size_t i = 0; (name = script_model_name(i)) != NULL; i++) {
		buf_addf(out, "%s{\"type\":\"model\",\"id\":\"%s\","
			"\"display_name\":\"%s\",\"created_at\":"
			"\"2026-11-22T00:00:00Z\",\"max_input_tokens\":32000,"
			"\"max_tokens\":8192}", i ? "," : "", name, name);
		last = name;
	}
	buf_addf(out, "],\"has_more\":false,\"first_id\":\"%s\","
		"\"last_id\":\"%s\"}\n", first, last);
}

const struct dialect DIALECT_ANTHROPIC = {
	.name = "anthropic",
	.is_ask = is_ask,
	.read = anthropic_read,
	.object = anthropic_object,
	.key = key,
	.quota_status = 400,
	.stream_type = "text/event-stream; charset=utf-8",
	.write_head = write_head,
	.write_thought = write_thought,
	.write_token = write_token,
	.write_end = write_end,
	.write_error = write_error,
	.write_bad = write_bad,
	.write_whole = write_whole,
	.write_refusal = write_refusal,
	.models_path = "/v1/models",
	.models_header = ANTHROPIC_VERSION,
	.write_models = write_models,
};
