#include "store/db.h"

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypt.h"

/* The two client libraries differ in this alone. */
#ifdef MARIADB_PACKAGE_VERSION
#define FLAG my_bool
#define SOCKET_OF(my) mysql_get_socket(my)
#else
#define FLAG bool
#define SOCKET_OF(my) ((my)->net.fd)
#endif

enum {
	CONNECT_S = 2,
	WRITE_S = 2,
	READ_S = 3,          /* above the lock wait, or its 1205 is not heard */
	SCRIPT_S = 600,      /* a change of a large table takes its time */
	TAKE_MS = 2000,      /* wait for a free connection */
	RETRY_WITHIN_MS = 1000, /* what failed later was slow, not broken */
	SLOW_CONNECT_MS = 500, /* what failed later was not refused */
	QUIET_MS = 1000,     /* no new try after a slow failed one */
	TRANSACTION_MS = 4000, /* no further try after that */
	STATEMENTS = 128,    /* prepared ones kept by a connection */
	WAYS = 4,            /* places that one statement may be kept at */
	CELL_FIRST = 256,    /* bytes of a value that need no second fetch */
	CELL_KEPT = 65536,   /* a buffer above this goes after the query */
	WHY_MAX = 256,
	KEY_NAME_MAX = 65,   /* a key's name, NUL included */
	PASSWORD_MAX = 512,
};

/* READ COMMITTED: without gap locks, sign-ups and claims at once do not stand
 * in each other's way. */
static const char *const session_setup[] = {
	"SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,"
	"ERROR_FOR_DIVISION_BY_ZERO,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,"
	"NO_ZERO_IN_DATE', innodb_lock_wait_timeout = 2, autocommit = 1",
	"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
};

enum {
	DROPS = 1,  /* the connection is of no further use */
	QUOTES = 2, /* the message quotes values, so it is not for the log */
};

/* What an error of the server or the library means; any other is
 * ERR_INTERNAL.  Numbers are those that one of the two servers lacks. */
static const struct failure {
	unsigned number;
	enum err err;
	unsigned flags;
} failures[] = {
	{ ER_DUP_ENTRY, ERR_CONFLICT, QUOTES },
	{ ER_LOCK_DEADLOCK, ERR_BUSY, 0 },
	{ ER_LOCK_WAIT_TIMEOUT, ERR_BUSY, 0 },
	{ ER_CHECKREAD, ERR_BUSY, 0 }, /* changed since it was read */
	{ CR_CONNECTION_ERROR, ERR_UNAVAILABLE, DROPS },
	{ CR_CONN_HOST_ERROR, ERR_UNAVAILABLE, DROPS },
	{ CR_UNKNOWN_HOST, ERR_UNAVAILABLE, DROPS },
	{ CR_SERVER_GONE_ERROR, ERR_UNAVAILABLE, DROPS },
	{ CR_SERVER_HANDSHAKE_ERR, ERR_UNAVAILABLE, DROPS },
	{ CR_SERVER_LOST, ERR_UNAVAILABLE, DROPS },
	{ CR_SERVER_LOST_EXTENDED, ERR_UNAVAILABLE, DROPS },
	{ ER_CON_COUNT_ERROR, ERR_UNAVAILABLE, DROPS },
	{ ER_TOO_MANY_USER_CONNECTIONS, ERR_UNAVAILABLE, DROPS },
	{ ER_SERVER_SHUTDOWN, ERR_UNAVAILABLE, DROPS },
	{ ER_NORMAL_SHUTDOWN, ERR_UNAVAILABLE, DROPS },
	{ ER_QUERY_INTERRUPTED, ERR_UNAVAILABLE, DROPS },
	{ 1927, ERR_UNAVAILABLE, DROPS }, /* MariaDB: connection was killed */
	{ 3169, ERR_UNAVAILABLE, DROPS }, /* MySQL: session was killed */
	{ 4031, ERR_UNAVAILABLE, DROPS }, /* MySQL: idle for too long */
	{ ER_UNKNOWN_STMT_HANDLER, ERR_UNAVAILABLE, DROPS },
	{ ER_MAX_PREPARED_STMT_COUNT_REACHED, ERR_UNAVAILABLE, DROPS },
	{ ER_UNKNOWN_COM_ERROR, ERR_UNAVAILABLE, 0 }, /* Galera: not ready */
	{ ER_OPTION_PREVENTS_STATEMENT, ERR_UNAVAILABLE, 0 }, /* read only */
	{ ER_DISK_FULL, ERR_UNAVAILABLE, 0 },
	{ ER_RECORD_FILE_FULL, ERR_UNAVAILABLE, 0 },
	{ CR_COMMANDS_OUT_OF_SYNC, ERR_INTERNAL, DROPS },
	{ CR_MALFORMED_PACKET, ERR_INTERNAL, DROPS },
	{ CR_OUT_OF_MEMORY, ERR_INTERNAL, DROPS },
	{ ER_TRUNCATED_WRONG_VALUE, ERR_INTERNAL, QUOTES },
	{ ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ERR_INTERNAL, QUOTES },
	{ ER_INVALID_CHARACTER_STRING, ERR_INTERNAL, QUOTES },
};

/* One statement, prepared on one connection. */
struct stmt {
	const char *sql;
	MYSQL_STMT *handle; /* NULL: the place is free */
	uint64_t used;      /* the connection's count when it was last used */
	int n_columns;
	enum enum_field_types types[DB_COLUMNS_MAX]; /* as they are read */
};

/* Where one value of a row arrives; kept between queries. */
struct cell {
	char *p;
	size_t cap; /* bytes, one for the NUL included */
	unsigned long len;
	int64_t i;
	double r;
	FLAG null;
};

struct db_conn {
	struct db *db;
	struct db_conn *next; /* in db->idle */
	MYSQL *my;            /* NULL: not connected */
	bool in_transaction;
	uint64_t uses;
	struct stmt stmts[STATEMENTS];
	struct cell cells[DB_COLUMNS_MAX];
	char why[WHY_MAX];
	char conflict_key[KEY_NAME_MAX];
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
	char password[PASSWORD_MAX];
	unsigned port;
};

/* Values */

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

/* Errors */

static const struct failure *
find_failure(unsigned number)
{
	static const struct failure other = { 0, ERR_INTERNAL, 0 };

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (failures[i].number == number)
			return &failures[i];
	return &other;
}

/* The name at the end of "… for key 'name'" or "… for key 'table.name'". */
static void
read_conflict_key(struct db_conn *c, const char *message)
{
	const char *end = strrchr(message, '\'');
	const char *p = end;

	if (end == NULL)
		return;
	while (p > message && p[-1] != '\'' && p[-1] != '.')
		p--;
	snprintf(c->conflict_key, sizeof(c->conflict_key), "%.*s",
	    (int)(end - p), p);
}

/* The connection goes first: after that, closing its statements asks the
 * server nothing, which may not answer. */
static void
disconnect(struct db_conn *c)
{
	if (c->my != NULL)
		mysql_close(c->my);
	c->my = NULL;
	for (int i = 0; i < STATEMENTS; i++) {
		if (c->stmts[i].handle != NULL)
			mysql_stmt_close(c->stmts[i].handle);
		c->stmts[i] = (struct stmt){ 0 };
	}
}

static enum err
fail(struct db_conn *c, unsigned number, const char *state,
    const char *message)
{
	const struct failure *f = find_failure(number);

	snprintf(c->why, sizeof(c->why), "%u (%s)%s%s", number, state,
	    f->flags & QUOTES ? "" : " ", f->flags & QUOTES ? "" : message);
	if (f->err == ERR_CONFLICT)
		read_conflict_key(c, message);
	if (f->flags & DROPS)
		disconnect(c);
	return f->err;
}

static enum err
fail_conn(struct db_conn *c)
{
	return fail(c, mysql_errno(c->my), mysql_sqlstate(c->my),
	    mysql_error(c->my));
}

static enum err
fail_stmt(struct db_conn *c, MYSQL_STMT *handle)
{
	char message[WHY_MAX];

	/* a copy: the statement may go with its connection */
	snprintf(message, sizeof(message), "%s", mysql_stmt_error(handle));
	return fail(c, mysql_stmt_errno(handle), mysql_stmt_sqlstate(handle),
	    message);
}

static enum err
fail_here(struct db_conn *c, enum err err, const char *why)
{
	snprintf(c->why, sizeof(c->why), "%s", why);
	return err;
}

const char *
db_why(const struct db_conn *c)
{
	return c->why;
}

const char *
db_conflict_key(const struct db_conn *c)
{
	return c->conflict_key;
}

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

static void
enter_thread(void)
{
	if (pthread_getspecific(thread_key) != NULL)
		return;
	mysql_thread_init();
	pthread_setspecific(thread_key, &thread_key);
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

static enum err
ensure_connected(struct db_conn *c)
{
	int64_t began = clock_ms();

	if (c->my != NULL)
		return ERR_OK;
	if (c->in_transaction)
		return fail_here(c, ERR_UNAVAILABLE,
		    "the connection broke inside a transaction");
	if (is_quiet_time(c->db))
		return fail_here(c, ERR_UNAVAILABLE,
		    "the database did not answer a moment ago");
	/* FOUND_ROWS: an UPDATE that changes nothing still met its row */
	c->my = new_handle(c->db, READ_S);
	if (c->my == NULL)
		return fail_here(c, ERR_INTERNAL, "out of memory");
	if (connect_handle(c->db, c->my, CLIENT_FOUND_ROWS))
		return ERR_OK;
	note_connect(c->db, began);
	fail_conn(c);
	disconnect(c);
	/* a wrong password too: it is not the caller who can help it */
	return ERR_UNAVAILABLE;
}

/* An idle connection on which something can be read has been closed. */
static bool
is_closed(const struct db_conn *c)
{
	struct pollfd p = { .fd = SOCKET_OF(c->my), .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

/* The pool */

static void
copy(char *out, const char *text)
{
	memcpy(out, text, strlen(text) + 1);
}

static enum err
read_password(const char *path, struct db *db, char *why, size_t why_size)
{
	struct buf text;
	enum err err;

	if (path[0] == '\0')
		return ERR_OK;
	buf_init(&text, sizeof(db->password) - 1);
	err = crypt_secret_load(path, &text, why, why_size);
	if (err == ERR_OK)
		copy(db->password, text.p);
	crypt_wipe(text.p, text.len);
	buf_free(&text);
	return err;
}

static enum err
make_conns(struct db *db, int n)
{
	db->conns = calloc((size_t)n, sizeof(*db->conns));
	if (db->conns == NULL)
		return ERR_INTERNAL;
	db->n_conns = n;
	for (int i = 0; i < n; i++) {
		db->conns[i].db = db;
		db->conns[i].next = db->idle;
		db->idle = &db->conns[i];
	}
	return ERR_OK;
}

static void
init_lock(struct db *db)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&db->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&db->freed, &attr);
	pthread_condattr_destroy(&attr);
}

enum err
db_open(const struct conf *conf, struct db **out, char *why, size_t why_size)
{
	struct db *db;
	enum err err;

	pthread_once(&library_once, start_library);
	db = calloc(1, sizeof(*db));
	if (!library_is_ready || db == NULL) {
		snprintf(why, why_size, "The database library does not start.");
		free(db);
		return ERR_INTERNAL;
	}
	init_lock(db);
	copy(db->host, conf->database_host);
	copy(db->socket, conf->database_socket);
	copy(db->user, conf->database_user);
	copy(db->name, conf->database_name);
	db->port = (unsigned)conf->database_port;
	if ((err = read_password(conf->database_password_file, db, why,
	    why_size)) || (err = make_conns(db, conf->database_pool))) {
		db_free(db);
		return err;
	}
	*out = db;
	return ERR_OK;
}

void
db_free(struct db *db)
{
	if (db == NULL)
		return;
	for (int i = 0; i < db->n_conns; i++) {
		disconnect(&db->conns[i]);
		for (int k = 0; k < DB_COLUMNS_MAX; k++)
			free(db->conns[i].cells[k].p);
	}
	free(db->conns);
	pthread_cond_destroy(&db->freed);
	pthread_mutex_destroy(&db->lock);
	crypt_wipe(db->password, sizeof(db->password));
	free(db);
}

static struct timespec
moment_after(int64_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)(ms / 1000);
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* The next idle connection; NULL where none came free in time. */
static struct db_conn *
wait_idle(struct db *db)
{
	struct timespec end = moment_after(TAKE_MS);
	struct db_conn *c;

	pthread_mutex_lock(&db->lock);
	while (db->idle == NULL &&
	    pthread_cond_timedwait(&db->freed, &db->lock, &end) == 0)
		;
	c = db->idle;
	if (c != NULL)
		db->idle = c->next;
	pthread_mutex_unlock(&db->lock);
	return c;
}

enum err
db_take(struct db *db, struct db_conn **out)
{
	struct db_conn *c;
	enum err err;

	enter_thread();
	if ((c = wait_idle(db)) == NULL)
		return ERR_UNAVAILABLE;
	c->why[0] = c->conflict_key[0] = '\0';
	if (c->my != NULL && is_closed(c))
		disconnect(c);
	if ((err = ensure_connected(c))) {
		db_give(db, c);
		return err;
	}
	*out = c;
	return ERR_OK;
}

static void
roll_back(struct db_conn *c)
{
	if (c->my != NULL && mysql_rollback(c->my))
		disconnect(c); /* which ends the transaction as well */
	c->in_transaction = false;
}

void
db_give(struct db *db, struct db_conn *c)
{
	if (c == NULL)
		return;
	if (c->in_transaction)
		roll_back(c);
	pthread_mutex_lock(&db->lock);
	c->next = db->idle;
	db->idle = c;
	pthread_cond_signal(&db->freed);
	pthread_mutex_unlock(&db->lock);
}

/* Statements */

/* As what a column is read. */
static enum enum_field_types
type_to_read(const MYSQL_FIELD *f)
{
	switch (f->type) {
	case MYSQL_TYPE_TINY:
	case MYSQL_TYPE_SHORT:
	case MYSQL_TYPE_INT24:
	case MYSQL_TYPE_LONG:
	case MYSQL_TYPE_LONGLONG:
	case MYSQL_TYPE_YEAR:
		return MYSQL_TYPE_LONGLONG;
	case MYSQL_TYPE_FLOAT:
	case MYSQL_TYPE_DOUBLE:
		return MYSQL_TYPE_DOUBLE;
	case MYSQL_TYPE_DECIMAL:
	case MYSQL_TYPE_NEWDECIMAL: /* what SUM() of whole numbers gives */
		return f->decimals == 0 ? MYSQL_TYPE_LONGLONG :
		    MYSQL_TYPE_DOUBLE;
	default:
		return MYSQL_TYPE_STRING;
	}
}

static enum err
read_columns(struct db_conn *c, struct stmt *s)
{
	MYSQL_RES *meta = mysql_stmt_result_metadata(s->handle);
	const MYSQL_FIELD *fields;

	if (meta == NULL)
		return ERR_OK; /* it gives no rows */
	s->n_columns = (int)mysql_num_fields(meta);
	fields = mysql_fetch_fields(meta);
	for (int i = 0; i < s->n_columns && i < DB_COLUMNS_MAX; i++)
		s->types[i] = type_to_read(&fields[i]);
	mysql_free_result(meta);
	if (s->n_columns > DB_COLUMNS_MAX)
		return fail_here(c, ERR_INTERNAL, "more than 32 columns");
	return ERR_OK;
}

static enum err
prepare(struct db_conn *c, const char *sql, struct stmt *s)
{
	enum err err;

	s->handle = mysql_stmt_init(c->my);
	if (s->handle == NULL)
		return fail_here(c, ERR_INTERNAL, "out of memory");
	if (mysql_stmt_prepare(s->handle, sql, strlen(sql)))
		err = fail_stmt(c, s->handle);
	else
		err = read_columns(c, s);
	if (err == ERR_OK) {
		s->sql = sql;
		return ERR_OK;
	}
	if (s->handle != NULL) /* not yet closed with its connection */
		mysql_stmt_close(s->handle);
	*s = (struct stmt){ 0 };
	return err;
}

/* The places where a statement may be kept, by the address of its text. */
static struct stmt *
places_of(struct db_conn *c, const char *sql)
{
	uint64_t h = (uint64_t)(uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15);

	return &c->stmts[(h >> 32) % (STATEMENTS / WAYS) * WAYS];
}

/* The statement, prepared now unless it is kept; it takes the place that was
 * used longest ago. */
static enum err
find_stmt(struct db_conn *c, const char *sql, struct stmt **out)
{
	struct stmt *places = places_of(c, sql);
	struct stmt *oldest = places;
	enum err err = ERR_OK;

	for (int i = 0; i < WAYS && oldest->sql != sql; i++)
		if (places[i].sql == sql || places[i].used < oldest->used)
			oldest = &places[i];
	if (oldest->sql != sql) {
		if (oldest->handle != NULL)
			mysql_stmt_close(oldest->handle);
		*oldest = (struct stmt){ 0 };
		err = prepare(c, sql, oldest);
	}
	if (err == ERR_OK) {
		oldest->used = ++c->uses;
		*out = oldest;
	}
	return err;
}

static void
bind_value(MYSQL_BIND *b, const struct db_value *v)
{
	switch (v->type) {
	case DB_IS_NULL:
		b->buffer_type = MYSQL_TYPE_NULL;
		return;
	case DB_IS_INT:
		b->buffer_type = MYSQL_TYPE_LONGLONG;
		b->buffer = (void *)&v->i;
		return;
	case DB_IS_REAL:
		b->buffer_type = MYSQL_TYPE_DOUBLE;
		b->buffer = (void *)&v->r;
		return;
	case DB_IS_BYTES:
		/* STRING, not BLOB, for bytes too: what is compared with a
		 * column takes on its collation, or Ann would not be ann */
		b->buffer_type = MYSQL_TYPE_STRING;
		b->buffer = (void *)v->p;
		b->buffer_length = v->len;
		return;
	}
}

static enum err
execute(struct db_conn *c, struct stmt *s, const struct db_value *in, int n)
{
	MYSQL_BIND binds[DB_VALUES_MAX];

	if (n > DB_VALUES_MAX || mysql_stmt_param_count(s->handle) !=
	    (unsigned long)n)
		return fail_here(c, ERR_INTERNAL,
		    "the statement takes another number of values");
	memset(binds, 0, (size_t)n * sizeof(binds[0]));
	for (int i = 0; i < n; i++)
		bind_value(&binds[i], &in[i]);
	if ((n > 0 && mysql_stmt_bind_param(s->handle, binds)) ||
	    mysql_stmt_execute(s->handle))
		return fail_stmt(c, s->handle);
	return ERR_OK;
}

/* Rows */

static bool
make_room(struct cell *cell, size_t cap)
{
	char *p;

	if (cell->cap >= cap)
		return true;
	if ((p = realloc(cell->p, cap)) == NULL)
		return false;
	cell->p = p;
	cell->cap = cap;
	return true;
}

static void
bind_cell(MYSQL_BIND *b, struct cell *cell, enum enum_field_types type)
{
	memset(b, 0, sizeof(*b));
	b->buffer_type = type;
	b->is_null = &cell->null;
	b->length = &cell->len;
	if (type == MYSQL_TYPE_STRING) {
		b->buffer = cell->p;
		b->buffer_length = cell->cap - 1;
	} else {
		b->buffer = type == MYSQL_TYPE_DOUBLE ? (void *)&cell->r :
		    (void *)&cell->i;
	}
}

static enum err
bind_row(struct db_conn *c, struct stmt *s, MYSQL_BIND *binds)
{
	for (int i = 0; i < s->n_columns; i++) {
		if (!make_room(&c->cells[i], CELL_FIRST))
			return fail_here(c, ERR_INTERNAL, "out of memory");
		bind_cell(&binds[i], &c->cells[i], s->types[i]);
	}
	if (mysql_stmt_bind_result(s->handle, binds))
		return fail_stmt(c, s->handle);
	return ERR_OK;
}

/* Fetch a value again that did not fit; its buffer stays larger. */
static enum err
refetch(struct db_conn *c, struct stmt *s, int i, MYSQL_BIND *bind)
{
	struct cell *cell = &c->cells[i];

	if (cell->len > DB_CELL_MAX || !make_room(cell, cell->len + 1))
		return fail_here(c, ERR_INTERNAL, "a value is too large");
	bind_cell(bind, cell, s->types[i]);
	if (mysql_stmt_fetch_column(s->handle, bind, (unsigned)i, 0))
		return fail_stmt(c, s->handle);
	return ERR_OK;
}

static struct db_value
value_of(struct cell *cell, enum enum_field_types type)
{
	if (cell->null)
		return DB_NULL;
	if (type == MYSQL_TYPE_LONGLONG)
		return DB_INT(cell->i);
	if (type == MYSQL_TYPE_DOUBLE)
		return DB_REAL(cell->r);
	cell->p[cell->len] = '\0';
	return DB_BYTES(cell->p, cell->len);
}

/* The row just fetched, whole; `binds` follows where a buffer moved. */
static enum err
complete_row(struct db_conn *c, struct stmt *s, MYSQL_BIND *binds,
    struct db_value *row)
{
	bool moved = false;
	enum err err;

	for (int i = 0; i < s->n_columns; i++) {
		struct cell *cell = &c->cells[i];

		if (s->types[i] == MYSQL_TYPE_STRING && !cell->null &&
		    cell->len >= cell->cap) {
			if ((err = refetch(c, s, i, &binds[i])))
				return err;
			moved = true;
		}
		row[i] = value_of(cell, s->types[i]);
	}
	if (moved && mysql_stmt_bind_result(s->handle, binds))
		return fail_stmt(c, s->handle);
	return ERR_OK;
}

/* What is asked, and who hears the answer. */
struct ask {
	const char *sql;
	const struct db_value *in;
	int n_in;
	db_row_fn *row; /* NULL: rows are not wanted */
	void *arg;
	bool one;
	int n_rows; /* handed over so far */
	uint64_t affected;
};

static enum err
fetch_rows(struct db_conn *c, struct stmt *s, struct ask *ask)
{
	MYSQL_BIND binds[DB_COLUMNS_MAX];
	struct db_value row[DB_COLUMNS_MAX];
	enum err err;
	int rc;

	if ((err = bind_row(c, s, binds)))
		return err;
	while ((rc = mysql_stmt_fetch(s->handle)) != MYSQL_NO_DATA) {
		if (rc != 0 && rc != MYSQL_DATA_TRUNCATED)
			return fail_stmt(c, s->handle);
		if ((err = complete_row(c, s, binds, row)))
			return err;
		ask->n_rows++;
		if ((err = ask->row(ask->arg, row, s->n_columns)) || ask->one)
			return err;
	}
	return ERR_OK;
}

/* One large answer must not hold its memory for as long as we run. */
static void
shrink_cells(struct db_conn *c, int n)
{
	for (int i = 0; i < n; i++)
		if (c->cells[i].cap > CELL_KEPT) {
			free(c->cells[i].p);
			c->cells[i].p = NULL;
			c->cells[i].cap = 0;
		}
}

static enum err
run_once(struct db_conn *c, struct ask *ask)
{
	struct stmt *s;
	enum err err;
	int n;

	if ((err = ensure_connected(c)) ||
	    (err = find_stmt(c, ask->sql, &s)) ||
	    (err = execute(c, s, ask->in, ask->n_in)))
		return err;
	n = s->n_columns;
	if (n == 0) {
		ask->affected = mysql_stmt_affected_rows(s->handle);
		return ERR_OK;
	}
	err = ask->row != NULL ? fetch_rows(c, s, ask) : ERR_OK;
	if (s->handle != NULL) /* still connected: drop what is left */
		mysql_stmt_free_result(s->handle);
	shrink_cells(c, n);
	return err;
}

/* Once more where the connection turned out to be broken.  Not what failed
 * slowly: that one is not broken but stuck, and has used up its time. */
static enum err
run(struct db_conn *c, struct ask *ask)
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
	struct ask ask = { .sql = sql, .in = in, .n_in = n_in };
	enum err err = run(c, &ask);

	if (err == ERR_OK && affected != NULL)
		*affected = ask.affected;
	return err;
}

enum err
db_query(struct db_conn *c, const char *sql, const struct db_value *in,
    int n_in, db_row_fn *row, void *arg)
{
	struct ask ask = { .sql = sql, .in = in, .n_in = n_in, .row = row,
		.arg = arg };

	return run(c, &ask);
}

enum err
db_query_one(struct db_conn *c, const char *sql, const struct db_value *in,
    int n_in, db_row_fn *row, void *arg)
{
	struct ask ask = { .sql = sql, .in = in, .n_in = n_in, .row = row,
		.arg = arg, .one = true };
	enum err err = run(c, &ask);

	return err == ERR_OK && ask.n_rows == 0 ? ERR_NOT_FOUND : err;
}

/* Transactions */

static enum err
begin(struct db_conn *c)
{
	static const char sql[] = "START TRANSACTION";
	bool was_connected = c->my != NULL;
	enum err err;

	if ((err = ensure_connected(c)))
		return err;
	if (mysql_query(c->my, sql)) {
		err = fail_conn(c);
		if (err != ERR_UNAVAILABLE || !was_connected || c->my != NULL)
			return err;
		if ((err = ensure_connected(c)))
			return err;
		if (mysql_query(c->my, sql))
			return fail_conn(c);
	}
	c->in_transaction = true;
	return ERR_OK;
}

static enum err
commit(struct db_conn *c)
{
	if (c->my == NULL)
		return ERR_UNAVAILABLE;
	if (mysql_commit(c->my))
		return fail_conn(c);
	c->in_transaction = false;
	return ERR_OK;
}

static enum err
try_transaction(struct db_conn *c, db_work_fn *work, void *arg)
{
	enum err err;

	if ((err = begin(c)))
		return err;
	if ((err = work(c, arg)) || (err = commit(c)))
		roll_back(c);
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

	enter_thread();
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
