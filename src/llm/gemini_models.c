#include "llm/gemini.h"

#include <string.h>

#include "llm/json.h"

static const char PREFIX[] = "models/";

/* The list has makers of images, speech and vectors too. */
static bool
may_chat(const json_t *model)
{
	const json_t *methods = json_object_get(model,
	    "supportedGenerationMethods");
	const json_t *method;
	size_t i;

	json_array_foreach(methods, i, method) {
		const char *name = json_string_value(method);

		if (name != NULL && strcmp(name, "generateContent") == 0)
			return true;
	}
	return false;
}

static const char *
id_of(const json_t *model)
{
	const char *name = llm_json_text(model, "name");

	return strncmp(name, PREFIX, strlen(PREFIX)) == 0 ?
	    name + strlen(PREFIX) : name;
}

static int64_t
limit(const json_t *model, const char *name)
{
	int64_t n = llm_json_tokens(model, name);

	return n > 0 ? n : 0;
}

/* 1000 is the most that a page can have; more than there are. */
enum err
gemini_models_url(const struct llm_provider *provider, const char *after,
    struct buf *url)
{
	enum err err = buf_addf(url, "%s/models?pageSize=1000",
	    provider->base_url);

	if (err == ERR_OK && after[0] != '\0')
		err = buf_adds(url, "&pageToken=");
	return err ? err : gemini_add_encoded(url, after);
}

bool
gemini_models(const json_t *root, llm_listed_fn *each, void *arg,
    struct buf *after)
{
	const json_t *models = json_object_get(root, "models");
	const json_t *model;
	size_t i;

	if (!json_is_array(models))
		return false;
	json_array_foreach(models, i, model) {
		struct llm_listed listed = {
			.id = id_of(model),
			.name = llm_json_text(model, "displayName"),
			.context = limit(model, "inputTokenLimit"),
			.max_output = limit(model, "outputTokenLimit"),
		};

		if (may_chat(model) && listed.id[0] != '\0')
			each(arg, &listed);
	}
	return buf_adds(after, llm_json_text(root, "nextPageToken")) == ERR_OK;
}
