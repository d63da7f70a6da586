#include "api/title.h"

#include <string.h>

#include "base/utf8.h"

void
title_make(const char *text, size_t len, char *out, size_t size)
{
	const char *end = text + len;
	size_t used = 0, characters = 0;
	bool space = false, is_seen = false;

	for (const char *p = text; p < end; ) {
		const char *at = p;
		uint32_t c = utf8_next(&p, end);
		size_t n = (size_t)(p - at);

		if (utf8_is_space(c))
			space = used > 0;
		if (utf8_is_space(c) || utf8_is_hidden(c))
			continue;
		characters += 1 + space;
		if (characters > TITLE_CHARACTERS_MAX ||
		    used + space + n + 1 > size)
			break;
		if (space)
			out[used++] = ' ';
		space = false;
		is_seen = is_seen || !utf8_is_joiner(c);
		memcpy(out + used, at, n);
		used += n;
	}
	out[is_seen ? used : 0] = '\0';
}
