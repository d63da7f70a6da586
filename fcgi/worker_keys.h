/*
 * The keys of a worker: from the file of the master key to the end of the
 * process, and what keeps them inside.
 */
#ifndef FCGI_WORKER_KEYS_H
#define FCGI_WORKER_KEYS_H

#include "api/app.h"
#include "base/conf.h"
#include "base/keyring.h"

/*
 * Unless server.core_dumps is yes: no core file of this process and of those
 * that it forks, for the keys of providers, and people's, would be in it.
 * Nobody but root can trace it then, or read its environment and memory.
 */
void
worker_keys_hide(const struct conf *conf);

/* Read the master key and derive the keys of `app` from it.  -1 where it fails,
 * which the log says. */
int
worker_keys_load(struct app *app, struct keyring *master);

/* Does the master key fit the database?  -1 where it does not, which the log
 * says.  The journal is open and not started. */
int
worker_keys_check(const struct app *app, const struct keyring *master);

/*
 * No more requests are taken, so nothing is sealed or opened any more; streams
 * go on with the keys that they have.  Nobody has to wait for those who wants
 * to know whether all workers have a new version of the master key.
 */
void
worker_keys_drop(const struct app *app);

void
worker_keys_wipe(struct app *app, struct keyring *master);

#endif
