#include "store/db_private.h"

#include <string.h>

#include "base/clock.h"

enum {
	RETRY_WITHIN_MS = 1000, /* what failed later was slow, not broken */
	TRANSACTION_MS = 4000,  /* no further try after that */
};

struct db_value
db_text(const char *text)
{
	return text != NULL ? DB_BYTES(text, strlen(text)) : DB_NULL;
}

struct db_value
db_uuid(const struct uuid *u)
{
	if (u == NULL || uuid_is_none(u))
		return DB_NULL;
	return DB_BYTES(u->b, sizeof(u->b));
}

struct uuid
db_get_uuid(const struct db_value *v)
{
	struct uuid u = { { 0 } };

	if (v->type == DB_IS_BYTES && v->len == sizeof(u.b))
		memcpy(u.b, v->p, sizeof(u.b));
	return u;
}

int64_t
db_get_int(const struct db_value *v, int64_t otherwise)
{
	return v->type == DB_IS_INT ? v->i : otherwise;
}

void
db_get_text(const struct db_value *v, char *out, size_t size)
{
	size_t n = v->type == DB_IS_BYTES ? v->len : 0;

	if (n > size - 1)
		n = size - 1;
	if (n > 0)
		memcpy(out, v->p, n);
	out[n] = '\0';
}

/* Statements */

static enum err
run_once(struct db_conn *c, struct db_ask *ask)
{
	enum err err;

	if ((err = db_conn_ensure(c)))
		return err;
	return db_stmt_run(c, ask);
}

/* Once more where the connection turned out to be broken.  Not what failed
 * slowly: that one is not broken but stuck, and has used up its time. */
static enum err
run(struct db_conn *c, struct db_ask *ask)
{
	bool was_connected = c->my != NULL;
	int64_t began = clock_ms();
	enum err err;

	c->why[0] = c->conflict_key[0] = '\0';
	err = run_once(c, ask);
	if (err != ERR_UNAVAILABLE || !was_connected || c->my != NULL ||
	    c->in_transaction || ask->n_rows > 0 ||
	    clock_ms() - began > RETRY_WITHIN_MS)
		return err;
	return run_once(c, ask);
}

enum err
db_run(struct db_conn *c, const char *sql, const struct db_value *in, int n_in,
    uint64_t *affected)
{
	struct db_ask ask = { .sql = sql, .in = in, .n_in = n_in };
	enum err err = run(c, &ask);

	if (err == ERR_OK && affected != NULL)
		*affected = ask.affected;
	return err;
}

enum err
db_query(struct db_conn *c, const char *sql, const struct db_value *in,
    int n_in, db_row_fn *row, void *arg)
{
	struct db_ask ask = { .sql = sql, .in = in, .n_in = n_in, .row = row,
		.arg = arg };

	return run(c, &ask);
}

enum err
db_query_one(struct db_conn *c, const char *sql, const struct db_value *in,
    int n_in, db_row_fn *row, void *arg)
{
	struct db_ask ask = { .sql = sql, .in = in, .n_in = n_in, .row = row,
		.arg = arg, .one = true };
	enum err err = run(c, &ask);

	return err == ERR_OK && ask.n_rows == 0 ? ERR_NOT_FOUND : err;
}

/* Transactions */

static enum err
begin(struct db_conn *c)
{
	bool was_connected = c->my != NULL;
	enum err err;

	if ((err = db_conn_ensure(c)))
		return err;
	err = db_conn_begin(c);
	if (err != ERR_UNAVAILABLE || !was_connected || c->my != NULL)
		return err;
	if ((err = db_conn_ensure(c)))
		return err;
	return db_conn_begin(c);
}

static enum err
try_transaction(struct db_conn *c, db_work_fn *work, void *arg)
{
	enum err err;

	if ((err = begin(c)))
		return err;
	if ((err = work(c, arg)) || (err = db_conn_commit(c)))
		db_conn_roll_back(c);
	return err;
}

enum err
db_transaction(struct db_conn *c, db_work_fn *work, void *arg)
{
	int64_t began = clock_ms();
	enum err err = ERR_BUSY;

	for (int i = 0; i < DB_TRIES_MAX && err == ERR_BUSY; i++) {
		if (i > 0 && clock_ms() - began > TRANSACTION_MS)
			break;
		err = try_transaction(c, work, arg);
	}
	return err == ERR_BUSY ? ERR_UNAVAILABLE : err;
}
