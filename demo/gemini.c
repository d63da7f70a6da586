/* Gemini's generateContent, as generativelanguage.googleapis.com writes it:
 * CRLF, one `data:` line per event, a whole response with the usage so far in
 * each, nothing behind the one with the finish reason.  Errors are in
 * gemini_errors.c. */
#include "gemini.h"

#include <inttypes.h>
#include <string.h>

#define PREFIX "/v1beta/models/"
#define STREAM ":streamGenerateContent"
#define WHOLE ":generateContent"
#define EVENT_END "\r\n\r\n"
#define NO_TEXT ((struct slice){ NULL, 0 })

/* ---- the request ---- */

/* The model in the path, as it is written there. */
static bool
find_model(struct slice path, const char *suffix, struct slice *model)
{
	size_t before = strlen(PREFIX), behind = strlen(suffix);

	if (path.n <= before + behind
		|| memcmp(path.p, PREFIX, before) != 0
		|| memcmp(path.p + path.n - behind, suffix, behind) != 0)
		return false;
	*model = (struct slice){ path.p + before, path.n - before - behind };
	return memchr(model->p, '/', model->n) == NULL;
}

static bool
is_ask(struct slice path)
{
	struct slice model;

	return find_model(path, STREAM, &model)
		|| find_model(path, WHOLE, &model);
}

static struct slice
key(const struct http_request *rq)
{
	return http_header(rq, "x-goog-api-key");
}

static int
hex(char c)
{
	static const char DIGITS[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(DIGITS, c) : NULL;

	return at ? (int)(at - DIGITS) % 16 : -1;
}

/* False when a %XX is none, or it is too long. */
static bool
decode(struct slice s, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++, n++) {
		bool is_coded = s.p[i] == '%';
		int high = is_coded && i + 2 < s.n ? hex(s.p[i + 1]) : -1;
		int low = high >= 0 ? hex(s.p[i + 2]) : -1;

		if (n + 1 >= size || (is_coded && low < 0))
			return false;
		out[n] = is_coded ? (char)(high * 16 + low) : s.p[i];
		i += is_coded ? 2 : 0;
	}
	out[n] = '\0';
	return true;
}

static void
read_content(const json_t *content, struct ask *ask)
{
	const char *role = json_string_value(json_object_get(content, "role"));
	const json_t *parts = json_object_get(content, "parts");
	const json_t *part;
	size_t i;

	json_array_foreach((json_t *)parts, i, part) {
		const json_t *text = json_object_get(part, "text");

		ask->prompt_bytes += (int64_t)json_string_length(text);
		if (!text || (role && strcmp(role, "user") != 0))
			continue;
		ask->question = json_string_value(text);
		ask->question_n = json_string_length(text);
	}
}

static bool
read(struct slice path, json_t *body, struct ask *ask)
{
	const json_t *contents = json_object_get(body, "contents");
	const json_t *max = json_object_get(json_object_get(body,
		"generationConfig"), "maxOutputTokens");
	const json_t *content;
	struct slice model = NO_TEXT;
	size_t i;

	ask->stream = find_model(path, STREAM, &model);
	if (!ask->stream)
		find_model(path, WHOLE, &model);
	if (!json_is_array(contents)
		|| !decode(model, ask->model, sizeof(ask->model)))
		return false;
	ask->max_tokens = json_is_integer(max)
		? json_integer_value(max) : ASK_TOKENS_UNSET;
	ask->wants_usage = true;
	json_array_foreach((json_t *)contents, i, content)
		read_content(content, ask);
	return true;
}

/* ---- the answer ---- */

/* Tokens as they are when this event has been sent. */
static void
write_usage(const struct answer *a, int64_t thoughts, int64_t tokens,
	struct buf *out)
{
	if (a->script.nousage)
		return;
	buf_addf(out, "\"usageMetadata\": {\"promptTokenCount\": %" PRId64,
		a->prompt_tokens);
	if (tokens > 0)
		buf_addf(out, ",\"candidatesTokenCount\": %" PRId64, tokens);
	buf_addf(out, ",\"totalTokenCount\": %" PRId64,
		a->prompt_tokens + thoughts + tokens);
	if (thoughts > 0)
		buf_addf(out, ",\"thoughtsTokenCount\": %" PRId64, thoughts);
	buf_addf(out, ",\"promptTokensDetails\": [{\"modality\": \"TEXT\","
		"\"tokenCount\": %" PRId64 "}]},", a->prompt_tokens);
}

static void
write_tail(const struct answer *a, struct buf *out)
{
	buf_addf(out, "\"modelVersion\": \"%s\",\"responseId\": \"demo%016"
		PRIx64 "\"}", a->script.model, a->id);
}

static void
write_part(struct slice text, bool is_thought, struct buf *out)
{
	buf_adds(out, "{\"text\": \"");
	buf_add(out, text.p, text.n);
	buf_adds(out, is_thought ? "\",\"thought\": true}" : "\"}");
}

/* `a` counts the tokens before this one. */
static void
write_piece(const struct answer *a, struct slice text, bool is_thought,
	struct buf *out)
{
	buf_adds(out, "data: {\"candidates\": [{\"content\": {\"parts\": [");
	write_part(text, is_thought, out);
	buf_adds(out, "],\"role\": \"model\"},\"index\": 0}],");
	write_usage(a, a->thoughts + is_thought, a->tokens + !is_thought, out);
	write_tail(a, out);
	buf_adds(out, EVENT_END);
}

/* There is no event before the first that has text. */
static void
write_head(const struct answer *a, struct buf *out)
{
	(void)a;
	(void)out;
}

static void
write_thought(const struct answer *a, struct slice text, struct buf *out)
{
	write_piece(a, text, true, out);
}

static void
write_token(const struct answer *a, struct slice text, struct buf *out)
{
	write_piece(a, text, false, out);
}

#define RATINGS ",\"safetyRatings\": [{\"category\": " \
	"\"HARM_CATEGORY_DANGEROUS_CONTENT\",\"probability\": \"HIGH\"," \
	"\"blocked\": true}]"

static bool
is_unsafe(const struct answer *a)
{
	return a->script.filter || a->script.refusal;
}

static void
write_finish(const struct answer *a, struct buf *out)
{
	const char *reason = is_unsafe(a) ? "SAFETY" : "STOP";

	if (a->script.length || a->is_short)
		reason = "MAX_TOKENS";
	if (!a->script.nofinish)
		buf_addf(out, ",\"finishReason\": \"%s\"", reason);
	buf_adds(out, ",\"index\": 0");
	if (is_unsafe(a))
		buf_adds(out, RATINGS);
}

/* A question that is refused has no candidate. */
static void
write_block(struct buf *out)
{
	buf_adds(out, "\"promptFeedback\": {\"blockReason\": "
		"\"PROHIBITED_CONTENT\"},");
}

static void
write_end(const struct answer *a, struct buf *out)
{
	buf_adds(out, "data: {");
	if (a->script.block) {
		write_block(out);
	} else {
		buf_adds(out, is_unsafe(a)
			? "\"candidates\": [{\"content\": {}"
			: "\"candidates\": [{\"content\": {\"parts\": "
				"[{\"text\": \"\"}],\"role\": \"model\"}");
		write_finish(a, out);
		buf_adds(out, "}],");
	}
	write_usage(a, a->thoughts, a->tokens, out);
	write_tail(a, out);
	buf_adds(out, EVENT_END);
}

static void
write_error(const struct answer *a, struct buf *out)
{
	(void)a;
	buf_adds(out, "data: {\"error\": {\"code\": 503,\"message\": \"The "
		"model is overloaded. Please try again later.\","
		"\"status\": \"UNAVAILABLE\"}}" EVENT_END);
}

static void
write_parts(struct slice thoughts, struct slice text, struct buf *out)
{
	buf_adds(out, "{\"candidates\": [{\"content\": {");
	if (thoughts.n + text.n > 0)
		buf_adds(out, "\"parts\": [");
	if (thoughts.n > 0)
		write_part(thoughts, true, out);
	if (thoughts.n > 0 && text.n > 0)
		buf_adds(out, ",");
	if (text.n > 0)
		write_part(text, false, out);
	if (thoughts.n + text.n > 0)
		buf_adds(out, "],");
	buf_adds(out, "\"role\": \"model\"}");
}

static void
write_whole(const struct answer *a, struct slice thoughts, struct slice text,
	struct buf *out)
{
	if (a->script.block) {
		buf_adds(out, "{");
		write_block(out);
	} else {
		write_parts(thoughts, text, out);
		write_finish(a, out);
		buf_adds(out, "}],");
	}
	write_usage(a, a->thoughts, a->tokens, out);
	write_tail(a, out);
	buf_adds(out, "\n");
}

static void
write_models(struct buf *out)
{
	const char *name;

	buf_adds(out, "{\n  \"models\": [");
	for (size_t i = 0; (name = script_model_name(i)) != NULL; i++)
		buf_addf(out, "%s\n    {\n      \"name\": \"models/%s\",\n"
			"      \"version\": \"001\",\n"
			"      \"displayName\": \"%s\",\n"
			"      \"inputTokenLimit\": 32000,\n"
			"      \"outputTokenLimit\": 8192,\n"
			"      \"supportedGenerationMethods\": [\n"
			"        \"generateContent\",\n"
			"        \"countTokens\"\n      ],\n"
			"      \"temperature\": 1,\n"
			"      \"maxTemperature\": 2\n    }",
			i ? "," : "", name, name);
	buf_adds(out, "\n  ]\n}\n");
}

const struct dialect DIALECT_GEMINI = {
	.name = "gemini",
	.is_ask = is_ask,
	.read = read,
	.object = gemini_object,
	.key = key,
	.bad_key = 400,
	.says_delay = true,
	.stream_type = "text/event-stream",
	.write_head = write_head,
	.write_thought = write_thought,
	.write_token = write_token,
	.write_end = write_end,
	.write_error = write_error,
	.write_whole = write_whole,
	.write_refusal = gemini_write_refusal,
	.models_path = "/v1beta/models",
	.write_models = write_models,
};
