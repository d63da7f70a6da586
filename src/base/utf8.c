#include "base/utf8.h"

struct range {
	uint32_t first, last;
};

static const struct range spaces[] = {
	{ 0x09, 0x0D }, { 0x20, 0x20 }, { 0x85, 0x85 }, { 0xA0, 0xA0 },
	{ 0x1680, 0x1680 }, { 0x2000, 0x200A }, { 0x2028, 0x2029 },
	{ 0x202F, 0x202F }, { 0x205F, 0x205F }, { 0x3000, 0x3000 },
};

static const struct range hidden[] = {
	{ 0x00, 0x1F }, { 0x7F, 0x9F }, { 0xAD, 0xAD }, { 0x061C, 0x061C },
	{ 0x115F, 0x1160 }, { 0x180E, 0x180E }, { 0x200B, 0x200B },
	{ 0x200E, 0x200F }, { 0x202A, 0x202E }, { 0x2060, 0x206F },
	{ 0x3164, 0x3164 }, { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB },
	{ 0xE0000, 0xE007F },
};

static const struct range joiners[] = {
	{ 0x200C, 0x200D }, { 0xFE00, 0xFE0F }, { 0xE0100, 0xE01EF },
};

static bool
is_in(uint32_t c, const struct range *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c >= list[i].first && c <= list[i].last)
			return true;
	return false;
}

#define IS_IN(c, list) is_in((c), (list), sizeof(list) / sizeof((list)[0]))

bool
utf8_is_space(uint32_t c)
{
	return IS_IN(c, spaces);
}

bool
utf8_is_hidden(uint32_t c)
{
	return IS_IN(c, hidden) && !utf8_is_space(c);
}

bool
utf8_is_joiner(uint32_t c)
{
	return IS_IN(c, joiners);
}

uint32_t
utf8_next(const char **p, const char *end)
{
	unsigned char lead = (unsigned char)*(*p)++;
	uint32_t c = lead < 0x80 ? lead : lead < 0xE0 ? lead & 0x1F :
	    lead < 0xF0 ? lead & 0x0F : lead & 0x07;

	while (*p < end && ((unsigned char)**p & 0xC0) == 0x80)
		c = c << 6 | ((unsigned char)*(*p)++ & 0x3F);
	return c;
}
