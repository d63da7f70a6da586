#include "api/users.h"

#include <string.h>

#include "api/page.h"
#include "api/routes.h"
#include "api/streams.h"
#include "auth/limit.h"
#include "http/fields.h"
#include "store/admins_json.h"

enum { ERASE_TRIES_MAX = 3 }; /* of a user who keeps signing in */

/* ---- the list ---- */

static enum err
add_entry(void *arg, const struct admin_entry *e)
{
	return json_array_append_new(arg, admins_json_user(e)) == 0 ?
	    ERR_OK : ERR_INTERNAL;
}

enum err
users_list(const struct app *app, struct db_conn *db, struct req *rq)
{
	json_auto_t *items = json_array();
	struct page page;
	int64_t total = 0;
	enum err err;

	(void)app;
	if ((err = page_read(rq, &page)) ||
	    (err = admins_count_users(db, page_search(&page), &total)) ||
	    (err = admins_list_users(db, page_search(&page), page.offset,
	    page.limit, add_entry, items)))
		return err;
	return page_reply(rq, &page, items, total);
}

/* ---- changing one ---- */

struct change {
	bool disabled, is_admin;
};

static const struct field CHANGE_FIELDS[] = {
	FIELD_BOOL(struct change, disabled, 0),
	FIELD_BOOL(struct change, is_admin, 0),
};

/* NULL where the field was not sent. */
static const bool *
given(const struct req *rq, const char *field, const bool *value)
{
	return json_is_boolean(json_object_get(rq->json, field)) ? value : NULL;
}

static enum err
fail_change(struct req *rq, enum err err)
{
	if (err == ERR_NOT_FOUND)
		return req_fail(rq, err, "There is no such user.");
	if (err == ERR_CONFLICT)
		return req_fail(rq, err, "This is the only administrator. "
		    "Make another user one first.");
	return err;
}

/* S38: who did what to whom. */
static void
note_change(struct req *rq, const bool *disabled, const bool *is_admin)
{
	char id[UUID_TEXT_SIZE];

	req_note(rq, "user %s%s%s", uuid_text(&rq->path_id, id),
	    disabled == NULL ? "" : *disabled ? " disabled" : " enabled",
	    is_admin == NULL ? "" : *is_admin ? " made administrator" :
	    " made no administrator");
}

enum err
users_change(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct change in = { 0 };
	const bool *disabled, *is_admin;
	struct admin_entry entry;
	enum err err;

	if ((err = FIELDS_READ(rq, CHANGE_FIELDS, &in)))
		return err;
	disabled = given(rq, "disabled", &in.disabled);
	is_admin = given(rq, "is_admin", &in.is_admin);
	if ((err = admins_change_user(db, &rq->path_id, disabled, is_admin)))
		return fail_change(rq, err);
	if (in.disabled)
		streams_stop_user(app, db, &rq->path_id, NULL);
	note_change(rq, disabled, is_admin);
	if ((err = admins_get_user(db, &rq->path_id, &entry)))
		return fail_change(rq, err);
	rq->reply = admins_json_user(&entry);
	return rq->reply != NULL ? ERR_OK : ERR_INTERNAL;
}

/* ---- removing one ---- */

/* ERR_BUSY where the user signed in again meanwhile. */
static enum err
erase(const struct app *app, struct db_conn *db, const struct uuid *id,
    bool *begun)
{
	enum err err;

	if ((err = admins_end_user(db, id)))
		return err;
	*begun = true;
	streams_stop_user(app, db, id, NULL);
	if ((err = admins_empty_user(db, id)))
		return err;
	return admins_remove_user(db, id);
}

enum err
users_erase(const struct app *app, struct db_conn *db, struct req *rq,
    const struct uuid *id, const char *last)
{
	enum err err = ERR_BUSY;
	struct user_row u;
	bool begun = false;

	if (user_get(db, id, &u) == ERR_NOT_FOUND)
		return req_fail(rq, ERR_NOT_FOUND, "There is no such user.");
	for (int i = 0; i < ERASE_TRIES_MAX && err == ERR_BUSY; i++)
		err = erase(app, db, id, &begun);
	if (err == ERR_OK) /* what was counted for a name goes as well */
		return limit_forget(db, u.username, strlen(u.username));
	if (err == ERR_CONFLICT)
		return req_fail(rq, err, "%s", last);
	if (err == ERR_NOT_FOUND)
		return req_fail(rq, err, "There is no such user.");
	if (!begun)
		return err;
	req_note(rq, "%s", db_why(db));
	return req_fail(rq, ERR_UNAVAILABLE,
	    "This account could not be removed whole. Its sessions have "
	    "ended; the rest is still there. Try again.");
}

enum err
users_delete(const struct app *app, struct db_conn *db, struct req *rq)
{
	char id[UUID_TEXT_SIZE];
	enum err err = users_erase(app, db, rq, &rq->path_id,
	    "This is the only administrator. Make another user one first.");

	if (err)
		return err;
	req_note(rq, "user %s deleted", uuid_text(&rq->path_id, id));
	rq->status = 204;
	return ERR_OK;
}
