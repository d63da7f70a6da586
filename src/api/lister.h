/*
 * The lister: one thread that asks providers for their lists of models, so that
 * no request waits for it.  What it gets goes to the database, where the next
 * GET /models finds it.  A line of what is to be asked is kept; what finds it
 * full is asked for another time.
 */
#ifndef API_LISTER_H
#define API_LISTER_H

#include "api/app.h"
#include "llm/llm.h"
#include "store/db.h"

enum {
	LISTER_QUEUE_MAX = 64,
	LISTER_TESTS_MAX = 2, /* of keys, at once in this process */
};

struct lister;

/* `app` need not be whole yet, and must outlive it. */
enum err
lister_open(const struct app *app, struct lister **out);

enum err
lister_start(struct lister *lister);

/* Ask for the list of this user's key.  True: it will be. */
bool
lister_ask(struct lister *lister, const struct uuid *user,
    const struct llm_provider *provider);

/*
 * Ask now, for a test of a key; it waits.  `*n` gets how many models were
 * listed.  ERR_BUSY where too many do so at once; else end->err.
 */
enum err
lister_test(struct lister *lister, struct db_conn *db,
    const struct uuid *user, const struct llm_provider *provider,
    const char *key, int *n, struct llm_end *end);

/* Ends the thread; what it asks at the moment is given up.  NULL is well. */
void
lister_close(struct lister *lister);

#endif
