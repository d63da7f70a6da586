/*
 * Mistral's chat completions: OpenAI's, but for a stricter request, usage that
 * comes unasked, and errors in three shapes (client-python of 2026-06-30).
 */
#include <string.h>

#include "llm/errbody.h"
#include "llm/json.h"
#include "llm/openai.h"

/* The API answers 422 above it; ours goes to 2, so what was meant is "as
 * varied as can be". */
static const double TEMPERATURE_MAX = 1.5;

/* Models whose reasoning can be chosen, by how their names begin.  Magistral
 * always thinks, the others never do, and both refuse the parameter. */
static const char *const CHOOSERS[] = { "mistral-small", "mistral-medium" };

/* There is only "none" and "high": who asks for some gets all of it. */
static const char *
effort_of(const struct llm_request *rq)
{
	if (rq->reasoning_effort == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(CHOOSERS) / sizeof(CHOOSERS[0]); i++)
		if (strncmp(rq->model, CHOOSERS[i], strlen(CHOOSERS[i])) == 0)
			return strcmp(rq->reasoning_effort, "none") == 0 ?
			    "none" : "high";
	return NULL;
}

static enum err
mistral_ask(const struct llm_provider *provider,
    const struct llm_request *request, struct llm_ask *ask)
{
	struct openai_form form = {
		.system_role = "system",
		.max_tokens = "max_tokens",
		.has_temperature = request->has_temperature,
		.temperature = request->temperature < TEMPERATURE_MAX ?
		    request->temperature : TEMPERATURE_MAX,
		.reasoning_effort = effort_of(request),
	};

	return openai_ask_as(provider, request, &form, ask);
}

/* A list of faults names what it blames by its path: ["body", "messages", 0,
 * "role"].  What stands behind "body" is the parameter. */
static const char *
blamed_param(const json_t *detail)
{
	const json_t *loc = json_object_get(json_array_get(detail, 0), "loc");
	const char *param = json_string_value(json_array_get(loc, 1));

	return param != NULL ? param : "";
}

/*
 * {"detail": "text"} or {"detail": [faults]}.  Only a status says what the text
 * is about, and with 404 it is that there is no such address.
 */
static bool
tell_detail(struct llm_end *end, const struct llm_provider *provider,
    const json_t *detail, int status)
{
	json_auto_t *error = NULL;

	if (status == 404 || status < 400 ||
	    (!json_is_string(detail) && !json_is_array(detail)))
		return false;
	llm_errbody_note_status(end, status);
	error = json_pack("{s:s}", "param", blamed_param(detail));
	openai_tell_error(end, provider, error, status);
	return true;
}

static bool
mistral_error_body(const struct llm_provider *provider,
    const struct llm_head *head, const char *body, size_t n,
    struct llm_end *end)
{
	json_auto_t *root = llm_errbody_load(body, n);
	const json_t *detail = json_object_get(root, "detail");

	if (openai_find_error(root) != NULL ||
	    !tell_detail(end, provider, detail, head->status))
		return openai_error_body(provider, head, body, n, end);
	llm_fault_head(end, head);
	return true;
}

const struct llm_wire llm_wire_mistral = {
	.name = "mistral",
	.ask = mistral_ask,
	.auth = openai_auth,
	.event = openai_event,
	.error_body = mistral_error_body,
	.whole = openai_whole,
	.models_url = openai_models_url,
	.models = openai_models,
};
