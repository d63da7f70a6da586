#include "store/messages.h"

#include <string.h>

#include "store/segments.h"

struct msg_figures
msg_figures_none(void)
{
	return (struct msg_figures){
		.input_tokens = -1, .output_tokens = -1,
		.reasoning_tokens = -1, .connect_ms = -1, .ttft_ms = -1,
		.total_ms = -1, .tokens_per_second = -1, .cost_usd = -1,
	};
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
		known_int(e->left_out), DB_INT(e->ended_at), db_uuid(&e->id), db_uuid(&e->owner),
	};
	uint64_t affected = 0;
	enum err err;

	err = db_run(c,
	    "UPDATE messages SET content = ?, reasoning = ?, state = ?,"
	    " finish_reason = ?, error_code = ?, error_message = ?,"
	    " input_tokens = ?, output_tokens = ?, reasoning_tokens = ?,"
	    " usage_source = ?, connect_ms = ?, ttft_ms = ?, total_ms = ?,"
	    " tokens_per_second = ?, cost_usd = ?, price_date = ?,"
	    " left_out = COALESCE(?, left_out), ended_at = ?, running_in = NULL, session_id = NULL"
	    " WHERE id = ? AND owner = ? AND state = 'running'",
	    in, DB_COUNT(in), &affected);
	/* Also of a row that was deleted while it ran: its last pieces may have
	 * been written after that. */
	if (err == ERR_OK && e->has_segments)
		err = segment_remove(c, &e->id);
	if (err)
		return err;
	return affected == 1 ? ERR_OK : ERR_NOT_FOUND;
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

/* The UUID of zeros as it is, where it is before all others. */
static struct db_value
known_uuid(const struct uuid *u)
{
	return DB_BYTES(u->b, sizeof(u->b));
}

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
    const struct uuid *session, const struct uuid *after, msg_status_fn *fn,
    void *arg)
{
	struct db_value in[] = {
		db_uuid(user), db_uuid(session), known_uuid(after),
		DB_INT(MSG_RUNNING_MAX),
	};
	struct statuses each = { fn, arg };

	return db_query(c,
	    "SELECT " STATUS_COLUMNS " FROM messages WHERE user_id = ?"
	    " AND session_id = ? AND id > ? AND state = 'running'"
	    " ORDER BY id LIMIT ?", in, DB_COUNT(in), read_each_status, &each);
}

/* Only running answers have a session, so its key finds them among all the
 * others that the user has. */
enum err
msg_running_all(struct db_conn *c, const struct uuid *user,
    const struct uuid *but, const struct uuid *after, msg_status_fn *fn,
    void *arg)
{
	struct db_value in[] = {
		db_uuid(user), db_uuid(but), known_uuid(after),
		DB_INT(MSG_RUNNING_MAX),
	};
	struct statuses each = { fn, arg };

	return db_query(c,
	    "SELECT " STATUS_COLUMNS " FROM messages"
	    " WHERE user_id = ? AND session_id IS NOT NULL"
	    " AND NOT (session_id <=> ?) AND id > ? AND state = 'running'"
	    " ORDER BY id LIMIT ?", in, DB_COUNT(in), read_each_status, &each);
}
