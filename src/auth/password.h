/*
 * Passwords: what may be one, and how it is kept.
 *
 * Kept is yescrypt (crypt(5), "$y$", cost 7) over the base64url text of
 * HMAC-SHA-256(pepper, password).  The HMAC lets every byte count, a NUL and
 * those after the 512th included, at which crypt() stops; its key, which is
 * outside the database, makes a stolen table useless on its own.
 *
 * A hash takes 64 MB and a tenth of a second, so PASSWORD_AT_ONCE of them run
 * in a process; a few more wait for up to a second.  Who comes then gets
 * ERR_UNAVAILABLE, to be told to come again in PASSWORD_RETRY_AFTER seconds.
 */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/crypt.h"
#include "base/err.h"

enum {
	PASSWORD_MIN = 8,   /* bytes */
	PASSWORD_MAX = 128, /* bytes */
	PASSWORD_COST = 7,
	PASSWORD_AT_ONCE = 2,
	PASSWORD_WAITING_MAX = 4, /* less than a process has connections */
	PASSWORD_RETRY_AFTER = 2,
	PASSWORD_HASH_SIZE = 256, /* bytes, the NUL included */
};

/* What is wrong with it as a new password, a sentence; NULL: nothing. */
const char *
password_fault(const char *password, size_t n);

/* What to keep of it. */
enum err
password_hash(const struct crypt_key *pepper, const char *password, size_t n,
    char out[static PASSWORD_HASH_SIZE]);

/*
 * ERR_OK where it is the one kept as `hash`, else ERR_UNAUTHENTICATED.  With
 * a `hash` of NULL, for a user who does not exist, it takes as long and is
 * always wrong (S2).
 */
enum err
password_check(const struct crypt_key *pepper, const char *password, size_t n,
    const char *hash);

/* Was it kept with another setting than new ones are? */
bool
password_needs_rehash(const char *hash);

#endif
