#include "api/account.h"

#include <stdio.h>
#include <string.h>

#include "api/routes.h"
#include "api/streams.h"
#include "api/throttle.h"
#include "auth/password.h"
#include "auth/session.h"
#include "auth/username.h"
#include "base/clock.h"
#include "http/fields.h"
#include "store/sessions.h"
#include "store/users.h"

_Static_assert((int)USER_PASSWORD_SIZE == (int)PASSWORD_HASH_SIZE,
    "a hash fits into its row");
_Static_assert(USER_NAME_SIZE == sizeof(((struct user *)NULL)->username),
    "a name fits into a request");

/* Sessions */

static bool
is_secure(const struct app *app)
{
	return session_is_secure(app->conf->server_public_url);
}

enum err
account_set_cookie(const struct app *app, struct req *rq, const char *token)
{
	static const char name[] = "Set-Cookie:";
	char line[SESSION_COOKIE_SIZE];

	session_cookie(is_secure(app), token, app->conf->session_lifetime_ms,
	    line);
	for (int i = 0; i < rq->n_headers; i++)
		if (strncmp(rq->headers[i], name, strlen(name)) == 0) {
			snprintf(rq->headers[i], REQ_HEADER_SIZE, "%s", line);
			return ERR_OK;
		}
	return req_header(rq, "%s", line);
}

static void
set_user(struct req *rq, const struct session_row *s, bool by_cookie)
{
	struct user *u = &rq->user;

	u->id = s->user.id;
	memcpy(u->username, s->user.username, sizeof(u->username));
	u->is_admin = s->user.is_admin;
	u->created_at = s->user.created_at;
	u->session = s->id;
	memcpy(u->token_hash, s->token_hash, sizeof(u->token_hash));
	u->expires_at = s->expires_at;
	u->by_cookie = by_cookie;
	u->questions_per_minute = s->user.own.questions_per_minute;
	u->streams_max = s->user.own.streams;
}

/* A session that cannot be prolonged just now is good for this request. */
static void
prolong(const struct app *app, struct db_conn *db, struct req *rq,
    struct session_row *s, const char *token, bool by_cookie)
{
	int64_t lifetime = app->conf->session_lifetime_ms;
	int64_t now = clock_wall_ms();
	struct session_row later = *s;

	if (!session_is_due(now, s->seen_at, lifetime))
		return;
	later.seen_at = now;
	later.expires_at = now + lifetime;
	if (sessions_prolong(db, &later)) {
		req_note(rq, "session not prolonged: %s", db_why(db));
		return;
	}
	*s = later;
	if (by_cookie)
		account_set_cookie(app, rq, token);
}

enum err
account_check(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct session_token token;
	struct session_row s;
	bool by_cookie = false;
	enum err err;

	if ((err = session_read(rq->authorization, rq->cookie, is_secure(app),
	    &token, &by_cookie)))
		return req_fail(rq, err, "%s", "");
	err = sessions_find(db, token.hash, clock_wall_ms(), &s);
	if (err == ERR_NOT_FOUND)
		return req_fail(rq, ERR_UNAUTHENTICATED,
		    "This session has ended. Sign in again.");
	if (err)
		return err;
	prolong(app, db, rq, &s, token.text, by_cookie);
	set_user(rq, &s, by_cookie);
	return ERR_OK;
}

enum err
account_check_origin(const struct app *app, struct req *rq)
{
	if (!rq->user.by_cookie)
		return ERR_OK;
	if (!session_is_same_origin(app->conf->server_public_url,
	    rq->sec_fetch_site, rq->origin, rq->host)) {
		req_note(rq, "origin refused");
		return req_fail(rq, ERR_CSRF, "%s", "");
	}
	if (!session_csrf_matches(&app->csrf_key, rq->user.token_hash,
	    rq->csrf)) {
		req_note(rq, "CSRF token refused");
		return req_fail(rq, ERR_CSRF, "%s", "");
	}
	return ERR_OK;
}

enum err
account_make_session(const struct app *app, struct session_row *row,
    struct session_token *token)
{
	int64_t now = clock_wall_ms();
	enum err err;

	if ((err = session_make(token)))
		return err;
	memcpy(row->token_hash, token->hash, sizeof(row->token_hash));
	row->id = uuid_make();
	row->created_at = row->seen_at = now;
	row->expires_at = now + app->conf->session_lifetime_ms;
	return ERR_OK;
}

/* Answers */

static json_t *
user_json(const struct user *u)
{
	char id[UUID_TEXT_SIZE], when[CLOCK_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:b, s:s}", "id", uuid_text(&u->id, id),
	    "username", u->username, "is_admin", (int)u->is_admin,
	    "created_at", clock_text(u->created_at, when));
}

/* Who rq->user is and what the page needs; the token only where it is new. */
static enum err
reply_user(const struct app *app, struct req *rq, const char *token)
{
	char csrf[SESSION_CSRF_SIZE], when[CLOCK_TEXT_SIZE];

	if (session_csrf(&app->csrf_key, rq->user.token_hash, csrf))
		return req_fail(rq, ERR_INTERNAL, "%s", "");
	rq->reply = json_pack("{s:o, s:s*, s:s, s:s}", "user",
	    user_json(&rq->user), "access_token", token, "csrf_token", csrf,
	    "expires_at", clock_text(rq->user.expires_at, when));
	return rq->reply != NULL ? ERR_OK :
	    req_fail(rq, ERR_INTERNAL, "%s", "");
}

enum err
account_reply_signed_in(const struct app *app, struct req *rq,
    const struct session_row *row, const struct session_token *token)
{
	enum err err;

	set_user(rq, row, false);
	if ((err = account_set_cookie(app, rq, token->text)))
		return req_fail(rq, err, "%s", "");
	return reply_user(app, rq, token->text);
}

enum err
account_fail_password(struct req *rq, enum err err)
{
	if (err != ERR_UNAVAILABLE)
		return req_fail(rq, err, "%s", "");
	rq->retry_after = PASSWORD_RETRY_AFTER;
	req_note(rq, "too many passwords at once");
	return req_fail(rq, err, "Too many people are signing in just now. "
	    "Try again in a moment.");
}

/* Signing in and out */

struct credentials {
	struct text username, password;
};

static const struct field LOGIN_FIELDS[] = {
	FIELD_TEXT(struct credentials, username, 0, USERNAME_MAX, FIELD_MUST),
	FIELD_BYTES(struct credentials, password, 0, ACCOUNT_PASSWORD_MAX,
	    FIELD_MUST),
};

/* A cost that was raised, and a new pepper, reach everybody with their next
 * sign-in (S1).  One who cannot be reached now will be the next time. */
static void
rehash(const struct app *app, struct db_conn *db, struct req *rq,
    const struct text *password, const struct user_row *u)
{
	char hash[PASSWORD_HASH_SIZE];

	if (!password_needs_rehash(&app->pepper, u->password))
		return;
	if (password_hash(&app->pepper, password->p, password->len, hash) ||
	    user_set_password(db, &u->id, u->password, hash))
		req_note(rq, "password not kept anew");
}

static enum err
fail_credentials(struct req *rq)
{
	req_note(rq, "sign-in refused");
	return req_fail(rq, ERR_UNAUTHENTICATED,
	    "The name or the password is wrong.");
}

/* The user of these credentials.  That nobody has the name takes as long to
 * find out, and is told in the same words, as that the password is wrong. */
static enum err
find_user(const struct app *app, struct db_conn *db, struct req *rq,
    const struct credentials *in, struct user_row *u)
{
	enum err err = user_by_name(db, in->username.p, in->username.len, u);
	bool known = err == ERR_OK;

	if (err != ERR_OK && err != ERR_NOT_FOUND)
		return err;
	err = password_check(&app->pepper, in->password.p, in->password.len,
	    known ? u->password : NULL);
	if (err == ERR_UNAUTHENTICATED)
		return fail_credentials(rq);
	if (err)
		return account_fail_password(rq, err);
	if (u->is_disabled) {
		req_note(rq, "sign-in of a disabled user refused");
		return req_fail(rq, ERR_FORBIDDEN,
		    "This account is disabled. Ask the administrator.");
	}
	return ERR_OK;
}

enum err
account_login(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct credentials in = { { 0 }, { 0 } };
	struct session_row row = { .seen_at = 0 };
	struct session_token token;
	struct limit_try try = { 0 };
	enum err err;

	if ((err = FIELDS_READ(rq, LOGIN_FIELDS, &in)) ||
	    (err = throttle_sign_in(app, db, rq, &in.username, &try)))
		return err;
	err = find_user(app, db, rq, &in, &row.user);
	if ((err = throttle_end(db, rq, &try, err)))
		return err;
	rehash(app, db, rq, &in.password, &row.user);
	if ((err = account_make_session(app, &row, &token)))
		return err;
	err = sessions_add(db, &row, rq->remote_addr, rq->user_agent);
	if (err == ERR_NOT_FOUND)
		return fail_credentials(rq);
	if (err)
		return err;
	req_note(rq, "signed in");
	return account_reply_signed_in(app, rq, &row, &token);
}

enum err
account_logout(const struct app *app, struct db_conn *db, struct req *rq)
{
	enum err err = sessions_remove(db, &rq->user.id, rq->user.token_hash);

	if (err)
		return err;
	streams_stop_session(app, db, &rq->user.id, &rq->user.session);
	req_note(rq, "signed out");
	rq->status = 204;
	return account_set_cookie(app, rq, "");
}

enum err
account_me(const struct app *app, struct db_conn *db, struct req *rq)
{
	(void)db;
	return reply_user(app, rq, NULL);
}
