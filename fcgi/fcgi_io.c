#include "fcgi_io.h"

#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/routes.h"
#include "base/clock.h"
#include "base/crypt.h"

enum {
	FLUSH_MAX = 4096,       /* never blocks where poll() says POLLOUT */
	READ_SIZE = 16384,
	ACCEPT_PAUSE_MS = 50,   /* after accept failed for want of descriptors */
};

struct fcgi_conn {
	struct conn conn; /* first: one is cast to the other */
	FCGX_Request fx;
	bool gone;
};

static bool
takes_bytes(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

/* libfcgi tells of a broken connection once only, so it is remembered. */
static bool
flush_some(struct fcgi_conn *c, const char *bytes, size_t n)
{
	return FCGX_PutStr(bytes, (int)n, c->fx.out) == (int)n &&
	    FCGX_FFlush(c->fx.out) == 0 && FCGX_GetError(c->fx.out) == 0;
}

static int
conn_write(struct conn *conn, const void *bytes, size_t n)
{
	struct fcgi_conn *c = (struct fcgi_conn *)conn;
	size_t sent = 0;

	while (!c->gone && sent < n && takes_bytes(conn->fd)) {
		size_t part = n - sent < FLUSH_MAX ? n - sent : FLUSH_MAX;

		c->gone = !flush_some(c, (const char *)bytes + sent, part);
		sent += part;
	}
	return c->gone ? CONN_GONE : (int)sent;
}

/*
 * A stream lives for minutes, and nobody asks for its parameters again: some 3
 * KB.  libfcgi frees the array itself, and NULLs in it are well.
 */
static void
conn_forget(struct conn *conn)
{
	struct fcgi_conn *c = (struct fcgi_conn *)conn;

	for (char **p = c->fx.envp; *p != NULL; p++) {
		free(*p);
		*p = NULL;
	}
}

/*
 * What FCGX_Finish_r() does, but for two things: the other two streams are gone
 * already, and the end record is sent only where there is room for it.  Where
 * there is none, the reader does not read, and is left to find the connection
 * closed.
 */
static void
conn_close(struct conn *conn)
{
	struct fcgi_conn *c = (struct fcgi_conn *)conn;

	c->fx.keepConnection = 0;
	FCGX_Detach(&c->fx);
	if (!c->gone && takes_bytes(conn->fd))
		FCGX_FClose(c->fx.out);
	FCGX_Free(&c->fx, 1);
	free(c);
}

enum err
fcgi_init(void)
{
	return FCGX_Init() == 0 ? ERR_OK : ERR_INTERNAL;
}

/* ---- the parameters ---- */

static const char *
param(const struct fcgi_conn *c, const char *name)
{
	const char *value = FCGX_GetParam(name, c->fx.envp);

	return value != NULL ? value : "";
}

static enum http_method
read_method(const char *name)
{
	static const struct {
		const char *name;
		enum http_method method;
	} rows[] = {
		{ "GET", HTTP_GET }, { "POST", HTTP_POST }, { "PUT", HTTP_PUT },
		{ "PATCH", HTTP_PATCH }, { "DELETE", HTTP_DELETE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].method;
	return HTTP_OTHER;
}

/*
 * Web servers do not agree on SCRIPT_NAME and PATH_INFO, so the path is cut
 * out of REQUEST_URI.  It is used as it was sent: nothing that a path of ours
 * holds needs percent-encoding.
 */
static const char *
read_path(const char *uri, char *path, size_t size)
{
	size_t base = strlen(ROUTES_BASE);
	size_t n;

	if (strncmp(uri, ROUTES_BASE "/", base + 1) != 0)
		return "/";
	n = strcspn(uri + base, "?#");
	if (n >= size)
		return "/";
	memcpy(path, uri + base, n);
	path[n] = '\0';
	return path;
}

static bool
is_hex(const char *text, size_t n)
{
	return strspn(text, "0123456789abcdef") >= n;
}

/* The web server's id, so that its log and ours can be laid side by side. */
static void
read_request_id(const struct fcgi_conn *c, char *out)
{
	const char *given = param(c, "LLMSELECT_REQUEST_ID");
	unsigned char random[(REQ_ID_SIZE - 1) / 2];

	if (is_hex(given, REQ_ID_SIZE - 1)) {
		memcpy(out, given, REQ_ID_SIZE - 1);
		out[REQ_ID_SIZE - 1] = '\0';
		return;
	}
	crypt_random(random, sizeof(random));
	crypt_hex(random, sizeof(random), out);
}

static void
read_params(const struct fcgi_conn *c, struct req *rq)
{
	rq->method = read_method(param(c, "REQUEST_METHOD"));
	rq->path = read_path(param(c, "REQUEST_URI"), rq->path_text,
	    sizeof(rq->path_text));
	rq->query = param(c, "QUERY_STRING");
	rq->content_type = param(c, "CONTENT_TYPE");
	rq->authorization = param(c, "HTTP_AUTHORIZATION");
	rq->cookie = param(c, "HTTP_COOKIE");
	rq->csrf = param(c, "HTTP_X_CSRF_TOKEN");
	rq->origin = param(c, "HTTP_ORIGIN");
	rq->sec_fetch_site = param(c, "HTTP_SEC_FETCH_SITE");
	rq->host = param(c, "HTTP_HOST");
	rq->last_event_id = param(c, "HTTP_LAST_EVENT_ID");
	rq->user_agent = param(c, "HTTP_USER_AGENT");
	rq->remote_addr = param(c, "REMOTE_ADDR");
	rq->https = strcmp(param(c, "HTTPS"), "on") == 0;
	read_request_id(c, rq->id);
}

/* ---- the body ---- */

struct body_taker {
	struct req *rq;
	size_t max;
};

static void
take_body(void *arg, const unsigned char *bytes, size_t n)
{
	struct body_taker *t = arg;
	enum err err;

	if (t->rq->err != ERR_OK)
		return;
	err = buf_add(&t->rq->body, (const char *)bytes, n);
	if (err == ERR_TOO_LARGE)
		req_fail(t->rq, err, "The request has more than %zu bytes, "
		    "which is the limit here.", t->max);
	else if (err)
		req_fail(t->rq, err, "%s", "");
}

/* To its end in any case: a close with unread bytes is a reset to the peer. */
static bool
read_body(struct door *door, const struct door_guest *guest, size_t body_max,
    struct req *rq)
{
	struct guard_body g = { .id = guest->found.id };
	struct body_taker taker = { rq, body_max };
	int64_t until_ms = clock_ms() + FCGI_BODY_MS;
	unsigned char bytes[READ_SIZE];
	enum guard seen;
	size_t n;

	buf_init(&rq->body, body_max);
	seen = guard_body(&g, guest->bytes + guest->found.end,
	    guest->n - guest->found.end, take_body, &taker);
	while (seen == GUARD_MORE && (n = door_read(door, guest->fd, bytes,
	    sizeof(bytes), until_ms)) > 0)
		seen = guard_body(&g, bytes, n, take_body, &taker);
	return seen == GUARD_WHOLE;
}

/* ---- accepting ---- */

struct fcgi_taker *
fcgi_taker_make(void)
{
	struct fcgi_taker *t = malloc(sizeof(*t));

	if (t != NULL)
		t->file = -1;
	return t;
}

void
fcgi_taker_free(struct fcgi_taker *t)
{
	if (t != NULL && t->file >= 0)
		close(t->file);
	free(t);
}

/*
 * These bytes and nothing else into the file, to be read from its start.  It is
 * made once, for to make one takes longer than all that is done with it.
 */
static bool
fill_file(struct fcgi_taker *t)
{
	size_t n = t->guest.found.end;

	if (t->file < 0)
		t->file = memfd_create("parameters", MFD_CLOEXEC);
	return t->file >= 0 && ftruncate(t->file, (off_t)n) == 0 &&
	    pwrite(t->file, t->guest.bytes, n, 0) == (ssize_t)n &&
	    lseek(t->file, 0, SEEK_SET) == 0;
}

/*
 * libfcgi reads ahead, so it is given a file that ends where the parameters do
 * in place of the connection.  Of libfcgi 2.4.2, fcgiapp.c:
 *
 *   - FCGX_Accept_r() finishes the request first (line 2218), which closes
 *     ipcFd but where keepConnection is set (2042, 2052 and 2065); there is no
 *     `in` yet, so nothing is written (2045);
 *   - it accepts only where ipcFd is negative (2226), and reads from ipcFd
 *     (1668); whatever is read or written asks the request for it each time
 *     (1340, 1446), so that the connection can take its place afterwards;
 *   - where it does not like what it reads, it closes ipcFd, without a wait
 *     where the request is detached (2276 and 2066), and accepts from
 *     listen_sock: that is -1 here, so it fails at once and returns (2231).
 */
static enum err
give_to_libfcgi(struct fcgi_conn *c, struct fcgi_taker *t)
{
	if (!fill_file(t))
		return ERR_UNAVAILABLE;
	FCGX_InitRequest(&c->fx, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	c->fx.ipcFd = t->file;
	c->fx.keepConnection = 1;
	FCGX_Detach(&c->fx);
	if (FCGX_Accept_r(&c->fx) != 0) {
		t->file = -1; /* closed by libfcgi */
		return ERR_INTERNAL;
	}
	c->fx.ipcFd = t->guest.fd;
	c->fx.keepConnection = 0;
	/* Their 9 KB are of no more use, and a stream lives for minutes. */
	FCGX_FreeStream(&c->fx.in);
	FCGX_FClose(c->fx.err);
	FCGX_FreeStream(&c->fx.err);
	return ERR_OK;
}

static enum err
come_in(struct fcgi_taker *t, struct door *door, size_t body_max,
    struct req *rq)
{
	const struct door_guest *guest = &t->guest;
	struct fcgi_conn *c = calloc(1, sizeof(*c));
	enum err err = c != NULL ? give_to_libfcgi(c, t) : ERR_UNAVAILABLE;

	if (err != ERR_OK) {
		door_tell(door, err == ERR_INTERNAL ?
		    "libfcgi did not take it" : "nothing is left to take it in");
		close(guest->fd);
		free(c);
		return ERR_UNAVAILABLE;
	}
	c->conn = (struct conn){
		guest->fd, conn_write, conn_forget, conn_close,
	};
	req_init(rq);
	rq->conn = &c->conn;
	rq->began_us = clock_us();
	read_params(c, rq);
	if (read_body(door, guest, body_max, rq))
		return ERR_OK;
	door_tell(door, "its body is cut, or late, or has records in it");
	c->gone = true;
	conn_close(&c->conn);
	req_free(rq);
	return ERR_UNAVAILABLE;
}

enum err
fcgi_accept(struct fcgi_taker *t, struct door *door, fcgi_source *source,
    size_t body_max, struct req *rq)
{
	enum err err = source(door, &t->guest);

	if (err == ERR_UNAVAILABLE)
		/* Descriptors will be freed as answers end. */
		poll(NULL, 0, ACCEPT_PAUSE_MS);
	return err != ERR_OK ? err : come_in(t, door, body_max, rq);
}
