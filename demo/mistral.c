/* Mistral's chat completions: OpenAI's, below /mistral, but for a stricter
 * request, thoughts as parts of the content, usage unasked in the last chunk,
 * padding, and errors of its own. */
#include <inttypes.h>
#include <string.h>

#include "openai.h"

#define PADDING ",\"p\":\"abcdefghijklmnopqrstuvwxyz\"}"
#define PATH "/mistral/v1"

/* What a request may have.  The real one takes more, as tools. */
static const char *const FIELDS[] = {
	"model", "messages", "temperature", "top_p", "max_tokens", "stream",
	"stop", "random_seed", "safe_prompt", "prompt_mode",
	"reasoning_effort", "n", "presence_penalty", "frequency_penalty",
};

static bool
is_ask(struct slice path)
{
	return slice_is(path, PATH "/chat/completions");
}

static bool
is_field(const char *name)
{
	for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++)
		if (strcmp(FIELDS[i], name) == 0)
			return true;
	return false;
}

/* The first thing that it does not take is named. */
static struct objection
object(const struct http_request *rq, json_t *body)
{
	const char *effort = json_string_value(
		json_object_get(body, "reasoning_effort"));
	const char *name;
	json_t *value;

	(void)rq;
	json_object_foreach(body, name, value)
		if (!is_field(name))
			return (struct objection){ 422, name };
	if (json_number_value(json_object_get(body, "temperature")) > 1.5)
		return (struct objection){ 422, "temperature" };
	if (effort && strcmp(effort, "none") != 0
		&& strcmp(effort, "high") != 0)
		return (struct objection){ 422, "reasoning_effort" };
	return (struct objection){ 0, NULL };
}

static void
write_chunk(const struct answer *a, const char *before, struct slice text,
	const char *after, struct buf *out)
{
	openai_write_choice(a, before, text, after, NULL, out);
	buf_adds(out, PADDING);
	openai_end_event(a, out);
}

static void
write_head(const struct answer *a, struct buf *out)
{
	write_chunk(a, "\"role\":\"assistant\",\"content\":\"",
		(struct slice){ NULL, 0 }, "\"", out);
}

#define THOUGHT "{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\"," \
	"\"text\":\""
#define AFTER_THOUGHT "\"}],\"closed\":true}"

static void
write_thought(const struct answer *a, struct slice text, struct buf *out)
{
	write_chunk(a, "\"content\":[" THOUGHT, text, AFTER_THOUGHT "]", out);
}

/* Behind thoughts the first piece of the answer is a part too. */
static void
write_token(const struct answer *a, struct slice text, struct buf *out)
{
	if (a->thoughts > 0 && a->tokens == 0)
		write_chunk(a, "\"content\":[{\"type\":\"text\",\"text\":\"",
			text, "\"}]", out);
	else
		write_chunk(a, "\"content\":\"", text, "\"", out);
}

static void
write_whole(const struct answer *a, struct slice thoughts, struct slice text,
	struct buf *out)
{
	openai_begin_whole(a, out);
	buf_adds(out, "\"message\":{\"role\":\"assistant\",\"content\":[");
	if (thoughts.n > 0) {
		buf_adds(out, THOUGHT);
		buf_add(out, thoughts.p, thoughts.n);
		buf_adds(out, AFTER_THOUGHT ",");
	}
	buf_adds(out, "{\"type\":\"text\",\"text\":\"");
	buf_add(out, text.p, text.n);
	buf_adds(out, "\"}],\"tool_calls\":null},");
	openai_end_whole(a, out);
}

#define ERROR(status, text, type, code) "{\"object\":\"error\",\"message\":\"" \
	text "\",\"type\":\"" type "\",\"param\":null,\"code\":\"" code "\"," \
	"\"raw_status_code\":" #status "}"

static const struct error_body ERRORS[] = {
	{ 400, false, ERROR(400, "Prompt contains 9001 tokens, too large for "
		"model with 8192 maximum context length",
		"invalid_request_prompt", "3051") },
	{ 401, false, "{\"detail\":\"Invalid API Key\"}" },
	{ 404, false, ERROR(400, "Invalid model: %m", "invalid_model",
		"1500") },
	{ 429, false, ERROR(429, "Rate limit exceeded", "rate_limited",
		"1300") },
	{ 429, true, ERROR(429, "Service tier capacity exceeded for this "
		"model.", "service_tier_capacity_exceeded", "3505") },
	{ 0, false, ERROR(500, "Internal server error",
		"internal_server_error", "1000") },
	{ 0, false, NULL },
};

static const struct flavour MISTRAL = {
	.thought = "",
	.usage = USAGE_LAST,
	.error = "data: " ERROR(500, "Internal server error",
		"internal_server_error", "1000"),
	.errors = ERRORS,
};

/* A field that is not taken is named by its path. */
static void
write_refusal(const struct refusal *r, struct buf *out)
{
	if (r->status != 422 || !r->message) {
		openai_write_refusal(r, out);
		return;
	}
	buf_adds(out, "{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":"
		"[\"body\",\"");
	buf_add_json(out, r->message, strlen(r->message));
	buf_adds(out, "\"],\"msg\":\"Extra inputs are not permitted\","
		"\"input\":true}]}");
}

static void
write_models(struct buf *out)
{
	const char *name;

	buf_adds(out, "{\"object\":\"list\",\"data\":["
		"{\"id\":\"demo-embed\",\"name\":\"demo-embed\","
		"\"capabilities\":{\"completion_chat\":false},"
		"\"max_context_length\":8192,\"aliases\":[],"
		"\"deprecation\":null}");
	for (size_t i = 0; (name = script_model_name(i)) != NULL; i++)
		buf_addf(out, ",{\"id\":\"%s\",\"object\":\"model\","
			"\"created\":1763769600,\"owned_by\":"
			"\"llmselect-demo\",\"capabilities\":"
			"{\"completion_chat\":true},\"name\":\"%s\","
			"\"max_context_length\":262144,\"aliases\":[],"
			"\"deprecation\":null,"
			"\"default_model_temperature\":0.3}", name, name);
	buf_adds(out, "]}\n");
}

const struct dialect DIALECT_MISTRAL = {
	.name = "mistral",
	.flavour = &MISTRAL,
	.is_ask = is_ask,
	.read = openai_read,
	.object = object,
	.key = openai_key,
	.stream_type = "text/event-stream; charset=utf-8",
	.write_head = write_head,
	.write_thought = write_thought,
	.write_token = write_token,
	.write_end = openai_write_end,
	.write_error = openai_write_error,
	.write_whole = write_whole,
	.write_refusal = write_refusal,
	.models_path = PATH "/models",
	.write_models = write_models,
};
