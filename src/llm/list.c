#include "llm/list.h"

#include <curl/curl.h>
#include <string.h>

#include "base/clock.h"
#include "llm/errbody.h"
#include "llm/provider.h"
#include "llm/transport.h"

enum { AFTER_MAX = 1024, HTTP_OK = 200 };

struct fetch {
	const struct llm_provider *provider;
	const char *key;
	const atomic_bool *stop;
	llm_listed_fn *each;
	void *arg;
	struct llm_end *end;
	CURL *easy;
	struct llm_head head;
	struct buf body;
	struct buf after; /* what names the next page */
	int64_t until_ms;
	int n; /* models told */
};

/* ---- a page comes in ---- */

static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;

	llm_head_line(&f->head, line, size * n, clock_wall_ms());
	return size * n;
}

/* Too much ends the transfer. */
static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;

	return buf_add(&f->body, p, size * n) == ERR_OK ? size * n : 0;
}

static int
on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct fetch *f = arg;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return atomic_load(f->stop);
}

/* ---- asking for it ---- */

static bool
set_transfer(struct fetch *f, const struct llm_ask *ask,
    struct curl_slist *headers)
{
	int64_t left = f->until_ms - clock_ms();
	CURL *e = f->easy;

	return curl_easy_setopt(e, CURLOPT_URL, ask->url.p) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS,
	    (long)(left > 0 ? left : 1)) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) ==
	    CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HEADERDATA, f) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_WRITEDATA, f) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress) ==
	    CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_XFERINFODATA, f) == CURLE_OK;
}

static CURLcode
transfer(struct fetch *f, const struct llm_ask *ask)
{
	struct curl_slist *headers = NULL;
	const char *end = ask->headers.p + ask->headers.len;
	CURLcode code = CURLE_OUT_OF_MEMORY;

	for (const char *p = ask->headers.p; p < end; p += strlen(p) + 1) {
		struct curl_slist *more = curl_slist_append(headers, p);

		if (more == NULL)
			break;
		headers = more;
	}
	llm_head_init(&f->head);
	buf_reset(&f->body);
	if (set_transfer(f, ask, headers))
		code = curl_easy_perform(f->easy);
	for (struct curl_slist *h = headers; h != NULL; h = h->next)
		explicit_bzero(h->data, strlen(h->data));
	curl_slist_free_all(headers);
	return code;
}

static enum err
ask_page(struct fetch *f, CURLcode *code)
{
	struct llm_ask ask;
	enum err err;

	llm_ask_init(&ask);
	if ((err = f->provider->wire->models_url(f->provider, f->after.p,
	    &ask.url)) == ERR_OK &&
	    (err = llm_ask_header(&ask, "Accept", "application/json")) ==
	    ERR_OK)
		err = llm_ask_complete(&ask, f->provider, f->key);
	if (err == ERR_OK)
		*code = transfer(f, &ask);
	llm_ask_free(&ask);
	return err;
}

/* ---- what it is ---- */

static void
tell(void *arg, const struct llm_listed *model)
{
	struct fetch *f = arg;

	if (f->n >= LLM_LIST_MODELS_MAX || !llm_model_is_plain(model->id))
		return;
	f->n++;
	f->each(f->arg, model);
}

static void
read_page(struct fetch *f)
{
	json_auto_t *root = llm_errbody_load(f->body.p, f->body.len);
	struct buf after;

	buf_init(&after, AFTER_MAX);
	if (f->head.status != HTTP_OK ||
	    !f->provider->wire->models(root, tell, f, &after)) {
		f->provider->wire->error_body(f->provider, &f->head,
		    f->body.p, f->body.len, f->end);
		if (f->end->err == ERR_OK)
			llm_fault_set(f->end, f->provider, ERR_PROTOCOL);
	}
	buf_free(&f->after);
	f->after = after;
}

/* True where another page follows. */
static bool
fetch_page(struct fetch *f)
{
	CURLcode code = CURLE_OK;

	if (ask_page(f, &code))
		llm_fault_set(f->end, f->provider, ERR_INTERNAL);
	else if (code == CURLE_WRITE_ERROR)
		llm_fault_say(f->end, f->provider, ERR_PROTOCOL,
		    "%s sent a list of models that is too long. Name some in "
		    "the settings.");
	else if (code != CURLE_OK)
		llm_transport_fault(f->end, f->provider, code);
	else
		read_page(f);
	return f->end->err == ERR_OK && f->after.len > 0;
}

enum err
llm_list_fetch(const struct llm_provider *provider, const char *key,
    const atomic_bool *stop, llm_listed_fn *each, void *arg,
    struct llm_end *end)
{
	struct fetch f = {
		.provider = provider, .stop = stop,
		.key = key != NULL && key[0] != '\0' ? key : NULL, .each = each,
		.arg = arg, .end = end, .until_ms = clock_ms() + LLM_LIST_MS,
		.easy = curl_easy_init(),
	};
	int pages = 0;

	llm_end_init(end);
	buf_init(&f.body, LLM_LIST_BODY_MAX);
	buf_init(&f.after, AFTER_MAX);
	if (f.easy == NULL ||
	    !llm_transport_set(f.easy, provider, LLM_LIST_MS / 2))
		llm_fault_set(end, provider, ERR_INTERNAL);
	else
		while (fetch_page(&f) && ++pages < LLM_LIST_PAGES_MAX)
			continue;
	curl_easy_cleanup(f.easy);
	buf_free(&f.body);
	buf_free(&f.after);
	return end->err;
}
