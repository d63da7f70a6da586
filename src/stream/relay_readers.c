#include "stream/relay_private.h"

#include <stdlib.h>
#include <sys/epoll.h>

static void
watch_reader(struct relay *r, struct reader *reader, int op)
{
	struct epoll_event ev = {
		.events = EPOLLRDHUP | (reader->wants_out ? EPOLLOUT : 0u),
		.data.u64 = (uint64_t)(uintptr_t)reader,
	};

	if (reader->out.conn == NULL || reader->out.conn->fd < 0)
		return;
	if (epoll_ctl(r->epoll, op, reader->out.conn->fd, &ev) != 0)
		reader->gone = true;
}

static void
want_out(struct relay *r, struct reader *reader, bool wants)
{
	if (reader->wants_out == wants)
		return;
	reader->wants_out = wants;
	watch_reader(r, reader, EPOLL_CTL_MOD);
}

void
relay_reader_flush(struct relay *r, struct reader *reader)
{
	if (reader->gone)
		return;
	switch (reader_feed(reader, &r->scratch, r->now_ms)) {
	case SSE_OUT_GONE:
		reader->gone = true;
		return;
	case SSE_OUT_FULL:
		want_out(r, reader, true);
		return;
	case SSE_OUT_EMPTY:
		want_out(r, reader, false);
		if (reader->ending)
			reader->gone = true;
	}
}

static void
close_reader(struct relay *r, struct reader *reader)
{
	if (reader->out.conn != NULL && reader->out.conn->fd >= 0)
		epoll_ctl(r->epoll, EPOLL_CTL_DEL, reader->out.conn->fd, NULL);
	sse_out_free(&reader->out);
	free(reader);
}

void
relay_readers_drop(struct stream *s)
{
	for (struct reader *reader = s->readers; reader; reader = reader->next)
		reader->gone = true;
}

void
relay_readers_bury(struct relay *r, struct reader **list)
{
	while (*list != NULL) {
		struct reader *reader = *list;

		if (!reader->gone) {
			list = &reader->next;
			continue;
		}
		*list = reader->next;
		close_reader(r, reader);
	}
}

void
relay_reader_event(struct relay *r, struct reader *reader, uint32_t events)
{
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		reader->gone = true;
	else if (events & EPOLLOUT)
		relay_reader_flush(r, reader);
	if (reader->stream != NULL)
		relay_mark_dirty(r, reader->stream);
}

void
relay_reader_open(struct relay *r, struct reader *reader)
{
	reader->seen_sent_ms = r->now_ms;
	watch_reader(r, reader, EPOLL_CTL_ADD);
	reader_open(reader, &r->scratch, r->now_ms);
}

void
relay_reader_send(struct relay *r, struct reader *reader)
{
	reader->next = r->sends;
	r->sends = reader;
	watch_reader(r, reader, EPOLL_CTL_ADD);
	relay_reader_flush(r, reader);
}

/* Something waits for it, and it has taken nothing for so long. */
static bool
is_stuck(struct relay *r, struct reader *reader)
{
	bool waits = reader->out.queue.len > reader->out.sent;

	if (!waits || reader->out.total != reader->seen_sent) {
		reader->seen_sent = reader->out.total;
		reader->seen_sent_ms = r->now_ms;
		return false;
	}
	return r->now_ms - reader->seen_sent_ms > RELAY_SEND_MAX_MS;
}

void
relay_reader_beat(struct relay *r, struct reader *reader)
{
	static const char comment[] = ": still here\n\n";

	if (is_stuck(r, reader))
		reader->gone = true;
	if (reader->kind == READER_EVENTS && !reader->ending &&
	    sse_out_beat_due(&reader->out, r->now_ms) &&
	    sse_out_add(&reader->out, comment, sizeof(comment) - 1,
	    r->now_ms) == ERR_INTERNAL)
		reader->gone = true;
}
