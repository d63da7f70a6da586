/*
 * The providers of the settings, ready to be asked: each [provider.NAME] with
 * its wire, its label and the key for everybody, if it has one.  Nothing in
 * them changes after the start.
 */
#ifndef LLM_PROVIDER_H
#define LLM_PROVIDER_H

#include "base/conf.h"
#include "llm/llm.h"

enum {
	LLM_KEY_MAX = 8 * 1024, /* some keys are signed tokens of 2 KB */
	LLM_MODEL_NAME_MAX = 512, /* NUL included; as long as a setting */
};

struct llm_providers;

/*
 * Where it fails, `why` has a sentence for the administrator that names the
 * section.  A key_file must be a file that only its owner can read; an
 * environment variable that is not set means that there is no key.
 */
enum err
llm_providers_load(const struct conf *conf, struct llm_providers **out,
    char *why, size_t why_size);

/* The keys are wiped.  NULL is well. */
void
llm_providers_free(struct llm_providers *providers);

int
llm_provider_count(const struct llm_providers *providers);

/* In the order of the settings; NULL beyond the last. */
const struct llm_provider *
llm_provider_at(const struct llm_providers *providers, int i);

/* NULL where there is none of that name. */
const struct llm_provider *
llm_provider_find(const struct llm_providers *providers, const char *name);

/*
 * The models that the settings name, one with each call; `*at` is 0 before the
 * first.  False after the last.
 */
bool
llm_provider_next_model(const struct llm_provider *provider, size_t *at,
    char name[static LLM_MODEL_NAME_MAX]);

/* The name of its wire, for people and for GET /models. */
const char *
llm_provider_wire_name(const struct llm_provider *provider);

/*
 * True for a key that can stand in a header: 1 to LLM_KEY_MAX visible ASCII
 * characters, so no blank, no line end.
 */
bool
llm_key_is_plain(const char *key);

/* True for a model's name that can be asked for: 1 to 200 letters, digits and
 * . _ : / @ - (S20). */
bool
llm_model_is_plain(const char *model);

#endif
