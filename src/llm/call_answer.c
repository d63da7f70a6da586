#include "llm/call_private.h"

#include <string.h>

#include "base/clock.h"
#include "llm/errbody.h"
#include "llm/transport.h"

enum {
	STATUS_FIRST_BAD = 300,
	STATUS_FIRST_GOOD = 200,
};

static const char TOO_LARGE[] =
    "%s sent more at once than an answer can be. Choose another model.";

static bool
is_good_status(const struct llm_call *call)
{
	return call->head.status >= STATUS_FIRST_GOOD &&
	    call->head.status < STATUS_FIRST_BAD;
}

bool
llm_call_has_ended(const struct llm_call *call)
{
	return call->parse.end.err != ERR_OK ||
	    call->parse.end.finish != LLM_FINISH_NONE;
}

/* ---- what comes in ---- */

static void
take_delta(void *arg, const struct llm_delta *delta)
{
	struct llm_call *call = arg;
	int64_t now = clock_us();

	if (call->times.first_delta == 0)
		call->times.first_delta = now;
	if (call->times.first_text == 0 && delta->kind == LLM_TEXT)
		call->times.first_text = now;
	call->times.last_delta = now;
	call->on_delta(call->arg, delta);
}

static void
take_event(void *arg, const struct sse_event *event)
{
	struct llm_call *call = arg;

	call->provider->wire->event(&call->parse, event);
}

void
llm_call_expect(struct llm_call *call)
{
	llm_head_init(&call->head);
	sse_in_init(&call->sse, take_event, call);
	llm_parse_init(&call->parse, call->provider, take_delta, call);
	buf_init(&call->body_in, LLM_WHOLE_BODY_MAX);
	call->times = (struct llm_times){ 0 };
	call->last_byte_us = 0;
	call->late = NULL;
	call->code = CURLE_OK;
	call->is_whole = call->is_settled = false;
}

void
llm_call_forget(struct llm_call *call)
{
	sse_in_free(&call->sse);
	llm_parse_free(&call->parse);
	buf_free(&call->body_in);
}

/* curl counts from the line after llm_call_begin(), so its clock is ours.  A
 * connection that is used again took no time. */
static void
note_connected(struct llm_call *call)
{
	bool is_tls = strncmp(call->provider->base_url, "https:", 6) == 0;
	curl_off_t took = 0;

	if (call->times.connected != 0)
		return;
	curl_easy_getinfo(call->easy, is_tls ? CURLINFO_APPCONNECT_TIME_T :
	    CURLINFO_CONNECT_TIME_T, &took);
	if (took > 0 || call->times.first_byte != 0)
		call->times.connected = call->times.began + (int64_t)took;
}

size_t
llm_call_on_header(char *line, size_t size, size_t n, void *arg)
{
	struct llm_call *call = arg;

	if (call->times.first_byte == 0)
		call->times.first_byte = clock_us();
	note_connected(call);
	llm_head_line(&call->head, line, size * n, clock_wall_ms());
	call->parse.end.provider_status = call->head.status;
	return size * n;
}

static void
tell_too_large(struct llm_call *call)
{
	llm_fault_say(&call->parse.end, call->provider, ERR_PROTOCOL,
	    TOO_LARGE);
}

/* Of an error that much is read as can tell; a whole answer that is longer
 * than an event may be is too long. */
static void
take_body(struct llm_call *call, const char *p, size_t n)
{
	size_t max = is_good_status(call) ?
	    LLM_WHOLE_BODY_MAX : LLM_ERROR_BODY_MAX;
	size_t room = max - call->body_in.len;

	buf_add(&call->body_in, p, n < room ? n : room);
	if (n < room)
		return;
	if (is_good_status(call))
		tell_too_large(call);
	llm_call_settle(call);
}

static void
take_stream(struct llm_call *call, const char *p, size_t n)
{
	enum err err = sse_in_bytes(&call->sse, p, n);

	if (err == ERR_OK || call->parse.is_over)
		return;
	if (err == ERR_TOO_LARGE)
		tell_too_large(call);
	else
		llm_fault_set(&call->parse.end, call->provider, err);
	llm_parse_over(&call->parse);
}

/*
 * A conversation may be as long as a model's context, and its answer takes a
 * while: once it has been sent, the memory is for others.
 */
static void
drop_sent_body(struct llm_call *call)
{
	curl_off_t sent = 0;

	if (call->body.len > 0 && curl_easy_getinfo(call->easy,
	    CURLINFO_SIZE_UPLOAD_T, &sent) == CURLE_OK &&
	    (size_t)sent == call->body.len)
		buf_free(&call->body);
}

/* Some hosts call a stream JSON. */
static bool
begins_json(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && strchr(" \t\r\n", p[i]) != NULL && p[i] != '\0')
		i++;
	return i < n && (p[i] == '{' || p[i] == '[');
}

/* All bytes are taken, also those that nobody needs any more: an error given
 * back would cost the warm connection. */
size_t
llm_call_on_body(char *p, size_t size, size_t n, void *arg)
{
	struct llm_call *call = arg;
	bool is_first = call->last_byte_us == 0;

	call->last_byte_us = clock_us();
	drop_sent_body(call);
	if (call->is_settled)
		return size * n;
	if (is_first && call->head.is_json)
		call->is_whole = begins_json(p, size * n);
	if (is_good_status(call) && !call->is_whole)
		take_stream(call, p, size * n);
	else
		take_body(call, p, size * n);
	if (call->parse.is_over)
		llm_call_settle(call);
	return size * n;
}

/* ---- how it ended ---- */

/* The wire's verdict on a body that is no stream. */
static bool
judge_body(struct llm_call *call, const struct buf *body, struct llm_end *end)
{
	llm_end_init(end);
	return call->provider->wire->error_body(call->provider, &call->head,
	    body->p, body->len, end);
}

/*
 * Status 200 and no end: a bare JSON error behind the events or instead of
 * them, or not a stream at all.
 */
static bool
tell_stray(struct llm_call *call)
{
	const struct buf *stray = sse_in_stray(&call->sse);
	struct llm_end end;
	bool is_error;

	if (stray->len == 0 && call->head.is_stream)
		return false;
	is_error = judge_body(call, stray, &end);
	if (!is_error && (call->head.is_stream || !call->head.is_whole ||
	    call->late != NULL || call->code != CURLE_OK ||
	    call->parse.events > 0))
		return false;
	end.usage = call->parse.end.usage;
	call->parse.end = end;
	return true;
}

/* A body that was cut off is the connection's fault. */
static bool
take_whole(struct llm_call *call)
{
	json_auto_t *root = NULL;
	struct llm_end end;

	if (!call->is_whole || call->late != NULL ||
	    call->code != CURLE_OK)
		return false;
	root = llm_errbody_load(call->body_in.p, call->body_in.len);
	if (call->provider->wire->whole(&call->parse, root))
		return llm_call_has_ended(call);
	judge_body(call, &call->body_in, &end);
	call->parse.end = end;
	return true;
}

static void
judge(struct llm_call *call)
{
	struct llm_end end;

	if (call->head.status != 0 && !is_good_status(call)) {
		judge_body(call, &call->body_in, &end);
		call->parse.end = end;
	} else if (is_good_status(call) && take_whole(call)) {
		return;
	} else if (is_good_status(call) && tell_stray(call))
		return;
	else if (call->late != NULL)
		llm_fault_say(&call->parse.end, call->provider, ERR_TIMEOUT,
		    call->late);
	else
		llm_transport_fault(&call->parse.end, call->provider,
		    call->code);
}

/* The note is made of words only, but a provider chooses some of them. */
static void
clean_note(struct llm_call *call)
{
	char *note = call->parse.end.note;

	if (call->key != NULL && strstr(note, call->key) != NULL)
		note[0] = '\0';
}

void
llm_call_settle(struct llm_call *call)
{
	if (call->is_settled)
		return;
	call->is_settled = true;
	call->times.ended = clock_us();
	note_connected(call);
	if (!call->parse.is_over && is_good_status(call))
		sse_in_finish(&call->sse);
	if (!llm_call_has_ended(call))
		judge(call);
	llm_parse_over(&call->parse);
	clean_note(call);
}
