/*
 * The models that are known, with what they take and what they cost: a file
 * that people edit (conf/models.json), never numbers in code.  A model that is
 * not in it can be asked all the same; then its limits and its price are not
 * known.
 *
 * Prices are what a public source said on a day, so every cost is an estimate.
 */
#ifndef LLM_CATALOG_H
#define LLM_CATALOG_H

#include <jansson.h>

#include "llm/llm.h"

enum {
	CATALOG_MODELS_MAX = 4096,
	CATALOG_FILE_MAX = 4 * 1024 * 1024, /* bytes */
};

/* USD for a million tokens. */
struct catalog_price {
	double input, output;
	double cached;      /* of input read from a cache; -1: not known */
	const char *source; /* who said so */
	const char *date;   /* and when: "2026-08-22" */
};

/* All texts belong to the catalog. */
struct catalog_model {
	const char *id, *provider, *name;
	int64_t context, max_output; /* tokens; 0: not known */
	bool takes_temperature;
	bool takes_system;
	bool has_reasoning; /* takes reasoning_effort */
	bool has_price;
	struct catalog_price price;
	const json_t *json; /* the entry as it stands in the file */
};

struct catalog {
	const char *date; /* of the whole */
	struct catalog_model *models;
	size_t n;
	json_t *root;
};

/* Where it fails, `why` has a sentence that names file and entry. */
enum err
catalog_load(const char *path, struct catalog **out, char *why,
    size_t why_size);

/* NULL is well. */
void
catalog_free(struct catalog *catalog);

size_t
catalog_count(const struct catalog *catalog);

/* In the order of the file; NULL beyond the last. */
const struct catalog_model *
catalog_at(const struct catalog *catalog, size_t i);

/* NULL where it is not known. */
const struct catalog_model *
catalog_find(const struct catalog *catalog, const char *provider,
    const char *model);

/*
 * What that would cost; false leaves `*usd`, where there is no price or no
 * usage.  Reasoning is within `usage->output`.  `model` may be NULL.
 */
bool
catalog_cost(const struct catalog_model *model,
    const struct llm_usage *usage, double *usd);

#endif
