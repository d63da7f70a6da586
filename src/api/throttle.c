#include "api/throttle.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum {
	WAIT_SIZE = 32,
	SECONDS_TOLD_MAX = 90, /* longer waits are told in minutes */
};

static const struct saying {
	const char *sentence; /* before how long to wait */
	const char *note;     /* for the log */
} sayings[] = {
	[LIMIT_NAME] = { "Too many wrong passwords for this name.",
	    "sign-in held back: the name" },
	[LIMIT_HOME] = { "Too many wrong passwords for this name.",
	    "sign-in held back: the name at this address" },
	[LIMIT_ADDRESS] = { "Too many failed sign-ins from your address.",
	    "sign-in held back: the address" },
	[LIMIT_SIGN_UP] = { "Too many sign-ups from your address.",
	    "sign-up held back: the address" },
	[LIMIT_PASSWORD] = { "Too many wrong passwords.",
	    "password held back" },
};

/* Rounded up: who comes then is not too early. */
static int
seconds_of(int64_t ms)
{
	return (int)((ms + 999) / 1000);
}

static const char *
wait_text(int seconds, char out[static WAIT_SIZE])
{
	bool in_minutes = seconds > SECONDS_TOLD_MAX;
	int n = in_minutes ? (seconds + 59) / 60 : seconds;

	snprintf(out, WAIT_SIZE, "%d %s%s", n, in_minutes ? "minute" : "second",
	    n == 1 ? "" : "s");
	return out;
}

/* ERR_RATE_LIMITED becomes an answer, any other error stays as it is. */
static enum err
fail_try(struct req *rq, const struct limit_try *try, enum err err)
{
	const struct saying *say = &sayings[try->held_by];
	char wait[WAIT_SIZE];

	if (err != ERR_RATE_LIMITED)
		return err;
	rq->retry_after = seconds_of(try->wait_ms);
	req_note(rq, "%s", say->note);
	return req_fail(rq, err, "%s Try again in %s.", say->sentence,
	    wait_text(rq->retry_after, wait));
}

enum err
throttle_sign_in(const struct app *app, struct db_conn *db, struct req *rq,
    const struct text *name, struct limit_try *try)
{
	return fail_try(rq, try, limit_sign_in(db, app->conf, name->p,
	    name->len, rq->remote_addr, clock_wall_ms(), try));
}

enum err
throttle_password(const struct app *app, struct db_conn *db, struct req *rq,
    struct limit_try *try)
{
	const char *name = rq->user.username;

	return fail_try(rq, try, limit_password(db, app->conf, name,
	    strlen(name), clock_wall_ms(), try));
}

enum err
throttle_sign_up(const struct app *app, struct db_conn *db, struct req *rq,
    struct limit_try *try)
{
	return fail_try(rq, try, limit_sign_up(db, app->conf, rq->remote_addr,
	    clock_wall_ms(), try));
}

/* A count that could not be set right delays somebody by a minute at most, so
 * the request goes on. */
enum err
throttle_end(struct db_conn *db, struct req *rq, struct limit_try *try,
    enum err how)
{
	enum err err = ERR_OK;

	if (how == ERR_OK)
		err = limit_passed(db, try);
	else if (how != ERR_UNAUTHENTICATED && how != ERR_FORBIDDEN)
		err = limit_undo(db, try);
	if (err)
		req_note(rq, "tries not set right: %s", db_why(db));
	return how;
}

void
throttle_know(struct db_conn *db, struct req *rq, const char *name)
{
	if (limit_know(db, name, strlen(name), rq->remote_addr,
	    clock_wall_ms()))
		req_note(rq, "address not remembered: %s", db_why(db));
}

enum err
throttle_fail_quota(struct req *rq, const struct quota *most,
    const struct quota_refusal *why)
{
	char wait[WAIT_SIZE];

	rq->retry_after = seconds_of(why->wait_ms);
	if (why->fault == QUOTA_STREAMS)
		return req_fail(rq, ERR_RATE_LIMITED,
		    "You may have %d answer%s running at once. "
		    "Stop one or wait for its end.", most->streams,
		    most->streams == 1 ? "" : "s");
	return req_fail(rq, ERR_RATE_LIMITED,
	    "You may ask %d question%s a minute. Try again in %s.",
	    most->questions_per_minute,
	    most->questions_per_minute == 1 ? "" : "s",
	    wait_text(rq->retry_after, wait));
}
