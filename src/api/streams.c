/*
 * Coming back to answers, and stopping them.  A stop is a row for the worker
 * that owns the stream and a word to that worker to look; where that worker is
 * this one, it is told directly.
 */
#include <stdlib.h>
#include <string.h>

#include "api/routes.h"
#include "api/streams.h"
#include "http/fields.h"
#include "store/messages.h"
#include "store/stops.h"
#include "stream/journal.h"
#include "stream/relay.h"
#include "stream/replay.h"

struct join {
	const struct uuid *user;
	struct stream *shadow;
};

static enum err
make_shadow(void *arg, const struct msg *row)
{
	struct join *join = arg;

	join->shadow = replay_new(join->user, row);
	return join->shadow != NULL ? ERR_OK : ERR_INTERNAL;
}

/* Last-Event-ID is what a browser's own reader sends; ?after= is for others. */
static struct position
read_position(const struct req *rq)
{
	char after[REQ_QUERY_MAX];

	if (rq->last_event_id[0] != '\0')
		return reader_position(rq->last_event_id);
	return reader_position(req_query(rq, "after", after) ? after : "");
}

enum err
streams_follow(const struct app *app, struct db_conn *db, struct req *rq,
    const struct uuid *id, enum reader_kind kind, struct position after)
{
	struct join join = { .user = &rq->user.id };
	struct conn *conn = rq->conn;
	enum err err;

	if (relay_reserve(app->relay))
		return req_fail(rq, ERR_UNAVAILABLE,
		    "Too many answers are read here. Try again in a moment.");
	err = msg_get(db, &rq->user.id, id, make_shadow, &join);
	if (err) {
		relay_unreserve(app->relay);
		return err != ERR_NOT_FOUND ? err :
		    req_fail(rq, err, "There is no such answer.");
	}
	rq->conn = NULL;
	/* Where memory is out the connection is closed, and the shadow goes. */
	reader_add(join.shadow, kind, conn, rq->id, after);
	relay_join(app->relay, join.shadow);
	return ERR_OK;
}

enum err
streams_join(const struct app *app, struct db_conn *db, struct req *rq)
{
	return streams_follow(app, db, rq, &rq->path_id, READER_EVENTS,
	    read_position(rq));
}

struct cancel {
	struct number index;
};

static const struct field cancel_fields[] = {
	FIELD_INT(struct cancel, index, 0, STREAM_LANES_MAX - 1, 0),
};

static bool
is_running(const struct msg_status *s)
{
	return strcmp(s->state, "running") == 0;
}

static enum err
order_stop(const struct app *app, struct db_conn *db,
    const struct msg_status *s, int lane)
{
	enum err err;

	if (uuid_equal(&s->owner, &app->worker)) {
		relay_stop(app->relay, &s->id, lane);
		return ERR_OK;
	}
	if ((err = stop_add(db, &s->id, lane, &s->owner)))
		return err;
	journal_wake_worker(app->journal, &s->owner);
	return ERR_OK;
}

/* How it stands; `stopping` says that its end is on the way. */
static enum err
reply_status(struct req *rq, const struct msg_status *s)
{
	char id[UUID_TEXT_SIZE];

	rq->reply = json_pack("{s:s, s:s, s:b}",
	    "stream_id", uuid_text(&s->id, id),
	    "state", s->state,
	    "stopping", is_running(s));
	if (rq->reply != NULL && s->finish_reason[0] != '\0')
		json_object_set_new(rq->reply, "finish_reason",
		    json_string(s->finish_reason));
	return rq->reply != NULL ? ERR_OK : ERR_INTERNAL;
}

enum err
streams_cancel(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct cancel cancel = { 0 };
	struct msg_status s;
	enum err err;

	if ((err = FIELDS_READ(rq, cancel_fields, &cancel)))
		return err;
	err = msg_status(db, &rq->user.id, &rq->path_id, &s);
	if (err == ERR_NOT_FOUND)
		return req_fail(rq, err, "There is no such answer.");
	if (err)
		return err;
	if (is_running(&s) && (err = order_stop(app, db, &s,
	    cancel.index.set ? (int)cancel.index.i : STOP_ALL_LANES)))
		return err;
	return reply_status(rq, &s);
}

/* What is to be stopped: all of a session, or of a user but one session. */
struct stopping {
	const struct uuid *user, *session, *but;
	struct msg_status list[MSG_RUNNING_MAX];
	int n;
};

static enum err
note_running(void *arg, const struct msg_status *status)
{
	struct stopping *s = arg;

	s->list[s->n++] = *status;
	return ERR_OK;
}

static enum err
find_running(struct db_conn *db, struct stopping *s, const struct uuid *after)
{
	s->n = 0;
	if (s->session != NULL)
		return msg_running(db, s->user, s->session, after,
		    note_running, s);
	return msg_running_all(db, s->user, s->but, after, note_running, s);
}

static void
stop_running(const struct app *app, struct db_conn *db, struct stopping *s)
{
	struct uuid after = { { 0 } };

	do {
		if (find_running(db, s, &after))
			return;
		for (int i = 0; i < s->n; i++)
			order_stop(app, db, &s->list[i], STOP_ALL_LANES);
		if (s->n > 0)
			after = s->list[s->n - 1].id;
	} while (s->n == MSG_RUNNING_MAX);
}

static void
stop_all(const struct app *app, struct db_conn *db, const struct uuid *user,
    const struct uuid *session, const struct uuid *but)
{
	struct stopping *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return;
	s->user = user;
	s->session = session;
	s->but = but;
	stop_running(app, db, s);
	stop_add_joined(db, user);
	free(s);
}

void
streams_stop_session(const struct app *app, struct db_conn *db,
    const struct uuid *user, const struct uuid *session)
{
	stop_all(app, db, user, session, NULL);
}

void
streams_stop_user(const struct app *app, struct db_conn *db,
    const struct uuid *user, const struct uuid *but)
{
	stop_all(app, db, user, NULL, but);
}

void
streams_stop_conversation(const struct app *app, struct db_conn *db,
    const struct user *user, const struct uuid *conversation)
{
	struct msg_status running;

	if (msg_running_in(db, &user->id, conversation, &running) == ERR_OK)
		order_stop(app, db, &running, STOP_ALL_LANES);
}

struct cancel_request {
	struct text client_request_id;
};

static const struct field cancel_request_fields[] = {
	FIELD_OF(FIELD_IS_MODEL, struct cancel_request, client_request_id,
	    1, MSG_REQUEST_ID_SIZE - 1, NULL, FIELD_MUST),
};

/* The request is not here yet: its stop waits for it. */
static enum err
reply_early(struct req *rq)
{
	rq->reply = json_pack("{s:n, s:s, s:b}", "stream_id",
	    "state", "unknown", "stopping", true);
	return rq->reply != NULL ? ERR_OK : ERR_INTERNAL;
}

/*
 * First the stop is written, then the answer looked for; chat does it the
 * other way round, so at least one of the two sees the other.
 */
enum err
streams_cancel_request(const struct app *app, struct db_conn *db,
    struct req *rq)
{
	struct cancel_request cancel = { 0 };
	struct msg_status s;
	const char *name;
	enum err err;

	if ((err = FIELDS_READ(rq, cancel_request_fields, &cancel)))
		return err;
	name = cancel.client_request_id.p;
	if ((err = stop_add_early(db, &rq->user.id, name)))
		return err;
	err = msg_status_by_request(db, &rq->user.id, name, &s);
	if (err == ERR_NOT_FOUND)
		return reply_early(rq);
	if (err || (is_running(&s) &&
	    (err = order_stop(app, db, &s, STOP_ALL_LANES))))
		return err;
	return reply_status(rq, &s);
}
