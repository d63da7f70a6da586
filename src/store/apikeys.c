#include "store/apikeys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
	SEALED_MAX = 2048, /* as the column */
	BATCH_MAX = 64,    /* keys that are sealed anew at a time */
	AAD_SIZE = UUID_TEXT_SIZE + APIKEY_PROVIDER_SIZE + 16,
};

const char *
apikey_last4(const char *key, size_t len, char out[static APIKEY_LAST4_SIZE])
{
	out[0] = '\0';
	if (len >= APIKEY_SHOWN_FROM)
		snprintf(out, APIKEY_LAST4_SIZE, "%.4s", key + len - 4);
	return out;
}

/* What is bound to a key; parts are told apart by a character that is in none
 * of them. */
static size_t
make_aad(const struct uuid *user, const char *provider, int64_t version,
    char out[static AAD_SIZE])
{
	char id[UUID_TEXT_SIZE];
	int n = snprintf(out, AAD_SIZE, "%s/%s/%lld", uuid_text(user, id),
	    provider, (long long)version);

	return n < AAD_SIZE ? (size_t)n : AAD_SIZE - 1;
}

static enum err
write_row(struct db_conn *c, const struct uuid *user, const char *provider,
    int version, const struct buf *sealed, const char *last4)
{
	struct db_value in[] = {
		db_uuid(user), db_text(provider), DB_INT(version),
		DB_BYTES(sealed->p, sealed->len), db_text(last4),
		DB_INT(clock_wall_ms()),
	};

	return db_run(c,
	    "INSERT INTO api_keys"
	    " (user_id, provider, key_version, sealed, last4, updated_at)"
	    " VALUES (?, ?, ?, ?, ?, ?)"
	    " ON DUPLICATE KEY UPDATE key_version = VALUES(key_version),"
	    " sealed = VALUES(sealed), last4 = VALUES(last4),"
	    " updated_at = VALUES(updated_at)", in, DB_COUNT(in), NULL);
}

/* Seal a key with the version in use. */
static enum err
seal(const struct keyring *sealing, const struct uuid *user,
    const char *provider, const char *key, size_t len, struct buf *sealed)
{
	const struct keyring_key *k = &sealing->at[0];
	char aad[AAD_SIZE];
	size_t aad_len = make_aad(user, provider, k->version, aad);

	return crypt_seal(&k->key, aad, aad_len, key, len, sealed);
}

enum err
apikey_put(struct db_conn *c, const struct keyring *sealing,
    const struct uuid *user, const char *provider, const char *key,
    size_t len)
{
	char last4[APIKEY_LAST4_SIZE];
	struct buf sealed;
	enum err err;

	buf_init(&sealed, SEALED_MAX);
	err = seal(sealing, user, provider, key, len, &sealed);
	if (err == ERR_OK)
		err = write_row(c, user, provider, sealing->at[0].version,
		    &sealed, apikey_last4(key, len, last4));
	buf_free(&sealed);
	return err;
}

/* Add the key to `out`; ERR_INTERNAL where it does not open. */
static enum err
unseal(const struct keyring *sealing, const struct uuid *user,
    const char *provider, int64_t version, const char *sealed, size_t n,
    struct buf *out)
{
	const struct crypt_key *key = keyring_find(sealing, version);
	char aad[AAD_SIZE];
	size_t aad_len = make_aad(user, provider, version, aad);

	return key == NULL ? ERR_INTERNAL :
	    crypt_open(key, aad, aad_len, sealed, n, out);
}

struct opening {
	const struct keyring *sealing;
	const struct uuid *user;
	const char *provider;
	struct buf *out;
};

static enum err
open_row(void *arg, const struct db_value *row, int n)
{
	const struct opening *o = arg;

	(void)n;
	return unseal(o->sealing, o->user, o->provider, row[0].i, row[1].p,
	    row[1].len, o->out);
}

enum err
apikey_open(struct db_conn *c, const struct keyring *sealing,
    const struct uuid *user, const char *provider, struct buf *out)
{
	struct opening o = { sealing, user, provider, out };
	struct db_value in[] = { db_uuid(user), db_text(provider) };

	return db_query_one(c,
	    "SELECT key_version, sealed FROM api_keys"
	    " WHERE user_id = ? AND provider = ?", in, DB_COUNT(in), open_row,
	    &o);
}

struct listing {
	apikey_fn *each;
	void *arg;
};

static enum err
list_row(void *arg, const struct db_value *row, int n)
{
	const struct listing *l = arg;

	(void)n;
	return l->each(l->arg, row[0].p, row[1].p);
}

enum err
apikey_list(struct db_conn *c, const struct uuid *user, apikey_fn *each,
    void *arg)
{
	struct listing l = { each, arg };
	struct db_value in[] = { db_uuid(user) };

	return db_query(c,
	    "SELECT provider, last4 FROM api_keys WHERE user_id = ?"
	    " ORDER BY provider", in, DB_COUNT(in), list_row, &l);
}

enum err
apikey_delete(struct db_conn *c, const struct uuid *user,
    const char *provider)
{
	struct db_value in[] = { db_uuid(user), db_text(provider) };
	uint64_t n = 0;
	enum err err = db_run(c,
	    "DELETE FROM api_keys WHERE user_id = ? AND provider = ?", in,
	    DB_COUNT(in), &n);

	return err == ERR_OK && n == 0 ? ERR_NOT_FOUND : err;
}

/* Sealing anew */

struct old_key {
	struct uuid user;
	char provider[APIKEY_PROVIDER_SIZE];
	int64_t version;
	char sealed[SEALED_MAX];
	size_t len;
};

struct batch {
	struct old_key keys[BATCH_MAX];
	int n;
};

static enum err
batch_row(void *arg, const struct db_value *row, int n)
{
	struct batch *b = arg;
	struct old_key *k = &b->keys[b->n];

	(void)n;
	if (b->n == BATCH_MAX || row[3].len > sizeof(k->sealed))
		return ERR_INTERNAL;
	k->user = db_get_uuid(&row[0]);
	db_get_text(&row[1], k->provider, sizeof(k->provider));
	k->version = row[2].i;
	memcpy(k->sealed, row[3].p, row[3].len);
	k->len = row[3].len;
	b->n++;
	return ERR_OK;
}

/* The next ones behind `after`, by the primary key, so that one which does not
 * open is not met again. */
static enum err
next_batch(struct db_conn *c, int version, const struct old_key *after,
    struct batch *b)
{
	struct db_value user = DB_BYTES(after->user.b, sizeof(after->user.b));
	struct db_value in[] = {
		DB_INT(version), user, user, db_text(after->provider),
		DB_INT(BATCH_MAX),
	};

	b->n = 0;
	return db_query(c,
	    "SELECT user_id, provider, key_version, sealed FROM api_keys"
	    " WHERE key_version <> ?"
	    " AND (user_id > ? OR (user_id = ? AND provider > ?))"
	    " ORDER BY user_id, provider LIMIT ?", in, DB_COUNT(in), batch_row,
	    b);
}

/* Only where it is still what was opened: a key that was put since wins. */
static enum err
replace_sealed(struct db_conn *c, const struct old_key *k, int version,
    const struct buf *sealed, uint64_t *affected)
{
	struct db_value in[] = {
		DB_INT(version), DB_BYTES(sealed->p, sealed->len),
		db_uuid(&k->user), db_text(k->provider), DB_INT(k->version),
		DB_BYTES(k->sealed, k->len),
	};

	return db_run(c,
	    "UPDATE api_keys SET key_version = ?, sealed = ?"
	    " WHERE user_id = ? AND provider = ? AND key_version = ?"
	    " AND sealed = ?", in, DB_COUNT(in), affected);
}

static enum err
reseal_one(struct db_conn *c, const struct keyring *sealing,
    const struct old_key *k, struct apikey_resealed *n)
{
	struct buf key, sealed;
	uint64_t affected = 0;
	enum err err;

	buf_init(&key, SEALED_MAX);
	buf_init(&sealed, SEALED_MAX);
	if (unseal(sealing, &k->user, k->provider, k->version, k->sealed,
	    k->len, &key)) {
		n->unopened++;
		err = ERR_OK;
	} else if ((err = seal(sealing, &k->user, k->provider, key.p, key.len,
	    &sealed)) == ERR_OK &&
	    (err = replace_sealed(c, k, sealing->at[0].version, &sealed,
	    &affected)) == ERR_OK) {
		n->done += affected == 1;
		n->changed += affected == 0;
	}
	crypt_wipe(key.p, key.len);
	buf_free(&key);
	buf_free(&sealed);
	return err;
}

enum err
apikeys_reseal(struct db_conn *c, const struct keyring *sealing,
    struct apikey_resealed *n)
{
	struct batch *b = calloc(1, sizeof(*b));
	struct old_key after = { .len = 0 };
	enum err err;

	if (b == NULL)
		return ERR_INTERNAL;
	do {
		err = next_batch(c, sealing->at[0].version, &after, b);
		for (int i = 0; i < b->n && err == ERR_OK; i++)
			err = reseal_one(c, sealing, &b->keys[i], n);
		if (b->n > 0)
			after = b->keys[b->n - 1];
	} while (err == ERR_OK && b->n == BATCH_MAX);
	free(b);
	return err;
}
