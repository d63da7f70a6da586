#include "base/uuid.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/hex.h"

enum {
	TIME_BYTES = 6,
	VERSION_AT = 6, /* byte with the version in its upper half */
	VARIANT_AT = 8, /* byte with the variant in its upper two bits */
};

/* Where the text has its hyphens. */
static bool
is_hyphen_place(int i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

/* Asked of the kernel every time: a pool of random bytes would be copied by
 * fork(), and two workers would hand out the same ids. */
static void
fill_random(unsigned char *p, size_t n)
{
	/* up to 256 bytes come whole; only the wait for the first seed of a
	 * machine that just started can be interrupted */
	while (getrandom(p, n, 0) != (ssize_t)n)
		if (errno != EINTR)
			abort();
}

struct uuid
uuid_make(void)
{
	struct uuid u;
	uint64_t ms = (uint64_t)clock_wall_ms();

	for (int i = 0; i < TIME_BYTES; i++)
		u.b[i] = (unsigned char)(ms >> (8 * (TIME_BYTES - 1 - i)));
	fill_random(u.b + TIME_BYTES, sizeof(u.b) - TIME_BYTES);
	u.b[VERSION_AT] = (unsigned char)((u.b[VERSION_AT] & 0x0F) | 0x70);
	u.b[VARIANT_AT] = (unsigned char)((u.b[VARIANT_AT] & 0x3F) | 0x80);
	return u;
}

bool
uuid_parse(const char *text, struct uuid *out)
{
	struct uuid u = { { 0 } };
	int n = 0; /* digits so far */

	if (strnlen(text, UUID_TEXT_SIZE) != UUID_TEXT_SIZE - 1)
		return false;
	for (int i = 0; i < UUID_TEXT_SIZE - 1; i++) {
		int d = hex_digit(text[i]);

		if (is_hyphen_place(i) ? text[i] != '-' : d < 0)
			return false;
		if (!is_hyphen_place(i)) {
			u.b[n / 2] = (unsigned char)(u.b[n / 2] << 4 | d);
			n++;
		}
	}
	*out = u;
	return true;
}

const char *
uuid_text(const struct uuid *u, char out[static UUID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *p = out;

	for (size_t i = 0; i < sizeof(u->b); i++) {
		if (is_hyphen_place((int)(p - out)))
			*p++ = '-';
		*p++ = digits[u->b[i] >> 4];
		*p++ = digits[u->b[i] & 0x0F];
	}
	*p = '\0';
	return out;
}

bool
uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool
uuid_is_none(const struct uuid *u)
{
	static const struct uuid none;

	return uuid_equal(u, &none);
}
