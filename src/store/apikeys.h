/*
 * The provider keys that users brought, sealed with AES-256-GCM.  User,
 * provider and the version of the sealing key are bound to each, so that a row
 * moved to another user or provider does not open.
 *
 * A key is sealed with the version that is in use, and opened with that of its
 * row.  Their going from version to version is in apikeys_reseal().
 */
#ifndef STORE_APIKEYS_H
#define STORE_APIKEYS_H

#include "base/buf.h"
#include "base/keyring.h"
#include "base/uuid.h"
#include "store/db.h"

enum {
	APIKEY_MAX = 512,   /* bytes of a key */
	APIKEY_LAST4_SIZE = 5,
	APIKEY_SHOWN_FROM = 12, /* bytes; of a shorter key nothing is shown */
	APIKEY_PROVIDER_SIZE = 33,
};

/* The last four characters, or "" of a key so short that they would tell
 * much of it. */
const char *
apikey_last4(const char *key, size_t len, char out[static APIKEY_LAST4_SIZE]);

/* Keep a key, in place of the one before. */
enum err
apikey_put(struct db_conn *c, const struct keyring *sealing,
    const struct uuid *user, const char *provider, const char *key,
    size_t len);

/* Add the key to `out`, whose owner wipes it.  ERR_NOT_FOUND where there is
 * none, ERR_INTERNAL where it does not open. */
enum err
apikey_open(struct db_conn *c, const struct keyring *sealing,
    const struct uuid *user, const char *provider, struct buf *out);

typedef enum err apikey_fn(void *arg, const char *provider,
    const char *last4);

/* Those of a user, by provider. */
enum err
apikey_list(struct db_conn *c, const struct uuid *user, apikey_fn *each,
    void *arg);

/* ERR_NOT_FOUND where there is none. */
enum err
apikey_delete(struct db_conn *c, const struct uuid *user,
    const char *provider);

/* What apikeys_reseal() did; added to what was there. */
struct apikey_resealed {
	int64_t done;
	int64_t changed;  /* by somebody else meanwhile, so left as they are */
	int64_t unopened; /* do not open, so left as they are */
};

/*
 * Seal all keys of other versions with the one in use.  A key that is put or
 * deleted meanwhile stays as that left it.  Where it fails, what is done is
 * done, and another call goes on from there.
 */
enum err
apikeys_reseal(struct db_conn *c, const struct keyring *sealing,
    struct apikey_resealed *n);

#endif
