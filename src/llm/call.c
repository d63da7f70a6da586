#include "llm/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "llm/errbody.h"
#include "llm/provider.h"
#include "llm/transport.h"
#include "llm/wire.h"

enum {
	AFTER_END_MS = 3000,    /* wait for usage behind a finish reason */
	STATUS_FIRST_BAD = 300,
	STATUS_FIRST_GOOD = 200,
};

struct llm_call {
	const struct llm_provider *provider;
	CURL *easy;
	struct curl_slist *headers; /* hold the key: wiped */
	char *key;                  /* to keep it out of notes: wiped */
	struct buf body;
	struct llm_limits limits;
	struct llm_times times;
	int64_t last_byte_us; /* of the body; 0: none came */
	struct llm_head head;
	struct sse_in sse;
	struct llm_parse parse; /* and in it, how it ended */
	bool is_whole;      /* the answer is one JSON body, not a stream */
	struct buf body_in; /* of that, or of an error */
	llm_delta_fn *on_delta;
	void *arg;
	const char *late; /* the sentence of the limit that passed */
	CURLcode code;
	bool is_settled;
};

static const char LATE_FIRST[] =
    "%s did not begin to answer in time. Try again.";
static const char LATE_IDLE[] =
    "%s fell silent in the middle of its answer.";
static const char LATE_TOTAL[] =
    "%s took longer over its answer than is allowed here.";
static const char TOO_LARGE[] =
    "%s sent more at once than an answer can be.";

static bool
is_good_status(const struct llm_call *call)
{
	return call->head.status >= STATUS_FIRST_GOOD &&
	    call->head.status < STATUS_FIRST_BAD;
}

static bool
has_ended(const struct llm_call *call)
{
	return call->parse.end.err != ERR_OK ||
	    call->parse.end.finish != LLM_FINISH_NONE;
}

static void
settle(struct llm_call *call);

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

static size_t
on_header(char *line, size_t size, size_t n, void *arg)
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
	settle(call);
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
static size_t
on_body(char *p, size_t size, size_t n, void *arg)
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
		settle(call);
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
		return has_ended(call);
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

static void
settle(struct llm_call *call)
{
	if (call->is_settled)
		return;
	call->is_settled = true;
	call->times.ended = clock_us();
	note_connected(call);
	if (!call->parse.is_over && is_good_status(call))
		sse_in_finish(&call->sse);
	if (!has_ended(call))
		judge(call);
	llm_parse_over(&call->parse);
	clean_note(call);
}

/* ---- making the request ---- */

static enum err
make_headers(struct llm_call *call, const struct buf *lines)
{
	/* "Expect:" takes out the one that curl adds to large bodies: it would
	 * wait a second for a server that does not know it. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	const char *end = lines->p + lines->len;

	call->headers = list;
	for (const char *p = lines->p; list != NULL && p < end;
	    p += strlen(p) + 1)
		list = curl_slist_append(call->headers, p);
	return list != NULL ? ERR_OK : ERR_INTERNAL;
}

static enum err
make_request(struct llm_call *call, const struct llm_request *request)
{
	const struct llm_wire *wire = call->provider->wire;
	struct llm_ask ask;
	enum err err;

	llm_ask_init(&ask);
	if ((err = wire->ask(call->provider, request, &ask)) == ERR_OK)
		err = wire->auth(call->provider, call->key, &ask);
	if (err == ERR_OK)
		err = make_headers(call, &ask.headers);
	if (err == ERR_OK && curl_easy_setopt(call->easy, CURLOPT_URL,
	    ask.url.p) != CURLE_OK)
		err = ERR_INTERNAL;
	if (err == ERR_OK) {
		call->body = ask.body; /* the call's from here on */
		buf_init(&ask.body, 0);
	}
	llm_ask_free(&ask);
	return err == ERR_TOO_LARGE ? ERR_CONTEXT_LENGTH : err;
}

static bool
set_transfer(struct llm_call *call)
{
	CURL *e = call->easy;

	return curl_easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)call->body.len) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_POSTFIELDS, call->body.p) ==
	    CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HTTPHEADER, call->headers) ==
	    CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) ==
	    CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HEADERDATA, call) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_WRITEDATA, call) == CURLE_OK;
}

static enum err
prepare(struct llm_call *call, const char *key,
    const struct llm_request *request)
{
	enum err err;

	if (key != NULL && (call->key = strdup(key)) == NULL)
		return ERR_INTERNAL;
	if ((call->easy = curl_easy_init()) == NULL)
		return ERR_INTERNAL;
	if ((err = make_request(call, request)))
		return err;
	return llm_transport_set(call->easy, call->provider,
	    call->limits.connect_ms) && set_transfer(call) ? ERR_OK : ERR_INTERNAL;
}

enum err
llm_call_open(const struct llm_provider *provider, const char *key,
    const struct llm_request *request, const struct llm_limits *limits,
    llm_delta_fn *on_delta, void *arg, struct llm_call **out)
{
	struct llm_call *call;
	enum err err;

	if (key != NULL && key[0] == '\0')
		key = NULL;
	if (key != NULL && !llm_key_is_plain(key))
		return ERR_PROVIDER_AUTH;
	if ((call = calloc(1, sizeof(*call))) == NULL)
		return ERR_INTERNAL;
	call->provider = provider;
	call->limits = *limits;
	call->on_delta = on_delta;
	call->arg = arg;
	llm_head_init(&call->head);
	sse_in_init(&call->sse, take_event, call);
	llm_parse_init(&call->parse, provider, take_delta, call);
	buf_init(&call->body_in, LLM_WHOLE_BODY_MAX);
	if ((err = prepare(call, key, request))) {
		llm_call_free(call);
		return err;
	}
	*out = call;
	return ERR_OK;
}

/* ---- for its owner ---- */

CURL *
llm_call_easy(struct llm_call *call)
{
	return call->easy;
}

void
llm_call_set_private(struct llm_call *call, void *owner)
{
	curl_easy_setopt(call->easy, CURLOPT_PRIVATE, owner);
}

void
llm_call_begin(struct llm_call *call)
{
	call->times.began = clock_us();
}

bool
llm_call_is_over(const struct llm_call *call)
{
	return call->is_settled;
}

static const char *
which_limit(const struct llm_call *call, int64_t now_us)
{
	const struct llm_limits *l = &call->limits;
	int64_t age = (now_us - call->times.began) / 1000;
	int64_t silence = (now_us - call->last_byte_us) / 1000;

	if (age > l->total_ms)
		return LATE_TOTAL;
	if (call->last_byte_us == 0)
		return age > l->first_byte_ms ? LATE_FIRST : NULL;
	if (has_ended(call) && silence > AFTER_END_MS)
		return LATE_IDLE; /* which its good end will outweigh */
	return silence > l->idle_ms ? LATE_IDLE : NULL;
}

enum err
llm_call_check_time(struct llm_call *call, int64_t now_us)
{
	const char *late;

	if (call->times.began == 0 || llm_call_is_over(call))
		return ERR_OK;
	if ((late = which_limit(call, now_us)) == NULL)
		return ERR_OK;
	call->late = late;
	settle(call);
	return ERR_TIMEOUT;
}

void
llm_call_finished(struct llm_call *call, CURLcode code)
{
	if (call->is_settled)
		return;
	call->code = code;
	settle(call);
}

void
llm_call_end(const struct llm_call *call, struct llm_end *out)
{
	*out = call->parse.end;
	if (!has_ended(call))
		llm_fault_set(out, call->provider, ERR_NETWORK);
}

const struct llm_times *
llm_call_times(const struct llm_call *call)
{
	return &call->times;
}

static void
wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
}

void
llm_call_free(struct llm_call *call)
{
	if (call == NULL)
		return;
	curl_easy_cleanup(call->easy);
	for (struct curl_slist *h = call->headers; h != NULL; h = h->next)
		wipe(h->data);
	curl_slist_free_all(call->headers);
	wipe(call->key);
	free(call->key);
	buf_free(&call->body);
	buf_free(&call->body_in);
	sse_in_free(&call->sse);
	llm_parse_free(&call->parse);
	free(call);
}
