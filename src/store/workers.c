#include "store/workers.h"

#include "base/clock.h"

static enum err
insert(struct db_conn *c, const struct uuid *id, const char *host, int pid,
    int64_t beat)
{
	struct db_value in[] = {
		db_uuid(id), db_text(host), DB_INT(pid), DB_INT(beat),
		DB_INT(clock_wall_ms()),
	};

	return db_run(c,
	    "INSERT INTO workers (id, host, pid, beat, started_at)"
	    " VALUES (?, ?, ?, ?, ?)", in, DB_COUNT(in), NULL);
}

enum err
worker_beat(struct db_conn *c, const struct uuid *id, const char *host,
    int pid, int64_t beat)
{
	struct db_value in[] = { DB_INT(beat), db_uuid(id) };
	uint64_t affected = 0;
	enum err err;

	err = db_run(c, "UPDATE workers SET beat = ? WHERE id = ?",
	    in, DB_COUNT(in), &affected);
	if (err || affected == 1)
		return err;
	return insert(c, id, host, pid, beat);
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
worker_remove(struct db_conn *c, const struct uuid *id)
{
	struct db_value in[] = { db_uuid(id) };

	return db_run(c, "DELETE FROM workers WHERE id = ?",
	    in, DB_COUNT(in), NULL);
}
