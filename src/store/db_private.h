/*
 * What the files of the database share, and nobody else includes:
 *
 *     db.c       statements and transactions, with what is tried again
 *     db_pool.c  connections taken and given back
 *     db_conn.c  one connection: made, looked at, broken off
 *     db_stmt.c  its statements: prepared, kept, run
 *     db_rows.c  what they give: rows fetched and handed over
 *     db_fail.c  its errors: what a number means, what is told of it
 *
 * <mysql.h> is for db_conn.c, db_stmt.c and db_rows.c alone, so nothing here is
 * of its types: handles are void *.
 *
 * A connection belongs to the thread that took it.  The lock of struct db
 * guards `idle` and `quiet_until`; the rest of it does not change.
 */
#ifndef STORE_DB_PRIVATE_H
#define STORE_DB_PRIVATE_H

#include <pthread.h>

#include "store/db.h"

enum {
	DB_STATEMENTS = 128,   /* prepared ones kept by a connection */
	DB_WHY_MAX = 256,
	DB_KEY_NAME_MAX = 65,  /* a key's name, NUL included */
	DB_PASSWORD_MAX = 512, /* NUL included */
};

/* One statement, prepared on one connection. */
struct db_stmt {
	const char *sql;
	void *handle;  /* a MYSQL_STMT; NULL: the place is free */
	uint64_t used; /* the connection's count when it was last used */
	int n_columns;
	enum db_type types[DB_COLUMNS_MAX]; /* as they are read */
};

struct db_rows; /* where rows arrive; db_rows.c knows what is in it */

struct db_conn {
	struct db *db;
	struct db_conn *next; /* in db->idle */
	void *my;             /* a MYSQL; NULL: not connected */
	bool in_transaction;
	uint64_t uses;
	struct db_stmt stmts[DB_STATEMENTS];
	struct db_rows *rows; /* its own, kept between queries */
	char why[DB_WHY_MAX];
	char conflict_key[DB_KEY_NAME_MAX];
};

struct db {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct db_conn *idle;  /* last used first, so that few stay warm */
	struct db_conn *conns; /* all of them */
	int n_conns;
	int64_t quiet_until;   /* monotonic ms */
	char host[CONF_TEXT_MAX], socket[CONF_TEXT_MAX];
	char user[CONF_TEXT_MAX], name[CONF_TEXT_MAX];
	char password[DB_PASSWORD_MAX];
	unsigned port;
};

/* What is asked, and who hears the answer. */
struct db_ask {
	const char *sql;
	const struct db_value *in;
	int n_in;
	db_row_fn *row; /* NULL: rows are not wanted */
	void *arg;
	bool one;
	int n_rows; /* handed over so far */
	uint64_t affected;
};

/* db_conn.c */

/* Start the client library, once for the process; false where it does not. */
bool
db_conn_start_library(void);

/* Before a thread's first use of the library, which sees it off by itself. */
void
db_conn_enter_thread(void);

/* Connect, unless it is: not inside a transaction, which went with its
 * connection, nor right after a database that let us wait. */
enum err
db_conn_ensure(struct db_conn *c);

/* Is the other end of a connection on which nothing is under way gone? */
bool
db_conn_is_closed(const struct db_conn *c);

/* Its statements go with it.  One that is not connected stays so. */
void
db_conn_close(struct db_conn *c);

/* These ask the server once; the connection has to be there for a begin. */
enum err
db_conn_begin(struct db_conn *c);

enum err
db_conn_commit(struct db_conn *c);

/* Cannot fail: what cannot be rolled back is broken off. */
void
db_conn_roll_back(struct db_conn *c);

/* db_stmt.c */

/* Run a statement once on a connection that is there.  `ask` counts the rows
 * that were handed over, which after a failure cannot be taken back. */
enum err
db_stmt_run(struct db_conn *c, struct db_ask *ask);

/* Note the statement's last error.  After it the statement may be gone, with
 * its connection; then its handle is NULL. */
enum err
db_stmt_fail(struct db_conn *c, const struct db_stmt *s);

/* Close all statements.  The connection goes first: after that, closing them
 * asks the server nothing, which may not answer. */
void
db_stmt_forget_all(struct db_conn *c);

/* db_rows.c */

/* NULL: out of memory. */
struct db_rows *
db_rows_new(void);

/* NULL is well. */
void
db_rows_free(struct db_rows *rows);

/* Hand over the rows of a statement that was just run, and drop those that are
 * not wanted. */
enum err
db_rows_read(struct db_conn *c, struct db_stmt *s, struct db_ask *ask);

/* db_fail.c */

/*
 * Note an error of the server or the library and say what it means.  Where the
 * connection is of no further use after it, it is closed, and its statements
 * with it.
 */
enum err
db_fail(struct db_conn *c, unsigned number, const char *state,
    const char *message);

/* Note a failure of our own; returns `err`. */
enum err
db_fail_here(struct db_conn *c, enum err err, const char *why);

#endif
