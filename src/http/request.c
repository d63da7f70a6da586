#include "http/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

enum {
	DETAILS_MAX = 32,    /* faulty fields told about, of perhaps 10^5 */
	FIELD_NAME_MAX = 64, /* bytes of a client's field name that we repeat */
};

void
req_init(struct req *rq)
{
	*rq = (struct req){
		.path = "", .query = "", .content_type = "",
		.authorization = "", .cookie = "", .csrf = "", .origin = "",
		.sec_fetch_site = "", .host = "", .last_event_id = "",
		.user_agent = "", .remote_addr = "",
	};
}

void
req_free(struct req *rq)
{
	buf_free(&rq->body);
	buf_free(&rq->whole);
	json_decref(rq->json);
	json_decref(rq->details);
	json_decref(rq->reply);
	rq->json = rq->details = rq->reply = NULL;
}

enum err
req_fail(struct req *rq, enum err err, const char *format, ...)
{
	va_list ap;

	if (rq->err != ERR_OK)
		return rq->err;
	rq->err = err;
	if (format == NULL)
		return err;
	va_start(ap, format);
	vsnprintf(rq->message, sizeof(rq->message), format, ap);
	va_end(ap);
	return err;
}

/* As much of a client's field name as we say back, whole characters. */
static void
cut_name(const char *field, char out[static FIELD_NAME_MAX + 4])
{
	size_t n = strlen(field);

	if (n <= FIELD_NAME_MAX) {
		memcpy(out, field, n + 1);
		return;
	}
	for (n = FIELD_NAME_MAX; ((unsigned char)field[n] & 0xc0) == 0x80; n--)
		;
	memcpy(out, field, n);
	memcpy(out + n, "...", 4);
}

enum err
req_fail_field(struct req *rq, const char *field, const char *format, ...)
{
	char name[FIELD_NAME_MAX + 4];
	char sentence[REQ_TEXT_MAX];
	va_list ap;

	if (rq->err == ERR_OK)
		rq->err = ERR_VALIDATION;
	if (rq->details == NULL)
		rq->details = json_object();
	cut_name(field, name);
	if (json_object_size(rq->details) >= DETAILS_MAX ||
	    json_object_get(rq->details, name) != NULL)
		return rq->err;
	va_start(ap, format);
	vsnprintf(sentence, sizeof(sentence), format, ap);
	va_end(ap);
	json_object_set_new(rq->details, name, json_string(sentence));
	return rq->err;
}

void
req_note(struct req *rq, const char *format, ...)
{
	va_list ap;

	if (rq->note[0] != '\0')
		return;
	va_start(ap, format);
	vsnprintf(rq->note, sizeof(rq->note), format, ap);
	va_end(ap);
}

static enum err
header_fault(struct req *rq, const char *fault)
{
	req_note(rq, "a header of the answer %s", fault);
	return req_fail(rq, ERR_INTERNAL, NULL);
}

enum err
req_header(struct req *rq, const char *format, ...)
{
	char line[REQ_HEADER_SIZE];
	va_list ap;
	int n;

	if (rq->n_headers == REQ_HEADERS_MAX)
		return header_fault(rq, "is one too many");
	va_start(ap, format);
	n = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line))
		return header_fault(rq, "is too long");
	if (strpbrk(line, "\r\n") != NULL)
		return header_fault(rq, "has a line break in it");
	memcpy(rq->headers[rq->n_headers++], line, (size_t)n + 1);
	return ERR_OK;
}

/* One character of a query at `*p`, which moves on; -1: a bad escape.  NUL is
 * bad too: no text that follows it would be seen. */
static int
decode_one(const char **p, const char *end)
{
	const char *s = (*p)++;
	int high, low;

	if (*s == '+')
		return ' ';
	if (*s != '%')
		return (unsigned char)*s;
	if (end - s < 3)
		return -1;
	high = hex_digit(s[1]);
	low = hex_digit(s[2]);
	*p = s + 3;
	return high < 0 || low < 0 || high + low == 0 ? -1 : high * 16 + low;
}

/* application/x-www-form-urlencoded, as the WHATWG URL standard reads it. */
static bool
decode(const char *p, const char *end, char out[static REQ_QUERY_MAX])
{
	size_t n = 0;
	int c;

	while (p < end) {
		if (n == REQ_QUERY_MAX - 1 || (c = decode_one(&p, end)) < 0)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return true;
}

static bool
is_utf8(const char *text)
{
	json_auto_t *checked = json_string(text);

	return checked != NULL;
}

/* Where the value of the first parameter `name` begins; NULL: not there. */
static const char *
find_param(const char *query, const char *name, const char **end)
{
	size_t n = strlen(name);

	for (const char *p = query; ; p = *end + 1) {
		*end = strchrnul(p, '&');
		if (strncmp(p, name, n) == 0 && p + n < *end && p[n] == '=')
			return p + n + 1;
		if (strncmp(p, name, n) == 0 && p + n == *end)
			return *end;
		if (**end == '\0')
			return NULL;
	}
}

bool
req_query(const struct req *rq, const char *name,
    char out[static REQ_QUERY_MAX])
{
	const char *end;
	const char *value = find_param(rq->query, name, &end);
	char text[REQ_QUERY_MAX];

	if (value == NULL || !decode(value, end, text) || !is_utf8(text))
		return false;
	memcpy(out, text, sizeof(text));
	return true;
}

enum err
req_query_text(struct req *rq, const char *name,
    char out[static REQ_QUERY_MAX])
{
	const char *end;

	out[0] = '\0';
	if (req_query(rq, name, out) || find_param(rq->query, name, &end) == NULL)
		return ERR_OK;
	return req_fail_field(rq, name,
	    "Use UTF-8 text of at most %d bytes.", REQ_QUERY_MAX - 1);
}

static bool
is_whole_number(const char *text, long long *out)
{
	char *end;

	if (text[0] != '-' && (text[0] < '0' || text[0] > '9'))
		return false; /* strtoll would take blanks and a plus */
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0';
}

enum err
req_query_int(struct req *rq, const char *name, int least, int most,
    int otherwise, int *out)
{
	char text[REQ_QUERY_MAX];
	long long n;

	if (!req_query(rq, name, text)) {
		*out = otherwise;
		return ERR_OK;
	}
	if (!is_whole_number(text, &n) || n < least || n > most)
		return req_fail_field(rq, name,
		    "Use a whole number from %d to %d.", least, most);
	*out = (int)n;
	return ERR_OK;
}
