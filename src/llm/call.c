#include "llm/call_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "llm/provider.h"
#include "llm/transport.h"

enum {
	AFTER_END_MS = 3000,   /* wait for usage behind a finish reason */
	AFTER_USAGE_MS = 1000, /* wait for the body's end behind both */
};

static const char LATE_FIRST[] =
    "%s did not begin to answer in time. Try again.";
static const char LATE_IDLE[] =
    "%s fell silent in the middle of its answer. Try again.";
static const char LATE_TOTAL[] =
    "%s took longer over its answer than is allowed here. Ask for less.";

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
		err = llm_ask_complete(&ask, call->provider, call->key);
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
	    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION,
	    llm_call_on_header) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HEADERDATA, call) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION,
	    llm_call_on_body) == CURLE_OK &&
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
	llm_call_expect(call);
	if ((err = prepare(call, key, request))) {
		llm_call_free(call);
		return err;
	}
	*out = call;
	return ERR_OK;
}

static void
wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
}

static void
free_request(struct llm_call *call)
{
	for (struct curl_slist *h = call->headers; h != NULL; h = h->next)
		wipe(h->data);
	curl_slist_free_all(call->headers);
	call->headers = NULL;
	buf_free(&call->body);
}

enum err
llm_call_again(struct llm_call *call, const struct llm_request *request)
{
	enum err err;

	free_request(call);
	if ((err = make_request(call, request)))
		return err;
	if (!set_transfer(call))
		return ERR_INTERNAL;
	llm_call_forget(call);
	llm_call_expect(call);
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
	if (call->asked_us == 0)
		call->asked_us = call->times.began;
}

int64_t
llm_call_left_ms(const struct llm_call *call, int64_t now_us)
{
	return call->limits.total_ms - (now_us - call->asked_us) / 1000;
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
	int64_t after_end = call->parse.end.usage.output >= 0 ?
	    AFTER_USAGE_MS : AFTER_END_MS;

	if (llm_call_left_ms(call, now_us) < 0)
		return LATE_TOTAL;
	if (call->last_byte_us == 0)
		return age > l->first_byte_ms ? LATE_FIRST : NULL;
	if (llm_call_has_ended(call) && silence > after_end)
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
	llm_call_settle(call);
	return ERR_TIMEOUT;
}

void
llm_call_finished(struct llm_call *call, CURLcode code)
{
	if (call->is_settled)
		return;
	call->code = code;
	llm_call_settle(call);
}

void
llm_call_end(const struct llm_call *call, struct llm_end *out)
{
	*out = call->parse.end;
	if (!llm_call_has_ended(call))
		llm_fault_set(out, call->provider, ERR_NETWORK);
}

const struct llm_times *
llm_call_times(const struct llm_call *call)
{
	return &call->times;
}

void
llm_call_free(struct llm_call *call)
{
	if (call == NULL)
		return;
	curl_easy_cleanup(call->easy);
	free_request(call);
	wipe(call->key);
	free(call->key);
	llm_call_forget(call);
	free(call);
}
