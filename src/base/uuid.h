/*
 * Identifiers: UUIDs of version 7 (RFC 9562 section 5.7), 48 bits of time and
 * 74 random bits, so that rows made together lie together and nobody guesses
 * one.  Kept as BINARY(16), shown as text.
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>

struct uuid {
	unsigned char b[16];
};

enum { UUID_TEXT_SIZE = 37 }; /* 36 characters and the NUL */

/* A new one.  Random bits come from the operating system; it cannot fail. */
struct uuid
uuid_make(void);

/* Read 36 characters of either case; false leaves `*out` as it was. */
bool
uuid_parse(const char *text, struct uuid *out);

/* Lower-case text, in `out`, which is returned. */
const char *
uuid_text(const struct uuid *u, char out[static UUID_TEXT_SIZE]);

bool
uuid_equal(const struct uuid *a, const struct uuid *b);

/* True for the UUID of zeros, which stands for "none". */
bool
uuid_is_none(const struct uuid *u);

#endif
