#include "store/db_private.h"

#include <mysql.h>
#include <stdio.h>
#include <string.h>

enum { WAYS = 4 }; /* places that one statement may be kept at */

enum err
db_stmt_fail(struct db_conn *c, const struct db_stmt *s)
{
	char message[DB_WHY_MAX];

	/* a copy: the statement may go with its connection */
	snprintf(message, sizeof(message), "%s", mysql_stmt_error(s->handle));
	return db_fail(c, mysql_stmt_errno(s->handle),
	    mysql_stmt_sqlstate(s->handle), message);
}

/* Prepared, and kept */

/* As what a column is read. */
static enum db_type
type_to_read(const MYSQL_FIELD *f)
{
	switch (f->type) {
	case MYSQL_TYPE_TINY:
	case MYSQL_TYPE_SHORT:
	case MYSQL_TYPE_INT24:
	case MYSQL_TYPE_LONG:
	case MYSQL_TYPE_LONGLONG:
	case MYSQL_TYPE_YEAR:
		return DB_IS_INT;
	case MYSQL_TYPE_FLOAT:
	case MYSQL_TYPE_DOUBLE:
		return DB_IS_REAL;
	case MYSQL_TYPE_DECIMAL:
	case MYSQL_TYPE_NEWDECIMAL: /* what SUM() of whole numbers gives */
		return f->decimals == 0 ? DB_IS_INT : DB_IS_REAL;
	default:
		return DB_IS_BYTES;
	}
}

static enum err
read_columns(struct db_conn *c, struct db_stmt *s)
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
		return db_fail_here(c, ERR_INTERNAL, "more than 32 columns");
	return ERR_OK;
}

static enum err
prepare(struct db_conn *c, const char *sql, struct db_stmt *s)
{
	enum err err;

	s->handle = mysql_stmt_init(c->my);
	if (s->handle == NULL)
		return db_fail_here(c, ERR_INTERNAL, "out of memory");
	if (mysql_stmt_prepare(s->handle, sql, strlen(sql)))
		err = db_stmt_fail(c, s);
	else
		err = read_columns(c, s);
	if (err == ERR_OK) {
		s->sql = sql;
		return ERR_OK;
	}
	if (s->handle != NULL) /* not yet closed with its connection */
		mysql_stmt_close(s->handle);
	*s = (struct db_stmt){ 0 };
	return err;
}

/* The places where a statement may be kept, by the address of its text. */
static struct db_stmt *
places_of(struct db_conn *c, const char *sql)
{
	uint64_t h = (uint64_t)(uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15);

	return &c->stmts[(h >> 32) % (DB_STATEMENTS / WAYS) * WAYS];
}

/* The statement, prepared now unless it is kept; it takes the place that was
 * used longest ago. */
static enum err
find_stmt(struct db_conn *c, const char *sql, struct db_stmt **out)
{
	struct db_stmt *places = places_of(c, sql);
	struct db_stmt *oldest = places;
	enum err err = ERR_OK;

	for (int i = 0; i < WAYS && oldest->sql != sql; i++)
		if (places[i].sql == sql || places[i].used < oldest->used)
			oldest = &places[i];
	if (oldest->sql != sql) {
		if (oldest->handle != NULL)
			mysql_stmt_close(oldest->handle);
		*oldest = (struct db_stmt){ 0 };
		err = prepare(c, sql, oldest);
	}
	if (err == ERR_OK) {
		oldest->used = ++c->uses;
		*out = oldest;
	}
	return err;
}

void
db_stmt_forget_all(struct db_conn *c)
{
	for (int i = 0; i < DB_STATEMENTS; i++) {
		if (c->stmts[i].handle != NULL)
			mysql_stmt_close(c->stmts[i].handle);
		c->stmts[i] = (struct db_stmt){ 0 };
	}
}

/* Run */

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
execute(struct db_conn *c, struct db_stmt *s, const struct db_value *in, int n)
{
	MYSQL_BIND binds[DB_VALUES_MAX];

	if (n > DB_VALUES_MAX || mysql_stmt_param_count(s->handle) !=
	    (unsigned long)n)
		return db_fail_here(c, ERR_INTERNAL,
		    "the statement takes another number of values");
	memset(binds, 0, (size_t)n * sizeof(binds[0]));
	for (int i = 0; i < n; i++)
		bind_value(&binds[i], &in[i]);
	if ((n > 0 && mysql_stmt_bind_param(s->handle, binds)) ||
	    mysql_stmt_execute(s->handle))
		return db_stmt_fail(c, s);
	return ERR_OK;
}

enum err
db_stmt_run(struct db_conn *c, struct db_ask *ask)
{
	struct db_stmt *s;
	enum err err;

	if ((err = find_stmt(c, ask->sql, &s)) ||
	    (err = execute(c, s, ask->in, ask->n_in)))
		return err;
	if (s->n_columns > 0)
		return db_rows_read(c, s, ask);
	ask->affected = mysql_stmt_affected_rows(s->handle);
	return ERR_OK;
}
