#include "llm/head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
	LINE_MAX_USED = 256,       /* of longer lines nothing is of interest */
	RETRY_MAX_MS = 86400000,   /* a day; what is more says "not today" */
};

typedef void header_fn(struct llm_head *head, const char *value,
    int64_t wall_ms);

void
llm_head_init(struct llm_head *head)
{
	*head = (struct llm_head){ .retry_after_ms = -1, .should_retry = -1 };
}

static int64_t
bounded_ms(double ms)
{
	if (ms >= RETRY_MAX_MS)
		return RETRY_MAX_MS;
	return (int64_t)ms + ((double)(int64_t)ms < ms); /* never too early */
}

/* A number that is not negative and has nothing behind it; -1: none. */
static double
number(const char *value)
{
	char *end;
	double n = strtod(value, &end);

	return end != value && *end == '\0' && n >= 0 ? n : -1;
}

/* The IMF-fixdate of RFC 9110 section 5.6.7 as wall ms; -1: none. */
static int64_t
date_ms(const char *value)
{
	struct tm tm = { 0 };
	const char *end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &tm);

	if (end == NULL || *end != '\0')
		return -1;
	return (int64_t)timegm(&tm) * 1000;
}

static bool
is_type(const char *value, const char *type)
{
	size_t n = strlen(type);

	return strncasecmp(value, type, n) == 0 &&
	    (value[n] == '\0' || value[n] == ';' || value[n] == ' ');
}

static void
content_type(struct llm_head *head, const char *value, int64_t wall_ms)
{
	(void)wall_ms;
	head->is_stream = is_type(value, "text/event-stream");
	head->is_json = is_type(value, "application/json");
}

/* The more exact header; it wins over retry-after wherever it stands. */
static void
retry_after_ms(struct llm_head *head, const char *value, int64_t wall_ms)
{
	double ms = number(value);

	(void)wall_ms;
	if (ms >= 0)
		head->retry_after_ms = bounded_ms(ms);
}

static void
retry_after(struct llm_head *head, const char *value, int64_t wall_ms)
{
	double s = number(value);
	int64_t date;

	if (head->retry_after_ms >= 0)
		return;
	if (s >= 0)
		head->retry_after_ms = bounded_ms(s * 1000);
	else if ((date = date_ms(value)) >= 0)
		head->retry_after_ms = date > wall_ms ?
		    bounded_ms((double)(date - wall_ms)) : 0;
}

static void
should_retry(struct llm_head *head, const char *value, int64_t wall_ms)
{
	(void)wall_ms;
	if (strcasecmp(value, "true") == 0)
		head->should_retry = 1;
	else if (strcasecmp(value, "false") == 0)
		head->should_retry = 0;
}

static const struct {
	const char *name;
	header_fn *take;
} HEADERS[] = {
	{ "content-type", content_type },
	{ "retry-after-ms", retry_after_ms },
	{ "retry-after", retry_after },
	{ "x-should-retry", should_retry },
};

static void
take_status(struct llm_head *head, const char *line)
{
	const char *space = strchr(line, ' ');

	llm_head_init(head);
	if (space != NULL)
		head->status = (int)strtol(space + 1, NULL, 10);
}

static void
take_header(struct llm_head *head, const char *line, int64_t wall_ms)
{
	const char *value;

	for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++) {
		size_t n = strlen(HEADERS[i].name);

		if (strncasecmp(line, HEADERS[i].name, n) != 0 ||
		    line[n] != ':')
			continue;
		value = line + n + 1;
		value += strspn(value, " \t");
		HEADERS[i].take(head, value, wall_ms);
		return;
	}
}

void
llm_head_line(struct llm_head *head, const char *line, size_t n,
    int64_t wall_ms)
{
	char text[LINE_MAX_USED];

	while (n > 0 && strchr("\r\n \t", line[n - 1]) != NULL)
		n--;
	head->is_whole = n == 0;
	if (n == 0 || n >= sizeof(text) || memchr(line, '\0', n) != NULL)
		return;
	memcpy(text, line, n);
	text[n] = '\0';
	if (strncmp(text, "HTTP/", 5) == 0)
		take_status(head, text);
	else
		take_header(head, text, wall_ms);
}
