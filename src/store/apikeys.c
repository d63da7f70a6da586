#include "store/apikeys.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum {
	SEALED_MAX = 2048, /* as the column */
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
make_aad(const struct uuid *user, const char *provider, int version,
    char out[static AAD_SIZE])
{
	char id[UUID_TEXT_SIZE];
	int n = snprintf(out, AAD_SIZE, "%s/%s/%d", uuid_text(user, id),
	    provider, version);

	return n < AAD_SIZE ? (size_t)n : AAD_SIZE - 1;
}

static enum err
write_row(struct db_conn *c, const struct uuid *user, const char *provider,
    const struct buf *sealed, const char *last4)
{
	struct db_value in[] = {
		db_uuid(user), db_text(provider), DB_INT(APIKEY_VERSION),
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

enum err
apikey_put(struct db_conn *c, const struct crypt_key *sealing,
    const struct uuid *user, const char *provider, const char *key,
    size_t len)
{
	char aad[AAD_SIZE], last4[APIKEY_LAST4_SIZE];
	size_t aad_len = make_aad(user, provider, APIKEY_VERSION, aad);
	struct buf sealed;
	enum err err;

	buf_init(&sealed, SEALED_MAX);
	err = crypt_seal(sealing, aad, aad_len, key, len, &sealed);
	if (err == ERR_OK)
		err = write_row(c, user, provider, &sealed,
		    apikey_last4(key, len, last4));
	buf_free(&sealed);
	return err;
}

struct opening {
	const struct crypt_key *sealing;
	const struct uuid *user;
	const char *provider;
	struct buf *out;
};

static enum err
open_row(void *arg, const struct db_value *row, int n)
{
	const struct opening *o = arg;
	char aad[AAD_SIZE];
	size_t aad_len = make_aad(o->user, o->provider, (int)row[0].i, aad);

	(void)n;
	return crypt_open(o->sealing, aad, aad_len, row[1].p, row[1].len,
	    o->out);
}

enum err
apikey_open(struct db_conn *c, const struct crypt_key *sealing,
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
