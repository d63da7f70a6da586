#include "http/attachment.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

enum { NAME_SIZE = ATTACHMENT_NAME_MAX + 1 };

/* What Windows, which is the strictest, has in no name. */
static const char RESERVED[] = "/\\:*?\"<>|";

static size_t
add_character(char out[static NAME_SIZE], size_t used, const char *at,
    size_t len, uint32_t c)
{
	bool is_plain = c >= 0x80 || strchr(RESERVED, (int)c) == NULL;

	if (utf8_is_space(c) || !is_plain) {
		at = is_plain ? " " : "_";
		len = 1;
	}
	if (used == 0 && (*at == '.' || *at == ' '))
		return used;
	memcpy(out + used, at, len);
	return used + len;
}

/* Cut between characters; "" where nothing is left of the title. */
static void
make_name(const char *title, char out[static NAME_SIZE])
{
	const char *end = title + strlen(title);
	size_t used = 0;

	for (const char *p = title; p < end; ) {
		const char *at = p;
		uint32_t c = utf8_next(&p, end);

		if (utf8_is_hidden(c))
			continue;
		if (used + (size_t)(p - at) > ATTACHMENT_NAME_MAX)
			break;
		used = add_character(out, used, at, (size_t)(p - at), c);
	}
	while (used > 0 && (out[used - 1] == '.' || out[used - 1] == ' '))
		used--;
	out[used] = '\0';
}

/* One "_" for each character that is not ASCII; some decode "%" here. */
static void
make_ascii(const char *name, char out[static NAME_SIZE])
{
	const char *end = name + strlen(name);
	size_t n = 0;

	for (const char *p = name; p < end; ) {
		uint32_t c = utf8_next(&p, end);

		out[n++] = c < 0x80 && c != '%' ? (char)c : '_';
	}
	out[n] = '\0';
}

/* attr-char of RFC 8187 section 3.2.1 */
static bool
is_attr_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr("!#$&+-.^_`|~", c) != NULL);
}

static void
make_encoded(const char *name, char out[static 3 * NAME_SIZE])
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *name != '\0'; name++) {
		unsigned char b = (unsigned char)*name;

		if (is_attr_char(*name)) {
			*out++ = *name;
			continue;
		}
		*out++ = '%';
		*out++ = digits[b >> 4];
		*out++ = digits[b & 15];
	}
	*out = '\0';
}

enum err
attachment_header(struct req *rq, const char *title, const char *otherwise,
    const char *suffix)
{
	char name[NAME_SIZE], ascii[NAME_SIZE], encoded[3 * NAME_SIZE];

	make_name(title, name);
	if (name[0] == '\0')
		snprintf(name, sizeof(name), "%s", otherwise);
	make_ascii(name, ascii);
	make_encoded(name, encoded);
	return req_header(rq, "Content-Disposition: attachment; "
	    "filename=\"%s%s\"; filename*=UTF-8''%s%s",
	    ascii, suffix, encoded, suffix);
}
