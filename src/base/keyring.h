/*
 * The versions of a key, and the file of the master key.
 *
 * The master key lives in a file of its own, outside the database; losing it
 * loses the stored provider keys and every password.  So that it can be
 * changed while the program runs, the file may hold several versions:
 *
 *	2:64 hexadecimal digits
 *	1:64 hexadecimal digits
 *
 * The first line is the version in use: with it new things are sealed.  The
 * others open what was sealed with them, or are there because they will be in
 * use soon.  64 digits without a version, anywhere in the file's white space,
 * are version 1 alone.  How a version comes and goes: admin/rotate.h.
 *
 * A keyring is a plain struct; whoever has one wipes it.
 */
#ifndef BASE_KEYRING_H
#define BASE_KEYRING_H

#include "base/crypt.h"
#include "base/err.h"
#include "base/secret.h"

enum {
	KEYRING_MAX = 8,              /* versions */
	KEYRING_VERSION_MAX = 999999, /* as a number */
	KEYRING_PRINT_SIZE = 17,      /* a fingerprint and the NUL */
	KEYRING_TEXT_SIZE = KEYRING_MAX * (6 + 1 + KEYRING_PRINT_SIZE),
};

struct keyring {
	int n; /* at least 1 in one that was loaded */
	struct keyring_key {
		int version;
		struct crypt_key key;
	} at[KEYRING_MAX]; /* the first one is in use */
};

/* Read the file of the master key; see base/secret.h. */
enum err
keyring_load(const char *path, enum secret_owner owner,
    struct keyring *master, char *why, size_t why_size);

/* Make a new file with a new version 1. */
enum err
keyring_create(const char *path, char *why, size_t why_size);

/* Put these versions in place of what the file holds. */
enum err
keyring_save(const char *path, const struct keyring *master, char *why,
    size_t why_size);

/* Of each version the key for one end, by its label. */
enum err
keyring_derive(const struct keyring *master, const char *label,
    struct keyring *out);

/* The key of a version; NULL where it is not there. */
const struct crypt_key *
keyring_find(const struct keyring *ring, long long version);

/* What tells a version from another of the same number, and nothing of the
 * key: 64 bits derived from it, in hexadecimal. */
enum err
keyring_print(const struct crypt_key *master,
    char out[static KEYRING_PRINT_SIZE]);

/* All versions as "2:FINGERPRINT 1:FINGERPRINT", the one in use first. */
enum err
keyring_text(const struct keyring *master, char out[static KEYRING_TEXT_SIZE]);

void
keyring_wipe(struct keyring *ring);

#endif
