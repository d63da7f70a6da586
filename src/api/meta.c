/* What the server says of itself: alive, ready, which models there are. */
#include "api/routes.h"
#include "llm/catalog.h"
#include "llm/provider.h"
#include "store/apikeys.h"
#include "stream/relay.h"

enum err
meta_health(const struct app *app, struct db_conn *db, struct req *rq)
{
	(void)db;
	rq->reply = json_pack("{s:s, s:s, s:i}",
	    "status", "ok",
	    "version", PACKAGE_VERSION,
	    "streams", relay_count(app->relay));
	return ERR_OK;
}

static enum err
read_nothing(void *arg, const struct db_value *row, int n)
{
	(void)arg;
	(void)row;
	(void)n;
	return ERR_OK;
}

enum err
meta_ready(const struct app *app, struct db_conn *db, struct req *rq)
{
	enum err err;

	(void)app;
	err = db_query_one(db, "SELECT version FROM schema_version", NULL, 0,
	    read_nothing, NULL);
	if (err)
		return req_fail(rq, ERR_UNAVAILABLE,
		    "The database does not answer as it should.");
	rq->reply = json_pack("{s:s}", "status", "ready");
	return ERR_OK;
}

/* Gathers the providers that this user has a key for. */
static enum err
note_key(void *arg, const char *provider, const char *last4)
{
	(void)last4;
	return json_object_set_new(arg, provider, json_true()) == 0 ?
	    ERR_OK : ERR_INTERNAL;
}

static json_t *
key_source(const struct llm_provider *p, const json_t *own)
{
	if (json_object_get(own, p->name) != NULL)
		return json_string("user");
	return p->key != NULL ? json_string("system") : json_null();
}

static json_t *
providers_json(const struct llm_providers *providers, const json_t *own)
{
	json_t *list = json_array();

	for (int i = 0; i < llm_provider_count(providers); i++) {
		const struct llm_provider *p = llm_provider_at(providers, i);

		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o, s:b}",
		    "id", p->name, "label", p->label,
		    "wire", llm_provider_wire_name(p),
		    "key", key_source(p, own), "demo", p->demo));
	}
	return list;
}

/* Models of providers that are set up here. */
static json_t *
models_json(const struct app *app)
{
	json_t *list = json_array();

	for (size_t i = 0; i < catalog_count(app->catalog); i++) {
		const struct catalog_model *m = catalog_at(app->catalog, i);

		if (llm_provider_find(app->providers, m->provider) != NULL)
			json_array_append_new(list, json_deep_copy(m->json));
	}
	return list;
}

enum err
meta_models(const struct app *app, struct db_conn *db, struct req *rq)
{
	json_auto_t *own = json_object();
	enum err err;

	if ((err = apikey_list(db, &rq->user.id, note_key, own)))
		return err;
	rq->reply = json_pack("{s:o, s:o}",
	    "providers", providers_json(app->providers, own),
	    "models", models_json(app));
	return rq->reply != NULL ? ERR_OK : ERR_INTERNAL;
}
