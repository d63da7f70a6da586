#include "store/invites.h"

#include <string.h>

#include "base/clock.h"

enum { CODE_BYTES = (INVITE_CODE_SIZE - 1) * 3 / 4 };

static enum err
remove_expired(struct db_conn *c, int64_t now)
{
	struct db_value in[] = { DB_INT(now) };

	return db_run(c, "DELETE FROM invites WHERE expires_at <= ?", in,
	    DB_COUNT(in), NULL);
}

enum err
invite_make(struct db_conn *c, struct invite *invite,
    char code[static INVITE_CODE_SIZE])
{
	unsigned char bytes[CODE_BYTES], hash[CRYPT_HASH_SIZE];
	struct invite made = *invite;
	struct db_value in[] = {
		db_uuid(&made.id), DB_BYTES(hash, sizeof(hash)),
		db_uuid(&made.maker), db_text(made.note),
		DB_INT(made.uses_left), DB_NULL, DB_INT(made.expires_at),
	};
	enum err err;

	made.id = uuid_make();
	made.created_at = clock_wall_ms();
	in[0] = db_uuid(&made.id);
	in[5] = DB_INT(made.created_at);
	crypt_random(bytes, sizeof(bytes));
	crypt_base64url(bytes, sizeof(bytes), code);
	if ((err = crypt_sha256(code, INVITE_CODE_SIZE - 1, hash)) ||
	    (err = remove_expired(c, made.created_at)) ||
	    (err = db_run(c,
	    "INSERT INTO invites (id, code_hash, user_id, note, uses_left,"
	    " created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
	    in, DB_COUNT(in), NULL)))
		return err;
	*invite = made;
	return ERR_OK;
}

static enum err
ignore_row(void *arg, const struct db_value *row, int n)
{
	(void)arg, (void)row, (void)n;
	return ERR_OK;
}

enum err
invite_check(struct db_conn *c, const char *code, int64_t now)
{
	unsigned char hash[CRYPT_HASH_SIZE];
	struct db_value in[] = { DB_BYTES(hash, sizeof(hash)), DB_INT(now) };
	enum err err;

	if ((err = crypt_sha256(code, strlen(code), hash)))
		return err;
	return db_query_one(c,
	    "SELECT 1 FROM invites"
	    " WHERE code_hash = ? AND expires_at > ? AND uses_left > 0",
	    in, DB_COUNT(in), ignore_row, NULL);
}

enum err
invite_use(struct db_conn *c, const char *code, int64_t now)
{
	unsigned char hash[CRYPT_HASH_SIZE];
	struct db_value in[] = { DB_BYTES(hash, sizeof(hash)), DB_INT(now) };
	uint64_t affected = 0;
	enum err err;

	if ((err = crypt_sha256(code, strlen(code), hash)))
		return err;
	err = db_run(c,
	    "UPDATE invites SET uses_left = uses_left - 1"
	    " WHERE code_hash = ? AND expires_at > ? AND uses_left > 0",
	    in, DB_COUNT(in), &affected);
	return err == ERR_OK && affected == 0 ? ERR_NOT_FOUND : err;
}

struct listing {
	invite_fn *fn;
	void *arg;
};

static enum err
read_invite(void *arg, const struct db_value *row, int n)
{
	const struct listing *l = arg;
	struct invite i = {
		.id = db_get_uuid(&row[0]), .maker = db_get_uuid(&row[1]),
		.uses_left = (int)row[4].i, .created_at = row[5].i,
		.expires_at = row[6].i,
	};

	(void)n;
	db_get_text(&row[2], i.maker_name, sizeof(i.maker_name));
	db_get_text(&row[3], i.note, sizeof(i.note));
	return l->fn(l->arg, &i);
}

enum err
invite_list(struct db_conn *c, int64_t now, int offset, int limit,
    invite_fn *each, void *arg)
{
	struct db_value in[] = { DB_INT(now), DB_INT(limit), DB_INT(offset) };
	struct listing l = { each, arg };

	return db_query(c,
	    "SELECT i.id, i.user_id, u.username, i.note, i.uses_left,"
	    " i.created_at, i.expires_at"
	    " FROM invites i LEFT JOIN users u ON u.id = i.user_id"
	    " WHERE i.expires_at > ?"
	    " ORDER BY i.created_at DESC, i.id DESC LIMIT ? OFFSET ?",
	    in, DB_COUNT(in), read_invite, &l);
}

static enum err
read_count(void *arg, const struct db_value *row, int n)
{
	(void)n;
	*(int64_t *)arg = row[0].i;
	return ERR_OK;
}

enum err
invite_count(struct db_conn *c, int64_t now, int64_t *out)
{
	struct db_value in[] = { DB_INT(now) };

	return db_query_one(c,
	    "SELECT COUNT(*) FROM invites WHERE expires_at > ?", in,
	    DB_COUNT(in), read_count, out);
}

enum err
invite_remove(struct db_conn *c, const struct uuid *id)
{
	struct db_value in[] = { db_uuid(id) };
	uint64_t affected = 0;
	enum err err = db_run(c, "DELETE FROM invites WHERE id = ?", in,
	    DB_COUNT(in), &affected);

	return err == ERR_OK && affected == 0 ? ERR_NOT_FOUND : err;
}
