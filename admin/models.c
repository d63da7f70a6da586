/*
 * Does the file of models still say what the providers say?  Asks each provider
 * for which the server has a key, or that wants none, and compares.
 */
#include "admin/admin.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/catalog.h"
#include "llm/list.h"
#include "llm/provider.h"
#include "llm/transport.h"

struct check {
	const struct catalog *catalog;
	const struct llm_provider *provider;
	json_t *listed; /* {id: context or null} of the provider */
	json_t *gone, *new, *differ; /* what is to be looked at */
};

static void
note_listed(void *arg, const struct llm_listed *model)
{
	struct check *c = arg;

	json_object_set_new(c->listed, model->id, model->context > 0 ?
	    json_integer(model->context) : json_null());
}

/* ---- comparing ---- */

static void
compare_known(struct check *c, const struct catalog_model *m)
{
	const json_t *context = json_object_get(c->listed, m->id);

	if (context == NULL)
		json_array_append_new(c->gone, json_string(m->id));
	else if (json_is_integer(context) &&
	    json_integer_value(context) != m->context)
		json_array_append_new(c->differ, json_pack("{s:s, s:I, s:O}",
		    "id", m->id, "file", (json_int_t)m->context,
		    "provider", context));
}

static void
compare(struct check *c)
{
	const char *id;
	json_t *context;

	for (size_t i = 0; i < catalog_count(c->catalog); i++) {
		const struct catalog_model *m = catalog_at(c->catalog, i);

		if (strcmp(m->provider, c->provider->name) == 0)
			compare_known(c, m);
	}
	json_object_foreach(c->listed, id, context)
		if (catalog_find(c->catalog, c->provider->name, id) == NULL)
			json_array_append_new(c->new, json_string(id));
}

/* ---- one provider ---- */

/* What came of it, as JSON; `*well` where there is nothing to look at. */
static json_t *
check_provider(const struct catalog *catalog, const struct llm_provider *p,
    bool *well)
{
	static const atomic_bool never;
	json_auto_t *listed = json_object(), *gone = json_array();
	json_auto_t *new = json_array(), *differ = json_array();
	struct check c = { catalog, p, listed, gone, new, differ };
	struct llm_end end;

	if (llm_list_fetch(p, p->key, &never, note_listed, &c, &end)) {
		*well = false;
		return json_pack("{s:s, s:s}", "provider", p->name, "error",
		    end.message);
	}
	compare(&c);
	*well = json_array_size(gone) == 0 && json_array_size(differ) == 0;
	return json_pack("{s:s, s:i, s:O, s:O, s:O}", "provider", p->name,
	    "listed", (int)json_object_size(listed), "gone", gone,
	    "differ", differ, "new", new);
}

/* ---- telling ---- */

static void
print_names(const char *what, const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)names, i, name)
		printf("  %s %s\n", what, json_string_value(name));
}

static void
print_differences(const json_t *list)
{
	const json_t *d;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)list, i, d)
		printf("  context of %s: %lld in the file, %lld at the "
		    "provider\n", json_string_value(json_object_get(d, "id")),
		    (long long)json_integer_value(json_object_get(d, "file")),
		    (long long)json_integer_value(json_object_get(d,
		    "provider")));
}

static void
print_result(const json_t *r)
{
	const char *error = json_string_value(json_object_get(r, "error"));

	printf("%s: ", json_string_value(json_object_get(r, "provider")));
	if (error != NULL) {
		printf("%s\n", error);
		return;
	}
	printf("lists %lld models\n",
	    (long long)json_integer_value(json_object_get(r, "listed")));
	print_names("not listed any more:", json_object_get(r, "gone"));
	print_differences(json_object_get(r, "differ"));
	print_names("not in the file:", json_object_get(r, "new"));
}

static int
tell(const struct options *o, json_t *results)
{
	const json_t *r;
	size_t i;

	if (o->json)
		return admin_print_json(json_incref(results));
	json_array_foreach(results, i, r)
		print_result(r);
	return ADMIN_DONE;
}

/* ---- the whole ---- */

static int
check_all(const struct options *o, const struct llm_providers *providers,
    const struct catalog *catalog)
{
	json_auto_t *results = json_array();
	bool well = true;
	int rc;

	for (int i = 0; i < llm_provider_count(providers); i++) {
		const struct llm_provider *p = llm_provider_at(providers, i);
		bool one_well = true;

		if (p->key == NULL)
			continue; /* each user brings one; see conf(5) */
		json_array_append_new(results, check_provider(catalog, p,
		    &one_well));
		well = well && one_well;
	}
	if (json_array_size(results) == 0)
		return admin_fail("No provider has a key in the settings, so "
		    "none can be asked. Give one a key_file or key_env.");
	rc = tell(o, results);
	return rc != ADMIN_DONE || well ? rc : ADMIN_FAILED;
}

static int
check_with_conf(const struct options *o, const struct conf *conf)
{
	struct llm_providers *providers = NULL;
	struct catalog *catalog = NULL;
	char why[CONF_WHY_MAX] = "";
	int rc = ADMIN_FAILED;

	if (llm_providers_load(conf, &providers, why, sizeof(why)) ||
	    catalog_load(conf->server_models, &catalog, why, sizeof(why)))
		admin_fail("%s", why);
	else
		rc = check_all(o, providers, catalog);
	catalog_free(catalog);
	llm_providers_free(providers);
	return rc;
}

int
admin_models_check(const struct options *o)
{
	struct conf *conf = admin_load_conf(o);
	int rc;

	if (conf == NULL)
		return ADMIN_FAILED;
	llm_transport_start();
	rc = check_with_conf(o, conf);
	llm_transport_stop();
	free(conf);
	return rc;
}
