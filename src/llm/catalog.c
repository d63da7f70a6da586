#include "llm/catalog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TOKENS_OF_PRICE = 1000000 };

/* Where the sentence about a fault goes. */
struct why {
	char *p;
	size_t size;
	const char *path;
	size_t nth; /* entry, from 1; 0: none */
	const char *id;
};

static enum err
say(const struct why *why, const char *fault)
{
	if (why->nth == 0)
		snprintf(why->p, why->size, "%s: %s", why->path, fault);
	else
		snprintf(why->p, why->size, "%s: model %zu (%s): %s",
		    why->path, why->nth, why->id, fault);
	return ERR_VALIDATION;
}

static enum err
say_key(const struct why *why, const char *key, const char *fault)
{
	char text[256];

	snprintf(text, sizeof(text), "\"%s\" %s", key, fault);
	return say(why, text);
}

static enum err
get_text(const json_t *object, const char *key, const char **out,
    const struct why *why)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (text == NULL || text[0] == '\0')
		return say_key(why, key, "must be text");
	*out = text;
	return ERR_OK;
}

static enum err
get_tokens(const json_t *object, const char *key, int64_t *out,
    const struct why *why)
{
	const json_t *n = json_object_get(object, key);

	if (n == NULL || json_is_null(n))
		return ERR_OK;
	if (!json_is_integer(n) || json_integer_value(n) <= 0)
		return say_key(why, key, "must be a number of tokens or null");
	*out = json_integer_value(n);
	return ERR_OK;
}

static enum err
get_amount(const json_t *object, const char *key, bool must, double *out,
    const struct why *why)
{
	const json_t *n = json_object_get(object, key);

	if (!must && (n == NULL || json_is_null(n)))
		return ERR_OK;
	if (!json_is_number(n) || json_number_value(n) < 0)
		return say_key(why, key, "must be an amount of money");
	*out = json_number_value(n);
	return ERR_OK;
}

static enum err
get_flag(const json_t *object, const char *key, bool *out,
    const struct why *why)
{
	const json_t *flag = json_object_get(object, key);

	if (flag == NULL)
		return ERR_OK;
	if (!json_is_boolean(flag))
		return say_key(why, key, "must be true or false");
	*out = json_is_true(flag);
	return ERR_OK;
}

static enum err
check_keys(const json_t *object, const char *const *known,
    const struct why *why)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		int i = 0;

		while (known[i] != NULL && strcmp(known[i], key) != 0)
			i++;
		if (known[i] == NULL)
			return say_key(why, key, "is not known here");
	}
	return ERR_OK;
}

static enum err
read_price(const json_t *price, struct catalog_model *m, const struct why *why)
{
	static const char *const KEYS[] = { "input", "output", "cached",
		"currency", "source", "date", "note", NULL };
	const char *currency = "";
	enum err err;

	if (price == NULL || json_is_null(price))
		return ERR_OK;
	if (!json_is_object(price))
		return say_key(why, "price", "must be an object or null");
	m->price.cached = -1;
	if ((err = check_keys(price, KEYS, why)) ||
	    (err = get_amount(price, "input", true, &m->price.input, why)) ||
	    (err = get_amount(price, "output", true, &m->price.output, why)) ||
	    (err = get_amount(price, "cached", false, &m->price.cached,
	    why)) ||
	    (err = get_text(price, "source", &m->price.source, why)) ||
	    (err = get_text(price, "date", &m->price.date, why)) ||
	    (err = get_text(price, "currency", &currency, why)))
		return err;
	if (strcmp(currency, "USD") != 0)
		return say_key(why, "currency", "must be USD");
	m->has_price = true;
	return ERR_OK;
}

static enum err
read_capabilities(const json_t *all, struct catalog_model *m,
    const struct why *why)
{
	static const char *const KEYS[] = { "temperature", "system",
		"reasoning", NULL };
	enum err err;

	m->takes_temperature = m->takes_system = true;
	if (all == NULL)
		return ERR_OK;
	if (!json_is_object(all))
		return say_key(why, "capabilities", "must be an object");
	if ((err = check_keys(all, KEYS, why)) ||
	    (err = get_flag(all, "temperature", &m->takes_temperature,
	    why)) ||
	    (err = get_flag(all, "system", &m->takes_system, why)))
		return err;
	return get_flag(all, "reasoning", &m->has_reasoning, why);
}

static enum err
read_model(const json_t *entry, struct catalog_model *m,
    const struct why *why)
{
	static const char *const KEYS[] = { "id", "provider", "name",
		"context", "max_output", "capabilities", "price", NULL };
	enum err err;

	if (!json_is_object(entry))
		return say(why, "must be an object");
	m->json = entry;
	if ((err = check_keys(entry, KEYS, why)) ||
	    (err = get_text(entry, "id", &m->id, why)) ||
	    (err = get_text(entry, "provider", &m->provider, why)) ||
	    (err = get_text(entry, "name", &m->name, why)) ||
	    (err = get_tokens(entry, "context", &m->context, why)) ||
	    (err = get_tokens(entry, "max_output", &m->max_output, why)) ||
	    (err = read_capabilities(json_object_get(entry, "capabilities"),
	    m, why)))
		return err;
	return read_price(json_object_get(entry, "price"), m, why);
}

static enum err
add_model(struct catalog *c, const json_t *entry, struct why *why)
{
	struct catalog_model m = { 0 };
	const char *id = json_string_value(json_object_get(entry, "id"));
	enum err err;

	why->nth = c->n + 1;
	why->id = id != NULL ? id : "without an id";
	if ((err = read_model(entry, &m, why)))
		return err;
	if (catalog_find(c, m.provider, m.id) != NULL)
		return say(why, "is there twice");
	c->models[c->n++] = m;
	return ERR_OK;
}

static enum err
read_catalog(struct catalog *c, struct why *why)
{
	const json_t *models = json_object_get(c->root, "models");
	const json_t *entry;
	enum err err;
	size_t i;

	if ((err = get_text(c->root, "date", &c->date, why)))
		return err;
	if (!json_is_array(models) ||
	    json_array_size(models) > CATALOG_MODELS_MAX)
		return say_key(why, "models", "must be a list, of at most "
		    "4096");
	c->models = calloc(json_array_size(models) + 1, sizeof(*c->models));
	if (c->models == NULL)
		return ERR_INTERNAL;
	json_array_foreach(models, i, entry)
		if ((err = add_model(c, entry, why)))
			return err;
	return ERR_OK;
}

static enum err
load_json(const char *path, json_t **root, const struct why *why)
{
	json_error_t fault;
	struct stat st;
	char text[JSON_ERROR_TEXT_LENGTH + 64];

	if (stat(path, &st) != 0)
		return say(why, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > CATALOG_FILE_MAX)
		return say(why, "that is not a file of models");
	*root = json_load_file(path, JSON_REJECT_DUPLICATES, &fault);
	if (*root != NULL)
		return ERR_OK;
	snprintf(text, sizeof(text), "line %d, column %d: %s", fault.line,
	    fault.column, fault.text);
	return say(why, text);
}

enum err
catalog_load(const char *path, struct catalog **out, char *why_text,
    size_t why_size)
{
	struct why why = { .p = why_text, .size = why_size, .path = path };
	struct catalog *c = calloc(1, sizeof(*c));
	enum err err;

	if (c == NULL)
		return ERR_INTERNAL;
	if ((err = load_json(path, &c->root, &why)) ||
	    (err = read_catalog(c, &why))) {
		catalog_free(c);
		return err;
	}
	*out = c;
	return ERR_OK;
}

void
catalog_free(struct catalog *catalog)
{
	if (catalog == NULL)
		return;
	free(catalog->models);
	json_decref(catalog->root);
	free(catalog);
}

size_t
catalog_count(const struct catalog *catalog)
{
	return catalog->n;
}

const struct catalog_model *
catalog_at(const struct catalog *catalog, size_t i)
{
	return i < catalog->n ? &catalog->models[i] : NULL;
}

const struct catalog_model *
catalog_find(const struct catalog *catalog, const char *provider,
    const char *model)
{
	for (size_t i = 0; i < catalog->n; i++)
		if (strcmp(catalog->models[i].id, model) == 0 &&
		    strcmp(catalog->models[i].provider, provider) == 0)
			return &catalog->models[i];
	return NULL;
}

/* What was read from a cache has a price of its own, where one is known. */
static double
input_cost(const struct catalog_price *price, const struct llm_usage *usage)
{
	int64_t cached = usage->cached;

	if (price->cached < 0 || cached < 0 || cached > usage->input)
		cached = 0;
	return (double)(usage->input - cached) * price->input +
	    (double)cached * price->cached;
}

bool
catalog_cost(const struct catalog_model *model,
    const struct llm_usage *usage, double *usd)
{
	if (model == NULL || !model->has_price || usage->input < 0 ||
	    usage->output < 0)
		return false;
	*usd = (input_cost(&model->price, usage) +
	    (double)usage->output * model->price.output) / TOKENS_OF_PRICE;
	return true;
}
