#include "refuse.h"

#include <inttypes.h>
#include <time.h>

static const char *const HTML_PAGE =
	"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n"
	"<body><center><h1>502 Bad Gateway</h1></center><hr>"
	"<center>demo</center></body></html>\n";

int
refuse_status(const struct dialect *d, const struct script *s)
{
	if (s->status != SCRIPT_UNSET)
		return (int)s->status;
	if (s->quota)
		return d->quota_status ? d->quota_status : 429;
	return s->html ? 502 : 0;
}

int64_t
refuse_retry_ms(const struct script *s)
{
	if (s->retry_after_ms >= 0)
		return s->retry_after_ms;
	if (s->retry_after >= 0)
		return s->retry_after * 1000;
	return s->retry_date >= 0 ? s->retry_date * 1000 : -1;
}

static void
write_retry_fields(const struct script *s, struct buf *out)
{
	char date[64];
	struct tm tm;
	time_t at;

	if (s->retry_after >= 0)
		buf_addf(out, "Retry-After: %" PRId64 "\r\n", s->retry_after);
	if (s->retry_after_ms >= 0)
		buf_addf(out, "retry-after-ms: %" PRId64 "\r\n",
			s->retry_after_ms);
	if (s->retry_date >= 0) {
		at = time(NULL) + s->retry_date;
		gmtime_r(&at, &tm);
		strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT",
			&tm);
		buf_addf(out, "Retry-After: %s\r\n", date);
	}
}

enum play_next
refuse_step(struct play *p, struct buf *out)
{
	const struct script *s = &p->answer.script;
	struct buf body = { 0 };

	if (s->html)
		buf_adds(&body, HTML_PAGE);
	else
		p->dialect->write_refusal(&p->refusal, &body);
	http_write_head(out, p->refusal.status,
		s->html ? "text/html" : "application/json");
	if (!p->dialect->says_delay)
		write_retry_fields(s, out);
	buf_addf(out, "x-request-id: req_demo%016" PRIx64 "\r\n",
		p->answer.id);
	http_write_length(out, body.n, p->keep);
	buf_add(out, body.p, body.n);
	buf_free(&body);
	return PLAY_DONE;
}

static enum play_next
step_redirect(struct play *p, struct buf *out)
{
	const struct script *s = &p->answer.script;

	http_write_head(out, 302, "text/plain");
	buf_addf(out, "Location: http://localhost:%" PRId64
		"/redirected/%s\r\n", s->redirect, s->tag);
	http_write_length(out, 0, p->keep);
	return PLAY_DONE;
}

static enum play_next
step_silence(struct play *p, struct buf *out)
{
	(void)p;
	(void)out;
	return PLAY_HOLD;
}

static enum play_next
step_drop(struct play *p, struct buf *out)
{
	(void)p;
	(void)out;
	return PLAY_CLOSE;
}

play_step_fn *
refuse_choose(const struct play *p)
{
	const struct script *s = &p->answer.script;

	if (s->silent)
		return step_silence;
	if (s->drop)
		return step_drop;
	if (s->redirect != SCRIPT_UNSET)
		return step_redirect;
	return p->refusal.status != 0 ? refuse_step : NULL;
}
