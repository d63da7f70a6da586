#include "store/db_private.h"

#include <mysql.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"

/* The two client libraries differ in this. */
#ifdef MARIADB_PACKAGE_VERSION
#define SOCKET_OF(my) mysql_get_socket(my)
#else
#define SOCKET_OF(my) ((my)->net.fd)
#endif

enum {
	CONNECT_S = 2,
	WRITE_S = 2,
	READ_S = 3,          /* above the lock wait, or its 1205 is not heard */
	SCRIPT_S = 600,      /* a change of a large table takes its time */
	SLOW_CONNECT_MS = 500, /* what failed later was not refused */
	QUIET_MS = 1000,     /* no new try after a slow failed one */
};

/* READ COMMITTED: without gap locks, sign-ups and claims at once do not stand
 * in each other's way. */
static const char *const session_setup[] = {
	"SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,"
	"ERROR_FOR_DIVISION_BY_ZERO,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,"
	"NO_ZERO_IN_DATE', innodb_lock_wait_timeout = 2, autocommit = 1",
	"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
};

/* Threads: libmysqlclient wants to meet each one and to see it off. */

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_key;
static bool library_is_ready;

static void
leave_thread(void *unused)
{
	(void)unused;
	mysql_thread_end();
}

static void
start_library(void)
{
	library_is_ready = mysql_library_init(0, NULL, NULL) == 0 &&
	    pthread_key_create(&thread_key, leave_thread) == 0;
}

bool
db_conn_start_library(void)
{
	pthread_once(&library_once, start_library);
	return library_is_ready;
}

void
db_conn_enter_thread(void)
{
	if (pthread_getspecific(thread_key) != NULL)
		return;
	mysql_thread_init();
	pthread_setspecific(thread_key, &thread_key);
}

static enum err
fail_conn(struct db_conn *c)
{
	return db_fail(c, mysql_errno(c->my), mysql_sqlstate(c->my),
	    mysql_error(c->my));
}

/* Connecting */

static MYSQL *
new_handle(const struct db *db, unsigned read_s)
{
	MYSQL *my = mysql_init(NULL);
	unsigned connect_s = CONNECT_S, write_s = WRITE_S, no = 0;
	unsigned protocol = db->socket[0] != '\0' ? MYSQL_PROTOCOL_SOCKET :
	    MYSQL_PROTOCOL_TCP;

	if (my == NULL)
		return NULL;
	mysql_options(my, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(my, MYSQL_OPT_READ_TIMEOUT, &read_s);
	mysql_options(my, MYSQL_OPT_WRITE_TIMEOUT, &write_s);
	mysql_options(my, MYSQL_OPT_PROTOCOL, &protocol);
	mysql_options(my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	/* or a server could ask for any file that we can read */
	mysql_options(my, MYSQL_OPT_LOCAL_INFILE, &no);
	return my;
}

static bool
connect_handle(const struct db *db, MYSQL *my, unsigned long flags)
{
	bool local = db->socket[0] != '\0';

	if (mysql_real_connect(my, local ? NULL : db->host, db->user,
	    db->password, db->name, db->port, local ? db->socket : NULL,
	    flags) == NULL)
		return false;
	for (size_t i = 0; i < DB_COUNT(session_setup); i++)
		if (mysql_query(my, session_setup[i]))
			return false;
	return true;
}

/* After a database that did not even refuse, the next ones who ask are told
 * so at once, instead of each waiting as long again. */
static bool
is_quiet_time(struct db *db)
{
	bool quiet;

	pthread_mutex_lock(&db->lock);
	quiet = clock_ms() < db->quiet_until;
	pthread_mutex_unlock(&db->lock);
	return quiet;
}

static void
note_connect(struct db *db, int64_t began)
{
	int64_t now = clock_ms();

	if (now - began < SLOW_CONNECT_MS)
		return;
	pthread_mutex_lock(&db->lock);
	db->quiet_until = now + QUIET_MS;
	pthread_mutex_unlock(&db->lock);
}

enum err
db_conn_ensure(struct db_conn *c)
{
	int64_t began = clock_ms();

	if (c->my != NULL)
		return ERR_OK;
	if (c->in_transaction)
		return db_fail_here(c, ERR_UNAVAILABLE,
		    "the connection broke inside a transaction");
	if (is_quiet_time(c->db))
		return db_fail_here(c, ERR_UNAVAILABLE,
		    "the database did not answer a moment ago");
	/* FOUND_ROWS: an UPDATE that changes nothing still met its row */
	c->my = new_handle(c->db, READ_S);
	if (c->my == NULL)
		return db_fail_here(c, ERR_INTERNAL, "out of memory");
	if (connect_handle(c->db, c->my, CLIENT_FOUND_ROWS))
		return ERR_OK;
	note_connect(c->db, began);
	fail_conn(c);
	db_conn_close(c);
	/* a wrong password too: it is not the caller who can help it */
	return ERR_UNAVAILABLE;
}

bool
db_conn_is_closed(const struct db_conn *c)
{
	MYSQL *my = c->my;
	struct pollfd p = { .fd = SOCKET_OF(my), .events = POLLIN };

	/* nothing is due on it, so what can be read is its end */
	return poll(&p, 1, 0) != 0;
}

void
db_conn_close(struct db_conn *c)
{
	if (c->my != NULL)
		mysql_close(c->my);
	c->my = NULL;
	db_stmt_forget_all(c);
}

/* Transactions */

enum err
db_conn_begin(struct db_conn *c)
{
	if (mysql_query(c->my, "START TRANSACTION"))
		return fail_conn(c);
	c->in_transaction = true;
	return ERR_OK;
}

enum err
db_conn_commit(struct db_conn *c)
{
	if (c->my == NULL)
		return ERR_UNAVAILABLE;
	if (mysql_commit(c->my))
		return fail_conn(c);
	c->in_transaction = false;
	return ERR_OK;
}

void
db_conn_roll_back(struct db_conn *c)
{
	if (c->my != NULL && mysql_rollback(c->my))
		db_conn_close(c); /* which ends the transaction as well */
	c->in_transaction = false;
}

/* Scripts */

/* Read away the answers of all statements; a failure ends it. */
static bool
read_results(MYSQL *my)
{
	int rc;

	do {
		MYSQL_RES *res = mysql_store_result(my);

		if (res != NULL)
			mysql_free_result(res);
		else if (mysql_errno(my) != 0)
			return false;
	} while ((rc = mysql_next_result(my)) == 0);
	return rc < 0;
}

enum err
db_script(struct db *db, const char *text, size_t len, char *why,
    size_t why_size)
{
	MYSQL *my;
	bool done;

	db_conn_enter_thread();
	if ((my = new_handle(db, SCRIPT_S)) == NULL) {
		snprintf(why, why_size, "out of memory");
		return ERR_INTERNAL;
	}
	done = connect_handle(db, my, CLIENT_MULTI_STATEMENTS) &&
	    mysql_real_query(my, text, len) == 0 && read_results(my);
	if (!done)
		snprintf(why, why_size, "%u (%s) %s", mysql_errno(my),
		    mysql_sqlstate(my), mysql_error(my));
	mysql_close(my);
	return done ? ERR_OK : ERR_UNAVAILABLE;
}
