#include "store/messages.h"

#define COLUMNS \
	"id, parent_id, depth, role, state, content, reasoning, provider," \
	" model, finish_reason, error_code, error_message, input_tokens," \
	" output_tokens, reasoning_tokens, usage_source, connect_ms, ttft_ms," \
	" total_ms, tokens_per_second, cost_usd, price_date, created_at," \
	" conversation_id"

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
}

struct walk {
	struct uuid want; /* the next message of the branch, going up */
	msg_fn *fn;
	void *arg;
};

/* Rows come deepest first, so one pass meets every parent after its child. */
static enum err
walk_up(void *arg, const struct db_value *row, int n)
{
	struct walk *walk = arg;
	struct uuid id = db_get_uuid(&row[0]);
	struct msg msg;

	(void)n;
	if (!uuid_equal(&id, &walk->want))
		return ERR_OK;
	read_msg(row, &msg);
	walk->want = msg.parent;
	return walk->fn(walk->arg, &msg);
}

enum err
msg_branch(struct db_conn *c, const struct uuid *user,
    const struct uuid *conversation, const struct uuid *leaf, msg_fn *each,
    void *arg)
{
	struct db_value in[] = { db_uuid(conversation), db_uuid(user) };
	struct walk walk = { *leaf, each, arg };

	return db_query(c,
	    "SELECT " COLUMNS " FROM messages"
	    " WHERE conversation_id = ? AND user_id = ? ORDER BY depth DESC",
	    in, DB_COUNT(in), walk_up, &walk);
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
msg_get(struct db_conn *c, const struct uuid *user, const struct uuid *id,
    msg_fn *fn, void *arg)
{
	struct db_value in[] = { db_uuid(id), db_uuid(user) };
	struct one one = { fn, arg };

	return db_query_one(c,
	    "SELECT " COLUMNS " FROM messages WHERE id = ? AND user_id = ?"
	    " AND role = 'assistant'", in, DB_COUNT(in), read_one, &one);
}
