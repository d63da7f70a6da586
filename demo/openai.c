/* OpenAI Chat Completions, as api.openai.com writes it: one `data:` line per
 * event, no event names, compact JSON, `[DONE]` at the end; with what a
 * flavour changes of that. */
#include "openai.h"

#include <inttypes.h>

#define NO_TEXT ((struct slice){ NULL, 0 })

static bool
is_ask(struct slice path)
{
	return slice_is(path, "/v1/chat/completions");
}

void
openai_end_event(const struct answer *a, struct buf *out)
{
	buf_adds(out, a->script.crlf || a->flavour->is_crlf
		? "\r\n\r\n" : "\n\n");
}

static void
begin_chunk(const struct answer *a, struct buf *out)
{
	buf_addf(out, "data: {\"id\":\"chatcmpl-demo%016" PRIx64 "\","
		"\"object\":\"chat.completion.chunk\",\"created\":%" PRId64
		",\"model\":\"%s\",\"service_tier\":\"default\","
		"\"system_fingerprint\":\"fp_demo\"",
		a->id, a->created, a->script.model);
}

void
openai_write_choice(const struct answer *a, const char *before,
	struct slice text, const char *after, const char *finish,
	struct buf *out)
{
	begin_chunk(a, out);
	buf_adds(out, ",\"choices\":[{\"index\":0,\"delta\":{");
	buf_adds(out, before);
	buf_add(out, text.p, text.n);
	buf_adds(out, after);
	buf_adds(out, "},\"logprobs\":null,");
	if (a->flavour->choice_more)
		buf_addf(out, "%s,", a->flavour->choice_more);
	buf_adds(out, "\"finish_reason\":");
	buf_addf(out, finish ? "\"%s\"}]" : "null}]", finish);
}

static void
write_choice(const struct answer *a, const char *before, struct slice text,
	const char *after, struct buf *out)
{
	openai_write_choice(a, before, text, after, NULL, out);
	if (a->wants_usage && a->flavour->usage == USAGE_CHUNK)
		buf_adds(out, ",\"usage\":null");
	buf_adds(out, "}");
	openai_end_event(a, out);
}

void
openai_write_head(const struct answer *a, struct buf *out)
{
	if (a->flavour->before) {
		buf_adds(out, a->flavour->before);
		openai_end_event(a, out);
	}
	write_choice(a, "\"role\":\"assistant\",\"content\":\"\","
		"\"refusal\":null", NO_TEXT, "", out);
}

void
openai_write_thought(const struct answer *a, struct slice text,
	struct buf *out)
{
	char name[32];

	snprintf(name, sizeof(name), "\"%s\":\"", a->flavour->thought);
	write_choice(a, name, text, "\"", out);
}

void
openai_write_token(const struct answer *a, struct slice text,
	struct buf *out)
{
	write_choice(a, a->script.refusal ? "\"refusal\":\""
		: "\"content\":\"", text, "\"", out);
}

static const char *
finish_reason(const struct answer *a)
{
	if (a->script.length || a->is_short)
		return "length";
	return a->script.filter ? "content_filter" : "stop";
}

void
openai_write_usage(const struct answer *a, struct buf *out)
{
	int64_t sum = a->tokens + a->thoughts;

	buf_addf(out, "\"usage\":{\"prompt_tokens\":%" PRId64
		",\"completion_tokens\":%" PRId64 ",\"total_tokens\":%" PRId64
		",\"prompt_tokens_details\":{\"cached_tokens\":0,"
		"\"audio_tokens\":0},\"completion_tokens_details\":"
		"{\"reasoning_tokens\":%" PRId64 ",\"audio_tokens\":0,"
		"\"accepted_prediction_tokens\":0,"
		"\"rejected_prediction_tokens\":0}}",
		a->prompt_tokens, sum, a->prompt_tokens + sum, a->thoughts);
}

/* Usage as it stands in the chunk of the finish reason. */
static void
write_last_usage(const struct answer *a, struct buf *out)
{
	if (a->flavour->usage == USAGE_CHUNK || a->script.nousage) {
		buf_adds(out, a->wants_usage ? ",\"usage\":null" : "");
		return;
	}
	buf_adds(out, a->flavour->usage == USAGE_X_GROQ
		? ",\"x_groq\":{\"id\":\"req_demo\"," : ",");
	openai_write_usage(a, out);
	buf_adds(out, a->flavour->usage == USAGE_X_GROQ ? "}" : "");
}

static void
write_finish(const struct answer *a, struct buf *out)
{
	openai_write_choice(a, "", NO_TEXT, "", finish_reason(a), out);
	write_last_usage(a, out);
	buf_adds(out, "}");
	openai_end_event(a, out);
}

static void
write_usage_chunk(const struct answer *a, struct buf *out)
{
	begin_chunk(a, out);
	buf_adds(out, ",\"choices\":[],");
	openai_write_usage(a, out);
	buf_adds(out, "}");
	openai_end_event(a, out);
}

static void
write_done(const struct answer *a, struct buf *out)
{
	buf_adds(out, "data: [DONE]");
	openai_end_event(a, out);
}

void
openai_write_end(const struct answer *a, struct buf *out)
{
	if (!a->script.nofinish)
		write_finish(a, out);
	if (a->wants_usage && !a->script.nousage
		&& a->flavour->usage == USAGE_CHUNK)
		write_usage_chunk(a, out);
	if (!a->script.nodone && !a->flavour->has_no_done)
		write_done(a, out);
}

void
openai_write_error(const struct answer *a, struct buf *out)
{
	buf_adds(out, a->flavour->error ? a->flavour->error
		: "data: {\"error\":{\"message\":\"The server had an "
		"error while processing your request. Sorry about that!\","
		"\"type\":\"server_error\",\"param\":null,\"code\":null}}");
	openai_end_event(a, out);
	if (a->flavour->has_done_after_error)
		write_done(a, out);
}

void
openai_begin_whole(const struct answer *a, struct buf *out)
{
	buf_addf(out, "{\"id\":\"chatcmpl-demo%016" PRIx64 "\",\"object\":"
		"\"chat.completion\",\"created\":%" PRId64 ",\"model\":\"%s\","
		"\"choices\":[{\"index\":0,", a->id, a->created,
		a->script.model);
}

void
openai_end_whole(const struct answer *a, struct buf *out)
{
	buf_adds(out, "\"logprobs\":null,\"finish_reason\":");
	buf_addf(out, a->script.nofinish ? "null}]" : "\"%s\"}]",
		finish_reason(a));
	if (!a->script.nousage) {
		buf_adds(out, ",");
		openai_write_usage(a, out);
	}
	buf_adds(out, ",\"service_tier\":\"default\","
		"\"system_fingerprint\":\"fp_demo\"}\n");
}

static void
write_message(const struct answer *a, struct slice thoughts,
	struct slice text, struct buf *out)
{
	buf_adds(out, "\"message\":{\"role\":\"assistant\",");
	buf_adds(out, a->script.refusal ? "\"content\":null,\"refusal\":\""
		: "\"content\":\"");
	buf_add(out, text.p, text.n);
	buf_adds(out, a->script.refusal ? "\"" : "\",\"refusal\":null");
	if (thoughts.n > 0) {
		buf_addf(out, ",\"%s\":\"", a->flavour->thought);
		buf_add(out, thoughts.p, thoughts.n);
		buf_adds(out, "\"");
	}
	buf_adds(out, ",\"annotations\":[]},");
}

void
openai_write_whole(const struct answer *a, struct slice thoughts,
	struct slice text, struct buf *out)
{
	openai_begin_whole(a, out);
	if (!a->script.filter || !a->flavour->blocks_message)
		write_message(a, thoughts, text, out);
	if (a->flavour->choice_more)
		buf_addf(out, "%s,", a->flavour->choice_more);
	openai_end_whole(a, out);
}

void
openai_write_models(struct buf *out)
{
	const char *name;

	buf_adds(out, "{\"object\":\"list\",\"data\":[");
	for (size_t i = 0; (name = script_model_name(i)) != NULL; i++)
		buf_addf(out, "%s{\"id\":\"%s\",\"object\":\"model\","
			"\"created\":1763769600,\"owned_by\":"
			"\"llmselect-demo\"}", i ? "," : "", name);
	buf_adds(out, "]}\n");
}

static const struct flavour OPENAI = { .thought = "reasoning_content" };

const struct dialect DIALECT_OPENAI = {
	.name = "openai",
	.flavour = &OPENAI,
	.is_ask = is_ask,
	.read = openai_read,
	.key = openai_key,
	.stream_type = "text/event-stream; charset=utf-8",
	.write_head = openai_write_head,
	.write_thought = openai_write_thought,
	.write_token = openai_write_token,
	.write_end = openai_write_end,
	.write_error = openai_write_error,
	.write_whole = openai_write_whole,
	.write_refusal = openai_write_refusal,
	.models_path = "/v1/models",
	.write_models = openai_write_models,
};
