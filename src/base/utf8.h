/*
 * Characters of text that is known to be valid UTF-8, and what a short text
 * for people, such as a title or a file's name, should not have in it.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The character at `*p`, which is before `end`; `*p` moves behind it. */
uint32_t
utf8_next(const char **p, const char *end);

/* What Unicode calls White_Space, line ends included. */
bool
utf8_is_space(uint32_t c);

/*
 * Characters that are not seen and that no script needs in a title: controls,
 * marks of direction (with which a text can look like another), zero-width
 * spaces, tags.
 */
bool
utf8_is_hidden(uint32_t c);

/* Not seen either, but part of what is: joiners, which emoji and Persian need,
 * and variation selectors. */
bool
utf8_is_joiner(uint32_t c);

#endif
