#include "auth/username.h"

static const char CONTROL[] =
    "A name may not have control characters in it.";
static const char UNSEEN[] =
    "A name may not have invisible characters in it.";
static const char SPACE[] =
    "A name may have no other space than the usual one.";
static const char PRIVATE[] =
    "A name may have no characters without a meaning.";

/* Characters that cannot be seen, or that turn others around, and so let one
 * name look like another; the space itself may be inside. */
static const struct range {
	unsigned first, last;
	const char *fault;
} refused[] = {
	{ 0x0000, 0x001F, CONTROL },
	{ 0x007F, 0x00A0, CONTROL },
	{ 0x00AD, 0x00AD, UNSEEN },
	{ 0x034F, 0x034F, UNSEEN },
	{ 0x061C, 0x061C, UNSEEN },
	{ 0x115F, 0x1160, UNSEEN },
	{ 0x1680, 0x1680, SPACE },
	{ 0x17B4, 0x17B5, UNSEEN },
	{ 0x180B, 0x180F, UNSEEN },
	{ 0x2000, 0x200A, SPACE },
	{ 0x200B, 0x200F, UNSEEN },
	{ 0x2028, 0x202F, UNSEEN },
	{ 0x205F, 0x206F, UNSEEN },
	{ 0x3000, 0x3000, SPACE },
	{ 0x3164, 0x3164, UNSEEN },
	{ 0xE000, 0xF8FF, PRIVATE },
	{ 0xFE00, 0xFE0F, UNSEEN },
	{ 0xFEFF, 0xFEFF, UNSEEN },
	{ 0xFFA0, 0xFFA0, UNSEEN },
	{ 0xFFF0, 0xFFFF, PRIVATE },
	{ 0xE0000, 0x10FFFF, PRIVATE },
};

/* The character at `*p`, which moves past it.  The text is valid UTF-8. */
static unsigned
next_character(const char **p)
{
	const unsigned char *s = (const unsigned char *)*p;
	int more = s[0] < 0x80 ? 0 : s[0] < 0xE0 ? 1 : s[0] < 0xF0 ? 2 : 3;
	unsigned c = more == 0 ? s[0] : s[0] & (0x3Fu >> more);

	for (int i = 1; i <= more; i++)
		c = c << 6 | (s[i] & 0x3Fu);
	*p += more + 1;
	return c;
}

static const char *
fault_of_characters(const char *p, size_t n)
{
	const char *end = p + n;
	const size_t count = sizeof(refused) / sizeof(refused[0]);

	while (p < end) {
		unsigned c = next_character(&p);

		for (size_t i = 0; i < count; i++)
			if (c >= refused[i].first && c <= refused[i].last)
				return refused[i].fault;
	}
	return NULL;
}

const char *
username_fault(const char *name, size_t n)
{
	if (n > 0 && (name[0] == ' ' || name[n - 1] == ' '))
		return "A name may not begin or end with a space.";
	return fault_of_characters(name, n);
}
