#include "llm/openai.h"

#include <string.h>

#include "llm/json.h"

/* How hosts call the room of a model; OpenAI itself does not say it. */
static const char *const CONTEXTS[] = {
	"context_length", "context_window", "max_context_length",
	"max_model_len",
};

/*
 * Names of models that do not chat.  OpenAI's list has all kinds and does not
 * tell them apart; one too many in a list does less harm than one too few.
 */
static const char *const OTHERS[] = {
	"embedding", "whisper", "tts", "dall-e", "gpt-image", "moderation",
	"transcribe", "realtime", "sora", "babbage", "davinci", "-audio",
	"rerank",
};

/*
 * Mistral says what a model can do, and when it will be switched off: then it
 * is not offered any more, though it can still be asked.  Its models stand in
 * the list once for each of their names, so "aliases" need not be read.
 */
static bool
is_offered(const json_t *model)
{
	const json_t *can = json_object_get(model, "capabilities");

	return json_string_length(json_object_get(model, "deprecation")) == 0 &&
	    (!json_is_object(can) ||
	    !json_is_false(json_object_get(can, "completion_chat")));
}

static bool
may_chat(const char *id)
{
	for (size_t i = 0; i < sizeof(OTHERS) / sizeof(OTHERS[0]); i++)
		if (strstr(id, OTHERS[i]) != NULL)
			return false;
	return id[0] != '\0';
}

static int64_t
context_of(const json_t *model)
{
	int64_t n = 0;

	for (size_t i = 0; n <= 0 && i < sizeof(CONTEXTS) / sizeof(CONTEXTS[0]);
	    i++)
		n = llm_json_tokens(model, CONTEXTS[i]);
	return n > 0 ? n : 0;
}

enum err
openai_models_url(const struct llm_provider *provider, const char *after,
    struct buf *url)
{
	(void)after; /* there is one page */
	return buf_addf(url, "%s/models", provider->base_url);
}

bool
openai_models(const json_t *root, llm_listed_fn *each, void *arg,
    struct buf *after)
{
	const json_t *data = json_is_array(root) ? root :
	    json_object_get(root, "data");
	const json_t *model;
	size_t i;

	(void)after;
	if (!json_is_array(data))
		return false;
	json_array_foreach(data, i, model) {
		struct llm_listed listed = {
			.id = llm_json_text(model, "id"),
			.name = llm_json_text(model, "name"),
			.context = context_of(model),
		};

		if (may_chat(listed.id) && is_offered(model))
			each(arg, &listed);
	}
	return true;
}
