/*
 * How much a user may ask: questions in a minute, and answers that run at once.
 *
 * Both are counted in the database, inside the transaction of the claim, so
 * that any number of workers and hosts count as one, and a claim that fails
 * afterwards has not counted.  The user's row of `quotas` is held until that
 * transaction ends: claims of one user go one after the other, those of others
 * do not wait.
 *
 * A minute begins with the first question after the last one was over.
 */
#ifndef STORE_QUOTA_H
#define STORE_QUOTA_H

#include "base/uuid.h"
#include "store/db.h"

enum {
	QUOTA_MINUTE_MS = 60000,
	QUOTA_STREAMS_RETRY_MS = 5000, /* nobody knows when an answer ends */
};

/* At most so many; 0: any number. */
struct quota {
	int questions_per_minute;
	int streams;
};

enum quota_fault { QUOTA_QUESTIONS, QUOTA_STREAMS };

/* Why not, and how long to wait. */
struct quota_refusal {
	enum quota_fault fault;
	int64_t wait_ms;
};

/*
 * Inside a transaction, before the rows of the answers are made: count `k` more
 * questions that are about to run.  ERR_RATE_LIMITED where that is more than
 * `most` allows; the caller rolls back.  Asks the database nothing where
 * neither is limited.
 */
enum err
quota_take(struct db_conn *c, const struct uuid *user, int k, int64_t now,
    const struct quota *most, struct quota_refusal *why);

/*
 * What a user may in place of the settings; -1: as they say.  ERR_NOT_FOUND
 * where there is no such user.  Sessions bring it along (store/sessions.h).
 */
enum err
quota_set_own(struct db_conn *c, const struct uuid *user,
    const struct quota *own);

enum err
quota_get_own(struct db_conn *c, const struct uuid *user, struct quota *out);

#endif
