#include "store/db_private.h"

#include <mysql.h>
#include <stdlib.h>
#include <string.h>

/* The two client libraries differ in this. */
#ifdef MARIADB_PACKAGE_VERSION
#define FLAG my_bool
#else
#define FLAG bool
#endif

enum {
	CELL_FIRST = 256,  /* bytes of a value that need no second fetch */
	CELL_KEPT = 65536, /* a buffer above this goes after the query */
};

static const enum enum_field_types read_as[] = {
	[DB_IS_INT] = MYSQL_TYPE_LONGLONG,
	[DB_IS_REAL] = MYSQL_TYPE_DOUBLE,
	[DB_IS_BYTES] = MYSQL_TYPE_STRING,
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

struct db_rows {
	struct cell cells[DB_COLUMNS_MAX];
};

struct db_rows *
db_rows_new(void)
{
	return calloc(1, sizeof(struct db_rows));
}

void
db_rows_free(struct db_rows *rows)
{
	if (rows == NULL)
		return;
	for (int i = 0; i < DB_COLUMNS_MAX; i++)
		free(rows->cells[i].p);
	free(rows);
}

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
bind_cell(MYSQL_BIND *b, struct cell *cell, enum db_type type)
{
	memset(b, 0, sizeof(*b));
	b->buffer_type = read_as[type];
	b->is_null = &cell->null;
	b->length = &cell->len;
	if (type == DB_IS_BYTES) {
		b->buffer = cell->p;
		b->buffer_length = cell->cap - 1;
	} else {
		b->buffer = type == DB_IS_REAL ? (void *)&cell->r :
		    (void *)&cell->i;
	}
}

static enum err
bind_row(struct db_conn *c, struct db_stmt *s, MYSQL_BIND *binds)
{
	for (int i = 0; i < s->n_columns; i++) {
		if (!make_room(&c->rows->cells[i], CELL_FIRST))
			return db_fail_here(c, ERR_INTERNAL, "out of memory");
		bind_cell(&binds[i], &c->rows->cells[i], s->types[i]);
	}
	if (mysql_stmt_bind_result(s->handle, binds))
		return db_stmt_fail(c, s);
	return ERR_OK;
}

/* Fetch a value again that did not fit; its buffer stays larger. */
static enum err
refetch(struct db_conn *c, struct db_stmt *s, int i, MYSQL_BIND *bind)
{
	struct cell *cell = &c->rows->cells[i];

	if (cell->len > DB_CELL_MAX || !make_room(cell, cell->len + 1))
		return db_fail_here(c, ERR_INTERNAL, "a value is too large");
	bind_cell(bind, cell, s->types[i]);
	if (mysql_stmt_fetch_column(s->handle, bind, (unsigned)i, 0))
		return db_stmt_fail(c, s);
	return ERR_OK;
}

static struct db_value
value_of(struct cell *cell, enum db_type type)
{
	if (cell->null)
		return DB_NULL;
	if (type == DB_IS_INT)
		return DB_INT(cell->i);
	if (type == DB_IS_REAL)
		return DB_REAL(cell->r);
	cell->p[cell->len] = '\0';
	return DB_BYTES(cell->p, cell->len);
}

/* The row just fetched, whole; `binds` follows where a buffer moved. */
static enum err
complete_row(struct db_conn *c, struct db_stmt *s, MYSQL_BIND *binds,
    struct db_value *row)
{
	bool moved = false;
	enum err err;

	for (int i = 0; i < s->n_columns; i++) {
		struct cell *cell = &c->rows->cells[i];

		if (s->types[i] == DB_IS_BYTES && !cell->null &&
		    cell->len >= cell->cap) {
			if ((err = refetch(c, s, i, &binds[i])))
				return err;
			moved = true;
		}
		row[i] = value_of(cell, s->types[i]);
	}
	if (moved && mysql_stmt_bind_result(s->handle, binds))
		return db_stmt_fail(c, s);
	return ERR_OK;
}

static enum err
fetch_rows(struct db_conn *c, struct db_stmt *s, struct db_ask *ask)
{
	MYSQL_BIND binds[DB_COLUMNS_MAX];
	struct db_value row[DB_COLUMNS_MAX];
	enum err err;
	int rc;

	if ((err = bind_row(c, s, binds)))
		return err;
	while ((rc = mysql_stmt_fetch(s->handle)) != MYSQL_NO_DATA) {
		if (rc != 0 && rc != MYSQL_DATA_TRUNCATED)
			return db_stmt_fail(c, s);
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
		if (c->rows->cells[i].cap > CELL_KEPT) {
			free(c->rows->cells[i].p);
			c->rows->cells[i].p = NULL;
			c->rows->cells[i].cap = 0;
		}
}

enum err
db_rows_read(struct db_conn *c, struct db_stmt *s, struct db_ask *ask)
{
	int n = s->n_columns; /* the statement may go with its connection */
	enum err err = ask->row != NULL ? fetch_rows(c, s, ask) : ERR_OK;

	if (s->handle != NULL) /* still connected: drop what is left */
		mysql_stmt_free_result(s->handle);
	shrink_cells(c, n);
	return err;
}
