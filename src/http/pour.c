#include "http/pour.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "http/response.h"

void
pour_init(struct pour *p, struct req *rq)
{
	*p = (struct pour){ .rq = rq, .end_ms = clock_ms() + POUR_TOTAL_MS };
	buf_init(&p->out, POUR_GATHERED_MAX);
}

enum err
pour_start(struct pour *p)
{
	struct buf all;
	enum err err;

	buf_init(&all, POUR_GATHERED_MAX);
	if ((err = resp_start(&all, p->rq, "application/json")) ||
	    (err = buf_add(&all, p->out.p, p->out.len))) {
		buf_free(&all);
		return err;
	}
	buf_free(&p->out);
	p->out = all;
	p->conn = p->rq->conn;
	p->rq->conn = NULL;
	return ERR_OK;
}

static int
add_dump(const char *bytes, size_t n, void *arg)
{
	return buf_add(arg, bytes, n) == ERR_OK ? 0 : -1;
}

enum err
pour_json(struct pour *p, const json_t *value)
{
	return json_dump_callback(value, add_dump, &p->out, JSON_ENCODE_ANY |
	    JSON_REAL_PRECISION(RESP_DIGITS)) == 0 ? ERR_OK : ERR_INTERNAL;
}

static void
hurry(struct pour *p)
{
	int64_t soon = clock_ms() + POUR_HURRY_MS;

	if (soon < p->end_ms)
		p->end_ms = soon;
}

/* What is left until a reader who has taken nothing since then is let go. */
static int
time_left(const struct pour *p, int64_t since)
{
	int64_t stalled = since + POUR_STALL_MS;
	int64_t end = stalled < p->end_ms ? stalled : p->end_ms;
	int64_t now = clock_ms();

	return end > now ? (int)(end - now) : 0;
}

static enum err
wait_for_reader(struct pour *p)
{
	struct pollfd fd = { .fd = p->conn->fd, .events = POLLOUT };
	int64_t since = clock_ms();
	int left;

	while ((left = time_left(p, since)) > 0) {
		if (poll(&fd, 1, left) > 0)
			return ERR_OK;
		if (errno == EINTR)
			hurry(p);
	}
	return req_fail(p->rq, ERR_INTERRUPTED, "The reader was too slow.");
}

static enum err
send_all(struct pour *p)
{
	size_t sent = 0;
	enum err err;

	while (sent < p->out.len) {
		int n;

		if ((err = wait_for_reader(p)))
			return err;
		n = p->conn->write(p->conn, p->out.p + sent, p->out.len - sent);
		if (n == CONN_GONE)
			return req_fail(p->rq, ERR_INTERRUPTED,
			    "The reader left.");
		sent += (size_t)n;
	}
	buf_reset(&p->out);
	return ERR_OK;
}

enum err
pour_some(struct pour *p)
{
	return p->out.len < POUR_PIECE ? ERR_OK : send_all(p);
}

/* With room for the web server's last record as well, or the end would look
 * like a break. */
enum err
pour_end(struct pour *p)
{
	enum err err = send_all(p);

	return err ? err : wait_for_reader(p);
}

void
pour_free(struct pour *p)
{
	if (p->conn != NULL)
		p->conn->close(p->conn);
	p->conn = NULL;
	buf_free(&p->out);
}
