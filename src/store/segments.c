#include "store/segments.h"

/*
 * Several rows a statement: with a thousand streams there are thousands of rows
 * a second.  12 rows of 5 values are what DB_VALUES_MAX has room for.
 */
enum { AT_ONCE = 12, VALUES = 5 };

#define ROW "(?, ?, ?, ?, ?)"
#define ROWS_4 ROW ", " ROW ", " ROW ", " ROW
#define INSERT \
	"INSERT INTO segments" \
	" (message_id, text_at, reasoning_at, text, reasoning) VALUES "

static void
bind(struct db_value *in, const struct segment *s)
{
	in[0] = db_uuid(&s->message);
	in[1] = DB_INT((int64_t)s->text_at);
	in[2] = DB_INT((int64_t)s->reasoning_at);
	in[3] = DB_BYTES(s->text, s->text_len);
	in[4] = DB_BYTES(s->reasoning, s->reasoning_len);
}

static enum err
add_many(struct db_conn *c, const struct segment *list)
{
	struct db_value in[AT_ONCE * VALUES];

	for (int i = 0; i < AT_ONCE; i++)
		bind(in + i * VALUES, &list[i]);
	return db_run(c, INSERT ROWS_4 ", " ROWS_4 ", " ROWS_4,
	    in, DB_COUNT(in), NULL);
}

static enum err
add_one(struct db_conn *c, const struct segment *s)
{
	struct db_value in[VALUES];

	bind(in, s);
	return db_run(c, INSERT ROW, in, DB_COUNT(in), NULL);
}

enum err
segment_add(struct db_conn *c, const struct segment *list, int n)
{
	enum err err = ERR_OK;

	for (; n >= AT_ONCE && err == ERR_OK; n -= AT_ONCE, list += AT_ONCE)
		err = add_many(c, list);
	for (; n > 0 && err == ERR_OK; n--, list++)
		err = add_one(c, list);
	return err;
}

struct joining {
	size_t text_at, reasoning_at; /* where the next piece has to begin */
	struct buf *text, *reasoning;
};

static enum err
join(void *arg, const struct db_value *row, int n)
{
	struct joining *j = arg;
	enum err err;

	(void)n;
	if ((size_t)row[0].i != j->text_at ||
	    (size_t)row[1].i != j->reasoning_at)
		return ERR_OK; /* beyond a gap */
	if ((err = buf_add(j->text, row[2].p, row[2].len)) ||
	    (err = buf_add(j->reasoning, row[3].p, row[3].len)))
		return err;
	j->text_at += row[2].len;
	j->reasoning_at += row[3].len;
	return ERR_OK;
}

enum err
segment_join(struct db_conn *c, const struct uuid *message, size_t text_at,
    size_t reasoning_at, struct buf *text, struct buf *reasoning)
{
	struct db_value in[] = {
		db_uuid(message), DB_INT((int64_t)text_at),
		DB_INT((int64_t)reasoning_at),
	};
	struct joining joining = { text_at, reasoning_at, text, reasoning };

	return db_query(c,
	    "SELECT text_at, reasoning_at, text, reasoning FROM segments"
	    " WHERE message_id = ? AND text_at >= ? AND reasoning_at >= ?"
	    " ORDER BY text_at, reasoning_at",
	    in, DB_COUNT(in), join, &joining);
}

enum err
segment_remove(struct db_conn *c, const struct uuid *message)
{
	struct db_value in[] = { db_uuid(message) };

	return db_run(c, "DELETE FROM segments WHERE message_id = ?",
	    in, DB_COUNT(in), NULL);
}

enum err
segment_sweep(struct db_conn *c)
{
	return db_run(c,
	    "DELETE s FROM segments s LEFT JOIN messages m"
	    " ON m.id = s.message_id"
	    " WHERE m.id IS NULL OR m.state <> 'running'", NULL, 0, NULL);
}
