#include "llm/anthropic.h"

#include <string.h>

#include "llm/errbody.h"
#include "llm/json.h"
#include "llm/word.h"

#define BLANK "%s does not take a question that is blank. Write one."

enum { HTTP_BAD_REQUEST = 400, HTTP_NOT_FOUND = 404, HTTP_TOO_LARGE = 413 };

/* What each type is worth as a status, for an error inside a stream has no
 * status of its own. */
static const struct {
	const char *type;
	int status;
} TYPES[] = {
	{ "invalid_request_error", HTTP_BAD_REQUEST },
	{ "authentication_error", 401 },
	{ "billing_error", 402 },
	{ "permission_error", 403 },
	{ "not_found_error", HTTP_NOT_FOUND },
	{ "request_too_large", HTTP_TOO_LARGE },
	{ "rate_limit_error", 429 },
	{ "api_error", 500 },
	{ "timeout_error", 504 },
	{ "overloaded_error", 529 },
};

/*
 * invalid_request_error says nothing by itself: what is wrong stands only in
 * its text.  That is searched, the first row counts, and it is never shown.
 */
static const struct {
	const char *text;
	enum err err; /* ERR_OK: no error, the content filter */
	enum llm_param rejected;
	const char *sentence; /* NULL: the usual one */
} TEXTS[] = {
	{ "content filtering policy", ERR_OK, LLM_PARAM_NONE, NULL },
	{ "credit balance", ERR_PROVIDER_QUOTA, LLM_PARAM_NONE, NULL },
	{ "usage limits", ERR_PROVIDER_QUOTA, LLM_PARAM_NONE,
	    "The account at %s has reached its limit of spending. Raise it "
	    "there, or use another key." },
	{ "organization has been disabled", ERR_PROVIDER_AUTH,
	    LLM_PARAM_NONE, NULL },
	{ "prompt is too long", ERR_CONTEXT_LENGTH, LLM_PARAM_NONE, NULL },
	{ "exceed context limit", ERR_CONTEXT_LENGTH, LLM_PARAM_NONE,
	    "The conversation and the token limit together are more than this "
	    "model of %s takes. Lower the limit, or begin a new "
	    "conversation." },
	{ "context window", ERR_CONTEXT_LENGTH, LLM_PARAM_NONE, NULL },
	{ "temperature", ERR_PROVIDER_REJECTED, LLM_PARAM_TEMPERATURE,
	    "%s does not take this temperature with this model. Leave it "
	    "out." },
	{ "max_tokens", ERR_PROVIDER_REJECTED, LLM_PARAM_MAX_TOKENS,
	    "%s does not take this token limit with this model. Choose "
	    "another, or leave it out." },
	{ "effort", ERR_PROVIDER_REJECTED, LLM_PARAM_EFFORT,
	    "%s does not take this reasoning effort with this model. Choose "
	    "another, or leave it out." },
	{ "thinking", ERR_PROVIDER_REJECTED, LLM_PARAM_EFFORT,
	    "%s does not take this reasoning effort with this model. Choose "
	    "another, or leave it out." },
	{ "non-empty", ERR_PROVIDER_REJECTED, LLM_PARAM_NONE, BLANK },
	{ "non-whitespace", ERR_PROVIDER_REJECTED, LLM_PARAM_NONE, BLANK },
};

/* The row of TEXTS; -1 where there is none, or something else than the request
 * is blamed, where the same words may be said in passing. */
static int
find_text(const char *text, int status)
{
	if (status != HTTP_BAD_REQUEST && status != HTTP_TOO_LARGE)
		return -1;
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
		if (strcasestr(text, TEXTS[i].text) != NULL)
			return (int)i;
	return -1;
}

/* The type says more than the status, but for the one that says nothing. */
static int
blamed_status(const char *type, int http_status)
{
	int row = LLM_WORD_FIND(TYPES, type);

	if (row >= 0 && (TYPES[row].status != HTTP_BAD_REQUEST ||
	    http_status < HTTP_BAD_REQUEST))
		return TYPES[row].status;
	return http_status >= 300 ? http_status : 0;
}

static void
tell_text(struct llm_end *end, const struct llm_provider *provider, int row)
{
	end->rejected = TEXTS[row].rejected;
	if (TEXTS[row].err == ERR_OK)
		end->finish = LLM_FINISH_FILTER;
	else if (TEXTS[row].sentence != NULL)
		llm_fault_say(end, provider, TEXTS[row].err,
		    TEXTS[row].sentence);
	else
		llm_fault_set(end, provider, TEXTS[row].err);
}

/* Of a model that is not there it writes "model: NAME"; otherwise it is the
 * address that is not there. */
static bool
is_wrong_address(int status, const char *text)
{
	return status == HTTP_NOT_FOUND && strcasestr(text, "model") == NULL;
}

void
anthropic_tell_error(struct llm_end *end, const struct llm_provider *provider,
    const json_t *error, int http_status)
{
	const char *type = llm_json_text(error, "type");
	const char *text = json_is_string(error) ? json_string_value(error) :
	    llm_json_text(error, "message");
	int status = blamed_status(type, http_status);
	int row = find_text(text, status);

	if (row >= 0)
		tell_text(end, provider, row);
	else if (is_wrong_address(status, text))
		llm_errbody_unknown(end, provider, status);
	else
		llm_fault_status(end, provider, status);
	llm_fault_note(end, "type", type);
}

/* {"type": "error", "error": {...}}; some hosts leave out the outer type, and
 * some write a bare string. */
const json_t *
anthropic_find_error(const json_t *root)
{
	const json_t *error = json_object_get(root, "error");

	return json_is_object(error) || json_string_length(error) > 0 ?
	    error : NULL;
}

bool
anthropic_error_body(const struct llm_provider *provider,
    const struct llm_head *head, const char *body, size_t n,
    struct llm_end *end)
{
	json_auto_t *root = llm_errbody_load(body, n);
	const json_t *error = anthropic_find_error(root);

	llm_errbody_note_status(end, head->status);
	if (error != NULL)
		anthropic_tell_error(end, provider, error, head->status);
	else
		llm_errbody_unknown(end, provider, head->status);
	llm_fault_head(end, head);
	return error != NULL;
}
