#include "llm/gemini.h"

#include <stdlib.h>
#include <string.h>

#include "llm/errbody.h"
#include "llm/json.h"
#include "llm/word.h"

enum { DELAY_MAX_MS = 24 * 60 * 60 * 1000 };

#define NONE LLM_PARAM_NONE
#define LIMIT_SENTENCE "%s does not take this token limit with this model. " \
	"Choose another."

/* An error as it was sent; what was not sent is "", 0 or -1. */
struct fault {
	const char *word;   /* google.rpc.Code by name */
	const char *text;   /* searched and never shown */
	const char *reason; /* of a google.rpc.ErrorInfo in the details */
	int status;         /* as the error itself says */
	int64_t delay_ms;   /* of a google.rpc.RetryInfo */
	bool is_daily;      /* a google.rpc.QuotaFailure of a whole day */
};

/* What a reason means, whatever the status is: a bad key is a 400. */
static const struct {
	const char *reason;
	enum err err;
} REASONS[] = {
	{ "API_KEY_INVALID", ERR_PROVIDER_AUTH },
	{ "API_KEY_EXPIRED", ERR_PROVIDER_AUTH },
	{ "API_KEY_SERVICE_BLOCKED", ERR_PROVIDER_AUTH },
	{ "API_KEY_HTTP_REFERRER_BLOCKED", ERR_PROVIDER_AUTH },
	{ "API_KEY_IP_ADDRESS_BLOCKED", ERR_PROVIDER_AUTH },
	{ "ACCESS_TOKEN_EXPIRED", ERR_PROVIDER_AUTH },
	{ "ACCESS_TOKEN_TYPE_UNSUPPORTED", ERR_PROVIDER_AUTH },
	{ "CREDENTIALS_MISSING", ERR_PROVIDER_AUTH },
	{ "CONSUMER_INVALID", ERR_PROVIDER_AUTH },
	{ "CONSUMER_SUSPENDED", ERR_PROVIDER_AUTH },
	{ "SERVICE_DISABLED", ERR_PROVIDER_AUTH },
	{ "BILLING_DISABLED", ERR_PROVIDER_QUOTA },
};

/* The HTTP status of a word, for errors that came within a 200. */
static const struct {
	const char *word;
	int status;
} WORDS[] = {
	{ "INVALID_ARGUMENT", 400 },
	{ "FAILED_PRECONDITION", 400 },
	{ "OUT_OF_RANGE", 400 },
	{ "UNAUTHENTICATED", 401 },
	{ "PERMISSION_DENIED", 403 },
	{ "NOT_FOUND", 404 },
	{ "ABORTED", 409 },
	{ "RESOURCE_EXHAUSTED", 429 },
	{ "CANCELLED", 503 },
	{ "UNKNOWN", 500 },
	{ "INTERNAL", 500 },
	{ "DATA_LOSS", 500 },
	{ "UNAVAILABLE", 503 },
	{ "DEADLINE_EXCEEDED", 504 },
};

/* Most of what can be wrong with a request is only said in a sentence.  The
 * first row that fits, of a 400. */
static const struct {
	const char *text;
	enum err err;
	const char *sentence;    /* NULL: the usual one */
	enum llm_param rejected; /* without this it may work */
} TEXTS[] = {
	{ "maximum number of tokens", ERR_CONTEXT_LENGTH, NULL, NONE },
	{ "input token count", ERR_CONTEXT_LENGTH, NULL, NONE },
	{ "api key not valid", ERR_PROVIDER_AUTH, NULL, NONE },
	{ "api key expired", ERR_PROVIDER_AUTH, NULL, NONE },
	{ "api key not found", ERR_PROVIDER_AUTH, NULL, NONE },
	{ "model name format", ERR_MODEL_NOT_FOUND, NULL, NONE },
	{ "location is not supported", ERR_PROVIDER_REJECTED,
	    "%s does not serve the place where this server stands. Choose a "
	    "model of another provider.", NONE },
	{ "temperature", ERR_PROVIDER_REJECTED,
	    "%s does not take this temperature with this model. Choose "
	    "another.", LLM_PARAM_TEMPERATURE },
	{ "max_output_tokens", ERR_PROVIDER_REJECTED, LIMIT_SENTENCE,
	    LLM_PARAM_MAX_TOKENS },
	{ "maxOutputTokens", ERR_PROVIDER_REJECTED, LIMIT_SENTENCE,
	    LLM_PARAM_MAX_TOKENS },
	{ "thinking", ERR_PROVIDER_REJECTED,
	    "%s does not take this reasoning effort with this model. Choose "
	    "another.", LLM_PARAM_EFFORT },
	{ "developer instruction", ERR_PROVIDER_REJECTED,
	    "%s does not take a system prompt with this model. Leave it out, "
	    "or choose another model.", LLM_PARAM_SYSTEM },
};

static const char DAILY[] =
    "What %s lets this API key ask in a day is used up. Try again tomorrow, "
    "or use another key.";

/* A google.protobuf.Duration: "48s", "1.5s"; -1: it is none. */
static int64_t
read_delay(const char *text)
{
	char *end;
	double s = strtod(text, &end);

	if (end == text || strcmp(end, "s") != 0 || !(s >= 0))
		return -1;
	return s * 1000 < DELAY_MAX_MS ? (int64_t)(s * 1000) : DELAY_MAX_MS;
}

static bool
has_daily(const json_t *violations)
{
	const json_t *violation;
	size_t i;

	json_array_foreach(violations, i, violation)
		if (strstr(llm_json_text(violation, "quotaId"), "PerDay"))
			return true;
	return false;
}

/* What kind a detail is, its members tell. */
static void
read_details(struct fault *f, const json_t *details)
{
	const json_t *detail;
	size_t i;

	json_array_foreach(details, i, detail) {
		const char *reason = llm_json_text(detail, "reason");
		const char *delay = llm_json_text(detail, "retryDelay");

		if (f->reason[0] == '\0')
			f->reason = reason;
		if (delay[0] != '\0')
			f->delay_ms = read_delay(delay);
		if (has_daily(json_object_get(detail, "violations")))
			f->is_daily = true;
	}
}

static int
status_in(const json_t *error, const char *word)
{
	json_int_t code = json_integer_value(json_object_get(error, "code"));
	int row = LLM_WORD_FIND(WORDS, word);

	if (row >= 0)
		return WORDS[row].status;
	return code >= 400 && code <= 599 ? (int)code : 0;
}

static struct fault
read_fault(const json_t *error)
{
	struct fault f = {
		.word = llm_json_text(error, "status"),
		.text = llm_json_text(error, "message"),
		.reason = "",
		.delay_ms = -1,
	};

	f.status = status_in(error, f.word);
	read_details(&f, json_object_get(error, "details"));
	return f;
}

static bool
tell_by_text(struct llm_end *end, const struct llm_provider *provider,
    const char *text)
{
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		if (strcasestr(text, TEXTS[i].text) == NULL)
			continue;
		if (TEXTS[i].sentence == NULL)
			llm_fault_set(end, provider, TEXTS[i].err);
		else
			llm_fault_say(end, provider, TEXTS[i].err,
			    TEXTS[i].sentence);
		end->rejected = TEXTS[i].rejected;
		return true;
	}
	return false;
}

/* The delay that comes with the quota of a day is a few seconds, and after
 * them it is still used up: it is not told. */
static void
tell_fault(struct llm_end *end, const struct llm_provider *provider,
    const struct fault *f, int status)
{
	int row = LLM_WORD_FIND(REASONS, f->reason);

	if (row >= 0)
		llm_fault_set(end, provider, REASONS[row].err);
	else if (f->is_daily)
		llm_fault_say(end, provider, ERR_PROVIDER_QUOTA, DAILY);
	else if (status != 400 || !tell_by_text(end, provider, f->text))
		llm_fault_status(end, provider, status);
	if (end->retryable)
		end->retry_after_ms = f->delay_ms;
}

void
gemini_tell_error(struct llm_end *end, const struct llm_provider *provider,
    const json_t *error, int http_status)
{
	struct fault f = read_fault(error);

	tell_fault(end, provider, &f,
	    http_status >= 300 ? http_status : f.status);
	llm_fault_note(end, "status", f.word);
	llm_fault_note(end, "reason", f.reason);
}

const json_t *
gemini_find_error(const json_t *root)
{
	const json_t *error;

	if (json_is_array(root))
		root = json_array_get(root, 0);
	error = json_object_get(root, "error");
	return json_is_object(error) ? error : NULL;
}

/* There is no header that says when to ask again; if one comes all the same,
 * it counts. */
bool
gemini_error_body(const struct llm_provider *provider,
    const struct llm_head *head, const char *body, size_t n,
    struct llm_end *end)
{
	json_auto_t *root = llm_errbody_load(body, n);
	const json_t *error = gemini_find_error(root);
	int64_t delay_ms;

	llm_errbody_note_status(end, head->status);
	if (error != NULL)
		gemini_tell_error(end, provider, error, head->status);
	else
		llm_errbody_unknown(end, provider, head->status);
	delay_ms = end->retry_after_ms;
	llm_fault_head(end, head);
	if (end->retry_after_ms < 0)
		end->retry_after_ms = delay_ms;
	return error != NULL;
}
