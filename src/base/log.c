#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

enum { VALUE_MAX = 1024 }; /* bytes of one value */
enum { LINE_END = 2 };     /* room kept for "}\n" */

static const char *const names[] = { "debug", "info", "warn", "error" };

/* Set once before threads start, read by all: see log_level_set(). */
static enum log_level lowest = LOG_INFO;

void
log_level_set(enum log_level level)
{
	lowest = level;
}

bool
log_level_parse(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	return false;
}

/* A prefix of `n` bytes of `text` that does not end inside a character. */
static size_t
whole_characters(const char *text, size_t n)
{
	while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
		n--;
	return n;
}

static void
add_text(struct buf *line, const char *name, const char *text)
{
	size_t n = strlen(text);
	size_t was = line->len;

	if (n > VALUE_MAX)
		n = whole_characters(text, VALUE_MAX);
	if (buf_addf(line, ", \"%s\": ", name) || buf_add_json(line, text, n)) {
		line->len = was; /* no room: the field is left out */
		line->p[was] = '\0';
	}
}

static void
begin(struct buf *line, enum log_level level, const char *part)
{
	char when[CLOCK_TEXT_SIZE];

	buf_init(line, LOG_LINE_MAX - LINE_END);
	buf_addf(line,
	    "{\"time\": \"%s\", \"level\": \"%s\", \"pid\": %d, \"part\": \"%s\"",
	    clock_text(clock_wall_ms(), when), names[level], (int)getpid(), part);
}

static void
end(struct buf *line)
{
	line->max = LOG_LINE_MAX;
	buf_adds(line, "}\n");
	/* A log that cannot be written has nowhere to say so. */
	if (write(STDERR_FILENO, line->p, line->len) < 0) {}
	buf_free(line);
}

void
log_say(enum log_level level, const char *part, const char *format, ...)
{
	struct buf line;
	char text[VALUE_MAX];
	va_list ap;

	if (level < lowest)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	begin(&line, level, part);
	add_text(&line, "message", text);
	end(&line);
}

void
log_fields(enum log_level level, const char *part,
    const struct log_field *fields)
{
	struct buf line;

	if (level < lowest)
		return;
	begin(&line, level, part);
	for (int i = 0; i < LOG_FIELDS_MAX && fields[i].name != NULL; i++)
		if (fields[i].text != NULL)
			add_text(&line, fields[i].name, fields[i].text);
		else
			buf_addf(&line, ", \"%s\": %lld", fields[i].name,
			    fields[i].number);
	end(&line);
}
