#include "api/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "api/account.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/body.h"
#include "http/response.h"
#include "stream/relay.h"

enum {
	RETRY_AFTER_S = 2, /* told with 503 where nobody knows better */
	ADDRESS_SIZE = 64, /* of the one who asks, as text */
};

struct route {
	enum http_method method;
	const char *path;
	route_fn *fn;
	unsigned flags;
};

static const struct route routes[] = {
#define ROUTE_ROW(method, path, fn, flags) { HTTP_##method, path, fn, flags },
	ROUTE_TABLE(ROUTE_ROW)
#undef ROUTE_ROW
};

static const char *const method_names[] = {
	[HTTP_GET] = "GET", [HTTP_POST] = "POST", [HTTP_PUT] = "PUT",
	[HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE", [HTTP_OTHER] = "?",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- finding the row ---- */

/* The next part of a path, without its slash; NULL at the end. */
static const char *
next_part(const char **path, size_t *len)
{
	const char *part;

	if (**path != '/')
		return NULL;
	part = ++*path;
	*len = strcspn(part, "/");
	*path += *len;
	return part;
}

static bool
part_is_id(const char *part, size_t len, struct req *rq)
{
	char text[UUID_TEXT_SIZE];

	if (len != UUID_TEXT_SIZE - 1)
		return false;
	memcpy(text, part, len);
	text[len] = '\0';
	return uuid_parse(text, &rq->path_id);
}

static bool
part_is_name(const char *part, size_t len, struct req *rq)
{
	if (len == 0 || len >= sizeof(rq->path_name))
		return false;
	memcpy(rq->path_name, part, len);
	rq->path_name[len] = '\0';
	return true;
}

static bool
part_matches(const char *want, size_t want_len, const char *part, size_t len,
    struct req *rq)
{
	if (want_len == 4 && memcmp(want, "{id}", 4) == 0)
		return part_is_id(part, len, rq);
	if (want_len == 6 && memcmp(want, "{name}", 6) == 0)
		return part_is_name(part, len, rq);
	return want_len == len && memcmp(want, part, len) == 0;
}

static bool
path_matches(const char *pattern, const char *path, struct req *rq)
{
	for (;;) {
		size_t want_len = 0, len = 0;
		const char *want = next_part(&pattern, &want_len);
		const char *part = next_part(&path, &len);

		if (want == NULL || part == NULL)
			return want == NULL && part == NULL && *path == '\0';
		if (!part_matches(want, want_len, part, len, rq))
			return false;
	}
}

static void
allow(char *list, size_t size, enum http_method method)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used > 0 ? ", " : "",
	    method_names[method]);
}

const struct route *
dispatch_find(struct req *rq)
{
	char allowed[64] = "";

	for (size_t i = 0; i < COUNT(routes); i++) {
		if (!path_matches(routes[i].path, rq->path, rq))
			continue;
		if (routes[i].method == rq->method)
			return &routes[i];
		allow(allowed, sizeof(allowed), routes[i].method);
	}
	if (allowed[0] == '\0') {
		req_fail(rq, ERR_NOT_FOUND, "%s", "");
		return NULL;
	}
	req_header(rq, "Allow: %s", allowed);
	req_fail(rq, ERR_METHOD, "This address takes %s only.", allowed);
	return NULL;
}

bool
dispatch_may_wait(const struct route *route)
{
	return route != NULL && !(route->flags & ROUTE_NO_DB);
}

/* ---- the gates ---- */

/* Some routes take a body that may be left out. */
static enum err
check_body(struct req *rq, const struct route *route)
{
	if (!(route->flags & ROUTE_BODY))
		return ERR_OK;
	if (rq->body.len == 0 && rq->content_type[0] == '\0') {
		rq->json = json_object();
		return rq->json != NULL ? ERR_OK :
		    req_fail(rq, ERR_INTERNAL, "%s", "");
	}
	return body_read(rq);
}

static enum err
check_user(const struct app *app, struct db_conn *db, struct req *rq,
    const struct route *route)
{
	enum err err;

	if (route->flags & ROUTE_PUBLIC)
		return ERR_OK;
	if ((err = account_check(app, db, rq)))
		return err;
	if (rq->method != HTTP_GET && (err = account_check_origin(app, rq)))
		return err;
	if (!(route->flags & ROUTE_ADMIN) || rq->user.is_admin)
		return ERR_OK;
	req_note(rq, "no administrator");
	return req_fail(rq, ERR_FORBIDDEN,
	    "Only an administrator may do that.");
}

static enum err
pass_gates(const struct app *app, struct db_conn *db, struct req *rq,
    const struct route *route)
{
	enum err err;

	if ((err = check_user(app, db, rq, route)) ||
	    (err = check_body(rq, route)))
		return err;
	return route->fn(app, db, rq);
}

static enum err
run(const struct app *app, struct req *rq, const struct route *route)
{
	struct db_conn *db = NULL;
	enum err err;

	if (rq->err != ERR_OK)
		return rq->err;
	if (!(route->flags & ROUTE_NO_DB) && (err = db_take(app->db, &db)))
		return req_fail(rq, err, "%s",
		    "The database cannot be reached. Try again in a moment.");
	err = pass_gates(app, db, rq, route);
	/* A handler that failed without a word met an error of the database. */
	if (err != ERR_OK && rq->err == ERR_OK) {
		req_note(rq, "%s", db != NULL ? db_why(db) : "");
		req_fail(rq, err == ERR_BUSY || err == ERR_CONFLICT ?
		    ERR_UNAVAILABLE : err, "%s", "");
	}
	if (db != NULL)
		db_give(app->db, db);
	return rq->err;
}

/* ---- the answer ---- */

static void
send_answer(const struct app *app, struct req *rq)
{
	struct buf out;
	int n;

	if (rq->err == ERR_UNAVAILABLE && rq->retry_after == 0)
		rq->retry_after = RETRY_AFTER_S;
	buf_init(&out, RESP_MAX);
	if (resp_write(&out, rq)) {
		buf_reset(&out);
		resp_head(&out, err_status(ERR_INTERNAL), "application/json");
		buf_addf(&out, "{\"error\": \"internal\", \"message\": \"%s\", "
		    "\"request_id\": \"%s\"}\n", err_sentence(ERR_INTERNAL),
		    rq->id);
	}
	n = rq->conn->write(rq->conn, out.p, out.len);
	if (n == CONN_GONE || (size_t)n == out.len) {
		rq->conn->close(rq->conn);
	} else { /* a long answer, a slow reader: no thread waits for that */
		buf_drop(&out, (size_t)n);
		relay_send(app->relay, rq->conn, &out);
	}
	rq->conn = NULL;
	buf_free(&out);
}

static void
write_log(const struct req *rq, const struct route *route, bool handed_over)
{
	char user[UUID_TEXT_SIZE] = "";
	int status = rq->err != ERR_OK ? err_status(rq->err) :
	    rq->status != 0 ? rq->status : 200;
	struct log_field fields[] = {
		{ "request_id", rq->id, 0 },
		{ "method", method_names[rq->method], 0 },
		{ "route", route != NULL ? route->path : "", 0 },
		{ "status", NULL, status },
		{ "code", err_code(rq->err), 0 },
		{ "us", NULL, clock_us() - rq->began_us },
		{ "address", rq->remote_addr, 0 },
		{ "user", user, 0 },
		{ "streams", NULL, handed_over },
		{ "note", rq->note, 0 },
		{ NULL, NULL, 0 },
	};

	if (!uuid_is_none(&rq->user.id))
		uuid_text(&rq->user.id, user);
	log_fields(status >= 500 ? LOG_WARN : LOG_INFO, "request", fields);
}

void
dispatch_run(const struct app *app, struct req *rq, const struct route *route)
{
	char address[ADDRESS_SIZE];
	bool handed_over;

	/* What is borrowed from the connection ends when that is handed over. */
	snprintf(address, sizeof(address), "%s", rq->remote_addr);
	rq->remote_addr = address;
	run(app, rq, route);
	handed_over = rq->conn == NULL;
	/* The line is written first: whoever has the answer can rely on it. */
	write_log(rq, route, handed_over);
	if (!handed_over)
		send_answer(app, rq);
}
