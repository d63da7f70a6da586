/*
 * Passwords: what may be one, and how it is kept.
 *
 * Kept is yescrypt (crypt(5), "$y$", cost 7) over the base64url text of
 * HMAC-SHA-256(pepper, password).  The HMAC lets every byte count, a NUL and
 * those after the 512th included, at which crypt() stops; its key, which is
 * outside the database, makes a stolen table useless on its own.
 *
 * That key, the pepper, has versions (base/keyring.h).  In front of a hash
 * stands the version it was made with, "2:$y$…"; where none does, it is 1.
 * Passwords of older versions are good for as long as the version is there,
 * and are kept anew, with the one in use, at the next sign-in.
 *
 * A hash takes 64 MB and a tenth of a second, so PASSWORD_AT_ONCE of them run
 * in a process; a few more wait for up to a second.  Who comes then gets
 * ERR_UNAVAILABLE, to be told to come again in PASSWORD_RETRY_AFTER seconds.
 */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/keyring.h"
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

/* The label of the pepper among the keys that are made from the master key. */
#define PASSWORD_PEPPER "password pepper"

/* What is wrong with it as a new password, a sentence; NULL: nothing. */
const char *
password_fault(const char *password, size_t n);

/* What to keep of it. */
enum err
password_hash(const struct keyring *pepper, const char *password, size_t n,
    char out[static PASSWORD_HASH_SIZE]);

/*
 * ERR_OK where it is the one that `kept` is of, else ERR_UNAUTHENTICATED.
 * Where `kept` is NULL, for a user who does not exist, it takes as long and is
 * always wrong (S2); so it is where the version of its pepper is gone.
 */
enum err
password_check(const struct keyring *pepper, const char *password, size_t n,
    const char *kept);

/* Was it kept with another setting than new ones are, or with an older
 * pepper?  A newer one stays: another host may be ahead with it. */
bool
password_needs_rehash(const struct keyring *pepper, const char *kept);

#endif
