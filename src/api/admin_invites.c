/*
 * Invitations to register, as administrators make them.
 */
#include <stdio.h>

#include "api/page.h"
#include "api/routes.h"
#include "base/clock.h"
#include "http/fields.h"
#include "store/admins_json.h"

struct wish {
	struct text note;
	struct number expires_in, uses;
};

static const struct field WISH_FIELDS[] = {
	FIELD_TEXT(struct wish, note, 0, INVITE_NOTE_MAX, 0),
	FIELD_INT(struct wish, expires_in, INVITE_EXPIRES_MIN_S,
	    INVITE_EXPIRES_MAX_S, 0),
	FIELD_INT(struct wish, uses, 1, INVITE_USES_MAX, 0),
};

static struct invite
make_wish(const struct req *rq, const struct wish *in)
{
	struct invite i = {
		.maker = rq->user.id,
		.uses_left = in->uses.set ? (int)in->uses.i : 1,
		.expires_at = clock_wall_ms() + 1000 *
		    (in->expires_in.set ? in->expires_in.i : INVITE_EXPIRES_S),
	};

	snprintf(i.maker_name, sizeof(i.maker_name), "%s", rq->user.username);
	if (in->note.p != NULL)
		snprintf(i.note, sizeof(i.note), "%s", in->note.p);
	return i;
}

enum err
invites_make(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct wish in = { .note = { NULL, 0 } };
	char code[INVITE_CODE_SIZE], id[UUID_TEXT_SIZE];
	struct invite invite;
	enum err err;

	(void)app;
	if ((err = FIELDS_READ(rq, WISH_FIELDS, &in)))
		return err;
	invite = make_wish(rq, &in);
	if ((err = invite_make(db, &invite, code)))
		return err;
	req_note(rq, "invitation %s made", uuid_text(&invite.id, id));
	rq->status = 201;
	rq->reply = admins_json_invite(&invite);
	return rq->reply != NULL && json_object_set_new(rq->reply, "code",
	    json_string(code)) == 0 ? ERR_OK : ERR_INTERNAL;
}

static enum err
add_invite(void *arg, const struct invite *invite)
{
	return json_array_append_new(arg, admins_json_invite(invite)) == 0 ?
	    ERR_OK : ERR_INTERNAL;
}

enum err
invites_list(const struct app *app, struct db_conn *db, struct req *rq)
{
	json_auto_t *items = json_array();
	int64_t now = clock_wall_ms(), total = 0;
	struct page page;
	enum err err;

	(void)app;
	if ((err = page_read(rq, &page)) ||
	    (err = invite_count(db, now, &total)) ||
	    (err = invite_list(db, now, page.offset, page.limit, add_invite,
	    items)))
		return err;
	return page_reply(rq, &page, items, total);
}

enum err
invites_revoke(const struct app *app, struct db_conn *db, struct req *rq)
{
	char id[UUID_TEXT_SIZE];
	enum err err = invite_remove(db, &rq->path_id);

	(void)app;
	if (err == ERR_NOT_FOUND)
		return req_fail(rq, err, "There is no such invitation.");
	if (err)
		return err;
	req_note(rq, "invitation %s revoked", uuid_text(&rq->path_id, id));
	rq->status = 204;
	return ERR_OK;
}
