#include "api/markdown.h"

#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

/* How an answer ended that is not complete; the rest is told by its error. */
static const struct ending {
	const char *state, *sentence;
} endings[] = {
	{ "running", "It is still being written." },
	{ "length", "It was cut off at the limit of its length." },
	{ "refused", "The model refused to answer." },
	{ "cancelled", "It was stopped." },
};

/* ---- code blocks ---- */

/* How many of one mark a line has after at most three spaces; what follows
 * them is in `*rest`. */
static size_t
count_marks(const char *line, const char *end, char *mark, const char **rest)
{
	const char *p = line, *first;

	while (p < end && *p == ' ' && p - line < 3)
		p++;
	first = p;
	if (p == end || (*p != '`' && *p != '~'))
		return 0;
	while (p < end && *p == *first)
		p++;
	*mark = *first;
	*rest = p;
	return (size_t)(p - first);
}

static bool
is_blank(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p == end;
}

/* One line: `*open` marks are open before it, and after it. */
static void
read_line(const char *line, const char *end, size_t *open, char *mark)
{
	const char *rest = end;
	char found = '\0';
	size_t n = count_marks(line, end, &found, &rest);

	if (n < 3)
		return;
	if (*open > 0) {
		if (found == *mark && n >= *open && is_blank(rest, end))
			*open = 0;
		return;
	}
	if (found == '`' && memchr(rest, '`', (size_t)(end - rest)) != NULL)
		return; /* code within a line */
	*open = n;
	*mark = found;
}

size_t
markdown_open_fence(const char *text, size_t len, char *mark)
{
	const char *end = text + len;
	size_t open = 0;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));

		if (eol == NULL)
			eol = end;
		read_line(text, eol, &open, mark);
		text = eol + 1;
	}
	return open;
}

/* ---- parts ---- */

static enum err
add_marks(struct buf *out, size_t n, char mark)
{
	enum err err;

	for (; n > 0; n--)
		if ((err = buf_add(out, &mark, 1)))
			return err;
	return buf_adds(out, "\n");
}

/* With a line end and an empty line after it. */
static enum err
add_text(struct buf *out, const char *text, size_t len)
{
	bool has_end = len > 0 && text[len - 1] == '\n';
	char mark = '\0';
	size_t open = markdown_open_fence(text, len, &mark);
	enum err err;

	if ((err = buf_add(out, text, len)) ||
	    (!has_end && (err = buf_adds(out, "\n"))) ||
	    (open > 0 && (err = add_marks(out, open, mark))))
		return err;
	return buf_adds(out, "\n");
}

static enum err
add_quoted(struct buf *out, const char *text, size_t len)
{
	const char *end = text + len;
	enum err err;

	if ((err = buf_adds(out, "> *Reasoning*\n>\n")))
		return err;
	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));

		if (eol == NULL)
			eol = end;
		if ((err = buf_adds(out, eol > text ? "> " : ">")) ||
		    (err = buf_add(out, text, (size_t)(eol - text))) ||
		    (err = buf_adds(out, "\n")))
			return err;
		text = eol + 1;
	}
	return buf_adds(out, "\n");
}

/* "2026-11-22 18:01:47 UTC" */
static enum err
add_time(struct buf *out, int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_text(wall_ms, text);
	return buf_addf(out, "%.10s %.8s UTC", text, text + 11);
}

static enum err
add_heading(struct buf *out, const struct msg *m)
{
	enum err err;

	if ((err = buf_adds(out, "## ")) ||
	    (err = strcmp(m->role, "user") == 0 ? buf_adds(out, "You") :
	    buf_addf(out, "%s / %s", m->provider, m->model)) ||
	    (err = buf_adds(out, ", ")) ||
	    (err = add_time(out, m->created_at)))
		return err;
	return buf_adds(out, "\n\n");
}

static enum err
add_ending(struct buf *out, const struct msg *m)
{
	if (m->error_message[0] != '\0')
		return buf_addf(out, "*%s*\n\n", m->error_message);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strcmp(endings[i].state, m->state) == 0)
			return buf_addf(out, "*%s*\n\n", endings[i].sentence);
	return ERR_OK;
}

/* ---- the whole ---- */

/* A heading is one line. */
static enum err
add_title(struct buf *out, const char *title)
{
	const char *end = title + strlen(title);
	enum err err = buf_adds(out, "# ");

	if (*title == '\0')
		title = "Conversation", end = title + strlen(title);
	while (title < end && err == ERR_OK) {
		const char *at = title;
		uint32_t c = utf8_next(&title, end);

		err = utf8_is_space(c) ? buf_adds(out, " ") :
		    buf_add(out, at, (size_t)(title - at));
	}
	return err ? err : buf_adds(out, "\n\n");
}

enum err
markdown_begin(struct buf *out, const struct conv *conv,
    const struct buf *system)
{
	enum err err = add_title(out, conv->title);

	if (err || system->len == 0)
		return err;
	if ((err = buf_adds(out, "## System prompt\n\n")))
		return err;
	return add_text(out, system->p, system->len);
}

enum err
markdown_message(struct buf *out, const struct msg *m)
{
	enum err err;

	if ((err = add_heading(out, m)) ||
	    (m->reasoning_len > 0 &&
	    (err = add_quoted(out, m->reasoning, m->reasoning_len))) ||
	    (m->text_len > 0 && (err = add_text(out, m->text, m->text_len))))
		return err;
	return add_ending(out, m);
}
