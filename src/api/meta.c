/* What the server says of itself: alive, ready. */
#include "api/routes.h"
#include "stream/relay.h"

enum err
meta_health(const struct app *app, struct db_conn *db, struct req *rq)
{
	(void)db;
	rq->reply = json_pack("{s:s, s:s, s:i}",
	    "status", "ok",
	    "version", PACKAGE_VERSION,
	    "streams", relay_count(app->relay));
	return ERR_OK;
}

static enum err
read_nothing(void *arg, const struct db_value *row, int n)
{
	(void)arg;
	(void)row;
	(void)n;
	return ERR_OK;
}

enum err
meta_ready(const struct app *app, struct db_conn *db, struct req *rq)
{
	enum err err;

	(void)app;
	err = db_query_one(db, "SELECT version FROM schema_version", NULL, 0,
	    read_nothing, NULL);
	if (err)
		return req_fail(rq, ERR_UNAVAILABLE,
		    "The database does not answer as it should.");
	rq->reply = json_pack("{s:s}", "status", "ready");
	return ERR_OK;
}
