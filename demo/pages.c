#include "pages.h"

#include <stdlib.h>
#include <string.h>

#define REDIRECTED "/redirected/"

/* A page writes the whole answer into `out`. */
struct page {
	const char *method, *path;
	void (*write)(struct pages *pg, const struct http_request *rq,
		struct buf *out);
};

static void
write_json(const struct http_request *rq, json_t *json, struct buf *out)
{
	char *text = json_dumps(json, 0);
	struct buf body = { 0 };

	buf_adds(&body, text ? text : "{}");
	buf_adds(&body, "\n");
	http_write(out, 200, "application/json", &body, rq->keep);
	buf_free(&body);
	free(text);
	json_decref(json);
}

static void
write_plain(const struct http_request *rq, int status, const char *text,
	struct buf *out)
{
	struct buf body = { 0 };

	buf_adds(&body, text);
	http_write(out, status, "application/json", &body, rq->keep);
	buf_free(&body);
}

static void
show_health(struct pages *pg, const struct http_request *rq, struct buf *out)
{
	(void)pg;
	write_plain(rq, 200, "{\"ok\": true}\n", out);
}

static void
show_stats(struct pages *pg, const struct http_request *rq, struct buf *out)
{
	write_json(rq, stats_json(&pg->stats, http_query(rq, "tag")), out);
}

static void
reset_stats(struct pages *pg, const struct http_request *rq, struct buf *out)
{
	stats_reset(&pg->stats);
	write_plain(rq, 200, "{\"ok\": true}\n", out);
}

static void
show_requests(struct pages *pg, const struct http_request *rq,
	struct buf *out)
{
	write_json(rq, record_json(&pg->record, http_query(rq, "tag")), out);
}

static const struct page PAGES[] = {
	{ "GET", "/healthz", show_health },
	{ "GET", "/stats", show_stats },
	{ "DELETE", "/stats", reset_stats },
	{ "GET", "/requests", show_requests },
};

static const struct page *
find_page(const struct http_request *rq)
{
	for (size_t i = 0; i < sizeof(PAGES) / sizeof(PAGES[0]); i++)
		if (slice_is(rq->method, PAGES[i].method)
		    && slice_is(rq->path, PAGES[i].path))
			return &PAGES[i];
	return NULL;
}

/* Where a redirect leads: what comes here has followed it, and is recorded
 * under the tag `redirected-TAG`. */
static bool
note_redirected(struct pages *pg, const struct http_request *rq, int64_t now)
{
	char tag[SCRIPT_TAG_MAX + 1];
	size_t len = strlen(REDIRECTED);

	if (rq->path.n < len || memcmp(rq->path.p, REDIRECTED, len) != 0)
		return false;
	snprintf(tag, sizeof(tag), "redirected-%.*s",
		(int)(rq->path.n - len), rq->path.p + len);
	record_add(&pg->record, tag, rq, now);
	stats_complete(&pg->stats, stats_open(&pg->stats, tag));
	return true;
}

static bool
is_key_right(const struct pages *pg, const struct dialect *d,
	const struct http_request *rq)
{
	return !pg->key || slice_is(d->key(rq), pg->key);
}

static int
bad_key_status(const struct dialect *d)
{
	return d->bad_key ? d->bad_key : 401;
}

static struct play *
refuse_key(const struct play_request *rq, const struct script *s)
{
	struct play *p = play_refuse(rq, s, bad_key_status(rq->dialect), NULL);

	p->refusal.is_key = true;
	return p;
}

static void
write_models(const struct pages *pg, const struct dialect *d,
	const struct http_request *rq, struct buf *out)
{
	int status = is_key_right(pg, d, rq) ? 200 : bad_key_status(d);
	struct buf body = { 0 };

	if (status == 200)
		d->write_models(&body);
	else
		d->write_refusal(&(struct refusal){ .status = status,
			.is_key = true, .retry_ms = -1,
			.flavour = d->flavour, .model = "", .key = d->key(rq) }, &body);
	http_write(out, status, "application/json", &body, rq->keep);
	buf_free(&body);
}

/* Does this request of its tag, the first is 1, meet no errors any more? */
static bool
is_over(const struct script *s, int64_t ordinal)
{
	return (s->fail >= 0 && ordinal > s->fail)
		|| (s->odd && ordinal % 2 == 0);
}

/* The order of the checks is the providers': the body, the key, the model. */
static struct play *
begin(struct pages *pg, const struct play_request *rq, struct script *s,
	enum script_result result, const char *why, int *handle)
{
	const struct pick *pick;

	record_add(&pg->record, s->tag, rq->http, rq->now);
	*handle = stats_open(&pg->stats, s->tag);
	if (!is_key_right(pg, rq->dialect, rq->http))
		return refuse_key(rq, s);
	if (rq->ask->objection.status != 0)
		return play_refuse(rq, s, rq->ask->objection.status,
			rq->ask->objection.message);
	if (result == SCRIPT_UNKNOWN_MODEL)
		return play_refuse(rq, s, 404, NULL);
	if (result == SCRIPT_BAD_PART)
		return play_refuse(rq, s, 400, why);
	if (is_over(s, stats_ordinal(&pg->stats, *handle)))
		script_heal(s);
	if ((pick = picky_find(s, rq->ask)) != NULL)
		return play_reject(rq, s, pick);
	if (s->redirect == 0)
		s->redirect = pg->port;
	return play_open(rq, s);
}

static struct play *
begin_play(struct pages *pg, const struct dialect *d,
	const struct http_request *http, int64_t now, int *handle)
{
	json_t *body = json_loadb(http->body.p ? http->body.p : "",
		http->body.n, 0, NULL);
	struct ask ask = { .max_tokens = ASK_TOKENS_UNSET };
	bool is_sane = body && d->read(http->path, body, &ask);
	struct play_request rq = { d, http, &ask, ++pg->requests, now };
	char why[SCRIPT_WHY_MAX] = "";
	enum script_result result;
	struct script s;
	struct play *play;

	result = script_parse(is_sane ? ask.model : "demo", &s, why);
	if (!is_sane) {
		snprintf(why, sizeof(why),
			"We could not parse the JSON body of your request.");
		result = SCRIPT_BAD_PART;
	}
	if (is_sane && d->object)
		ask.objection = d->object(http, body);
	play = begin(pg, &rq, &s, result, why, handle);
	json_decref(body);
	return play;
}

struct play *
pages_answer(struct pages *pg, const struct http_request *rq, int64_t now,
	struct buf *out, int *handle)
{
	const struct dialect *d = dialect_by_path(rq->path);
	const struct page *page = find_page(rq);

	if (d && slice_is(rq->method, "POST"))
		return begin_play(pg, d, rq, now, handle);
	d = dialect_by_models(rq);
	if (d && slice_is(rq->method, "GET"))
		write_models(pg, d, rq, out);
	else if (page)
		page->write(pg, rq, out);
	else if (note_redirected(pg, rq, now))
		write_plain(rq, 404, "{\"error\": \"redirected\"}\n", out);
	else
		write_plain(rq, 404, "{\"error\": \"not found\"}\n", out);
	return NULL;
}

void
pages_free(struct pages *pg)
{
	record_free(&pg->record);
}
