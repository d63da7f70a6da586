/*
 * The versions of the master key that something in the database may be sealed
 * with, by number and fingerprint.  A version is written here before anything
 * is sealed with it, and taken away when nothing is any more.
 *
 * This is what keeps a worker with the wrong key file from starting: with
 * another key it would seal what nobody else can open, and tell people that
 * their passwords are wrong.
 */
#ifndef STORE_MASTERKEYS_H
#define STORE_MASTERKEYS_H

#include "base/keyring.h"
#include "store/db.h"

/*
 * Do these versions fit the database?  All that is listed there has to be in
 * them, the same key, and the one in use has to be listed.  A database that
 * lists nothing is a new one, and takes the one in use.  ERR_VALIDATION with
 * a sentence in `why` that names `path` where they do not fit; any other error
 * is the database's.
 */
enum err
masterkeys_check(struct db_conn *c, const struct keyring *master,
    const char *path, char *why, size_t why_size);

/* List a version; one that is listed stays as it is. */
enum err
masterkeys_add(struct db_conn *c, const struct keyring_key *k);

/* ERR_OK where it is listed with this key, ERR_NOT_FOUND where it is not
 * listed, ERR_CONFLICT where it is with another key. */
enum err
masterkeys_find(struct db_conn *c, const struct keyring_key *k);

enum err
masterkeys_remove(struct db_conn *c, int version);

typedef void masterkeys_count_fn(void *arg, int64_t version, int64_t n);

/* How many keys of providers are sealed with each version. */
enum err
masterkeys_count_apikeys(struct db_conn *c, masterkeys_count_fn *each,
    void *arg);

/* How many passwords are kept with each version of the pepper: what stands in
 * front of them (auth/password.h). */
enum err
masterkeys_count_passwords(struct db_conn *c, masterkeys_count_fn *each,
    void *arg);

#endif
