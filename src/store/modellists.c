#include "store/modellists.h"

enum err
modellist_put(struct db_conn *c, const struct uuid *user,
    const char *provider, const char *json, size_t len, int64_t now)
{
	struct db_value in[] = {
		db_uuid(user), db_text(provider), DB_BYTES(json, len),
		DB_INT(now), DB_INT(now),
		DB_BYTES(json, len), DB_INT(now), DB_INT(now),
	};

	return db_run(c,
	    "INSERT INTO model_lists (user_id, provider, models, listed_at,"
	    " tried_at, failed) VALUES (?, ?, ?, ?, ?, 0)"
	    " ON DUPLICATE KEY UPDATE models = ?, listed_at = ?, tried_at = ?,"
	    " failed = 0", in, DB_COUNT(in), NULL);
}

enum err
modellist_fail(struct db_conn *c, const struct uuid *user,
    const char *provider, int64_t now)
{
	struct db_value in[] = {
		db_uuid(user), db_text(provider), DB_INT(now), DB_INT(now),
	};

	return db_run(c,
	    "INSERT INTO model_lists (user_id, provider, tried_at, failed)"
	    " VALUES (?, ?, ?, 1)"
	    " ON DUPLICATE KEY UPDATE tried_at = ?, failed = 1",
	    in, DB_COUNT(in), NULL);
}

struct listing {
	modellist_fn *each;
	void *arg;
};

static enum err
read_row(void *arg, const struct db_value *row, int n)
{
	const struct listing *l = arg;
	struct modellist list = {
		.json = row[1].type == DB_IS_NULL ? NULL : row[1].p,
		.len = row[1].len,
		.listed_at = row[2].type == DB_IS_INT ? row[2].i : 0,
		.tried_at = row[3].i,
		.failed = row[4].i != 0,
	};

	(void)n;
	db_get_text(&row[0], list.provider, sizeof(list.provider));
	return l->each(l->arg, &list);
}

enum err
modellist_each(struct db_conn *c, const struct uuid *user, modellist_fn *each,
    void *arg)
{
	struct listing l = { each, arg };
	struct db_value in[] = { db_uuid(user) };

	return db_query(c,
	    "SELECT provider, models, listed_at, tried_at, failed"
	    " FROM model_lists WHERE user_id = ? ORDER BY provider",
	    in, DB_COUNT(in), read_row, &l);
}

enum err
modellist_delete(struct db_conn *c, const struct uuid *user,
    const char *provider)
{
	struct db_value in[] = { db_uuid(user), db_text(provider) };

	return db_run(c,
	    "DELETE FROM model_lists WHERE user_id = ? AND provider = ?",
	    in, DB_COUNT(in), NULL);
}
