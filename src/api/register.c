/*
 * Making an account.  Who may is a setting (server.registration): anybody; the
 * first, and then whoever has an invitation; or only who has one.  Whoever is
 * first becomes the administrator.
 */
#include <stdio.h>
#include <string.h>

#include "api/account.h"
#include "api/routes.h"
#include "api/throttle.h"
#include "auth/password.h"
#include "auth/username.h"
#include "base/clock.h"
#include "http/fields.h"
#include "store/invites.h"

enum { INVITE_GIVEN_MAX = 100 }; /* characters of a code, right or wrong */

struct sign_up_fields {
	struct text username, password, invite;
};

static const struct field REGISTER_FIELDS[] = {
	FIELD_TEXT(struct sign_up_fields, username, USERNAME_MIN, USERNAME_MAX,
	    FIELD_MUST),
	FIELD_BYTES(struct sign_up_fields, password, PASSWORD_MIN,
	    PASSWORD_MAX, FIELD_MUST),
	FIELD_TEXT(struct sign_up_fields, invite, 1, INVITE_GIVEN_MAX, 0),
};

/* ERR_OK where anybody may register now, ERR_FORBIDDEN where it takes an
 * invitation. */
static enum err
check_open(const struct app *app, struct db_conn *db)
{
	enum err err;

	switch (app->conf->server_registration) {
	case CONF_REGISTER_OPEN:
		return ERR_OK;
	case CONF_REGISTER_INVITE:
		return ERR_FORBIDDEN;
	}
	err = user_find_first(db);
	if (err == ERR_NOT_FOUND)
		return ERR_OK;
	return err == ERR_OK ? ERR_FORBIDDEN : err;
}

/* Whether a code is wrong, used up or expired is not told. */
static enum err
fail_closed(struct req *rq, const char *invite)
{
	req_note(rq, invite != NULL ? "invitation refused" :
	    "registration refused");
	return req_fail(rq, ERR_FORBIDDEN, invite != NULL ?
	    "This invitation is not valid, or not any more. "
	    "Ask the administrator for a new one." :
	    "An invitation is needed to register. "
	    "Ask the administrator for one.");
}

enum err
register_policy(const struct app *app, struct db_conn *db, struct req *rq)
{
	int policy = app->conf->server_registration;
	enum err err = check_open(app, db);

	if (err != ERR_OK && err != ERR_FORBIDDEN)
		return err;
	rq->reply = json_pack("{s:s, s:b, s:b}", "policy",
	    conf_registration_names[policy], "open", (int)(err == ERR_OK),
	    "invite", (int)(err == ERR_FORBIDDEN));
	return rq->reply != NULL ? ERR_OK : ERR_INTERNAL;
}

struct sign_up {
	struct session_row session; /* with its user */
	const struct req *rq;
	const char *invite; /* NULL: none is needed */
	bool first_only;    /* and none is given: only the first gets in */
};

/* As the first where nobody is that yet, else as one more; the unique keys
 * decide, however many try at once (S12). */
static enum err
add_user(struct db_conn *db, struct sign_up *s)
{
	struct user_row *u = &s->session.user;
	enum err err;

	u->is_admin = true;
	if (s->first_only)
		return user_add(db, u, true);
	err = user_find_first(db);
	if (err == ERR_NOT_FOUND) {
		err = user_add(db, u, true);
		if (err != ERR_CONFLICT ||
		    strcmp(db_conflict_key(db), "is_first") != 0)
			return err;
	} else if (err) {
		return err;
	}
	u->is_admin = false;
	return user_add(db, u, false);
}

/* One after the other, by the lock on its row, until it is used up. */
static enum err
use_invite(struct db_conn *db, const struct sign_up *s)
{
	enum err err;

	if (s->invite == NULL)
		return ERR_OK;
	err = invite_use(db, s->invite, s->session.created_at);
	return err == ERR_NOT_FOUND ? ERR_FORBIDDEN : err;
}

static enum err
add_user_and_session(struct db_conn *db, void *arg)
{
	struct sign_up *s = arg;
	enum err err;

	if ((err = use_invite(db, s)) || (err = add_user(db, s)))
		return err;
	return sessions_add(db, &s->session, s->rq->remote_addr,
	    s->rq->user_agent);
}

static enum err
check_credentials(struct req *rq, const struct sign_up_fields *in)
{
	const char *fault = username_fault(in->username.p, in->username.len);

	if (fault != NULL)
		return req_fail_field(rq, "username", "%s", fault);
	fault = password_fault(in->password.p, in->password.len);
	if (fault != NULL)
		return req_fail_field(rq, "password", "%s", fault);
	return ERR_OK;
}

/* Store the user and the session together, or neither. */
static enum err
sign_up(struct db_conn *db, struct req *rq, struct sign_up *s)
{
	enum err err = db_transaction(db, add_user_and_session, s);

	if (err == ERR_FORBIDDEN)
		return fail_closed(rq, s->invite);
	if (err != ERR_CONFLICT)
		return err;
	if (strcmp(db_conflict_key(db), "username") == 0)
		return req_fail(rq, ERR_CONFLICT, "That name is taken.");
	return fail_closed(rq, NULL);
}

/* Before a password is hashed, which is dear; sign_up() has the last word. */
static enum err
check_admission(const struct app *app, struct db_conn *db, struct req *rq,
    const struct text *invite, struct sign_up *s)
{
	enum err err = check_open(app, db);

	s->first_only = err == ERR_OK &&
	    app->conf->server_registration == CONF_REGISTER_FIRST;
	if (err != ERR_FORBIDDEN)
		return err;
	if (invite->p == NULL)
		return fail_closed(rq, NULL);
	s->invite = invite->p;
	err = invite_check(db, s->invite, clock_wall_ms());
	return err == ERR_NOT_FOUND ? fail_closed(rq, s->invite) : err;
}

enum err
register_user(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct sign_up_fields in = { .invite = { NULL, 0 } };
	struct session_token token;
	struct limit_try try = { 0 };
	struct sign_up s = { .rq = rq };
	struct user_row *u = &s.session.user;
	enum err err;

	if ((err = FIELDS_READ(rq, REGISTER_FIELDS, &in)) ||
	    (err = check_credentials(rq, &in)) ||
	    (err = check_admission(app, db, rq, &in.invite, &s)))
		return err;
	if ((err = throttle_sign_up(app, db, rq, &try)))
		return err;
	err = password_hash(&app->pepper, in.password.p, in.password.len,
	    u->password);
	if ((err = throttle_end(db, rq, &try, err)))
		return account_fail_password(rq, err);
	if ((err = account_make_session(app, &s.session, &token)))
		return err;
	u->id = uuid_make();
	snprintf(u->username, sizeof(u->username), "%s", in.username.p);
	u->created_at = s.session.created_at;
	if ((err = sign_up(db, rq, &s)))
		return err;
	throttle_know(db, rq, u->username);
	req_note(rq, s.invite != NULL ? "registered by invitation" :
	    "registered");
	rq->status = 201;
	return account_reply_signed_in(app, rq, &s.session, &token);
}
