/*
 * From a request to its handler and back: the row of ROUTE_TABLE, the gates in
 * front of it (body, sign-in, origin), the answer, the log line.
 */
#ifndef API_DISPATCH_H
#define API_DISPATCH_H

#include "api/app.h"
#include "http/request.h"

struct route;

/*
 * Find the row.  NULL where there is none, with the failure recorded in `rq`
 * (404, or 405 with Allow).
 */
const struct route *
dispatch_find(struct req *rq);

/* True where the request may have to wait for the database. */
bool
dispatch_may_wait(const struct route *route);

/*
 * Run the request and answer it, or answer the failure it has already met
 * (`route` may be NULL then).  rq->conn is closed, or handed over, when it
 * returns; rq itself remains the caller's to free.
 */
void
dispatch_run(const struct app *app, struct req *rq, const struct route *route);

#endif
