#include "stream/relay_private.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/log.h"
#include "stream/settle.h"

void
relay_lane_drop(struct relay *r, struct stream_lane *lane)
{
	if (lane->in_multi)
		curl_multi_remove_handle(r->multi, llm_call_easy(lane->call));
	lane->in_multi = false;
	llm_call_free(lane->call);
	lane->call = NULL;
}

static void
log_end(const struct stream_lane *lane)
{
	char id[UUID_TEXT_SIZE];
	const struct log_field fields[] = {
		{ "message_id", uuid_text(&lane->message_id, id), 0 },
		{ "provider", lane->provider, 0 },
		{ "model", lane->model, 0 },
		{ "state", stream_state_name(lane->state), 0 },
		{ "code", err_code(lane->err), 0 },
		{ "provider_status", NULL, lane->provider_status },
		{ "ttft_ms", NULL, lane->figures.ttft_ms },
		{ "total_ms", NULL, lane->figures.total_ms },
		{ "attempts", NULL, lane->retry.attempt },
		{ "bytes", NULL, (long long)lane->text.len },
		{ "note", lane->note, 0 },
		{ NULL, NULL, 0 },
	};

	log_fields(lane->err != ERR_OK ? LOG_WARN : LOG_INFO, "answer", fields);
}

void
relay_lane_end(struct relay *r, struct stream_lane *lane, enum stream_cause cause)
{
	if (lane->state != STREAM_RUNNING)
		return;
	/* The provider may have come to its end in the very round in which our
	 * ceiling was met; what is kept is cut off all the same. */
	if (lane->overflowed)
		cause = STREAM_FULL;
	settle_lane(lane, cause);
	/*
	 * An answer that came to its end may still owe the last bytes of its
	 * connection, which then serves the next question; all others are cut.
	 */
	if (cause != STREAM_ENDED || !llm_call_is_over(lane->call))
		relay_lane_drop(r, lane);
	log_end(lane);
	journal_end(r->journal, lane);
}

void
relay_lane_start(struct relay *r, struct stream_lane *lane)
{
	CURL *easy = llm_call_easy(lane->call);

	llm_call_set_private(lane->call, lane);
	llm_call_begin(lane->call);
	if (curl_multi_add_handle(r->multi, easy) == CURLM_OK) {
		lane->in_multi = true;
		return;
	}
	log_say(LOG_ERROR, "relay", "a request could not be started");
	relay_lane_end(r, lane, STREAM_ENDED);
}

void
relay_delta(void *arg, const struct llm_delta *delta)
{
	struct stream_lane *lane = arg;
	struct relay *r = lane->stream->relay;

	stream_append(lane, delta, &r->scratch, r->now_ms);
	relay_mark_dirty(r, lane->stream);
}

static int
on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct relay *r = arg;
	struct epoll_event ev = { .data.u64 = relay_tag_fd(fd) };

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(r->epoll, EPOLL_CTL_DEL, fd, NULL);
		curl_multi_assign(r->multi, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		ev.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		ev.events |= EPOLLOUT;
	if (epoll_ctl(r->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev)
	    != 0 && errno == EEXIST)
		epoll_ctl(r->epoll, EPOLL_CTL_MOD, fd, &ev);
	curl_multi_assign(r->multi, fd, r); /* any mark: "known" */
	return 0;
}

static int
on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct relay *r = arg;

	(void)multi;
	r->curl_due_ms = timeout_ms < 0 ? -1 : clock_ms() + timeout_ms;
	return 0;
}

void
relay_curl_event(struct relay *r, curl_socket_t fd, uint32_t events)
{
	int mask = 0, running;

	if (events & (EPOLLIN | EPOLLHUP))
		mask |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (events & EPOLLERR)
		mask |= CURL_CSELECT_ERR;
	curl_multi_socket_action(r->multi, fd, mask, &running);
}

/* It has come to its end, or is asked for once more. */
static void
end_by_provider(struct relay *r, struct stream_lane *lane)
{
	if (lane->state != STREAM_RUNNING || !relay_lane_retry(r, lane))
		relay_lane_end(r, lane, STREAM_ENDED);
}

static void
on_call_done(struct relay *r, struct stream_lane *lane, CURLcode code)
{
	llm_call_finished(lane->call, code);
	curl_multi_remove_handle(r->multi, llm_call_easy(lane->call));
	lane->in_multi = false;
	end_by_provider(r, lane);
	relay_mark_dirty(r, lane->stream);
}

void
relay_curl_read(struct relay *r)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(r->multi, &left)) != NULL) {
		CURLcode code = m->data.result;
		char *lane = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &lane);
		on_call_done(r, (struct stream_lane *)(void *)lane, code);
	}
}

void
relay_curl_timer(struct relay *r)
{
	if (r->curl_due_ms < 0 || r->curl_due_ms > clock_ms())
		return;
	r->curl_due_ms = -1;
	relay_curl_event(r, CURL_SOCKET_TIMEOUT, 0);
}

void
relay_lane_check(struct relay *r, struct stream_lane *lane, int64_t now_us)
{
	if (lane->state != STREAM_RUNNING || lane->call == NULL)
		return;
	if (lane->retry.at_ms > 0)
		relay_lane_retry_due(r, lane);
	else if (llm_call_check_time(lane->call, now_us) ||
	    llm_call_is_over(lane->call))
		end_by_provider(r, lane);
}

enum err
relay_curl_open(struct relay *r)
{
	r->multi = curl_multi_init();
	if (r->multi == NULL)
		return ERR_INTERNAL;
	curl_multi_setopt(r->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(r->multi, CURLMOPT_SOCKETDATA, r);
	curl_multi_setopt(r->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(r->multi, CURLMOPT_TIMERDATA, r);
	curl_multi_setopt(r->multi, CURLMOPT_MAXCONNECTS, (long)RELAY_IDLE_MAX);
	return ERR_OK;
}
