#include "llm/openai.h"

#include <stdlib.h>
#include <string.h>

#include "llm/errbody.h"
#include "llm/json.h"
#include "llm/word.h"

#define CHANGE " Change it, or choose another model."
#define LIMIT_SENTENCE \
	"The model at %s does not take this token limit." CHANGE

/* An error as it was sent; what was not sent is "" or 0. */
struct fault {
	const char *code, *type, *param, *text;
	int status; /* as the error itself says */
};

/* What an error's `code`, else its `type`, means. */
static const struct {
	const char *word;
	enum err err; /* ERR_OK: no error, the content filter */
} WORDS[] = {
	{ "invalid_api_key", ERR_PROVIDER_AUTH },
	{ "authentication_error", ERR_PROVIDER_AUTH },
	{ "invalid_authentication", ERR_PROVIDER_AUTH },
	{ "account_deactivated", ERR_PROVIDER_AUTH },
	{ "insufficient_quota", ERR_PROVIDER_QUOTA },
	{ "billing_hard_limit_reached", ERR_PROVIDER_QUOTA },
	{ "billing_not_active", ERR_PROVIDER_QUOTA },
	{ "insufficient_credits", ERR_PROVIDER_QUOTA },
	{ "insufficient_balance", ERR_PROVIDER_QUOTA },
	{ "context_length_exceeded", ERR_CONTEXT_LENGTH },
	{ "too_many_prompt_tokens", ERR_CONTEXT_LENGTH },
	{ "string_above_max_length", ERR_CONTEXT_LENGTH },
	{ "model_not_found", ERR_MODEL_NOT_FOUND },
	{ "model_not_available", ERR_MODEL_NOT_FOUND },
	{ "model_decommissioned", ERR_MODEL_NOT_FOUND },
	{ "DeploymentNotFound", ERR_MODEL_NOT_FOUND },
	{ "invalid_model", ERR_MODEL_NOT_FOUND },
	{ "rate_limit_exceeded", ERR_PROVIDER_RATE },
	{ "rate_limit_error", ERR_PROVIDER_RATE },
	{ "rate_limited", ERR_PROVIDER_RATE },
	{ "1300", ERR_PROVIDER_RATE }, /* Mistral: this key's limit */
	{ "3505", ERR_PROVIDER_RATE }, /* and that of its service tier */
	{ "slow_down", ERR_PROVIDER_RATE },
	{ "server_error", ERR_PROVIDER_UNAVAILABLE },
	{ "internal_error", ERR_PROVIDER_UNAVAILABLE },
	{ "overloaded_error", ERR_PROVIDER_UNAVAILABLE },
	{ "service_unavailable", ERR_PROVIDER_UNAVAILABLE },
	{ "content_filter", ERR_OK },
	{ "content_policy_violation", ERR_OK },
};

/* Where there is no word, some hosts can only be understood by their text.  It
 * is searched and never shown. */
static const struct {
	const char *text;
	enum err err;
} TEXTS[] = {
	{ "context length", ERR_CONTEXT_LENGTH },
	{ "context window", ERR_CONTEXT_LENGTH },
	{ "prompt too long", ERR_CONTEXT_LENGTH },
	{ "prompt is too long", ERR_CONTEXT_LENGTH },
	{ "not a valid model", ERR_MODEL_NOT_FOUND },
	{ "model not exist", ERR_MODEL_NOT_FOUND },
	{ "api key not valid", ERR_PROVIDER_AUTH },
};

/*
 * What alone was rejected, by the `param` that names it: how that is told, and
 * what to leave out.  Where a name is not taken the other one may be; a value
 * that is not taken is left to the model.  The first row that fits; code NULL
 * is any.
 */
static const struct {
	const char *param, *code;
	enum llm_param rejected;
	const char *sentence;
} PARAMS[] = {
	{ "temperature", NULL, LLM_PARAM_TEMPERATURE,
	    "The model at %s does not take this temperature." CHANGE },
	{ "max_tokens", "unsupported_parameter", LLM_PARAM_LIMIT_NAME,
	    LIMIT_SENTENCE },
	{ "max_completion_tokens", "unsupported_parameter",
	    LLM_PARAM_LIMIT_NAME, LIMIT_SENTENCE },
	{ "max_tokens", NULL, LLM_PARAM_MAX_TOKENS, LIMIT_SENTENCE },
	{ "max_completion_tokens", NULL, LLM_PARAM_MAX_TOKENS,
	    LIMIT_SENTENCE },
	{ "reasoning_effort", NULL, LLM_PARAM_EFFORT,
	    "The model at %s does not take this reasoning effort." CHANGE },
	{ "messages[0].role", NULL, LLM_PARAM_SYSTEM,
	    "The model at %s does not take a system prompt. Leave it out, "
	    "or choose another model." },
	{ "stream_options", NULL, LLM_PARAM_STREAM_OPTIONS,
	    "%s did not accept the request. Choose another model." },
	{ "messages", NULL, LLM_PARAM_NONE,
	    "The model at %s does not take these messages. Ask in other "
	    "words, or choose another model." },
	{ "model", NULL, LLM_PARAM_NONE,
	    "%s does not take this name of a model. Choose another." },
};

static int
find_param(const struct fault *f)
{
	for (size_t i = 0; i < sizeof(PARAMS) / sizeof(PARAMS[0]); i++)
		if (strcmp(PARAMS[i].param, f->param) == 0 &&
		    (PARAMS[i].code == NULL ||
		    strcmp(PARAMS[i].code, f->code) == 0))
			return (int)i;
	return -1;
}

/* A status that stands in the error, as number or text. */
static int
status_in(const json_t *error)
{
	static const char *const NAMES[] = {
		"code", "status_code", "status", "raw_status_code",
	};

	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		const json_t *v = json_object_get(error, NAMES[i]);
		long long n = json_is_string(v) ?
		    atoll(json_string_value(v)) : json_integer_value(v);

		if (n >= 400 && n <= 599)
			return (int)n;
	}
	return 0;
}

static struct fault
read_fault(const json_t *error)
{
	if (json_is_string(error))
		return (struct fault){
			"", "", "", json_string_value(error), 0,
		};
	return (struct fault){
		.code = llm_json_text(error, "code"),
		.type = llm_json_text(error, "type"),
		.param = llm_json_text(error, "param"),
		.text = llm_json_text(error, "message"),
		.status = status_in(error),
	};
}

static bool
err_by_word(const struct fault *f, enum err *err)
{
	int row = LLM_WORD_FIND(WORDS, f->code);

	if (row < 0)
		row = LLM_WORD_FIND(WORDS, f->type);
	if (row >= 0)
		*err = WORDS[row].err;
	return row >= 0;
}

/* Only where the request is blamed: elsewhere the same words may be said in
 * passing. */
static bool
err_by_text(const struct fault *f, int status, enum err *err)
{
	if (status < 400 || status > 499 || status == 429)
		return false;
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		if (strcasestr(f->text, TEXTS[i].text) == NULL)
			continue;
		*err = TEXTS[i].err;
		return true;
	}
	return false;
}

static void
tell_by_status(struct llm_end *end, const struct llm_provider *provider,
    const struct fault *f, int status)
{
	int row = find_param(f);

	llm_fault_status(end, provider, status);
	if (end->err != ERR_PROVIDER_REJECTED || row < 0)
		return;
	llm_fault_say(end, provider, end->err, PARAMS[row].sentence);
	end->rejected = PARAMS[row].rejected;
}

/*
 * What the answer's status is worth, when it has an error in it: one that came
 * with 200 has its own, or is the caller's fault by its type, or trouble.
 */
static int
blamed_status(const struct fault *f, int status)
{
	if (status >= 300)
		return status;
	if (f->status == 0 && strcmp(f->type, "invalid_request_error") == 0)
		return 400;
	return f->status;
}

void
openai_tell_error(struct llm_end *end, const struct llm_provider *provider,
    const json_t *error, int http_status)
{
	struct fault f = read_fault(error);
	int status = blamed_status(&f, http_status);
	enum err err;

	if (!err_by_word(&f, &err) && !err_by_text(&f, status, &err))
		tell_by_status(end, provider, &f, status);
	else if (err == ERR_OK)
		end->finish = LLM_FINISH_FILTER;
	else
		llm_fault_set(end, provider, err);
	llm_fault_note(end, "code", f.code);
	llm_fault_note(end, "type", f.type);
	llm_fault_note(end, "param", f.param);
}

/*
 * Where in a body or chunk the error is: {"error": {...}}, {"error": "text"},
 * or at the top, as vLLM and Mistral have it.
 */
const json_t *
openai_find_error(const json_t *root)
{
	const json_t *error;

	if (json_is_array(root))
		root = json_array_get(root, 0);
	error = json_object_get(root, "error");
	if (json_is_object(error) || json_string_length(error) > 0)
		return error;
	if (strcmp(llm_json_text(root, "object"), "error") == 0)
		return root;
	error = json_object_get(json_object_get(root, "x_groq"), "error");
	return json_string_length(error) > 0 ? error : NULL;
}

bool
openai_error_body(const struct llm_provider *provider,
    const struct llm_head *head, const char *body, size_t n,
    struct llm_end *end)
{
	json_auto_t *root = llm_errbody_load(body, n);
	const json_t *error = openai_find_error(root);

	llm_errbody_note_status(end, head->status);
	if (error != NULL)
		openai_tell_error(end, provider, error, head->status);
	else
		llm_errbody_unknown(end, provider, head->status);
	llm_fault_head(end, head);
	return error != NULL;
}
