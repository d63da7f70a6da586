/*
 * Patterns for LIKE … ESCAPE '!', made from what a person searches for.
 */
#ifndef STORE_LIKE_H
#define STORE_LIKE_H

enum {
	LIKE_TEXT_MAX = 255, /* bytes of what is searched for */
	LIKE_PATTERN_SIZE = 2 * LIKE_TEXT_MAX + 3,
};

/* %text%, with what LIKE gives a meaning to taken literally. */
const char *
like_pattern(const char *text, char out[static LIKE_PATTERN_SIZE]);

#endif
