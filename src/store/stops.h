/*
 * "Stop this", left by whichever worker was asked, for the worker that owns the
 * stream.  What the owner has read it removes; what nobody reads is swept.
 */
#ifndef STORE_STOPS_H
#define STORE_STOPS_H

#include "base/uuid.h"
#include "store/db.h"

enum {
	STOP_ALL_LANES = -1,
	STOP_JOINED = -2, /* not a stream: all who joined one of a user's */
	STOP_TAKE_MAX = 256, /* read at once; the rest at the next look */
	STOP_KEPT_MS = 10 * 60 * 1000, /* an unread one is swept after that */
};

enum err
stop_add(struct db_conn *c, const struct uuid *stream, int lane,
    const struct uuid *owner);

/*
 * For every worker: let go of all who joined an answer of this user that runs,
 * because one of them may have come by a session that has ended.  The others
 * join again.
 */
enum err
stop_add_joined(struct db_conn *c, const struct uuid *user);

typedef void stop_fn(void *arg, const struct uuid *stream, int lane);

/* Hand over, then remove, what was left for this owner. */
enum err
stop_take(struct db_conn *c, const struct uuid *owner, stop_fn *each,
    void *arg);

/* For a request that is not here yet, by the name its client gave it. */
enum err
stop_add_early(struct db_conn *c, const struct uuid *user,
    const char *client_request_id);

/* ERR_NOT_FOUND where nobody asked to stop it. */
enum err
stop_find_early(struct db_conn *c, const struct uuid *user,
    const char *client_request_id);

enum err
stop_sweep(struct db_conn *c, int64_t now_wall_ms);

#endif
