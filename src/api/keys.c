#include "api/keys.h"

#include <stdio.h>
#include <string.h>

#include "api/routes.h"
#include "base/crypt.h"
#include "http/fields.h"
#include "store/apikeys.h"
#include "store/modellists.h"

_Static_assert((int)KEYS_SIZE > (int)APIKEY_MAX, "a key fits");

/* Which keys are set */

struct listed {
	char provider[APIKEY_PROVIDER_SIZE];
	char last4[APIKEY_LAST4_SIZE];
};

struct own_keys {
	struct listed keys[CONF_PROVIDERS_MAX];
	int n;
};

/* A key of a provider that is no longer in the settings may lie about, so
 * there can be more rows than providers. */
static enum err
remember(void *arg, const char *provider, const char *last4)
{
	struct own_keys *own = arg;
	struct listed *k = &own->keys[own->n];

	if (own->n == CONF_PROVIDERS_MAX)
		return ERR_OK;
	snprintf(k->provider, sizeof(k->provider), "%s", provider);
	snprintf(k->last4, sizeof(k->last4), "%s", last4);
	own->n++;
	return ERR_OK;
}

static const struct listed *
find_own(const struct own_keys *own, const char *provider)
{
	for (int i = 0; i < own->n; i++)
		if (strcmp(own->keys[i].provider, provider) == 0)
			return &own->keys[i];
	return NULL;
}

static json_t *
key_json(const char *provider, const char *source, const char *last4)
{
	return json_pack("{s:s, s:s, s:s?}", "provider", provider, "source",
	    source, "last4", last4);
}

/* The row for a provider; NULL where it has no key at all. */
static json_t *
listed_json(const struct llm_provider *p, const struct own_keys *own)
{
	const struct listed *k = find_own(own, p->name);

	if (k != NULL)
		return key_json(p->name, "user", k->last4);
	return p->key != NULL ? key_json(p->name, "system", NULL) : NULL;
}

enum err
keys_list(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct own_keys own = { .n = 0 };
	json_t *items;
	enum err err;

	if ((err = apikey_list(db, &rq->user.id, remember, &own)))
		return err;
	items = json_array();
	for (int i = 0; i < llm_provider_count(app->providers); i++) {
		json_t *item = listed_json(llm_provider_at(app->providers, i),
		    &own);

		if (item != NULL)
			json_array_append_new(items, item);
	}
	rq->reply = json_pack("{s:o}", "items", items);
	return rq->reply != NULL ? ERR_OK : ERR_INTERNAL;
}

/* Setting and removing one */

struct key_input {
	struct text key;
};

static const struct field KEY_FIELDS[] = {
	FIELD_TEXT(struct key_input, key, 1, APIKEY_MAX, FIELD_MUST),
};

static enum err
find_provider(const struct app *app, struct req *rq)
{
	if (llm_provider_find(app->providers, rq->path_name) != NULL)
		return ERR_OK;
	return req_fail(rq, ERR_NOT_FOUND,
	    "There is no provider of that name.");
}

/* Pasted keys often come with a line end or a space around them. */
static struct text
trim(struct text t)
{
	static const char space[] = " \t\r\n\v\f";

	while (t.len > 0 && strchr(space, t.p[0]) != NULL)
		t.p++, t.len--;
	while (t.len > 0 && strchr(space, t.p[t.len - 1]) != NULL)
		t.len--;
	return t;
}

/* A key becomes a header's value: printable ASCII without spaces, or it could
 * end the header and begin another. */
static enum err
check_key(struct req *rq, const struct text *key)
{
	if (key->len == 0)
		return req_fail_field(rq, "key", "The key is empty.");
	if (key->len > APIKEY_MAX)
		return req_fail_field(rq, "key",
		    "A key has at most %d bytes.", APIKEY_MAX);
	for (size_t i = 0; i < key->len; i++)
		if (key->p[i] <= ' ' || key->p[i] > '~')
			return req_fail_field(rq, "key", "A key has only "
			    "letters, digits and signs, with no space or line "
			    "end inside. Copy it again.");
	return ERR_OK;
}

enum err
keys_put(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct key_input in = { { 0 } };
	char last4[APIKEY_LAST4_SIZE];
	enum err err;

	if ((err = find_provider(app, rq)) ||
	    (err = FIELDS_READ(rq, KEY_FIELDS, &in)))
		return err;
	in.key = trim(in.key);
	if ((err = check_key(rq, &in.key)) ||
	    (err = apikey_put(db, &app->sealing_key, &rq->user.id,
	    rq->path_name, in.key.p, in.key.len)) ||
	    (err = modellist_delete(db, &rq->user.id, rq->path_name)))
		return err;
	rq->reply = key_json(rq->path_name, "user",
	    apikey_last4(in.key.p, in.key.len, last4));
	return rq->reply != NULL ? ERR_OK : ERR_INTERNAL;
}

enum err
keys_delete(const struct app *app, struct db_conn *db, struct req *rq)
{
	enum err err;

	if ((err = find_provider(app, rq)))
		return err;
	err = apikey_delete(db, &rq->user.id, rq->path_name);
	if (err == ERR_NOT_FOUND)
		return req_fail(rq, err,
		    "You have no key of your own for this provider.");
	if (err || (err = modellist_delete(db, &rq->user.id, rq->path_name)))
		return err;
	rq->status = 204;
	return ERR_OK;
}

/* Using one */

static enum err
copy_key(const char *key, char *out, size_t size)
{
	size_t n = strlen(key) + 1;

	if (n > size)
		return ERR_INTERNAL;
	memcpy(out, key, n);
	return ERR_OK;
}

enum err
keys_open(const struct app *app, struct db_conn *db, const struct uuid *user,
    const struct llm_provider *provider, char *out, size_t size)
{
	struct buf key;
	enum err err;

	buf_init(&key, APIKEY_MAX);
	err = apikey_open(db, &app->sealing_key, user, provider->name, &key);
	if (err == ERR_OK)
		err = copy_key(key.p, out, size);
	else if (err == ERR_NOT_FOUND && provider->key != NULL)
		err = copy_key(provider->key, out, size);
	else if (err == ERR_NOT_FOUND)
		err = ERR_KEY_MISSING;
	crypt_wipe(key.p, key.len);
	buf_free(&key);
	return err;
}
