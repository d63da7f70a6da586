#include "http/sse_out.h"

/*
 * X-Accel-Buffering makes nginx pass every flush on even where its own setting
 * says otherwise.
 */
const char SSE_OUT_HEAD[] =
    "Status: 200 OK\r\n"
    "Content-Type: text/event-stream\r\n"
    "Cache-Control: no-store\r\n"
    "X-Accel-Buffering: no\r\n"
    "\r\n";

void
sse_out_init(struct sse_out *out, struct conn *conn, size_t queue_max)
{
	*out = (struct sse_out){ .conn = conn };
	buf_init(&out->queue, queue_max);
}

enum err
sse_out_add(struct sse_out *out, const void *bytes, size_t n, int64_t now_ms)
{
	if (out->sent > 0) {
		buf_drop(&out->queue, out->sent);
		out->sent = 0;
	}
	out->wrote_ms = now_ms;
	return buf_add(&out->queue, bytes, n);
}

/* The room of one event is kept; that of an opening or a pause goes back. */
static void
empty(struct buf *queue)
{
	if (queue->cap > SSE_OUT_KEPT)
		buf_free(queue);
	else
		buf_reset(queue);
}

enum sse_out_state
sse_out_flush(struct sse_out *out)
{
	size_t left = out->queue.len - out->sent;
	int n;

	if (out->conn == NULL)
		return SSE_OUT_GONE;
	if (left == 0)
		return SSE_OUT_EMPTY;
	n = out->conn->write(out->conn, out->queue.p + out->sent, left);
	if (n == CONN_GONE)
		return SSE_OUT_GONE;
	out->sent += (size_t)n;
	out->total += (uint64_t)n;
	if ((size_t)n < left)
		return SSE_OUT_FULL;
	empty(&out->queue);
	out->sent = 0;
	return SSE_OUT_EMPTY;
}

bool
sse_out_beat_due(const struct sse_out *out, int64_t now_ms)
{
	return now_ms - out->wrote_ms >= SSE_OUT_BEAT_MS;
}

void
sse_out_free(struct sse_out *out)
{
	if (out->conn != NULL)
		out->conn->close(out->conn);
	out->conn = NULL;
	buf_free(&out->queue);
}
