#include "store/users.h"

enum err
user_add(struct db_conn *c, const struct user_row *u, bool is_first)
{
	struct db_value in[] = {
		db_uuid(&u->id), db_text(u->username), db_text(u->password),
		DB_INT(u->is_admin), is_first ? DB_INT(1) : DB_NULL,
		DB_INT(u->created_at),
	};

	return db_run(c,
	    "INSERT INTO users"
	    " (id, username, password, is_admin, is_first, created_at)"
	    " VALUES (?, ?, ?, ?, ?, ?)", in, DB_COUNT(in), NULL);
}

static enum err
read_user(void *arg, const struct db_value *row, int n)
{
	struct user_row *u = arg;

	(void)n;
	u->id = db_get_uuid(&row[0]);
	db_get_text(&row[1], u->username, sizeof(u->username));
	db_get_text(&row[2], u->password, sizeof(u->password));
	u->is_admin = row[3].i != 0;
	u->is_disabled = row[4].type != DB_IS_NULL;
	u->created_at = row[5].i;
	return ERR_OK;
}

#define COLUMNS "id, username, password, is_admin, disabled_at, created_at"

enum err
user_by_name(struct db_conn *c, const char *name, size_t len,
    struct user_row *out)
{
	struct db_value in[] = { DB_BYTES(name, len) };

	return db_query_one(c,
	    "SELECT " COLUMNS " FROM users WHERE username = ?", in,
	    DB_COUNT(in), read_user, out);
}

enum err
user_get(struct db_conn *c, const struct uuid *id, struct user_row *out)
{
	struct db_value in[] = { db_uuid(id) };

	return db_query_one(c, "SELECT " COLUMNS " FROM users WHERE id = ?",
	    in, DB_COUNT(in), read_user, out);
}

static enum err
ignore_row(void *arg, const struct db_value *row, int n)
{
	(void)arg, (void)row, (void)n;
	return ERR_OK;
}

enum err
user_find_first(struct db_conn *c)
{
	return db_query_one(c, "SELECT 1 FROM users WHERE is_first = 1", NULL,
	    0, ignore_row, NULL);
}

enum err
user_set_password(struct db_conn *c, const struct uuid *id, const char *was,
    const char *password)
{
	struct db_value in[] = {
		db_text(password), db_uuid(id), db_text(was), db_text(was),
	};
	uint64_t affected = 0;
	enum err err = db_run(c,
	    "UPDATE users SET password = ?"
	    " WHERE id = ? AND (? IS NULL OR password = ?)", in, DB_COUNT(in),
	    &affected);

	return err == ERR_OK && affected == 0 ? ERR_NOT_FOUND : err;
}

static enum err
read_settings(void *arg, const struct db_value *row, int n)
{
	(void)n;
	return row[0].type == DB_IS_NULL ? ERR_OK :
	    buf_add(arg, row[0].p, row[0].len);
}

enum err
user_settings(struct db_conn *c, const struct uuid *id, struct buf *out)
{
	struct db_value in[] = { db_uuid(id) };

	return db_query_one(c, "SELECT settings FROM users WHERE id = ?", in,
	    DB_COUNT(in), read_settings, out);
}

enum err
user_set_settings(struct db_conn *c, const struct uuid *id, const char *json,
    size_t len)
{
	struct db_value in[] = { DB_BYTES(json, len), db_uuid(id) };

	return db_run(c, "UPDATE users SET settings = ? WHERE id = ?", in,
	    DB_COUNT(in), NULL);
}
