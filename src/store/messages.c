#include "store/messages.h"

#include <string.h>

#include "base/clock.h"
#include "store/segments.h"

enum {
	ORPHANS_MAX = 64,                 /* looked up at once */
	ORPHAN_BYTES_MAX = 16 * 1024 * 1024, /* of one's text */
};

/* The sentence kept with an answer whose worker died. */
#define ORPHAN_SENTENCE \
	"The server process that wrote this answer ended. What came is kept."

struct msg_figures
msg_figures_none(void)
{
	return (struct msg_figures){
		.input_tokens = -1, .output_tokens = -1,
		.reasoning_tokens = -1, .connect_ms = -1, .ttft_ms = -1,
		.total_ms = -1, .tokens_per_second = -1, .cost_usd = -1,
	};
}

struct claiming {
	const struct msg_claim *claim;
	enum msg_clash clash;
	struct quota_refusal refusal;
	int64_t now;
};

static enum err
make_conversation(struct db_conn *c, const struct claiming *w)
{
	const struct msg_claim *k = w->claim;
	struct db_value in[] = {
		db_uuid(&k->conversation), db_uuid(&k->user), db_text(k->title),
		db_uuid(&k->answer), DB_INT(w->now), DB_INT(w->now),
	};

	return db_run(c,
	    "INSERT INTO conversations"
	    " (id, user_id, title, leaf_id, created_at, updated_at)"
	    " VALUES (?, ?, ?, ?, ?, ?)", in, DB_COUNT(in), NULL);
}

/* The leaf must still be the one that the history was read from. */
static enum err
move_leaf(struct db_conn *c, struct claiming *w)
{
	const struct msg_claim *k = w->claim;
	struct db_value in[] = {
		db_uuid(&k->answer), DB_INT(w->now), db_uuid(&k->conversation),
		db_uuid(&k->user), db_uuid(&k->leaf),
	};
	uint64_t affected = 0;
	enum err err;

	err = db_run(c,
	    "UPDATE conversations SET leaf_id = ?, updated_at = ?"
	    " WHERE id = ? AND user_id = ? AND leaf_id <=> ?",
	    in, DB_COUNT(in), &affected);
	if (err)
		return err;
	if (affected == 1)
		return ERR_OK;
	w->clash = MSG_CLASH_MOVED;
	return ERR_CONFLICT;
}

static enum msg_clash
clash_of_key(const char *key)
{
	if (strstr(key, "running_in") != NULL)
		return MSG_CLASH_RUNNING;
	if (strstr(key, "client_request") != NULL)
		return MSG_CLASH_REPEAT;
	return MSG_CLASH_NONE;
}

static enum err
add_question(struct db_conn *c, const struct claiming *w)
{
	const struct msg_claim *k = w->claim;
	struct db_value in[] = {
		db_uuid(&k->question), db_uuid(&k->conversation),
		db_uuid(&k->user), db_uuid(&k->leaf), DB_INT(k->depth),
		DB_BYTES(k->text, k->text_len), DB_INT(w->now),
	};

	if (k->text == NULL)
		return ERR_OK;
	return db_run(c,
	    "INSERT INTO messages (id, conversation_id, user_id, parent_id,"
	    " depth, role, content, state, created_at)"
	    " VALUES (?, ?, ?, ?, ?, 'user', ?, 'complete', ?)",
	    in, DB_COUNT(in), NULL);
}

static enum err
add_answer(struct db_conn *c, struct claiming *w)
{
	const struct msg_claim *k = w->claim;
	struct db_value in[] = {
		db_uuid(&k->answer), db_uuid(&k->conversation),
		db_uuid(&k->user), db_uuid(&k->question), DB_INT(k->depth + 1),
		db_text(k->provider), db_text(k->model), db_uuid(&k->owner),
		db_uuid(&k->conversation), db_uuid(&k->session),
		db_text(k->client_request_id),
		k->request_hash != NULL ?
		    DB_BYTES(k->request_hash, 32) : DB_NULL,
		DB_INT(w->now),
	};
	enum err err;

	err = db_run(c,
	    "INSERT INTO messages (id, conversation_id, user_id, parent_id,"
	    " depth, role, content, state, provider, model, owner, running_in,"
	    " session_id, client_request_id, request_hash, created_at)"
	    " VALUES (?, ?, ?, ?, ?, 'assistant', '', 'running',"
	    " ?, ?, ?, ?, ?, ?, ?, ?)",
	    in, DB_COUNT(in), NULL);
	if (err == ERR_CONFLICT)
		w->clash = clash_of_key(db_conflict_key(c));
	return err;
}

static enum err
claim_work(struct db_conn *c, void *arg)
{
	struct claiming *w = arg;
	enum err err;

	w->clash = MSG_CLASH_NONE;
	if ((err = quota_take(c, &w->claim->user, 1, w->now, &w->claim->most,
	    &w->refusal)))
		return err;
	err = w->claim->is_new ? make_conversation(c, w) : move_leaf(c, w);
	if (err || (err = add_question(c, w)))
		return err;
	return add_answer(c, w);
}

enum err
msg_claim(struct db_conn *c, const struct msg_claim *claim,
    enum msg_clash *clash, struct quota_refusal *refusal)
{
	struct claiming w = { .claim = claim, .now = clock_wall_ms() };
	enum err err = db_transaction(c, claim_work, &w);

	*clash = w.clash;
	*refusal = w.refusal;
	return err;
}

static struct db_value
known_int(int64_t v)
{
	return v >= 0 ? DB_INT(v) : DB_NULL;
}

static struct db_value
known_real(double v)
{
	return v >= 0 ? DB_REAL(v) : DB_NULL;
}

enum err
msg_end(struct db_conn *c, const struct msg_end *e)
{
	const struct msg_figures *f = &e->figures;
	struct db_value in[] = {
		DB_BYTES(e->text, e->text_len),
		e->reasoning_len > 0 ?
		    DB_BYTES(e->reasoning, e->reasoning_len) : DB_NULL,
		db_text(e->state), db_text(e->finish_reason),
		db_text(e->error_code), db_text(e->error_message),
		known_int(f->input_tokens), known_int(f->output_tokens),
		known_int(f->reasoning_tokens), db_text(f->usage_source),
		known_int(f->connect_ms), known_int(f->ttft_ms),
		known_int(f->total_ms), known_real(f->tokens_per_second),
		known_real(f->cost_usd),
		db_text(f->price_date[0] != '\0' ? f->price_date : NULL),
		DB_INT(e->ended_at), db_uuid(&e->id), db_uuid(&e->owner),
	};
	uint64_t affected = 0;
	enum err err;

	err = db_run(c,
	    "UPDATE messages SET content = ?, reasoning = ?, state = ?,"
	    " finish_reason = ?, error_code = ?, error_message = ?,"
	    " input_tokens = ?, output_tokens = ?, reasoning_tokens = ?,"
	    " usage_source = ?, connect_ms = ?, ttft_ms = ?, total_ms = ?,"
	    " tokens_per_second = ?, cost_usd = ?, price_date = ?,"
	    " ended_at = ?, running_in = NULL, session_id = NULL"
	    " WHERE id = ? AND owner = ? AND state = 'running'",
	    in, DB_COUNT(in), &affected);
	if (err)
		return err;
	if (affected != 1)
		return ERR_NOT_FOUND;
	return e->has_segments ? segment_remove(c, &e->id) : ERR_OK;
}

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

#define STATUS_COLUMNS \
	"id, owner, conversation_id, state, finish_reason, request_hash"

static enum err
read_status(void *arg, const struct db_value *row, int n)
{
	struct msg_status *s = arg;

	(void)n;
	s->id = db_get_uuid(&row[0]);
	s->owner = db_get_uuid(&row[1]);
	s->conversation = db_get_uuid(&row[2]);
	db_get_text(&row[3], s->state, sizeof(s->state));
	db_get_text(&row[4], s->finish_reason, sizeof(s->finish_reason));
	memset(s->request_hash, 0, sizeof(s->request_hash));
	if (row[5].len == sizeof(s->request_hash))
		memcpy(s->request_hash, row[5].p, sizeof(s->request_hash));
	return ERR_OK;
}

enum err
msg_status(struct db_conn *c, const struct uuid *user, const struct uuid *id,
    struct msg_status *out)
{
	struct db_value in[] = { db_uuid(id), db_uuid(user) };

	return db_query_one(c,
	    "SELECT " STATUS_COLUMNS " FROM messages"
	    " WHERE id = ? AND user_id = ? AND role = 'assistant'",
	    in, DB_COUNT(in), read_status, out);
}

enum err
msg_status_by_request(struct db_conn *c, const struct uuid *user,
    const char *client_request_id, struct msg_status *out)
{
	struct db_value in[] = { db_uuid(user), db_text(client_request_id) };

	return db_query_one(c,
	    "SELECT " STATUS_COLUMNS " FROM messages"
	    " WHERE user_id = ? AND client_request_id = ?",
	    in, DB_COUNT(in), read_status, out);
}

enum err
msg_running_in(struct db_conn *c, const struct uuid *user,
    const struct uuid *conversation, struct msg_status *out)
{
	struct db_value in[] = { db_uuid(conversation), db_uuid(user) };

	return db_query_one(c,
	    "SELECT " STATUS_COLUMNS " FROM messages"
	    " WHERE running_in = ? AND user_id = ?",
	    in, DB_COUNT(in), read_status, out);
}

struct statuses {
	msg_status_fn *fn;
	void *arg;
};

static enum err
read_each_status(void *arg, const struct db_value *row, int n)
{
	struct statuses *each = arg;
	struct msg_status status;

	read_status(&status, row, n);
	return each->fn(each->arg, &status);
}

enum err
msg_running(struct db_conn *c, const struct uuid *user,
    const struct uuid *session, msg_status_fn *fn, void *arg)
{
	struct db_value in[] = {
		db_uuid(user), db_uuid(session), DB_INT(MSG_RUNNING_MAX),
	};
	struct statuses each = { fn, arg };

	return db_query(c,
	    "SELECT " STATUS_COLUMNS " FROM messages WHERE user_id = ?"
	    " AND session_id = ? AND state = 'running' LIMIT ?",
	    in, DB_COUNT(in), read_each_status, &each);
}

struct orphans {
	struct uuid ids[ORPHANS_MAX];
	int n;
};

static enum err
read_orphan(void *arg, const struct db_value *row, int n)
{
	struct orphans *o = arg;

	(void)n;
	o->ids[o->n++] = db_get_uuid(&row[0]);
	return ERR_OK;
}

struct orphan {
	struct uuid id, owner;
	struct buf text, reasoning;
};

static enum err
end_orphan(struct db_conn *c, void *arg)
{
	struct orphan *o = arg;
	struct msg_end end = {
		.id = o->id, .owner = o->owner,
		.state = "interrupted", .has_segments = true,
		.error_code = err_code(ERR_INTERRUPTED),
		.error_message = ORPHAN_SENTENCE,
		.figures = msg_figures_none(),
		.ended_at = clock_wall_ms(),
	};
	enum err err;

	buf_reset(&o->text);
	buf_reset(&o->reasoning);
	if ((err = segment_join(c, &o->id, 0, 0, &o->text,
	    &o->reasoning)))
		return err;
	end.text = o->text.p;
	end.text_len = o->text.len;
	end.reasoning = o->reasoning.p;
	end.reasoning_len = o->reasoning.len;
	err = msg_end(c, &end);
	return err == ERR_NOT_FOUND ? ERR_OK : err; /* somebody was faster */
}

static enum err
end_orphan_alone(struct db_conn *c, const struct uuid *id,
    const struct uuid *owner)
{
	struct orphan o = { .id = *id, .owner = *owner };
	enum err err;

	buf_init(&o.text, ORPHAN_BYTES_MAX);
	buf_init(&o.reasoning, ORPHAN_BYTES_MAX);
	err = db_transaction(c, end_orphan, &o);
	buf_free(&o.text);
	buf_free(&o.reasoning);
	return err;
}

enum err
msg_orphans_end(struct db_conn *c, const struct uuid *owner, int *n)
{
	struct db_value in[] = { db_uuid(owner), DB_INT(ORPHANS_MAX) };
	struct orphans o;
	enum err err;

	*n = 0;
	do {
		o.n = 0;
		err = db_query(c,
		    "SELECT id FROM messages"
		    " WHERE owner = ? AND state = 'running' LIMIT ?",
		    in, DB_COUNT(in), read_orphan, &o);
		for (int i = 0; i < o.n && err == ERR_OK; i++)
			err = end_orphan_alone(c, &o.ids[i], owner);
		*n += o.n;
	} while (err == ERR_OK && o.n == ORPHANS_MAX);
	return err;
}
