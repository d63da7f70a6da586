#include "store/tries.h"

#define KEY_VALUES(key) \
	db_text((key)->what), DB_BYTES((key)->name, (key)->name_len), \
	db_text((key)->address)

static enum err
read_count(void *arg, const struct db_value *row, int n)
{
	struct tries_count *out = arg;

	(void)n;
	*out = (struct tries_count){ .n = (int)row[0].i,
		.not_before = row[1].i, .forget_at = row[2].i };
	return ERR_OK;
}

enum err
tries_find(struct db_conn *c, const struct tries_key *key,
    struct tries_count *out)
{
	struct db_value in[] = { KEY_VALUES(key) };
	struct tries_count count = { 0 };
	enum err err = db_query_one(c,
	    "SELECT n, not_before, forget_at FROM tries"
	    " WHERE what = ? AND name = ? AND address = ?",
	    in, DB_COUNT(in), read_count, &count);

	if (err != ERR_OK && err != ERR_NOT_FOUND)
		return err;
	*out = count;
	return ERR_OK;
}

/*
 * The first statement makes the row or takes it as it is, and has it for this
 * transaction in both cases.  SELECT … FOR UPDATE alone would lock nothing
 * where there is no row yet.
 */
enum err
tries_lock(struct db_conn *c, const struct tries_key *key,
    struct tries_count *out)
{
	struct db_value in[] = { KEY_VALUES(key) };
	enum err err;

	err = db_run(c,
	    "INSERT INTO tries (what, name, address, n, not_before, forget_at)"
	    " VALUES (?, ?, ?, 0, 0, 0) ON DUPLICATE KEY UPDATE n = n",
	    in, DB_COUNT(in), NULL);
	return err ? err : tries_find(c, key, out);
}

enum err
tries_set(struct db_conn *c, const struct tries_key *key,
    const struct tries_count *count)
{
	struct db_value in[] = {
		KEY_VALUES(key), DB_INT(count->n), DB_INT(count->not_before),
		DB_INT(count->forget_at), DB_INT(count->n),
		DB_INT(count->not_before), DB_INT(count->forget_at),
	};

	return db_run(c,
	    "INSERT INTO tries (what, name, address, n, not_before, forget_at)"
	    " VALUES (?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE"
	    " n = ?, not_before = ?, forget_at = ?",
	    in, DB_COUNT(in), NULL);
}

enum err
tries_take_back(struct db_conn *c, const struct tries_key *key, int64_t is,
    int64_t was)
{
	struct db_value in[] = {
		DB_INT(is), DB_INT(was), KEY_VALUES(key),
	};
	struct db_value gone[] = { KEY_VALUES(key) };
	enum err err;

	err = db_run(c,
	    "UPDATE tries SET n = n - 1,"
	    " not_before = IF(not_before = ?, ?, not_before)"
	    " WHERE what = ? AND name = ? AND address = ?",
	    in, DB_COUNT(in), NULL);
	if (err)
		return err;
	return db_run(c,
	    "DELETE FROM tries"
	    " WHERE what = ? AND name = ? AND address = ? AND n <= 0",
	    gone, DB_COUNT(gone), NULL);
}

enum err
tries_remove(struct db_conn *c, const struct tries_key *key)
{
	struct db_value in[] = { KEY_VALUES(key) };

	return db_run(c,
	    "DELETE FROM tries WHERE what = ? AND name = ? AND address = ?",
	    in, DB_COUNT(in), NULL);
}

enum err
tries_remove_name(struct db_conn *c, const char *what, const char *name,
    size_t name_len)
{
	struct db_value in[] = { db_text(what), DB_BYTES(name, name_len) };

	return db_run(c, "DELETE FROM tries WHERE what = ? AND name = ?",
	    in, DB_COUNT(in), NULL);
}

enum err
tries_sweep(struct db_conn *c, int64_t now_wall_ms)
{
	struct db_value in[] = {
		DB_INT(now_wall_ms), DB_INT(TRIES_SWEEP_MAX),
	};

	return db_run(c, "DELETE FROM tries WHERE forget_at <= ? LIMIT ?",
	    in, DB_COUNT(in), NULL);
}
