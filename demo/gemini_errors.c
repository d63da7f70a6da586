/* What Google refuses, and how it says so: JSON over many lines, with the
 * details apart. */
#include "gemini.h"

#include <inttypes.h>
#include <string.h>

#define TEMPERATURE_MAX 2.0
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ---- what it refuses ---- */

static const char *const FIELDS[] = {
	"contents", "systemInstruction", "generationConfig", "safetySettings",
	"tools", "toolConfig", "cachedContent",
};

static const char *const CONFIG_FIELDS[] = {
	"temperature", "topP", "topK", "maxOutputTokens", "stopSequences",
	"candidateCount", "thinkingConfig", "seed",
};

static const char *const THINKING_FIELDS[] = {
	"includeThoughts", "thinkingBudget", "thinkingLevel",
};

static bool
has_only(const json_t *object, const char *const *names, size_t n)
{
	const char *name;
	const json_t *value;

	json_object_foreach((json_t *)object, name, value) {
		size_t i = 0;

		(void)value;
		while (i < n && strcmp(names[i], name) != 0)
			i++;
		if (i == n)
			return false;
	}
	return true;
}

static bool
are_roles_known(const json_t *contents)
{
	const json_t *content;
	size_t i;

	json_array_foreach((json_t *)contents, i, content) {
		const char *role = json_string_value(
			json_object_get(content, "role"));

		if (role && strcmp(role, "user") != 0
			&& strcmp(role, "model") != 0)
			return false;
	}
	return true;
}

/* Thoughts cannot be shown where there are none. */
static bool
is_thinking_sane(const json_t *thinking)
{
	const json_t *budget = json_object_get(thinking, "thinkingBudget");
	const json_t *shown = json_object_get(thinking, "includeThoughts");

	if (budget && json_object_get(thinking, "thinkingLevel"))
		return false;
	return !budget || json_integer_value(budget) != 0
		|| !json_is_true(shown);
}

static const char *
object_to_config(const json_t *config)
{
	const json_t *thinking = json_object_get(config, "thinkingConfig");
	const json_t *heat = json_object_get(config, "temperature");

	if (!has_only(config, CONFIG_FIELDS, COUNT(CONFIG_FIELDS))
		|| !has_only(thinking, THINKING_FIELDS, COUNT(THINKING_FIELDS)))
		return "Invalid JSON payload received. Unknown name at "
			"'generation_config': Cannot find field.";
	if (json_number_value(heat) > TEMPERATURE_MAX)
		return "Unable to submit request because it has a temperature "
			"value that is out of the supported range.";
	if (!is_thinking_sane(thinking))
		return "Unable to submit request because "
			"Thinking_config.include_thoughts is only enabled "
			"when thinking is enabled.";
	return NULL;
}

static const char *
object_to_body(const json_t *body)
{
	if (!has_only(body, FIELDS, COUNT(FIELDS)))
		return "Invalid JSON payload received. Unknown name: Cannot "
			"find field.";
	if (!are_roles_known(json_object_get(body, "contents")))
		return "Please use a valid role: user, model.";
	return object_to_config(json_object_get(body, "generationConfig"));
}

/* Google takes a key in the query too; here it is an error, so that a test
 * sees it.  A stream that is not one of events is not spoken here. */
struct objection
gemini_object(const struct http_request *rq, json_t *body)
{
	static const char ASK[] = ":streamGenerateContent";
	const char *message;

	if (http_query(rq, "key").p)
		return (struct objection){ 400,
			"There is a key in the address." };
	if (!http_header(rq, "x-goog-api-key").p)
		return (struct objection){ 403, "Method doesn't allow "
			"unregistered callers (callers without established "
			"identity)." };
	if (memmem(rq->path.p, rq->path.n, ASK, sizeof(ASK) - 1)
		&& !slice_is(http_query(rq, "alt"), "sse"))
		return (struct objection){ 400, "alt=sse is missing." };
	message = object_to_body(body);
	return (struct objection){ message ? 400 : 0, message };
}

/* ---- how it says so ---- */

struct error_row {
	int status;
	bool is_key, is_quota;
	const char *word, *message;
};

/* `%m` in a message is the model. */
static const struct error_row ERRORS[] = {
	{ 400, true, false, "INVALID_ARGUMENT",
		"API key not valid. Please pass a valid API key." },
	{ 400, false, false, "INVALID_ARGUMENT",
		"The input token count (1250074) exceeds the maximum number "
		"of tokens allowed (1048576)." },
	{ 401, false, false, "UNAUTHENTICATED",
		"Request had invalid authentication credentials." },
	{ 403, false, false, "PERMISSION_DENIED",
		"The caller does not have permission" },
	{ 404, false, false, "NOT_FOUND",
		"models/%m is not found for API version v1beta, or is not "
		"supported for generateContent." },
	{ 429, false, false, "RESOURCE_EXHAUSTED",
		"You exceeded your current quota, please check your plan and "
		"billing details." },
	{ 429, false, true, "RESOURCE_EXHAUSTED",
		"You exceeded your current quota, please check your plan and "
		"billing details." },
	{ 500, false, false, "INTERNAL", "An internal error has occurred." },
	{ 503, false, false, "UNAVAILABLE",
		"The model is overloaded. Please try again later." },
	{ 504, false, false, "DEADLINE_EXCEEDED",
		"The request timed out. Please try again." },
	{ 0, false, false, "UNKNOWN",
		"The demo provider was asked for this status." },
};

static const struct error_row *
find_error(const struct refusal *r)
{
	size_t i = 0;

	while (ERRORS[i].status != 0 && (ERRORS[i].status != r->status
		|| ERRORS[i].is_key != r->is_key
		|| ERRORS[i].is_quota != r->is_quota))
		i++;
	return &ERRORS[i];
}

static void
add_message(const char *m, const char *model, struct buf *out)
{
	const char *mark = strstr(m, "%m");

	buf_add_json(out, m, mark ? (size_t)(mark - m) : strlen(m));
	if (!mark)
		return;
	buf_add_json(out, model, strlen(model));
	buf_add_json(out, mark + 2, strlen(mark + 2));
}

#define TYPE "      {\n        \"@type\": \"type.googleapis.com/google.rpc."

static void
add_key_details(struct buf *out)
{
	buf_adds(out, TYPE "ErrorInfo\",\n"
		"        \"reason\": \"API_KEY_INVALID\",\n"
		"        \"domain\": \"googleapis.com\",\n"
		"        \"metadata\": {\n          \"service\": "
		"\"generativelanguage.googleapis.com\"\n        }\n      }");
}

static void
add_rate_details(const struct refusal *r, struct buf *out)
{
	buf_addf(out, TYPE "QuotaFailure\",\n        \"violations\": [\n"
		"          {\n            \"quotaMetric\": \"generativelanguage"
		".googleapis.com/generate_content_free_tier_requests\",\n"
		"            \"quotaId\": \"GenerateRequestsPer%sPerProject"
		"PerModel-FreeTier\"\n          }\n        ]\n      }",
		r->is_quota ? "Day" : "Minute");
	if (r->retry_ms >= 0)
		buf_addf(out, ",\n" TYPE "RetryInfo\",\n"
			"        \"retryDelay\": \"%.15gs\"\n      }",
			(double)r->retry_ms / 1000);
}

void
gemini_write_refusal(const struct refusal *r, struct buf *out)
{
	const struct error_row *row = find_error(r);

	buf_addf(out, "{\n  \"error\": {\n    \"code\": %d,\n"
		"    \"message\": \"", r->status);
	add_message(r->message ? r->message : row->message, r->model, out);
	buf_addf(out, "\",\n    \"status\": \"%s\"", row->word);
	if (r->is_key || r->status == 429) {
		buf_adds(out, ",\n    \"details\": [\n");
		if (r->is_key)
			add_key_details(out);
		else
			add_rate_details(r, out);
		buf_adds(out, "\n    ]");
	}
	buf_adds(out, "\n  }\n}\n");
}
