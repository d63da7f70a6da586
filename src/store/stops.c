#include "store/stops.h"

#include "base/clock.h"

enum err
stop_add(struct db_conn *c, const struct uuid *stream, int lane,
    const struct uuid *owner)
{
	struct db_value in[] = {
		db_uuid(stream), DB_INT(lane), db_uuid(owner),
		DB_INT(clock_wall_ms()),
	};

	return db_run(c,
	    "INSERT IGNORE INTO stops (stream_id, lane, owner, created_at)"
	    " VALUES (?, ?, ?, ?)", in, DB_COUNT(in), NULL);
}

/* Where nothing runs there is nobody to let go. */
enum err
stop_add_joined(struct db_conn *c, const struct uuid *user)
{
	struct db_value in[] = {
		db_uuid(user), DB_INT(STOP_JOINED), DB_INT(clock_wall_ms()),
		db_uuid(user),
	};

	return db_run(c,
	    "INSERT IGNORE INTO stops (stream_id, lane, owner, created_at)"
	    " SELECT ?, ?, w.id, ? FROM workers w WHERE EXISTS"
	    " (SELECT 1 FROM messages m WHERE m.session_id IS NOT NULL"
	    " AND m.user_id = ?)", in, DB_COUNT(in), NULL);
}

struct taken {
	struct uuid stream[STOP_TAKE_MAX];
	int lane[STOP_TAKE_MAX];
	int n;
};

static enum err
read_stop(void *arg, const struct db_value *row, int n)
{
	struct taken *taken = arg;

	(void)n;
	taken->stream[taken->n] = db_get_uuid(&row[0]);
	taken->lane[taken->n] = (int)row[1].i;
	taken->n++;
	return ERR_OK;
}

static enum err
remove_stop(struct db_conn *c, const struct uuid *stream, int lane,
    const struct uuid *owner)
{
	struct db_value in[] = {
		db_uuid(stream), DB_INT(lane), db_uuid(owner),
	};

	return db_run(c, "DELETE FROM stops"
	    " WHERE stream_id = ? AND lane = ? AND owner = ?",
	    in, DB_COUNT(in), NULL);
}

/*
 * Each is removed by its own key, not all by owner: one that arrives between
 * the reading and the removal would be lost unread.
 */
enum err
stop_take(struct db_conn *c, const struct uuid *owner, stop_fn *fn, void *arg)
{
	struct db_value in[] = { db_uuid(owner), DB_INT(STOP_TAKE_MAX) };
	struct taken taken = { .n = 0 };
	enum err err;

	err = db_query(c,
	    "SELECT stream_id, lane FROM stops WHERE owner = ? LIMIT ?",
	    in, DB_COUNT(in), read_stop, &taken);
	if (err)
		return err;
	for (int i = 0; i < taken.n; i++)
		fn(arg, &taken.stream[i], taken.lane[i]);
	for (int i = 0; i < taken.n; i++)
		if ((err = remove_stop(c, &taken.stream[i], taken.lane[i],
		    owner)))
			return err;
	return ERR_OK;
}

enum err
stop_add_early(struct db_conn *c, const struct uuid *user,
    const char *client_request_id)
{
	struct db_value in[] = {
		db_uuid(user), db_text(client_request_id),
		DB_INT(clock_wall_ms()),
	};

	return db_run(c,
	    "INSERT IGNORE INTO early_stops"
	    " (user_id, client_request_id, created_at) VALUES (?, ?, ?)",
	    in, DB_COUNT(in), NULL);
}

static enum err
read_nothing(void *arg, const struct db_value *row, int n)
{
	(void)arg;
	(void)row;
	(void)n;
	return ERR_OK;
}

enum err
stop_find_early(struct db_conn *c, const struct uuid *user,
    const char *client_request_id)
{
	struct db_value in[] = { db_uuid(user), db_text(client_request_id) };

	return db_query_one(c,
	    "SELECT 1 FROM early_stops"
	    " WHERE user_id = ? AND client_request_id = ?",
	    in, DB_COUNT(in), read_nothing, NULL);
}

enum err
stop_sweep(struct db_conn *c, int64_t now_wall_ms)
{
	struct db_value in[] = { DB_INT(now_wall_ms - STOP_KEPT_MS) };
	enum err err;

	err = db_run(c, "DELETE FROM stops WHERE created_at < ?",
	    in, DB_COUNT(in), NULL);
	if (err)
		return err;
	return db_run(c, "DELETE FROM early_stops WHERE created_at < ?",
	    in, DB_COUNT(in), NULL);
}
