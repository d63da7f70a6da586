#include "store/like.h"

#include <stddef.h>

const char *
like_pattern(const char *text, char out[static LIKE_PATTERN_SIZE])
{
	size_t n = 0;

	out[n++] = '%';
	for (; *text != '\0' && n + 3 < LIKE_PATTERN_SIZE; text++) {
		if (*text == '%' || *text == '_' || *text == '!')
			out[n++] = '!';
		out[n++] = *text;
	}
	out[n++] = '%';
	out[n] = '\0';
	return out;
}
