#include "store/workers.h"

#include "base/clock.h"

static enum err
insert(struct db_conn *c, const struct worker_row *w)
{
	struct db_value in[] = {
		db_uuid(&w->id), db_text(w->host), DB_INT(w->pid),
		DB_INT(w->beat), DB_INT(clock_wall_ms()), db_text(w->keys),
	};

	return db_run(c,
	    "INSERT INTO workers"
	    " (id, host, pid, beat, started_at, master_keys)"
	    " VALUES (?, ?, ?, ?, ?, ?)", in, DB_COUNT(in), NULL);
}

enum err
worker_beat(struct db_conn *c, const struct worker_row *w)
{
	struct db_value in[] = { DB_INT(w->beat), db_uuid(&w->id) };
	uint64_t affected = 0;
	enum err err;

	err = db_run(c, "UPDATE workers SET beat = ? WHERE id = ?",
	    in, DB_COUNT(in), &affected);
	if (err || affected == 1)
		return err;
	return insert(c, w);
}

struct each {
	worker_fn *fn;
	void *arg;
};

static enum err
read_worker(void *arg, const struct db_value *row, int n)
{
	struct each *each = arg;
	struct uuid id = db_get_uuid(&row[0]);

	(void)n;
	each->fn(each->arg, &id, row[1].i);
	return ERR_OK;
}

enum err
worker_list(struct db_conn *c, worker_fn *fn, void *arg)
{
	struct each each = { fn, arg };

	return db_query(c, "SELECT id, beat FROM workers", NULL, 0,
	    read_worker, &each);
}

enum err
worker_drop_keys(struct db_conn *c, const struct uuid *id)
{
	struct db_value in[] = { db_uuid(id) };

	return db_run(c, "UPDATE workers SET master_keys = '' WHERE id = ?",
	    in, DB_COUNT(in), NULL);
}

struct each_row {
	worker_row_fn *fn;
	void *arg;
};

static enum err
read_row(void *arg, const struct db_value *row, int n)
{
	struct each_row *each = arg;
	struct worker_row w = {
		.id = db_get_uuid(&row[0]), .host = row[1].p,
		.pid = (int)row[2].i, .beat = row[3].i, .keys = row[4].p,
	};

	(void)n;
	each->fn(each->arg, &w);
	return ERR_OK;
}

enum err
worker_rows(struct db_conn *c, worker_row_fn *fn, void *arg)
{
	struct each_row each = { fn, arg };

	return db_query(c,
	    "SELECT id, host, pid, beat, master_keys FROM workers"
	    " ORDER BY host, pid", NULL, 0, read_row, &each);
}

enum err
worker_remove(struct db_conn *c, const struct uuid *id)
{
	struct db_value in[] = { db_uuid(id) };

	return db_run(c, "DELETE FROM workers WHERE id = ?",
	    in, DB_COUNT(in), NULL);
}
