/* Is a key taken?  Asked of the provider by something that costs nothing. */
#include <stdio.h>

#include "api/keys.h"
#include "api/lister.h"
#include "api/routes.h"

enum { SENTENCE_MAX = 256 };

static enum err
open_it(const struct app *app, struct db_conn *db, struct req *rq,
    const struct llm_provider *p, char key[static KEYS_SIZE])
{
	enum err err = keys_open(app, db, &rq->user.id, p, key, KEYS_SIZE);

	if (err == ERR_KEY_MISSING)
		return req_fail(rq, err,
		    "There is no API key for %s. Add one in Keys.", p->label);
	return err;
}

static void
say_well(const struct llm_provider *p, bool has_key, int n,
    char out[static SENTENCE_MAX])
{
	const char *plural = n == 1 ? "" : "s";

	if (has_key)
		snprintf(out, SENTENCE_MAX, "%s takes this key, and lists %d "
		    "model%s for it.", p->label, n, plural);
	else
		snprintf(out, SENTENCE_MAX, "%s wants no key, and lists %d "
		    "model%s.", p->label, n, plural);
}

static enum err
tell(struct req *rq, const struct llm_provider *p, bool has_key,
    const struct llm_end *end, int n)
{
	bool ok = end->err == ERR_OK;
	char sentence[SENTENCE_MAX];

	say_well(p, has_key, n, sentence);
	req_note(rq, "%s", end->note);
	rq->reply = json_pack("{s:s, s:b, s:s?, s:s, s:o}",
	    "provider", p->name, "ok", ok,
	    "code", ok ? NULL : err_code(end->err),
	    "message", ok ? sentence : end->message,
	    "models", ok ? json_integer(n) : json_null());
	return rq->reply != NULL ? ERR_OK : ERR_INTERNAL;
}

enum err
keys_test(const struct app *app, struct db_conn *db, struct req *rq)
{
	const struct llm_provider *p = llm_provider_find(app->providers,
	    rq->path_name);
	char key[KEYS_SIZE] = "";
	struct llm_end end;
	bool has_key;
	enum err err;
	int n = 0;

	if (p == NULL)
		return req_fail(rq, ERR_NOT_FOUND,
		    "There is no provider of that name.");
	if ((err = open_it(app, db, rq, p, key)) == ERR_OK)
		err = lister_test(app->lister, db, &rq->user.id, p, key, &n,
		    &end);
	has_key = key[0] != '\0';
	crypt_wipe(key, sizeof(key));
	if (rq->err != ERR_OK)
		return rq->err;
	if (err == ERR_BUSY)
		return req_fail(rq, ERR_UNAVAILABLE, "Other keys are being "
		    "tested. Try again in a few seconds.");
	return tell(rq, p, has_key, &end, n);
}
