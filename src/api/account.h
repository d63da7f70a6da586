/*
 * Signing in and out, and who is asking.  The handlers are rows of
 * ROUTE_TABLE; the two checks below stand before all others, and the rest is
 * for whoever else gives somebody a session (register.c, profile.c).
 */
#ifndef API_ACCOUNT_H
#define API_ACCOUNT_H

#include "api/app.h"
#include "auth/session.h"
#include "http/request.h"
#include "store/db.h"
#include "store/sessions.h"

/* Bytes of a password that is given to be checked; a longer one cannot be
 * right. */
enum { ACCOUNT_PASSWORD_MAX = 1024 };

/*
 * Find out who asks, into rq->user: ERR_UNAUTHENTICATED where the session is
 * unknown, expired, or of a disabled user.  A session lives on while it is
 * used; what that takes is written now and then, not with every request.
 */
enum err
account_check(const struct app *app, struct db_conn *db, struct req *rq);

/*
 * For a request that changes something, after account_check(): with the
 * cookie it must come from our page and bring the session's CSRF token, else
 * ERR_CSRF (S10).  A Bearer token is sent by no browser of its own accord, so
 * it needs neither.
 */
enum err
account_check_origin(const struct app *app, struct req *rq);

/* A new session for row->user, with its token; not yet stored. */
enum err
account_make_session(const struct app *app, struct session_row *row,
    struct session_token *token);

/* Set the cookie, in place of the one that this answer may already set; a
 * token of "" takes it away. */
enum err
account_set_cookie(const struct app *app, struct req *rq, const char *token);

/* The answer to who has just been given a session: who it is, its token, as a
 * cookie too, and what the page needs. */
enum err
account_reply_signed_in(const struct app *app, struct req *rq,
    const struct session_row *row, const struct session_token *token);

/* Say why a password could not be hashed: ERR_UNAVAILABLE, where too many are
 * at once, with the time to come again. */
enum err
account_fail_password(struct req *rq, enum err err);

#endif
