/*
 * Limits, in words: a request that comes too early is answered with 429
 * `rate_limited`, a Retry-After, and a sentence that says how long to wait.
 *
 * Where a password is checked, one of the first three stands before the check,
 * so that no hash is computed in vain, and throttle_end() after it:
 *
 *     struct limit_try try = { 0 };
 *
 *     if ((err = throttle_password(app, db, rq, &try)))
 *             return err;
 *     err = password_check(…);
 *     if ((err = throttle_end(db, rq, &try, err)))
 *             return …;
 *
 * The counting is auth/limit.h's, and store/quota.h's for questions.
 */
#ifndef API_THROTTLE_H
#define API_THROTTLE_H

#include "api/app.h"
#include "auth/limit.h"
#include "http/fields.h"
#include "http/request.h"
#include "store/quota.h"

/* `try` borrows the name until throttle_end(). */
enum err
throttle_sign_in(const struct app *app, struct db_conn *db, struct req *rq,
    const struct text *name, struct limit_try *try);

/* Of rq->user, who says the old password once more. */
enum err
throttle_password(const struct app *app, struct db_conn *db, struct req *rq,
    struct limit_try *try);

enum err
throttle_sign_up(const struct app *app, struct db_conn *db, struct req *rq,
    struct limit_try *try);

/*
 * How it went: ERR_OK clears the count, ERR_UNAUTHENTICATED and ERR_FORBIDDEN
 * stay counted, anything else was no verdict and is not counted.  Returns
 * `how`.
 */
enum err
throttle_end(struct db_conn *db, struct req *rq, struct limit_try *try,
    enum err how);

/* The user of that name is here, at this address. */
void
throttle_know(struct db_conn *db, struct req *rq, const char *name);

/* Refuse a question; returns ERR_RATE_LIMITED. */
enum err
throttle_fail_quota(struct req *rq, const struct quota *most,
    const struct quota_refusal *why);

#endif
