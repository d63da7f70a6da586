/*
 * What a conversation is called that begins with a question: its first words in
 * one line, cut between characters.  What is not seen is left out, so that a
 * title is what it seems to be; where nothing is left it is "", for which
 * clients have a word of their own.
 */
#ifndef API_TITLE_H
#define API_TITLE_H

#include <stddef.h>

enum { TITLE_CHARACTERS_MAX = 80 };

/* `out` has `size` bytes; a title that does not fit is cut. */
void
title_make(const char *text, size_t len, char *out, size_t size);

#endif
