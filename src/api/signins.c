/*
 * Where a user is signed in: their sessions, to look at and to end.
 */
#include "api/account.h"
#include "api/page.h"
#include "api/routes.h"
#include "api/streams.h"
#include "base/clock.h"
#include "store/sessions.h"

struct listing {
	json_t *items;
	const struct uuid *current;
};

static enum err
add_entry(void *arg, const struct session_entry *e)
{
	const struct listing *l = arg;
	char id[UUID_TEXT_SIZE], created[CLOCK_TEXT_SIZE],
	    seen[CLOCK_TEXT_SIZE], expires[CLOCK_TEXT_SIZE];
	json_t *item = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b}",
	    "id", uuid_text(&e->id, id),
	    "created_at", clock_text(e->created_at, created),
	    "seen_at", clock_text(e->seen_at, seen),
	    "expires_at", clock_text(e->expires_at, expires),
	    "address", e->address, "user_agent", e->user_agent,
	    "current", (int)uuid_equal(&e->id, l->current));

	return json_array_append_new(l->items, item) == 0 ?
	    ERR_OK : ERR_INTERNAL;
}

enum err
signins_list(const struct app *app, struct db_conn *db, struct req *rq)
{
	json_auto_t *items = json_array();
	struct listing l = { items, &rq->user.session };
	const struct uuid *user = &rq->user.id;
	int64_t now = clock_wall_ms(), total = 0;
	struct page page;
	enum err err;

	(void)app;
	if ((err = page_read(rq, &page)) ||
	    (err = sessions_count(db, user, now, &total)) ||
	    (err = sessions_list(db, user, now, page.offset, page.limit,
	    add_entry, &l)))
		return err;
	return page_reply(rq, &page, items, total);
}

enum err
signins_end(const struct app *app, struct db_conn *db, struct req *rq)
{
	enum err err = sessions_end(db, &rq->user.id, &rq->path_id);

	if (err == ERR_NOT_FOUND)
		return req_fail(rq, err, "There is no such session.");
	if (err)
		return err;
	streams_stop_session(app, db, &rq->user.id, &rq->path_id);
	req_note(rq, "a session ended");
	rq->status = 204;
	return uuid_equal(&rq->path_id, &rq->user.session) ?
	    account_set_cookie(app, rq, "") : ERR_OK;
}

enum err
signins_end_others(const struct app *app, struct db_conn *db, struct req *rq)
{
	enum err err = sessions_end_all(db, &rq->user.id, &rq->user.session);

	if (err)
		return err;
	streams_stop_user(app, db, &rq->user.id, &rq->user.session);
	req_note(rq, "all other sessions ended");
	rq->status = 204;
	return ERR_OK;
}
