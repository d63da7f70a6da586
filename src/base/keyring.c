#include "base/keyring.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"

enum {
	DIGITS = 2 * CRYPT_KEY_SIZE,
	LINE_MAX_SIZE = 6 + 1 + DIGITS + 1, /* "999999:…\n" */
	FILE_MAX = 1024, /* bytes, some white space included */
};

_Static_assert((int)FILE_MAX > KEYRING_MAX * (int)LINE_MAX_SIZE,
    "all versions fit");

/* Reading */

/* Where we are in the file, and where a sentence about it goes. */
struct reading {
	const char *path;
	int line;
	char *why;
	size_t why_size;
};

static enum err __attribute__((format(printf, 2, 3)))
refuse(const struct reading *r, const char *format, ...)
{
	va_list ap;
	int n = snprintf(r->why, r->why_size, "%s:%d: ", r->path, r->line);

	if (n < 0 || (size_t)n >= r->why_size)
		return ERR_INTERNAL;
	va_start(ap, format);
	vsnprintf(r->why + n, r->why_size - (size_t)n, format, ap);
	va_end(ap);
	return ERR_INTERNAL;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* 64 digits with white space anywhere; false for anything else. */
static bool
parse_key(const char *p, size_t len, struct crypt_key *out)
{
	struct crypt_key key = { { 0 } };
	size_t n = 0; /* digits so far */
	bool good = true;

	for (size_t i = 0; i < len && good; i++) {
		int d = hex_digit(p[i]);

		if (is_space(p[i]))
			continue;
		good = d >= 0 && n < DIGITS;
		if (good)
			key.b[n / 2] = (unsigned char)(key.b[n / 2] << 4 | d);
		n++;
	}
	good = good && n == DIGITS;
	if (good)
		*out = key;
	crypt_wipe(&key, sizeof(key));
	return good;
}

/* A whole number from 1 to KEYRING_VERSION_MAX; 0 for anything else. */
static int
parse_version(const char *p, size_t n)
{
	int version = 0;

	if (n == 0 || n > 6 || p[0] == '0')
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return 0;
		version = version * 10 + (p[i] - '0');
	}
	return version;
}

static enum err
add_version(struct keyring *ring, int version, const char *digits, size_t n,
    const struct reading *r)
{
	struct keyring_key *k = &ring->at[ring->n];

	if (ring->n == KEYRING_MAX)
		return refuse(r, "there are more than %d versions.",
		    KEYRING_MAX);
	if (!parse_key(digits, n, &k->key))
		return refuse(r, "the key of version %d is not 64 hexadecimal "
		    "digits.", version);
	for (int i = 0; i < ring->n; i++) {
		if (ring->at[i].version == version)
			return refuse(r, "version %d is there already.",
			    version);
		if (crypt_equal(&ring->at[i].key, &k->key, sizeof(k->key)))
			return refuse(r, "the key of version %d is that of "
			    "version %d.", version, ring->at[i].version);
	}
	k->version = version;
	ring->n++;
	return ERR_OK;
}

/* "VERSION:DIGITS"; digits alone are version 1. */
static enum err
parse_line(struct keyring *ring, const char *p, size_t n,
    const struct reading *r)
{
	const char *colon = memchr(p, ':', n);
	size_t before = colon != NULL ? (size_t)(colon - p) : 0;
	int version = colon != NULL ? parse_version(p, before) : 1;

	if (version == 0)
		return refuse(r, "a line is VERSION:DIGITS, and the version is "
		    "a whole number from 1 to %d.", KEYRING_VERSION_MAX);
	if (colon != NULL)
		before++;
	return add_version(ring, version, p + before, n - before, r);
}

static enum err
parse_lines(struct keyring *ring, const char *p, size_t len,
    struct reading *r)
{
	const char *end = p + len;
	enum err err = ERR_OK;

	while (p < end && err == ERR_OK) {
		const char *next = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((next != NULL ? next : end) - p);
		const char *line = p;

		p += n + 1;
		r->line++;
		while (n > 0 && is_space(line[n - 1]))
			n--;
		while (n > 0 && is_space(*line))
			line++, n--;
		if (n > 0)
			err = parse_line(ring, line, n, r);
	}
	return err;
}

static enum err
parse(struct keyring *ring, const struct buf *text, struct reading *r)
{
	if (memchr(text->p, ':', text->len) != NULL)
		return parse_lines(ring, text->p, text->len, r);
	r->line = 1;
	return add_version(ring, 1, text->p, text->len, r);
}

enum err
keyring_load(const char *path, enum secret_owner owner,
    struct keyring *master, char *why, size_t why_size)
{
	struct reading r = { path, 0, why, why_size };
	struct keyring ring = { .n = 0 };
	struct buf text;
	enum err err;

	buf_init(&text, FILE_MAX);
	err = secret_load(path, owner, &text, why, why_size);
	if (err == ERR_OK)
		err = parse(&ring, &text, &r);
	if (err == ERR_OK)
		*master = ring;
	keyring_wipe(&ring);
	crypt_wipe(text.p, text.len);
	buf_free(&text);
	return err;
}

/* Writing */

static size_t
write_lines(const struct keyring *ring, char out[static FILE_MAX])
{
	char hex[DIGITS + 1];
	size_t n = 0;

	for (int i = 0; i < ring->n; i++) {
		crypt_hex(&ring->at[i].key, CRYPT_KEY_SIZE, hex);
		n += (size_t)snprintf(out + n, FILE_MAX - n, "%d:%s\n",
		    ring->at[i].version, hex);
	}
	crypt_wipe(hex, sizeof(hex));
	return n;
}

enum err
keyring_create(const char *path, char *why, size_t why_size)
{
	struct keyring ring = { .n = 1, .at = { { .version = 1 } } };
	char text[FILE_MAX];
	enum err err;

	crypt_random(&ring.at[0].key, sizeof(ring.at[0].key));
	err = secret_create(path, text, write_lines(&ring, text), why,
	    why_size);
	crypt_wipe(text, sizeof(text));
	keyring_wipe(&ring);
	return err;
}

enum err
keyring_save(const char *path, const struct keyring *master, char *why,
    size_t why_size)
{
	char text[FILE_MAX];
	enum err err = secret_replace(path, text, write_lines(master, text),
	    why, why_size);

	crypt_wipe(text, sizeof(text));
	return err;
}

/* Using */

enum err
keyring_derive(const struct keyring *master, const char *label,
    struct keyring *out)
{
	struct keyring ring = { .n = master->n };
	enum err err = ERR_OK;

	for (int i = 0; i < ring.n && err == ERR_OK; i++) {
		ring.at[i].version = master->at[i].version;
		err = crypt_derive(&master->at[i].key, label, &ring.at[i].key);
	}
	if (err == ERR_OK)
		*out = ring;
	keyring_wipe(&ring);
	return err;
}

const struct crypt_key *
keyring_find(const struct keyring *ring, long long version)
{
	for (int i = 0; i < ring->n; i++)
		if (ring->at[i].version == version)
			return &ring->at[i].key;
	return NULL;
}

enum err
keyring_print(const struct crypt_key *master,
    char out[static KEYRING_PRINT_SIZE])
{
	struct crypt_key derived;
	enum err err = crypt_derive(master, "fingerprint", &derived);

	if (err == ERR_OK)
		crypt_hex(&derived, (KEYRING_PRINT_SIZE - 1) / 2, out);
	crypt_wipe(&derived, sizeof(derived));
	return err;
}

enum err
keyring_text(const struct keyring *master, char out[static KEYRING_TEXT_SIZE])
{
	char print[KEYRING_PRINT_SIZE];
	size_t n = 0;
	enum err err;

	out[0] = '\0';
	for (int i = 0; i < master->n; i++) {
		if ((err = keyring_print(&master->at[i].key, print)))
			return err;
		n += (size_t)snprintf(out + n, KEYRING_TEXT_SIZE - n,
		    "%s%d:%s", i > 0 ? " " : "", master->at[i].version, print);
	}
	return ERR_OK;
}

void
keyring_wipe(struct keyring *ring)
{
	crypt_wipe(ring, sizeof(*ring));
}
