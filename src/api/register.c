/*
 * Making an account.  Who may is a setting (server.registration).
 */
#include <stdio.h>
#include <string.h>

#include "api/account.h"
#include "api/routes.h"
#include "api/throttle.h"
#include "auth/password.h"
#include "auth/username.h"
#include "http/fields.h"

struct credentials {
	struct text username, password;
};

static const struct field REGISTER_FIELDS[] = {
	FIELD_TEXT(struct credentials, username, USERNAME_MIN, USERNAME_MAX,
	    FIELD_MUST),
	FIELD_BYTES(struct credentials, password, PASSWORD_MIN, PASSWORD_MAX,
	    FIELD_MUST),
};

/* ERR_OK where anybody may register now, ERR_FORBIDDEN where not. */
static enum err
check_open(const struct app *app, struct db_conn *db)
{
	enum err err;

	if (app->conf->server_registration == CONF_REGISTER_OPEN)
		return ERR_OK;
	err = user_find_first(db);
	if (err == ERR_NOT_FOUND)
		return ERR_OK;
	return err == ERR_OK ? ERR_FORBIDDEN : err;
}

static enum err
fail_closed(const struct app *app, struct req *rq)
{
	static const char *const sentences[] = {
		[CONF_REGISTER_FIRST] = "Registration is closed. "
		    "Ask the administrator for an account.",
		[CONF_REGISTER_INVITE] = "An invitation is needed to "
		    "register. Ask the administrator for one.",
		[CONF_REGISTER_OPEN] = "",
	};

	return req_fail(rq, ERR_FORBIDDEN, "%s",
	    sentences[app->conf->server_registration]);
}

enum err
register_policy(const struct app *app, struct db_conn *db,
    struct req *rq)
{
	int policy = app->conf->server_registration;
	enum err err = check_open(app, db);

	if (err != ERR_OK && err != ERR_FORBIDDEN)
		return err;
	rq->reply = json_pack("{s:s, s:b}", "policy",
	    conf_registration_names[policy], "open", (int)(err == ERR_OK));
	return rq->reply != NULL ? ERR_OK : ERR_INTERNAL;
}

struct sign_up {
	struct session_row session; /* with its user */
	const struct req *rq;
	bool open; /* others than the first are welcome as well */
};

/* As the first where nobody is that yet, else as one more; the unique keys
 * decide, however many try at once (S12). */
static enum err
add_user(struct db_conn *db, struct sign_up *s)
{
	struct user_row *u = &s->session.user;
	enum err err;

	u->is_admin = true;
	if (!s->open)
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

static enum err
add_user_and_session(struct db_conn *db, void *arg)
{
	struct sign_up *s = arg;
	enum err err;

	if ((err = add_user(db, s)))
		return err;
	return sessions_add(db, &s->session, s->rq->remote_addr,
	    s->rq->user_agent);
}

static enum err
check_credentials(struct req *rq, const struct credentials *in)
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
sign_up(const struct app *app, struct db_conn *db, struct req *rq,
    struct sign_up *s)
{
	enum err err = db_transaction(db, add_user_and_session, s);

	if (err != ERR_CONFLICT)
		return err;
	if (strcmp(db_conflict_key(db), "username") == 0)
		return req_fail(rq, ERR_CONFLICT, "That name is taken.");
	return fail_closed(app, rq);
}

enum err
register_user(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct credentials in = { { 0 }, { 0 } };
	struct session_token token;
	struct limit_try try = { 0 };
	struct sign_up s = { .rq = rq,
		.open = app->conf->server_registration == CONF_REGISTER_OPEN };
	struct user_row *u = &s.session.user;
	enum err err;

	if ((err = FIELDS_READ(rq, REGISTER_FIELDS, &in)) ||
	    (err = check_credentials(rq, &in)))
		return err;
	if ((err = check_open(app, db)))
		return err == ERR_FORBIDDEN ? fail_closed(app, rq) : err;
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
	if ((err = sign_up(app, db, rq, &s)))
		return err;
	throttle_know(db, rq, u->username);
	req_note(rq, "registered");
	rq->status = 201;
	return account_reply_signed_in(app, rq, &s.session, &token);
}
