#include "llm/sse_in.h"

#include <string.h>

/* Buffers that one big event has blown up are given back after it: there may
 * be thousands of streams. */
enum { KEEP_MAX = 64 * 1024 };

typedef enum err field_fn(struct sse_in *in, const char *value, size_t n);

void
sse_in_init(struct sse_in *in, sse_event_fn *on_event, void *arg)
{
	*in = (struct sse_in){ .on_event = on_event, .arg = arg };
	buf_init(&in->line, SSE_IN_EVENT_MAX);
	buf_init(&in->data, SSE_IN_EVENT_MAX);
	buf_init(&in->name, SSE_IN_NAME_MAX);
	buf_init(&in->id, SSE_IN_NAME_MAX);
	buf_init(&in->stray, SSE_IN_STRAY_MAX);
}

void
sse_in_free(struct sse_in *in)
{
	buf_free(&in->line);
	buf_free(&in->data);
	buf_free(&in->name);
	buf_free(&in->id);
	buf_free(&in->stray);
}

static void
empty(struct buf *b)
{
	if (b->cap > KEEP_MAX)
		buf_free(b);
	else
		buf_reset(b);
}

/* An event without a data line is none; `data:` alone is one, of "". */
static void
dispatch(struct sse_in *in, bool is_whole)
{
	struct sse_event event = {
		.name = in->name.len > 0 ? in->name.p : "message",
		.data = in->data.p,
		.id = in->id.p,
		.is_whole = is_whole,
	};

	if (in->data.len > 0) {
		event.len = in->data.len - 1; /* the last line's LF */
		in->data.p[event.len] = '\0';
		in->on_event(in->arg, &event);
	}
	empty(&in->data);
	empty(&in->name);
}

static enum err
field_data(struct sse_in *in, const char *value, size_t n)
{
	enum err err = buf_add(&in->data, value, n);

	return err ? err : buf_add(&in->data, "\n", 1);
}

static enum err
field_event(struct sse_in *in, const char *value, size_t n)
{
	buf_reset(&in->name);
	return buf_add(&in->name, value, n);
}

static enum err
field_id(struct sse_in *in, const char *value, size_t n)
{
	if (memchr(value, '\0', n) != NULL)
		return ERR_OK;
	buf_reset(&in->id);
	return buf_add(&in->id, value, n);
}

/* We do not connect again by ourselves. */
static enum err
field_retry(struct sse_in *in, const char *value, size_t n)
{
	(void)in, (void)value, (void)n;
	return ERR_OK;
}

static const struct {
	const char *name;
	field_fn *take;
} FIELDS[] = {
	{ "data", field_data },
	{ "event", field_event },
	{ "id", field_id },
	{ "retry", field_retry },
};

static enum err
keep_stray(struct sse_in *in, const char *p, size_t n)
{
	if (in->stray.len + n + 1 > in->stray.max)
		return ERR_OK;
	buf_add(&in->stray, p, n);
	buf_add(&in->stray, "\n", 1);
	return ERR_OK;
}

static enum err
take_field(struct sse_in *in, const char *p, size_t n)
{
	const char *colon = memchr(p, ':', n);
	size_t name_n = colon != NULL ? (size_t)(colon - p) : n;
	size_t skip = name_n + (colon != NULL);

	if (skip < n && p[skip] == ' ')
		skip++;
	for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++)
		if (strlen(FIELDS[i].name) == name_n &&
		    memcmp(FIELDS[i].name, p, name_n) == 0)
			return FIELDS[i].take(in, p + skip, n - skip);
	return keep_stray(in, p, n);
}

/* Drop the BOM in front of the first line. */
static void
skip_bom(struct sse_in *in)
{
	if (!in->is_past_start && in->line.len >= 3 &&
	    memcmp(in->line.p, "\xef\xbb\xbf", 3) == 0)
		buf_drop(&in->line, 3);
	in->is_past_start = true;
}

static enum err
take_line(struct sse_in *in)
{
	enum err err = ERR_OK;

	skip_bom(in);
	if (in->line.len == 0)
		dispatch(in, true);
	else if (in->line.p[0] != ':')
		err = take_field(in, in->line.p, in->line.len);
	empty(&in->line);
	return err;
}

static size_t
until_line_end(const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));
	const char *cr = memchr(p, '\r', (size_t)((lf ? lf : end) - p));

	return (size_t)((cr ? cr : lf ? lf : end) - p);
}

static enum err
take_bytes(struct sse_in *in, const char *p, const char *end)
{
	enum err err = ERR_OK;
	size_t n;

	while (p < end && err == ERR_OK) {
		if (in->after_cr && *p == '\n')
			p++;
		in->after_cr = false;
		n = until_line_end(p, end);
		if ((err = buf_add(&in->line, p, n)))
			return err;
		p += n;
		if (p == end)
			return ERR_OK;
		in->after_cr = *p++ == '\r';
		err = take_line(in);
	}
	return err;
}

enum err
sse_in_bytes(struct sse_in *in, const void *bytes, size_t n)
{
	const char *p = bytes;

	if (in->err == ERR_OK)
		in->err = take_bytes(in, p, p + n);
	return in->err;
}

enum err
sse_in_finish(struct sse_in *in)
{
	if (in->err == ERR_OK && in->line.len > 0)
		in->err = take_line(in);
	if (in->err == ERR_OK)
		dispatch(in, false);
	return in->err;
}

const struct buf *
sse_in_stray(const struct sse_in *in)
{
	return &in->stray;
}
