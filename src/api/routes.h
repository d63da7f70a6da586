/*
 * Everything that can be asked, one row each: method, path after /api/v1, the
 * function that answers, and what it needs.  docs/API.md describes the same
 * rows.
 *
 * In a path {id} is a UUID (rq->path_id), {name} a provider (rq->path_name).
 */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "api/app.h"
#include "http/request.h"
#include "store/db.h"

#define ROUTES_BASE "/api/v1"

/*
 * Answers a request: sets rq->reply and perhaps rq->status and returns ERR_OK,
 * or returns the value of req_fail().  `db` is a connection for the time of the
 * call, NULL for routes without one.
 */
typedef enum err route_fn(const struct app *app, struct db_conn *db,
    struct req *rq);

enum {
	ROUTE_PUBLIC = 1, /* nobody has to be signed in */
	ROUTE_NO_DB = 2,  /* no database: it answers whatever happens to that */
	ROUTE_BODY = 4,   /* takes a JSON body */
	ROUTE_ADMIN = 8,  /* for administrators only */
};

#define ROUTE_TABLE(X) \
X(GET, "/health", meta_health, ROUTE_PUBLIC | ROUTE_NO_DB) \
X(GET, "/ready", meta_ready, ROUTE_PUBLIC) \
X(GET, "/models", models_list, 0) \
X(GET, "/auth/register", register_policy, ROUTE_PUBLIC) \
X(POST, "/auth/register", register_user, ROUTE_PUBLIC | ROUTE_BODY) \
X(POST, "/auth/login", account_login, ROUTE_PUBLIC | ROUTE_BODY) \
X(POST, "/auth/logout", account_logout, 0) \
X(POST, "/auth/password", profile_password, ROUTE_BODY) \
X(GET, "/auth/sessions", signins_list, 0) \
X(DELETE, "/auth/sessions", signins_end_others, 0) \
X(DELETE, "/auth/sessions/{id}", signins_end, 0) \
X(GET, "/auth/me", account_me, 0) \
X(DELETE, "/auth/me", profile_delete, ROUTE_BODY) \
X(GET, "/auth/me/settings", settings_show, 0) \
X(PUT, "/auth/me/settings", settings_put, ROUTE_BODY) \
X(GET, "/auth/me/export", export_all, 0) \
X(GET, "/keys", keys_list, 0) \
X(PUT, "/keys/{name}", keys_put, ROUTE_BODY) \
X(DELETE, "/keys/{name}", keys_delete, 0) \
X(POST, "/keys/{name}/test", keys_test, 0) \
X(POST, "/chat", chat_answer, ROUTE_BODY) \
X(POST, "/chat/stream", chat_stream, ROUTE_BODY) \
X(GET, "/streams/{id}", streams_join, 0) \
X(POST, "/streams/cancel", streams_cancel_request, ROUTE_BODY) \
X(POST, "/streams/{id}/cancel", streams_cancel, ROUTE_BODY) \
X(GET, "/conversations", history_list, 0) \
X(GET, "/conversations/{id}", history_show, 0) \
X(PATCH, "/conversations/{id}", history_change, ROUTE_BODY) \
X(DELETE, "/conversations/{id}", history_delete, 0) \
X(GET, "/conversations/{id}/export", history_export, 0) \
X(GET, "/admin/users", users_list, ROUTE_ADMIN) \
X(PATCH, "/admin/users/{id}", users_change, ROUTE_ADMIN | ROUTE_BODY) \
X(DELETE, "/admin/users/{id}", users_delete, ROUTE_ADMIN) \
X(GET, "/admin/invites", invites_list, ROUTE_ADMIN) \
X(POST, "/admin/invites", invites_make, ROUTE_ADMIN | ROUTE_BODY) \
X(DELETE, "/admin/invites/{id}", invites_revoke, ROUTE_ADMIN)

#define ROUTE_DECLARE(method, path, fn, flags) route_fn fn;
ROUTE_TABLE(ROUTE_DECLARE)
#undef ROUTE_DECLARE

#endif
