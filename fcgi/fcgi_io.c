#include "fcgi_io.h"

#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/routes.h"
#include "base/clock.h"
#include "base/crypt.h"

enum {
	FLUSH_MAX = 4096,       /* never blocks where poll() says POLLOUT */
	READ_SIZE = 16384,
	ACCEPT_PAUSE_MS = 50,   /* after accept failed for want of descriptors */
	SHUT_DOWN = -9999,      /* what libfcgi answers when told to stop */
	SOCKET_MODE = 0660,
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

void
fcgi_shut_down(void)
{
	FCGX_ShutdownPending();
}

/* ---- listening ---- */

/* A socket file that nobody answers on is left over, and may go. */
static bool
is_in_use(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool in_use = fd >= 0 &&
	    connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0;

	if (fd >= 0)
		close(fd);
	return in_use;
}

int
fcgi_listen(const char *path, char *why, size_t why_size)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		snprintf(why, why_size, "%s: a socket's path has at most %zu "
		    "bytes", path, sizeof(a.sun_path) - 1);
		return -1;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	if (is_in_use(&a)) {
		snprintf(why, why_size, "%s: another process serves this "
		    "socket; stop it first", path);
		return -1;
	}
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	    chmod(path, SOCKET_MODE) == 0 && listen(fd, FCGI_BACKLOG) == 0)
		return fd;
	snprintf(why, why_size, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* ---- accepting ---- */

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

/* To its end in any case: a close with unread bytes is a reset to the peer. */
static void
read_body(struct fcgi_conn *c, size_t body_max, struct req *rq)
{
	char bytes[READ_SIZE];
	int n;

	buf_init(&rq->body, body_max);
	while ((n = FCGX_GetStr(bytes, sizeof(bytes), c->fx.in)) > 0) {
		enum err err;

		if (rq->err != ERR_OK)
			continue;
		err = buf_add(&rq->body, bytes, (size_t)n);
		if (err == ERR_TOO_LARGE)
			req_fail(rq, err, "The request has more than %zu bytes, "
			    "which is the limit here.", body_max);
		else if (err)
			req_fail(rq, err, "%s", "");
	}
}

static enum err
accept_failed(int code, struct fcgi_conn *c)
{
	free(c);
	if (code == SHUT_DOWN || code == -EINTR)
		return ERR_INTERRUPTED;
	/*
	 * For want of descriptors, most likely (-EMFILE); others will be freed
	 * as answers end.
	 */
	poll(NULL, 0, ACCEPT_PAUSE_MS);
	return ERR_UNAVAILABLE;
}

enum err
fcgi_accept(int listen_fd, size_t body_max, struct req *rq)
{
	struct fcgi_conn *c = calloc(1, sizeof(*c));
	int code;

	if (c == NULL) {
		poll(NULL, 0, ACCEPT_PAUSE_MS);
		return ERR_UNAVAILABLE;
	}
	FCGX_InitRequest(&c->fx, listen_fd, FCGI_FAIL_ACCEPT_ON_INTR);
	code = FCGX_Accept_r(&c->fx);
	if (code != 0)
		return accept_failed(code, c);
	c->conn = (struct conn){
		c->fx.ipcFd, conn_write, conn_forget, conn_close,
	};
	req_init(rq);
	rq->conn = &c->conn;
	rq->began_us = clock_us();
	read_params(c, rq);
	read_body(c, body_max, rq);
	/* Their 9 KB are of no more use, and a stream lives for minutes. */
	FCGX_FreeStream(&c->fx.in);
	FCGX_FClose(c->fx.err);
	FCGX_FreeStream(&c->fx.err);
	return ERR_OK;
}
