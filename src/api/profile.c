/*
 * What users do to their own account: another password, and its end.  Both
 * need the password that is now, so that a forgotten browser is not enough.
 */
#include <string.h>

#include "api/account.h"
#include "api/routes.h"
#include "api/streams.h"
#include "api/throttle.h"
#include "api/users.h"
#include "auth/password.h"
#include "http/fields.h"

/*
 * Look the user up, whose password this has to be.  Not 401 where it is not:
 * that would mean that nobody is signed in.
 */
static enum err
check_password(const struct app *app, struct db_conn *db, struct req *rq,
    const struct text *password, struct user_row *u)
{
	struct limit_try try = { 0 };
	enum err err;

	if ((err = user_get(db, &rq->user.id, u)) ||
	    (err = throttle_password(app, db, rq, &try)))
		return err;
	err = password_check(&app->pepper, password->p, password->len,
	    u->password);
	throttle_end(db, rq, &try, err);
	if (err == ERR_UNAUTHENTICATED) {
		req_note(rq, "wrong password");
		return req_fail_field(rq, "password",
		    "This is not the password of this account.");
	}
	return err ? account_fail_password(rq, err) : ERR_OK;
}

/* ---- another password ---- */

struct passwords {
	struct text password, new_password;
};

static const struct field PASSWORD_FIELDS[] = {
	FIELD_BYTES(struct passwords, password, 0, ACCOUNT_PASSWORD_MAX,
	    FIELD_MUST),
	FIELD_BYTES(struct passwords, new_password, PASSWORD_MIN, PASSWORD_MAX,
	    FIELD_MUST),
};

struct new_password {
	const char *was;
	char hash[PASSWORD_HASH_SIZE];
	struct session_row session; /* this one, with its new token */
};

/* All or nothing: a new password with which old sessions live on would be
 * none. */
static enum err
write_password(struct db_conn *db, void *arg)
{
	const struct new_password *n = arg;
	const struct session_row *s = &n->session;
	enum err err;

	if ((err = sessions_end_all(db, &s->user.id, &s->id)))
		return err;
	if ((err = sessions_renew(db, s)))
		return err == ERR_NOT_FOUND ? ERR_UNAUTHENTICATED : err;
	err = user_set_password(db, &s->user.id, n->was, n->hash);
	return err == ERR_NOT_FOUND ? ERR_CONFLICT : err;
}

static enum err
fail_write(struct req *rq, enum err err)
{
	if (err == ERR_UNAUTHENTICATED)
		return req_fail(rq, err,
		    "This session has ended. Sign in again.");
	if (err == ERR_CONFLICT)
		return req_fail(rq, err, "The password was changed elsewhere "
		    "at the same time. It is that one now.");
	return err;
}

static enum err
read_passwords(struct req *rq, struct passwords *in)
{
	const char *fault;
	enum err err;

	if ((err = FIELDS_READ(rq, PASSWORD_FIELDS, in)))
		return err;
	fault = password_fault(in->new_password.p, in->new_password.len);
	return fault == NULL ? ERR_OK :
	    req_fail_field(rq, "new_password", "%s", fault);
}

enum err
profile_password(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct passwords in = { { 0 }, { 0 } };
	struct user_row u;
	struct new_password n = { .was = u.password };
	struct session_token token;
	enum err err;

	if ((err = read_passwords(rq, &in)) ||
	    (err = check_password(app, db, rq, &in.password, &u)))
		return err;
	if ((err = password_hash(&app->pepper, in.new_password.p,
	    in.new_password.len, n.hash)))
		return account_fail_password(rq, err);
	if ((err = account_make_session(app, &n.session, &token)))
		return err;
	n.session.id = rq->user.session;
	n.session.user = u;
	if ((err = db_transaction(db, write_password, &n)))
		return fail_write(rq, err);
	streams_stop_user(app, db, &u.id, &n.session.id);
	req_note(rq, "password changed");
	return account_reply_signed_in(app, rq, &n.session, &token);
}

/* ---- the end ---- */

struct farewell {
	struct text password;
};

static const struct field DELETE_FIELDS[] = {
	FIELD_BYTES(struct farewell, password, 0, ACCOUNT_PASSWORD_MAX,
	    FIELD_MUST),
};

enum err
profile_delete(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct farewell in = { { 0 } };
	struct user_row u;
	enum err err;

	if ((err = FIELDS_READ(rq, DELETE_FIELDS, &in)) ||
	    (err = check_password(app, db, rq, &in.password, &u)) ||
	    (err = users_erase(app, db, rq, &u.id,
	    "You are the only administrator. Make another user one first, or "
	    "delete all other accounts.")))
		return err;
	req_note(rq, "account deleted");
	rq->status = 204;
	return account_set_cookie(app, rq, "");
}
