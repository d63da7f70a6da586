/*
 * The models that providers listed for users' keys: a user's own rows, which
 * nobody else is shown.  A list that could not be had leaves the one before.
 */
#ifndef STORE_MODELLISTS_H
#define STORE_MODELLISTS_H

#include "base/uuid.h"
#include "store/db.h"

enum { MODELLIST_MAX = 1024 * 1024 }; /* bytes of one list, as JSON */

struct modellist {
	char provider[33];
	const char *json; /* an array; borrowed for the call; NULL: none yet */
	size_t len;
	int64_t listed_at; /* wall ms; 0: never */
	int64_t tried_at;  /* the last time that it was asked for */
	bool failed;       /* in vain */
};

enum err
modellist_put(struct db_conn *c, const struct uuid *user,
    const char *provider, const char *json, size_t len, int64_t now);

/* It was asked for in vain. */
enum err
modellist_fail(struct db_conn *c, const struct uuid *user,
    const char *provider, int64_t now);

typedef enum err modellist_fn(void *arg, const struct modellist *list);

/* Those of a user. */
enum err
modellist_each(struct db_conn *c, const struct uuid *user, modellist_fn *each,
    void *arg);

/* Its key is another one, or gone.  Without such a row it is well too. */
enum err
modellist_delete(struct db_conn *c, const struct uuid *user,
    const char *provider);

#endif
