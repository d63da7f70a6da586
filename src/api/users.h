/*
 * The users, as administrators see them.  The handlers are rows of
 * ROUTE_TABLE.
 */
#ifndef API_USERS_H
#define API_USERS_H

#include "api/app.h"
#include "http/request.h"
#include "store/db.h"

/*
 * Remove a user with everything that is theirs; what runs for them is stopped
 * first.  ERR_CONFLICT with the sentence `last` where it is the only
 * administrator of others.
 */
enum err
users_erase(const struct app *app, struct db_conn *db, struct req *rq,
    const struct uuid *id, const char *last);

#endif
