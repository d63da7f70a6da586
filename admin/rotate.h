/*
 * A new master key while the program runs: llmselect-admin rotate-key.
 *
 * Four steps, each of which may be interrupted anywhere and begun again:
 *
 *	begin   a new version stands in the file, behind those that are there
 *	use     once every worker has it, it is listed in the database and
 *	        comes first in the file: workers that start now seal with it
 *	reseal  once every worker seals with it, all keys are sealed anew
 *	retire  versions that nothing needs any more leave database and file
 *
 * What every worker has stands in its row of the table workers; so this sees
 * the workers of other hosts as well, and never goes on before one that lives
 * would be left behind.  docs/decisions/0011 says why it is like this.
 */
#ifndef ADMIN_ROTATE_H
#define ADMIN_ROTATE_H

#include <stdint.h>

#include "admin/admin.h"
#include "base/keyring.h"
#include "store/apikeys.h"
#include "store/db.h"

enum { ROTATE_WHY_SIZE = 1024 };

/* What still needs a version. */
struct rotate_need {
	int64_t version, keys, passwords;
};

struct rotation {
	const struct options *o;
	const char *path;      /* of the file */
	struct keyring master; /* as the file has it */
	struct db *db;
	struct db_conn *c;
	int lock;              /* on the file's folder */
	bool told;             /* the workers' master, since the file changed */
	bool is_lenient;       /* what cannot be retired yet is no failure */
	struct apikey_resealed resealed;
	struct rotate_need needs[KEYRING_MAX * 2];
	int n_needs;
	char why[ROTATE_WHY_SIZE]; /* what failed, or "" */
};

/* A line about how far it is; none with --json. */
void
rotate_say(const struct rotation *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Keep what failed, to be told at the end; returns ADMIN_FAILED. */
int
rotate_fail(struct rotation *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

int
rotate_fail_db(struct rotation *r);

/* The steps. */

int
rotate_begin(struct rotation *r);

int
rotate_use(struct rotation *r);

int
rotate_reseal(struct rotation *r);

int
rotate_retire(struct rotation *r);

/* Which versions are needed, and by how much: r->needs. */
int
rotate_count(struct rotation *r);

/* Tell the master of the workers by HUP, where --pid names it. */
int
rotate_tell(struct rotation *r);

/* Until every worker that lives has this version, or has it in use: at most
 * --wait.  Where the master was not told yet, it is. */
int
rotate_wait(struct rotation *r, const struct keyring_key *k, bool in_use);

#endif
