#include "store/sessions.h"

#include <string.h>

enum {
	ADDRESS_MAX = 45,     /* the longest IPv6 address as text */
	USER_AGENT_MAX = 200, /* characters; only ASCII is kept */
};

/* A header is any bytes; what is kept of it is printable ASCII. */
static struct db_value
clean(const char *text, size_t max, char *out)
{
	size_t n = strnlen(text, max);

	for (size_t i = 0; i < n; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	return DB_BYTES(out, n);
}

static enum err
remove_expired(struct db_conn *c, const struct uuid *user, int64_t now)
{
	struct db_value in[] = { db_uuid(user), DB_INT(now) };

	return db_run(c,
	    "DELETE FROM sessions WHERE user_id = ? AND expires_at <= ?", in,
	    DB_COUNT(in), NULL);
}

enum err
sessions_add(struct db_conn *c, const struct session_row *row,
    const char *address, const char *user_agent)
{
	char clean_address[ADDRESS_MAX], clean_agent[USER_AGENT_MAX];
	struct db_value in[] = {
		DB_BYTES(row->token_hash, sizeof(row->token_hash)),
		db_uuid(&row->id), db_uuid(&row->user.id),
		DB_INT(row->created_at), DB_INT(row->seen_at),
		DB_INT(row->expires_at),
		clean(address, ADDRESS_MAX, clean_address),
		clean(user_agent, USER_AGENT_MAX, clean_agent),
		db_uuid(&row->user.id),
	};
	uint64_t affected = 0;
	enum err err;

	if ((err = remove_expired(c, &row->user.id, row->created_at)))
		return err;
	/* The user may have gone, or been disabled, since the password was
	 * looked at. */
	err = db_run(c,
	    "INSERT INTO sessions (token_hash, id, user_id, created_at,"
	    " seen_at, expires_at, address, user_agent)"
	    " SELECT ?, ?, ?, ?, ?, ?, ?, ? FROM users"
	    " WHERE id = ? AND disabled_at IS NULL", in, DB_COUNT(in),
	    &affected);
	return err == ERR_OK && affected == 0 ? ERR_NOT_FOUND : err;
}

static enum err
read_session(void *arg, const struct db_value *row, int n)
{
	struct session_row *s = arg;

	(void)n;
	s->id = db_get_uuid(&row[0]);
	s->created_at = row[1].i;
	s->seen_at = row[2].i;
	s->expires_at = row[3].i;
	s->user.id = db_get_uuid(&row[4]);
	db_get_text(&row[5], s->user.username, sizeof(s->user.username));
	s->user.is_admin = row[6].i != 0;
	s->user.created_at = row[7].i;
	s->user.own.questions_per_minute = (int)db_get_int(&row[8], -1);
	s->user.own.streams = (int)db_get_int(&row[9], -1);
	return ERR_OK;
}

enum err
sessions_find(struct db_conn *c,
    const unsigned char token_hash[static SESSIONS_HASH_SIZE], int64_t now,
    struct session_row *out)
{
	struct db_value in[] = {
		DB_BYTES(token_hash, SESSIONS_HASH_SIZE), DB_INT(now),
	};
	struct session_row row = { .seen_at = 0 };
	enum err err = db_query_one(c,
	    "SELECT s.id, s.created_at, s.seen_at, s.expires_at, u.id,"
	    " u.username, u.is_admin, u.created_at,"
	    " u.questions_per_minute, u.streams_per_user"
	    " FROM sessions s JOIN users u ON u.id = s.user_id"
	    " WHERE s.token_hash = ? AND s.expires_at > ?"
	    " AND u.disabled_at IS NULL", in, DB_COUNT(in), read_session, &row);

	if (err)
		return err;
	memcpy(row.token_hash, token_hash, sizeof(row.token_hash));
	*out = row;
	return ERR_OK;
}

enum err
sessions_prolong(struct db_conn *c, const struct session_row *row)
{
	struct db_value in[] = {
		DB_INT(row->seen_at), DB_INT(row->expires_at),
		DB_BYTES(row->token_hash, sizeof(row->token_hash)),
		db_uuid(&row->user.id),
	};

	return db_run(c,
	    "UPDATE sessions SET seen_at = ?, expires_at = ?"
	    " WHERE token_hash = ? AND user_id = ?", in, DB_COUNT(in), NULL);
}

enum err
sessions_remove(struct db_conn *c, const struct uuid *user,
    const unsigned char token_hash[static SESSIONS_HASH_SIZE])
{
	struct db_value in[] = {
		DB_BYTES(token_hash, SESSIONS_HASH_SIZE), db_uuid(user),
	};

	return db_run(c,
	    "DELETE FROM sessions WHERE token_hash = ? AND user_id = ?", in,
	    DB_COUNT(in), NULL);
}

struct listing {
	session_fn *fn;
	void *arg;
};

static enum err
read_entry(void *arg, const struct db_value *row, int n)
{
	const struct listing *l = arg;
	struct session_entry e = {
		.id = db_get_uuid(&row[0]), .created_at = row[1].i,
		.seen_at = row[2].i, .expires_at = row[3].i,
		.address = row[4].p, .user_agent = row[5].p,
	};

	(void)n;
	return l->fn(l->arg, &e);
}

enum err
sessions_list(struct db_conn *c, const struct uuid *user, int64_t now,
    int offset, int limit, session_fn *each, void *arg)
{
	struct listing l = { each, arg };
	struct db_value in[] = {
		db_uuid(user), DB_INT(now), DB_INT(limit), DB_INT(offset),
	};

	return db_query(c,
	    "SELECT id, created_at, seen_at, expires_at, address, user_agent"
	    " FROM sessions WHERE user_id = ? AND expires_at > ?"
	    " ORDER BY seen_at DESC, id DESC LIMIT ? OFFSET ?",
	    in, DB_COUNT(in), read_entry, &l);
}

static enum err
read_count(void *arg, const struct db_value *row, int n)
{
	(void)n;
	*(int64_t *)arg = row[0].i;
	return ERR_OK;
}

enum err
sessions_count(struct db_conn *c, const struct uuid *user, int64_t now,
    int64_t *out)
{
	struct db_value in[] = { db_uuid(user), DB_INT(now) };

	return db_query_one(c,
	    "SELECT COUNT(*) FROM sessions"
	    " WHERE user_id = ? AND expires_at > ?", in, DB_COUNT(in),
	    read_count, out);
}

enum err
sessions_end(struct db_conn *c, const struct uuid *user,
    const struct uuid *id)
{
	struct db_value in[] = { db_uuid(id), db_uuid(user) };
	uint64_t affected = 0;
	enum err err = db_run(c,
	    "DELETE FROM sessions WHERE id = ? AND user_id = ?", in,
	    DB_COUNT(in), &affected);

	return err == ERR_OK && affected == 0 ? ERR_NOT_FOUND : err;
}

enum err
sessions_end_all(struct db_conn *c, const struct uuid *user,
    const struct uuid *but)
{
	struct db_value in[] = { db_uuid(user), db_uuid(but) };

	return db_run(c,
	    "DELETE FROM sessions WHERE user_id = ? AND NOT (id <=> ?)", in,
	    DB_COUNT(in), NULL);
}

enum err
sessions_renew(struct db_conn *c, const struct session_row *row)
{
	struct db_value in[] = {
		DB_BYTES(row->token_hash, sizeof(row->token_hash)),
		DB_INT(row->seen_at), DB_INT(row->expires_at),
		db_uuid(&row->id), db_uuid(&row->user.id),
	};
	uint64_t affected = 0;
	enum err err = db_run(c,
	    "UPDATE sessions SET token_hash = ?, seen_at = ?, expires_at = ?"
	    " WHERE id = ? AND user_id = ?", in, DB_COUNT(in), &affected);

	return err == ERR_OK && affected == 0 ? ERR_NOT_FOUND : err;
}
