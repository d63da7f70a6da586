/*
 * The models that can be chosen: those of the catalog, and those that the
 * providers list for this user's keys, or the settings name in their place.
 */
#include <string.h>

#include "api/lister.h"
#include "api/routes.h"
#include "base/clock.h"
#include "llm/catalog.h"
#include "llm/provider.h"
#include "store/apikeys.h"
#include "store/modellists.h"

enum {
	LIST_AGE_MS = 6 * 3600 * 1000,  /* then a list is asked for anew */
	LIST_FAILED_MS = 10 * 60 * 1000, /* and so soon after a failure */
};

/* What is known of the user's keys and lists, by provider. */
struct choosing {
	const struct app *app;
	struct req *rq;
	json_t *own;    /* {provider: true}: has a key of the user */
	json_t *lists;  /* {provider: [models]} */
	json_t *times;  /* {provider: listed_at in ms} */
	json_t *recent; /* {provider: true}: need not be asked for */
	bool refresh;
};

static enum err
note_key(void *arg, const char *provider, const char *last4)
{
	struct choosing *c = arg;

	(void)last4;
	return json_object_set_new(c->own, provider, json_true()) == 0 ?
	    ERR_OK : ERR_INTERNAL;
}

/* Are its models named in the settings, so that its list is not needed? */
static bool
is_named(const struct llm_provider *p)
{
	return p->models[0] != '\0';
}

static bool
is_recent(const struct modellist *list)
{
	int64_t age = clock_wall_ms() - list->tried_at;

	return age >= 0 && age < (list->failed ?
	    (int64_t)LIST_FAILED_MS : (int64_t)LIST_AGE_MS);
}

static enum err
note_list(void *arg, const struct modellist *list)
{
	struct choosing *c = arg;
	json_t *models;

	if (is_recent(list))
		json_object_set_new(c->recent, list->provider, json_true());
	if (list->json == NULL)
		return ERR_OK;
	models = json_loadb(list->json, list->len, 0, NULL);
	if (models == NULL)
		return ERR_OK; /* it will be asked for again */
	json_object_set_new(c->times, list->provider,
	    json_integer(list->listed_at));
	return json_object_set_new(c->lists, list->provider, models) == 0 ?
	    ERR_OK : ERR_INTERNAL;
}

/* ---- providers ---- */

/* "user", "system" or NULL. */
static const char *
key_source(const struct choosing *c, const struct llm_provider *p)
{
	if (json_object_get(c->own, p->name) != NULL)
		return "user";
	return p->key != NULL ? "system" : NULL;
}

/* Is its list on its way? */
static bool
ask_for_list(const struct choosing *c, const struct llm_provider *p)
{
	if (key_source(c, p) == NULL || is_named(p))
		return false;
	if (json_object_get(c->recent, p->name) != NULL && !c->refresh)
		return false;
	return lister_ask(c->app->lister, &c->rq->user.id, p);
}

static json_t *
time_or_null(const json_t *ms)
{
	char text[CLOCK_TEXT_SIZE];

	return ms != NULL ? json_string(clock_text(json_integer_value(ms),
	    text)) : json_null();
}

static json_t *
provider_json(const struct choosing *c, const struct llm_provider *p)
{
	return json_pack("{s:s, s:s, s:s, s:s?, s:b, s:o, s:b}",
	    "id", p->name, "label", p->label,
	    "wire", llm_provider_wire_name(p),
	    "key", key_source(c, p), "demo", p->demo,
	    "listed_at", time_or_null(json_object_get(c->times, p->name)),
	    "refreshing", ask_for_list(c, p));
}

static json_t *
providers_json(const struct choosing *c)
{
	json_t *list = json_array();

	for (int i = 0; i < llm_provider_count(c->app->providers); i++)
		json_array_append_new(list, provider_json(c,
		    llm_provider_at(c->app->providers, i)));
	return list;
}

/* ---- models ---- */

static const json_t *
find_listed(const json_t *models, const char *id)
{
	const json_t *model;
	size_t i;

	json_array_foreach(models, i, model)
		if (strcmp(json_string_value(json_object_get(model, "id")),
		    id) == 0)
			return model;
	return NULL;
}

/* One of the catalog; `listed` is null where the provider was not heard. */
static json_t *
known_json(const struct choosing *c, const struct catalog_model *m)
{
	const json_t *models = json_object_get(c->lists, m->provider);
	json_t *object = json_deep_copy(m->json);

	json_object_set_new(object, "listed", models == NULL ? json_null() :
	    json_boolean(find_listed(models, m->id) != NULL));
	return object;
}

/* One that only the provider names. */
static json_t *
listed_json(const char *provider, const json_t *model)
{
	return json_pack("{s:O, s:s, s:O, s:O, s:O, s:n, s:n, s:b}",
	    "id", json_object_get(model, "id"),
	    "provider", provider,
	    "name", json_object_get(model, "name"),
	    "context", json_object_get(model, "context"),
	    "max_output", json_object_get(model, "max_output"),
	    "capabilities", "price", "listed", true);
}

static void
add_known(const struct choosing *c, json_t *list)
{
	const struct catalog *catalog = c->app->catalog;

	for (size_t i = 0; i < catalog_count(catalog); i++) {
		const struct catalog_model *m = catalog_at(catalog, i);

		if (llm_provider_find(c->app->providers, m->provider) != NULL)
			json_array_append_new(list, known_json(c, m));
	}
}

static void
add_listed(const struct choosing *c, const char *provider, json_t *list)
{
	const json_t *models = json_object_get(c->lists, provider);
	const json_t *model;
	size_t i;

	json_array_foreach(models, i, model) {
		const char *id = json_string_value(json_object_get(model,
		    "id"));

		if (id != NULL && catalog_find(c->app->catalog, provider,
		    id) == NULL)
			json_array_append_new(list, listed_json(provider,
			    model));
	}
}

/* Those of the settings.  Of such only the name is known. */
static void
add_named(const struct choosing *c, const struct llm_provider *p, json_t *list)
{
	char name[LLM_MODEL_NAME_MAX];
	size_t at = 0;

	while (llm_provider_next_model(p, &at, name))
		if (catalog_find(c->app->catalog, p->name, name) == NULL)
			json_array_append_new(list, json_pack(
			    "{s:s, s:s, s:s, s:n, s:n, s:n, s:n, s:n}",
			    "id", name, "provider", p->name, "name", name,
			    "context", "max_output", "capabilities", "price",
			    "listed"));
}

static void
add_others(const struct choosing *c, const struct llm_provider *p, json_t *list)
{
	if (is_named(p))
		add_named(c, p, list);
	else
		add_listed(c, p->name, list);
}

static json_t *
models_json(const struct choosing *c)
{
	json_t *list = json_array();

	add_known(c, list);
	for (int i = 0; i < llm_provider_count(c->app->providers); i++)
		add_others(c, llm_provider_at(c->app->providers, i), list);
	return list;
}

enum err
models_list(const struct app *app, struct db_conn *db, struct req *rq)
{
	json_auto_t *own = json_object(), *lists = json_object();
	json_auto_t *times = json_object(), *recent = json_object();
	struct choosing c = {
		.app = app, .rq = rq, .own = own, .lists = lists,
		.times = times, .recent = recent,
	};
	int refresh;
	enum err err;

	if ((err = req_query_int(rq, "refresh", 0, 1, 0, &refresh)) ||
	    (err = apikey_list(db, &rq->user.id, note_key, &c)) ||
	    (err = modellist_each(db, &rq->user.id, note_list, &c)))
		return err;
	c.refresh = refresh;
	rq->reply = json_pack("{s:o, s:o}", "providers", providers_json(&c),
	    "models", models_json(&c));
	return rq->reply != NULL ? ERR_OK : ERR_INTERNAL;
}
