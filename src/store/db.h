/*
 * The database: a pool of connections with prepared statements, and the only
 * user of <mysql.h>.  No statement is ever put together from values.
 *
 * A connection is used by one thread at a time.  Nothing here waits longer than
 * a few seconds: 2 s for a connect, 2 s for a lock, and 3 s for an answer, so
 * that a lock which does not come is heard of.
 * A connection that broke is replaced on its next use; the statement that met
 * the break is tried once more, but never inside a transaction.
 *
 * ERR_UNAVAILABLE: the database cannot be reached or answers too late.
 * ERR_CONFLICT: a unique key is already there.  ERR_BUSY: a lock or deadlock,
 * for db_transaction() to try again.  ERR_INTERNAL: anything else.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/uuid.h"

enum {
	DB_COLUMNS_MAX = 32,            /* of a result */
	DB_VALUES_MAX = 64,             /* that go into a statement */
	DB_CELL_MAX = 16 * 1024 * 1024, /* bytes of one value that is read */
	DB_TRIES_MAX = 3,               /* of a transaction that met a lock */
};

struct db;      /* the pool */
struct db_conn; /* one connection */

enum db_type { DB_IS_NULL, DB_IS_INT, DB_IS_REAL, DB_IS_BYTES };

struct db_value {
	enum db_type type;
	int64_t i;
	double r;
	const char *p; /* followed by a NUL in results */
	size_t len;
};

#define DB_NULL ((struct db_value){ .type = DB_IS_NULL })
#define DB_INT(v) ((struct db_value){ .type = DB_IS_INT, .i = (v) })
#define DB_REAL(v) ((struct db_value){ .type = DB_IS_REAL, .r = (v) })
#define DB_BYTES(v, n) \
	((struct db_value){ .type = DB_IS_BYTES, .p = (const char *)(v), \
	    .len = (n) })

/* A string, or NULL for NULL.  What is compared with a column of ASCII has to
 * be ASCII, or the server refuses the statement. */
struct db_value
db_text(const char *text);

/* The 16 bytes, or NULL for the UUID of zeros or for NULL. */
struct db_value
db_uuid(const struct uuid *u);

/* A UUID from a result; zeros for NULL. */
struct uuid
db_get_uuid(const struct db_value *v);

/* A number from a result; `otherwise` for NULL. */
int64_t
db_get_int(const struct db_value *v, int64_t otherwise);

/* Copy a text from a result, cut to fit; "" for NULL. */
void
db_get_text(const struct db_value *v, char *out, size_t size);

/*
 * A pool of at most `conf->database_pool` connections, made when first needed.
 * `why` gets a sentence where the password file cannot be used.
 */
enum err
db_open(const struct conf *conf, struct db **out, char *why, size_t why_size);

void
db_free(struct db *db);

/*
 * Borrow a connection; it waits for a free one up to 2 s.  Give it back in
 * every case; one that is given back inside a transaction is rolled back.
 */
enum err
db_take(struct db *db, struct db_conn **out);

void
db_give(struct db *db, struct db_conn *c);

/* Called once for every row; anything but ERR_OK ends the reading.  It must
 * not use the connection, on which further rows may wait. */
typedef enum err db_row_fn(void *arg, const struct db_value *row, int n);

/* Run a statement.  `affected`, which may be NULL, counts the rows that were
 * found, those included that already were as they should be.  sql must be a
 * literal: statements are remembered by its address. */
enum err
db_run(struct db_conn *c, const char *sql, const struct db_value *in, int n_in,
    uint64_t *affected);

/* Run a query and hand over its rows; values are borrowed for the call. */
enum err
db_query(struct db_conn *c, const char *sql, const struct db_value *in,
    int n_in, db_row_fn *row, void *arg);

/* Like db_query() for at most one row; ERR_NOT_FOUND where there is none. */
enum err
db_query_one(struct db_conn *c, const char *sql, const struct db_value *in,
    int n_in, db_row_fn *row, void *arg);

/* The text of the last error of this connection, for the log. */
const char *
db_why(const struct db_conn *c);

/* After ERR_CONFLICT: the name of the unique key that is already there, such
 * as "username" or "PRIMARY"; otherwise "". */
const char *
db_conflict_key(const struct db_conn *c);

typedef enum err db_work_fn(struct db_conn *c, void *arg);

/*
 * Run `work` between START TRANSACTION and COMMIT on `c`.  Where it or the
 * COMMIT answers ERR_BUSY it is rolled back and run again from its start, at
 * most DB_TRIES_MAX times in all and not after 4 s, after which
 * ERR_UNAVAILABLE; where it fails otherwise it is rolled back.  So `work` must
 * leave nothing behind but rows.
 */
enum err
db_transaction(struct db_conn *c, db_work_fn *work, void *arg);

/*
 * Run a file of statements, such as schema.sql, one after the other on a
 * connection of its own, which alone may carry several statements at once and
 * waits up to ten minutes for each.  What ran before a failure stays.
 */
enum err
db_script(struct db *db, const char *text, size_t len, char *why,
    size_t why_size);

#define DB_COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

#endif
