/*
 * Registering, signing in and out, and who is asking.  The handlers are rows
 * of ROUTE_TABLE; the two checks below stand before all others.
 */
#ifndef API_ACCOUNT_H
#define API_ACCOUNT_H

#include "api/app.h"
#include "http/request.h"
#include "store/db.h"

/*
 * Find out who asks, into rq->user: ERR_UNAUTHENTICATED where the session is
 * unknown, expired, or of a disabled user.  A session lives on while it is
 * used; what that takes is written now and then, not with every request.
 */
enum err
account_check(const struct app *app, struct db_conn *db, struct req *rq);

/*
 * For a request that changes something, after account_check(): with the
 * cookie it must come from our page and bring the session's CSRF token, else
 * ERR_CSRF (S10).  A Bearer token is sent by no browser of its own accord, so
 * it needs neither.
 */
enum err
account_check_origin(const struct app *app, struct req *rq);

#endif
