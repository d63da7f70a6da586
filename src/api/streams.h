/*
 * Coming back to answers.  The handlers are rows of ROUTE_TABLE.
 */
#ifndef API_STREAMS_H
#define API_STREAMS_H

#include "api/app.h"
#include "http/request.h"
#include "store/db.h"
#include "stream/stream.h"

/*
 * Let who asks read this answer of theirs, from a position on, wherever it is
 * written and whether or not it has ended.  On ERR_OK rq->conn is handed over.
 */
enum err
streams_follow(const struct app *app, struct db_conn *db, struct req *rq,
    const struct uuid *id, enum reader_kind kind, struct position after);

/* Stop what runs in a conversation that is about to go. */
void
streams_stop_conversation(const struct app *app, struct db_conn *db,
    const struct user *user, const struct uuid *conversation);

/*
 * Stop all that runs for a session that has ended, or for all sessions of a
 * user `but` one (NULL: none).  First the row of the session goes, then this is
 * called: then nothing new can begin in between (msg_claim()).  Who has joined
 * another answer of this user is let go too, and comes back where the session
 * still is.  What cannot be stopped for want of the database is left to end by
 * itself.
 */
void
streams_stop_session(const struct app *app, struct db_conn *db,
    const struct uuid *user, const struct uuid *session);

void
streams_stop_user(const struct app *app, struct db_conn *db,
    const struct uuid *user, const struct uuid *but);

#endif
