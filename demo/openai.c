/* OpenAI Chat Completions, as api.openai.com writes it: one `data:` line per
 * event, no event names, compact JSON, `[DONE]` at the end. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "picky.h"

#define MASK_MAX 8	/* bytes of a key that an error shows at each end */

static bool
is_ask(struct slice path)
{
	return slice_is(path, "/v1/chat/completions");
}

static struct slice
key(const struct http_request *rq)
{
	struct slice s = http_header(rq, "authorization");

	if (s.n < 7 || strncasecmp(s.p, "Bearer ", 7) != 0)
		return (struct slice){ NULL, 0 };
	return (struct slice){ s.p + 7, s.n - 7 };
}

/* A content is a string, or parts of which some are text. */
static const json_t *
find_text(const json_t *content)
{
	const json_t *part;
	size_t i;

	if (!json_is_array(content))
		return json_is_string(content) ? content : NULL;
	json_array_foreach((json_t *)content, i, part) {
		const json_t *text = json_object_get(part, "text");

		if (json_is_string(text))
			return text;
	}
	return NULL;
}

static void
read_messages(const json_t *messages, struct ask *ask)
{
	const json_t *message;
	size_t i;

	json_array_foreach((json_t *)messages, i, message) {
		const json_t *text =
			find_text(json_object_get(message, "content"));
		const char *role =
			json_string_value(json_object_get(message, "role"));

		if (!text)
			continue;
		if (role && strcmp(role, "system") == 0)
			ask->has |= ASK_SYSTEM;
		ask->prompt_bytes += (int64_t)json_string_length(text);
		if (!role || strcmp(role, "user") != 0)
			continue;
		ask->question = json_string_value(text);
		ask->question_n = json_string_length(text);
	}
}

static void
read_options(const json_t *body, struct ask *ask)
{
	static const struct {
		const char *name;
		unsigned has;
	} OPTIONS[] = {
		{ "temperature", ASK_TEMPERATURE },
		{ "reasoning_effort", ASK_EFFORT },
		{ "stream_options", ASK_OPTIONS },
		{ "max_tokens", ASK_OLD_LIMIT },
	};

	for (size_t i = 0; i < sizeof(OPTIONS) / sizeof(OPTIONS[0]); i++)
		if (json_object_get(body, OPTIONS[i].name))
			ask->has |= OPTIONS[i].has;
}

static bool
read(struct slice path, json_t *body, struct ask *ask)
{
	const json_t *messages = json_object_get(body, "messages");
	const json_t *model = json_object_get(body, "model");
	const json_t *max = json_object_get(body, "max_completion_tokens");
	const json_t *options = json_object_get(body, "stream_options");

	(void)path;
	if (!json_is_string(model) || !json_is_array(messages))
		return false;
	snprintf(ask->model, sizeof(ask->model), "%s",
		json_string_value(model));
	if (!max)
		max = json_object_get(body, "max_tokens");
	ask->max_tokens = json_is_integer(max)
		? json_integer_value(max) : ASK_TOKENS_UNSET;
	ask->stream = json_is_true(json_object_get(body, "stream"));
	ask->wants_usage =
		json_is_true(json_object_get(options, "include_usage"));
	read_messages(messages, ask);
	read_options(body, ask);
	return true;
}

static void
end_event(const struct answer *a, struct buf *out)
{
	buf_adds(out, a->script.crlf ? "\r\n\r\n" : "\n\n");
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

/* `delta` is the inside of the delta object in three pieces, the middle one
 * being the text. */
static void
write_choice(const struct answer *a, const char *before, struct slice text,
	const char *after, const char *finish, struct buf *out)
{
	begin_chunk(a, out);
	buf_adds(out, ",\"choices\":[{\"index\":0,\"delta\":{");
	buf_adds(out, before);
	buf_add(out, text.p, text.n);
	buf_adds(out, after);
	buf_adds(out, "},\"logprobs\":null,\"finish_reason\":");
	buf_addf(out, finish ? "\"%s\"}]" : "null}]", finish);
	if (a->wants_usage)
		buf_adds(out, ",\"usage\":null");
	buf_adds(out, "}");
	end_event(a, out);
}

#define NO_TEXT ((struct slice){ NULL, 0 })

static void
write_head(const struct answer *a, struct buf *out)
{
	write_choice(a, "\"role\":\"assistant\",\"content\":\"\","
		"\"refusal\":null", NO_TEXT, "", NULL, out);
}

static void
write_thought(const struct answer *a, struct slice text, struct buf *out)
{
	write_choice(a, "\"reasoning_content\":\"", text, "\"", NULL, out);
}

static void
write_token(const struct answer *a, struct slice text, struct buf *out)
{
	write_choice(a, a->script.refusal ? "\"refusal\":\""
		: "\"content\":\"", text, "\"", NULL, out);
}

static const char *
finish_reason(const struct answer *a)
{
	if (a->script.length || a->is_short)
		return "length";
	return a->script.filter ? "content_filter" : "stop";
}

static void
write_usage(const struct answer *a, struct buf *out)
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

static void
write_end(const struct answer *a, struct buf *out)
{
	if (!a->script.nofinish)
		write_choice(a, "", NO_TEXT, "", finish_reason(a), out);
	if (a->wants_usage && !a->script.nousage) {
		begin_chunk(a, out);
		buf_adds(out, ",\"choices\":[],");
		write_usage(a, out);
		buf_adds(out, "}");
		end_event(a, out);
	}
	if (!a->script.nodone) {
		buf_adds(out, "data: [DONE]");
		end_event(a, out);
	}
}

static void
write_error(const struct answer *a, struct buf *out)
{
	buf_adds(out, "data: {\"error\":{\"message\":\"The server had an "
		"error while processing your request. Sorry about that!\","
		"\"type\":\"server_error\",\"param\":null,\"code\":null}}");
	end_event(a, out);
}

static void
write_whole(const struct answer *a, struct slice thoughts, struct slice text,
	struct buf *out)
{
	buf_addf(out, "{\"id\":\"chatcmpl-demo%016" PRIx64 "\",\"object\":"
		"\"chat.completion\",\"created\":%" PRId64 ",\"model\":\"%s\","
		"\"choices\":[{\"index\":0,\"message\":"
		"{\"role\":\"assistant\",", a->id, a->created,
		a->script.model);
	buf_adds(out, a->script.refusal ? "\"content\":null,\"refusal\":\""
		: "\"content\":\"");
	buf_add(out, text.p, text.n);
	buf_adds(out, a->script.refusal ? "\"" : "\",\"refusal\":null");
	if (thoughts.n > 0) {
		buf_adds(out, ",\"reasoning_content\":\"");
		buf_add(out, thoughts.p, thoughts.n);
		buf_adds(out, "\"");
	}
	buf_adds(out, ",\"annotations\":[]},\"logprobs\":null,"
		"\"finish_reason\":");
	buf_addf(out, a->script.nofinish ? "null}]" : "\"%s\"}]",
		finish_reason(a));
	if (!a->script.nousage) {
		buf_adds(out, ",");
		write_usage(a, out);
	}
	buf_adds(out, ",\"service_tier\":\"default\","
		"\"system_fingerprint\":\"fp_demo\"}\n");
}

struct error_row {
	int status;
	bool is_quota;
	const char *type, *param, *code, *message;
};

#define REQUEST "\"invalid_request_error\""
#define NONE "null"

/* `%m` in a message is the model, `%k` the masked key. */
static const struct error_row ERRORS[] = {
	{ 400, false, REQUEST, "\"messages\"", "\"context_length_exceeded\"",
		"This model's maximum context length is 8192 tokens. However, "
		"your messages resulted in 9001 tokens. Please reduce the "
		"length of the messages." },
	{ 401, false, REQUEST, NONE, "\"invalid_api_key\"",
		"Incorrect API key provided: %k. You can find your API key at "
		"https://platform.openai.com/account/api-keys." },
	{ 403, false, "\"request_forbidden\"", NONE,
		"\"unsupported_country_region_territory\"",
		"Country, region, or territory not supported" },
	{ 404, false, REQUEST, NONE, "\"model_not_found\"",
		"The model `%m` does not exist or you do not have access to "
		"it." },
	{ 408, false, "\"server_error\"", NONE, "\"request_timeout\"",
		"Request timed out." },
	{ 429, false, "\"requests\"", NONE, "\"rate_limit_exceeded\"",
		"Rate limit reached for %m in organization org-demo on "
		"requests per min (RPM): Limit 3, Used 3, Requested 1. Please "
		"try again in 20s." },
	{ 429, true, "\"insufficient_quota\"", NONE, "\"insufficient_quota\"",
		"You exceeded your current quota, please check your plan and "
		"billing details." },
	{ 500, false, "\"server_error\"", NONE, NONE,
		"The server had an error while processing your request. Sorry "
		"about that!" },
	{ 503, false, "\"service_unavailable_error\"", NONE, NONE,
		"The engine is currently overloaded, please try again later." },
	{ 0, false, "\"server_error\"", NONE, NONE,
		"The demo provider was asked for this status." },
};

static const struct error_row *
find_error(const struct refusal *r)
{
	size_t i = 0;

	while (ERRORS[i].status != 0
		&& (ERRORS[i].status != r->status
			|| ERRORS[i].is_quota != r->is_quota))
		i++;
	return &ERRORS[i];
}

/* The provider shows the ends of a key it refuses; so a relay that passes
 * the message on would show them to whoever reads it. */
static void
add_masked(struct slice k, struct buf *out)
{
	size_t shown = k.n / 4 < MASK_MAX ? k.n / 4 : MASK_MAX;

	buf_add_json(out, k.p, shown);
	buf_adds(out, "********");
	if (k.p)
		buf_add_json(out, k.p + k.n - shown, shown);
}

static void
add_message(const char *m, const struct refusal *r, struct buf *out)
{
	for (; *m; m++) {
		if (m[0] == '%' && m[1] == 'm') {
			buf_add_json(out, r->model, strlen(r->model));
			m++;
		} else if (m[0] == '%' && m[1] == 'k') {
			add_masked(r->key, out);
			m++;
		} else {
			buf_add_json(out, m, 1);
		}
	}
}

static void
write_refusal(const struct refusal *r, struct buf *out)
{
	const struct error_row *row = find_error(r);
	const char *code = r->message && r->status == 400
		? "\"invalid_value\"" : row->code;
	const char *param = r->message ? NONE : row->param;

	buf_adds(out, "{\n    \"error\": {\n        \"message\": \"");
	add_message(r->message ? r->message : row->message, r, out);
	buf_addf(out, "\",\n        \"type\": %s,\n        \"param\": %s,\n"
		"        \"code\": %s\n    }\n}\n", row->type,
		r->param ? r->param : param, r->code ? r->code : code);
}

static void
write_models(struct buf *out)
{
	const char *name;

	buf_adds(out, "{\"object\":\"list\",\"data\":[");
	for (size_t i = 0; (name = script_model_name(i)) != NULL; i++)
		buf_addf(out, "%s{\"id\":\"%s\",\"object\":\"model\","
			"\"created\":1763769600,\"owned_by\":"
			"\"llmselect-demo\"}", i ? "," : "", name);
	buf_adds(out, "]}\n");
}

const struct dialect DIALECT_OPENAI = {
	.name = "openai",
	.is_ask = is_ask,
	.read = read,
	.key = key,
	.stream_type = "text/event-stream; charset=utf-8",
	.write_head = write_head,
	.write_thought = write_thought,
	.write_token = write_token,
	.write_end = write_end,
	.write_error = write_error,
	.write_whole = write_whole,
	.write_refusal = write_refusal,
	.models_path = "/v1/models",
	.write_models = write_models,
};
