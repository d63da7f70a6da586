#include "tokens.h"

#include <stdio.h>
#include <string.h>

#define CONTENT "\"content\":"

static void
read_content(const char *p, token_sink *sink, void *who)
{
	while (*p && *p != '"') {
		int64_t stamp = 0;
		bool is_number = false;

		for (; *p >= '0' && *p <= '9'; p++) {
			stamp = stamp * 10 + (*p - '0');
			is_number = true;
		}
		if (is_number && *p == ' ')
			sink(who, stamp);
		if (*p && *p != '"')
			p++;
	}
}

static void
read_line(struct tokens *t, token_sink *sink, void *who)
{
	const char *p;

	t->line[t->n] = '\0';
	if (strncmp(t->line, "data:", 5) != 0)
		return;
	p = strstr(t->line, CONTENT);
	if (p) {
		p += strlen(CONTENT);
		p += strspn(p, " ");
		if (*p == '"')
			read_content(p + 1, sink, who);
		return;
	}
	if (strstr(t->line, "[DONE]") || strstr(t->line, "\"done\": true")
	    || strstr(t->line, "\"done\":true"))
		t->is_done = true;
	if (!t->is_error && strstr(t->line, "\"error\":")) {
		t->is_error = true;
		snprintf(t->error, sizeof(t->error), "%.*s",
			TOKENS_ERROR_MAX, t->line);
	}
}

void
tokens_feed(struct tokens *t, const char *bytes, size_t n, token_sink *sink,
	void *who)
{
	while (n > 0) {
		const char *eol = memchr(bytes, '\n', n);
		size_t len = eol ? (size_t)(eol - bytes) : n;
		size_t room = TOKENS_LINE_MAX - t->n;
		size_t kept = len < room ? len : room;

		memcpy(t->line + t->n, bytes, kept);
		t->n += kept;
		if (!eol)
			return;
		read_line(t, sink, who);
		t->n = 0;
		bytes += len + 1;
		n -= len + 1;
	}
}
