#include "api/settings.h"

#include <stdlib.h>
#include <string.h>

#include "api/ask.h"
#include "api/routes.h"
#include "http/fields.h"
#include "llm/provider.h"
#include "store/conversations.h"
#include "store/users.h"

enum { SETTINGS_MAX = 1 << 20 }; /* bytes of all, as JSON */

/* For the page; the server itself follows none of them. */
struct settings {
	struct text provider, model, system;
	struct number temperature, max_tokens;
	int reasoning_effort, on_disconnect, theme;
	bool send_on_enter;
};

static const char *const themes[] = { "system", "light", "dark", NULL };

static const struct field FIELDS[] = {
	FIELD_MODEL(struct settings, provider, 0),
	FIELD_MODEL(struct settings, model, 0),
	FIELD_TEXT(struct settings, system, 1, CONV_SYSTEM_MAX, 0),
	FIELD_REAL(struct settings, temperature, 0, 2, 0),
	FIELD_INT(struct settings, max_tokens, 1, ASK_TOKENS_MAX, 0),
	FIELD_CHOICE(struct settings, reasoning_effort, ask_efforts, 0),
	FIELD_CHOICE(struct settings, on_disconnect, ask_on_disconnects, 0),
	FIELD_CHOICE(struct settings, theme, themes, 0),
	FIELD_BOOL(struct settings, send_on_enter, 0),
};

/* What holds where a user set nothing, for each of the fields above. */
static const char DEFAULTS[] =
    "{\"provider\": null, \"model\": null, \"system\": null,"
    " \"temperature\": null, \"max_tokens\": null,"
    " \"reasoning_effort\": null, \"on_disconnect\": \"continue\","
    " \"theme\": \"system\", \"send_on_enter\": true}";

/* The defaults with what `set` has of them; NULL where memory is out. */
static json_t *
complete(const json_t *set)
{
	json_t *all = json_loads(DEFAULTS, 0, NULL);
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)set, name, value)
		if (!json_is_null(value) && json_object_get(all, name) != NULL)
			json_object_set(all, name, value);
	return all;
}

enum err
settings_load(struct db_conn *db, const struct uuid *user, json_t **out)
{
	json_auto_t *set = NULL;
	struct buf text;
	enum err err;

	buf_init(&text, SETTINGS_MAX);
	err = user_settings(db, user, &text);
	set = json_loadb(text.p, text.len, 0, NULL);
	buf_free(&text);
	if (err)
		return err;
	*out = complete(set);
	return *out != NULL ? ERR_OK : ERR_INTERNAL;
}

enum err
settings_show(const struct app *app, struct db_conn *db, struct req *rq)
{
	(void)app;
	return settings_load(db, &rq->user.id, &rq->reply);
}

static enum err
check_provider(const struct app *app, struct req *rq,
    const struct settings *in)
{
	if (in->provider.p == NULL ||
	    llm_provider_find(app->providers, in->provider.p) != NULL)
		return ERR_OK;
	return req_fail_field(rq, "provider",
	    "This server has no such provider. GET /models lists them.");
}

enum err
settings_put(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct settings in = { .send_on_enter = false };
	char *text;
	enum err err;

	if ((err = FIELDS_READ(rq, FIELDS, &in)) ||
	    (err = check_provider(app, rq, &in)))
		return err;
	if ((text = json_dumps(rq->json, JSON_COMPACT)) == NULL)
		return ERR_INTERNAL;
	err = user_set_settings(db, &rq->user.id, text, strlen(text));
	free(text);
	if (err)
		return err;
	rq->reply = complete(rq->json);
	return rq->reply != NULL ? ERR_OK : ERR_INTERNAL;
}
