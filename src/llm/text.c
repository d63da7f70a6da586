#include "llm/text.h"

#include <stdbool.h>
#include <string.h>

#include "base/hex.h"

#define MARK "\xef\xb7\x90"     /* U+FDD0 */
#define BAD "\xef\xbf\xbd"      /* U+FFFD */

enum {
	ESCAPE_N = 6,           /* \uXXXX */
	HALF_FIRST = 0xd800,    /* high halves, then low ones */
	HALF_LOW = 0xdc00,
	HALF_LAST = 0xdfff,
	MARK_CODE = 0xfdd0,
	PRIVATE_FIRST = 0xe000, /* stands for HALF_FIRST */
	MARK_N = 3,
};

static bool
is_high(unsigned c)
{
	return c >= HALF_FIRST && c < HALF_LOW;
}

static bool
is_low(unsigned c)
{
	return c >= HALF_LOW && c <= HALF_LAST;
}

static enum err
add_utf8(struct buf *out, unsigned c)
{
	char b[4];

	if (c < 0x10000) { /* ours are all above U+07FF */
		b[0] = (char)(0xe0 | c >> 12);
		b[1] = (char)(0x80 | (c >> 6 & 0x3f));
		b[2] = (char)(0x80 | (c & 0x3f));
		return buf_add(out, b, 3);
	}
	b[0] = (char)(0xf0 | c >> 18);
	b[1] = (char)(0x80 | (c >> 12 & 0x3f));
	b[2] = (char)(0x80 | (c >> 6 & 0x3f));
	b[3] = (char)(0x80 | (c & 0x3f));
	return buf_add(out, b, 4);
}

/* The lead bytes of UTF-8, and what may follow them first (Unicode 3.9,
 * table 3-7). */
static const struct {
	unsigned char first, last, n, second_least, second_most;
} LEADS[] = {
	{ 0x00, 0x7f, 1, 0, 0 },
	{ 0xc2, 0xdf, 2, 0x80, 0xbf },
	{ 0xe0, 0xe0, 3, 0xa0, 0xbf },
	{ 0xe1, 0xec, 3, 0x80, 0xbf },
	{ 0xed, 0xed, 3, 0x80, 0x9f },
	{ 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf },
	{ 0xf1, 0xf3, 4, 0x80, 0xbf },
	{ 0xf4, 0xf4, 4, 0x80, 0x8f },
};

static int
find_lead(unsigned char c)
{
	for (int i = 0; i < (int)(sizeof(LEADS) / sizeof(LEADS[0])); i++)
		if (c >= LEADS[i].first && c <= LEADS[i].last)
			return i;
	return -1;
}

/* Bytes of the character at `p`; `*good` is false for a bad part. */
static size_t
character(const unsigned char *p, size_t n, bool *good)
{
	int lead = find_lead(p[0]);
	size_t i = 1;

	*good = false;
	if (lead < 0)
		return 1;
	for (; i < LEADS[lead].n && i < n; i++) {
		unsigned least = i == 1 ? LEADS[lead].second_least : 0x80;
		unsigned most = i == 1 ? LEADS[lead].second_most : 0xbf;

		if (p[i] < least || p[i] > most)
			return i;
	}
	*good = i == LEADS[lead].n;
	return i;
}

/* The code of an \uXXXX at `p`; -1: there is none. */
static int
escape(const char *p, size_t n)
{
	int code = 0;

	if (n < ESCAPE_N || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < ESCAPE_N; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		code = code * 16 + digit;
	}
	return code;
}

static enum err
add_half(struct buf *out, unsigned half)
{
	enum err err = buf_adds(out, MARK);

	return err ? err : add_utf8(out, half - HALF_FIRST + PRIVATE_FIRST);
}

/* A backslash and what belongs to it; how much that was goes to `*used`. */
static enum err
clean_escape(const char *p, size_t n, struct buf *out, size_t *used)
{
	int code = escape(p, n);
	int next = code >= 0 ? escape(p + ESCAPE_N, n - ESCAPE_N) : -1;

	*used = code >= 0 ? (size_t)ESCAPE_N : n < 2 ? n : 2;
	if (code < 0 && *used == 2 && (unsigned char)p[1] >= 0x80)
		*used = 1; /* bad JSON, but its character must stay whole */
	if (code == 0)
		return buf_adds(out, BAD);
	if (code == MARK_CODE)
		return buf_adds(out, MARK MARK);
	if (code >= 0 && is_high((unsigned)code) && next >= 0 &&
	    is_low((unsigned)next))
		*used = (size_t)2 * ESCAPE_N;
	else if (code >= HALF_FIRST && code <= HALF_LAST)
		return add_half(out, (unsigned)code);
	return buf_add(out, p, *used);
}

static enum err
clean_character(const char *p, size_t n, struct buf *out, size_t *used)
{
	bool good;

	*used = character((const unsigned char *)p, n, &good);
	if (!good)
		return buf_adds(out, BAD);
	if (*used == MARK_N && memcmp(p, MARK, MARK_N) == 0)
		return buf_adds(out, MARK MARK);
	return buf_add(out, p, *used);
}

/* Bytes in front that pass as they are. */
static size_t
plain(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] != '\\' && (unsigned char)p[i] < 0x80)
		i++;
	return i;
}

enum err
llm_text_clean(const char *json, size_t n, struct buf *out)
{
	enum err err;
	size_t used;

	while (n > 0) {
		if ((used = plain(json, n)) > 0)
			err = buf_add(out, json, used);
		else if (*json == '\\')
			err = clean_escape(json, n, out, &used);
		else
			err = clean_character(json, n, out, &used);
		if (err)
			return err;
		json += used;
		n -= used;
	}
	return ERR_OK;
}

/* The half that is marked at `p`; 0: it is no half. */
static unsigned
marked(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	unsigned c;

	if (n < 2 * MARK_N || memcmp(p, MARK, MARK_N) != 0 || u[3] != 0xee)
		return 0;
	c = 0xe000u | (u[4] & 0x3fu) << 6 | (u[5] & 0x3fu);
	return c - PRIVATE_FIRST + HALF_FIRST;
}

static enum err
add_pair(struct buf *out, unsigned high, unsigned low)
{
	return add_utf8(out, 0x10000 + ((high - HALF_FIRST) << 10) +
	    (low - HALF_LOW));
}

static enum err
join_half(struct llm_join *join, unsigned half, struct buf *out)
{
	unsigned high = join->high;
	enum err err;

	if (high != 0 && is_low(half)) {
		join->high = 0;
		return add_pair(out, high, half);
	}
	if ((err = llm_text_end(join, out)))
		return err;
	if (!is_high(half))
		return buf_adds(out, BAD);
	join->high = half;
	return ERR_OK;
}

/* Text up to the next mark, or one that was doubled. */
static enum err
join_text(struct llm_join *join, const char *p, size_t n, struct buf *out,
    size_t *used)
{
	const char *mark = memmem(p, n, MARK, MARK_N);
	enum err err = llm_text_end(join, out);

	if (err)
		return err;
	if (mark == p) {
		*used = (size_t)2 * MARK_N < n ? (size_t)2 * MARK_N : n;
		return buf_adds(out, MARK);
	}
	*used = mark != NULL ? (size_t)(mark - p) : n;
	return buf_add(out, p, *used);
}

enum err
llm_text_join(struct llm_join *join, const char *text, size_t n,
    struct buf *out)
{
	enum err err;
	unsigned half;
	size_t used;

	while (n > 0) {
		used = (size_t)2 * MARK_N;
		if ((half = marked(text, n)) != 0)
			err = join_half(join, half, out);
		else
			err = join_text(join, text, n, out, &used);
		if (err)
			return err;
		text += used;
		n -= used;
	}
	return ERR_OK;
}

enum err
llm_text_end(struct llm_join *join, struct buf *out)
{
	if (join->high == 0)
		return ERR_OK;
	join->high = 0;
	return buf_adds(out, BAD);
}
