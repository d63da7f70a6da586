#include "worker_keys.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "auth/password.h"
#include "base/log.h"
#include "store/db.h"
#include "store/masterkeys.h"
#include "store/workers.h"
#include "stream/journal.h"

enum { WHY_SIZE = CONF_WHY_MAX };

void
worker_keys_hide(const struct conf *conf)
{
	/* set either way: a master hands on what it had */
	unsigned long may = conf->server_core_dumps ? 1 : 0;

	if (prctl(PR_SET_DUMPABLE, may, 0L, 0L, 0L))
		log_say(LOG_WARN, "worker", "core files cannot be %s: %s",
		    may ? "allowed" : "forbidden", strerror(errno));
}

static int
complain(const char *what, const char *why)
{
	log_say(LOG_ERROR, "worker", "%s: %s", what, why);
	return -1;
}

int
worker_keys_load(struct app *app, struct keyring *master)
{
	char why[WHY_SIZE] = "";

	if (keyring_load(app->conf->server_master_key, SECRET_MINE, master,
	    why, sizeof(why)))
		return complain("the master key cannot be used", why);
	if (keyring_derive(master, "session csrf", &app->csrf_key) ||
	    keyring_derive(master, "provider keys 1",
	    &app->sealing_key) ||
	    keyring_derive(master, PASSWORD_PEPPER, &app->pepper))
		return complain("keys", "OpenSSL failed");
	return 0;
}

/*
 * The worker's row says by now which versions it has, and who brings one into
 * use lists it first and then looks at the rows: so either this worker finds it
 * listed, or is found without it.  A database that is away does not keep a
 * worker from starting.
 */
int
worker_keys_check(const struct app *app, const struct keyring *master)
{
	char why[WHY_SIZE] = "";
	struct db_conn *c;
	enum err err;

	if (journal_register(app->journal) || db_take(app->db, &c)) {
		log_say(LOG_WARN, "worker", "the database is away: whether "
		    "the master key is the right one is not known");
		return 0;
	}
	err = masterkeys_check(c, master, app->conf->server_master_key,
	    why, sizeof(why));
	if (err != ERR_OK && err != ERR_VALIDATION)
		log_say(LOG_WARN, "worker", "whether the master key is the "
		    "right one is not known: %s", db_why(c));
	db_give(app->db, c);
	return err != ERR_VALIDATION ? 0 :
	    complain("the master key cannot be used", why);
}

void
worker_keys_drop(const struct app *app)
{
	struct db_conn *c;

	if (db_take(app->db, &c))
		return; /* then they wait until this process has ended */
	worker_drop_keys(c, &app->worker);
	db_give(app->db, c);
}

void
worker_keys_wipe(struct app *app, struct keyring *master)
{
	keyring_wipe(master);
	keyring_wipe(&app->csrf_key);
	keyring_wipe(&app->sealing_key);
	keyring_wipe(&app->pepper);
}
