#include "store/messages.h"

#define COLUMNS \
	"id, parent_id, depth, role, state, content, reasoning, provider," \
	" model, finish_reason, error_code, error_message, input_tokens," \
	" output_tokens, reasoning_tokens, usage_source, connect_ms, ttft_ms," \
	" total_ms, tokens_per_second, cost_usd, price_date, created_at," \
	" conversation_id, left_out"

static int64_t
int_or_none(const struct db_value *v)
{
	return v->type == DB_IS_INT ? v->i : -1;
}

static double
real_or_none(const struct db_value *v)
{
	return v->type == DB_IS_REAL ? v->r : -1;
}

static void
read_figures(const struct db_value *row, struct msg *m)
{
	struct msg_figures *f = &m->figures;

	f->input_tokens = int_or_none(&row[12]);
	f->output_tokens = int_or_none(&row[13]);
	f->reasoning_tokens = int_or_none(&row[14]);
	db_get_text(&row[15], m->usage_source, sizeof(m->usage_source));
	f->usage_source = m->usage_source[0] != '\0' ? m->usage_source : NULL;
	f->connect_ms = int_or_none(&row[16]);
	f->ttft_ms = int_or_none(&row[17]);
	f->total_ms = int_or_none(&row[18]);
	f->tokens_per_second = real_or_none(&row[19]);
	f->cost_usd = real_or_none(&row[20]);
	db_get_text(&row[21], f->price_date, sizeof(f->price_date));
}

static void
read_msg(const struct db_value *row, struct msg *m)
{
	m->id = db_get_uuid(&row[0]);
	m->parent = db_get_uuid(&row[1]);
	m->depth = (int)row[2].i;
	db_get_text(&row[3], m->role, sizeof(m->role));
	db_get_text(&row[4], m->state, sizeof(m->state));
	m->text = row[5].p;
	m->text_len = row[5].len;
	m->reasoning = row[6].type == DB_IS_NULL ? NULL : row[6].p;
	m->reasoning_len = row[6].len;
	db_get_text(&row[7], m->provider, sizeof(m->provider));
	db_get_text(&row[8], m->model, sizeof(m->model));
	db_get_text(&row[9], m->finish_reason, sizeof(m->finish_reason));
	db_get_text(&row[10], m->error_code, sizeof(m->error_code));
	db_get_text(&row[11], m->error_message, sizeof(m->error_message));
	read_figures(row, m);
	m->created_at = row[22].i;
	m->conversation = db_get_uuid(&row[23]);
	m->left_out = (int)row[24].i;
}

/* Those of one statement: what it has no id for is NULL, and finds nothing. */
enum { AT_ONCE = 32 };

#define IDS_8 "?, ?, ?, ?, ?, ?, ?, ?"
#define THESE \
	"SELECT " COLUMNS " FROM messages WHERE user_id = ? AND id IN (" \
	IDS_8 ", " IDS_8 ", " IDS_8 ", " IDS_8 ")"

struct each {
	msg_fn *fn;
	void *arg;
	size_t n; /* how many came */
};

static enum err
read_each(void *arg, const struct db_value *row, int n)
{
	struct each *each = arg;
	struct msg msg;

	(void)n;
	read_msg(row, &msg);
	each->n++;
	return each->fn(each->arg, &msg);
}

static enum err
read_some(struct db_conn *c, const struct uuid *user,
    const struct tree_node *const *nodes, size_t n, enum msg_order order,
    struct each *each)
{
	struct db_value in[1 + AT_ONCE] = { db_uuid(user) };

	for (size_t i = 0; i < AT_ONCE; i++)
		in[1 + i] = i < n ? db_uuid(&nodes[i]->id) : DB_NULL;
	if (order == MSG_UP)
		return db_query(c, THESE " ORDER BY depth DESC, id DESC",
		    in, DB_COUNT(in), read_each, each);
	return db_query(c, THESE " ORDER BY depth, id",
	    in, DB_COUNT(in), read_each, each);
}

enum err
msg_each(struct db_conn *c, const struct uuid *user,
    const struct tree_node *const *nodes, size_t n, enum msg_order order,
    msg_fn *fn, void *arg)
{
	struct each each = { fn, arg, 0 };
	enum err err;

	for (size_t at = 0; at < n; at += AT_ONCE)
		if ((err = read_some(c, user, nodes + at,
		    n - at < AT_ONCE ? n - at : AT_ONCE, order, &each)))
			return err;
	return each.n == n ? ERR_OK : ERR_NOT_FOUND;
}

struct one {
	msg_fn *fn;
	void *arg;
};

static enum err
read_one(void *arg, const struct db_value *row, int n)
{
	struct one *one = arg;
	struct msg msg;

	(void)n;
	read_msg(row, &msg);
	return one->fn(one->arg, &msg);
}

enum err
msg_walk(struct db_conn *c, const struct uuid *user,
    const struct uuid *conversation, int depth, const struct uuid *id,
    int limit, msg_fn *fn, void *arg)
{
	struct db_value in[] = {
		db_uuid(conversation), db_uuid(user), DB_INT(depth),
		DB_INT(depth), DB_BYTES(id->b, sizeof(id->b)), DB_INT(limit),
	};
	struct each each = { fn, arg, 0 };

	return db_query(c,
	    "SELECT " COLUMNS " FROM messages"
	    " WHERE conversation_id = ? AND user_id = ?"
	    " AND depth >= ? AND (depth > ? OR id > ?)"
	    " ORDER BY depth, id LIMIT ?", in, DB_COUNT(in), read_each, &each);
}

enum err
msg_get(struct db_conn *c, const struct uuid *user, const struct uuid *id,
    msg_fn *fn, void *arg)
{
	struct db_value in[] = { db_uuid(id), db_uuid(user) };
	struct one one = { fn, arg };

	return db_query_one(c,
	    "SELECT " COLUMNS " FROM messages WHERE id = ? AND user_id = ?"
	    " AND role = 'assistant'", in, DB_COUNT(in), read_one, &one);
}
