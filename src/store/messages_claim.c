#include "store/messages.h"

#include <string.h>

#include "base/clock.h"

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
		db_uuid(&k->answer),
		db_text(k->system != NULL && k->system[0] != '\0' ?
		    k->system : NULL),
		DB_INT(w->now), DB_INT(w->now),
	};

	return db_run(c,
	    "INSERT INTO conversations"
	    " (id, user_id, title, leaf_id, system_prompt, created_at,"
	    " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)", in, DB_COUNT(in), NULL);
}

/* The leaf must still be the one that the history was read from. */
static enum err
move_leaf(struct db_conn *c, struct claiming *w)
{
	const struct msg_claim *k = w->claim;
	struct db_value in[] = {
		db_uuid(&k->answer), DB_INT(w->now), db_text(k->system),
		db_uuid(&k->conversation), db_uuid(&k->user), db_uuid(&k->leaf),
	};
	uint64_t affected = 0;
	enum err err;

	err = db_run(c,
	    "UPDATE conversations SET leaf_id = ?, updated_at = ?,"
	    " system_prompt = NULLIF(COALESCE(?, system_prompt), '')"
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
		db_uuid(&k->user), db_uuid(&k->parent), DB_INT(k->depth),
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
		db_text(k->provider), db_text(k->model), DB_INT(k->left_out),
		db_uuid(&k->owner),
		db_uuid(&k->conversation), db_uuid(&k->session),
		db_text(k->client_request_id),
		k->request_hash != NULL ?
		    DB_BYTES(k->request_hash, 32) : DB_NULL,
		DB_INT(w->now),
	};
	enum err err;

	err = db_run(c,
	    "INSERT INTO messages (id, conversation_id, user_id, parent_id,"
	    " depth, role, content, state, provider, model, left_out, owner,"
	    " running_in,"
	    " session_id, client_request_id, request_hash, created_at)"
	    " VALUES (?, ?, ?, ?, ?, 'assistant', '', 'running',"
	    " ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    in, DB_COUNT(in), NULL);
	if (err == ERR_CONFLICT)
		w->clash = clash_of_key(db_conflict_key(c));
	return err;
}

static enum err
ignore_row(void *arg, const struct db_value *row, int n)
{
	(void)arg, (void)row, (void)n;
	return ERR_OK;
}

/*
 * Whoever ends a session removes its row, then stops what runs for it.  With
 * the row locked here until the COMMIT, that comes either before this claim,
 * which finds no session, or after it, and finds the answer (S7).
 */
static enum err
hold_session(struct db_conn *c, struct claiming *w)
{
	struct db_value in[] = {
		db_uuid(&w->claim->session), db_uuid(&w->claim->user),
	};
	enum err err = db_query_one(c,
	    "SELECT 1 FROM sessions WHERE id = ? AND user_id = ?"
	    " LOCK IN SHARE MODE", in, DB_COUNT(in), ignore_row, NULL);

	if (err != ERR_NOT_FOUND)
		return err;
	w->clash = MSG_CLASH_ENDED;
	return ERR_CONFLICT;
}

static enum err
claim_work(struct db_conn *c, void *arg)
{
	struct claiming *w = arg;
	enum err err;

	w->clash = MSG_CLASH_NONE;
	if ((err = hold_session(c, w)) ||
	    (err = quota_take(c, &w->claim->user, 1, w->now, &w->claim->most,
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
