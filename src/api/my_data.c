/*
 * Everything that is kept of a user, as one JSON document.
 *
 * There may be much of it, so it goes out as it is read (http/pour.h), and few
 * threads do that at once.  What was cut short is no JSON, and lacks the
 * "complete" at its end.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/history_json.h"
#include "api/routes.h"
#include "api/settings.h"
#include "base/clock.h"
#include "http/pour.h"
#include "store/apikeys.h"
#include "store/sessions.h"

enum {
	AT_ONCE = 2, /* in a process, of its 16 threads */
	RETRY_AFTER_S = 10,
	ROWS_AT_ONCE = 50,
};

struct export {
	struct db_conn *db;
	const struct user *user;
	struct pour pour;
	int n_convs;
};

/* ---- who it is ---- */

/* `"name": value, `, in which `value` is used up. */
static enum err
add_member(struct export *e, const char *name, json_t *value)
{
	json_auto_t *used = value;
	enum err err;

	if ((err = buf_addf(&e->pour.out, "\"%s\": ", name)) ||
	    (err = pour_json(&e->pour, used)))
		return err;
	return buf_adds(&e->pour.out, ",\n");
}

static json_t *
time_json(int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	return json_string(clock_text(wall_ms, text));
}

static enum err
add_user(struct export *e)
{
	const struct user *u = e->user;
	char id[UUID_TEXT_SIZE];

	return add_member(e, "user", json_pack("{s:s, s:s, s:b, s:o}",
	    "id", uuid_text(&u->id, id), "username", u->username,
	    "is_admin", (int)u->is_admin,
	    "created_at", time_json(u->created_at)));
}

static enum err
add_settings(struct export *e)
{
	json_t *settings = NULL;
	enum err err = settings_load(e->db, &e->user->id, &settings);

	return err ? err : add_member(e, "settings", settings);
}

static enum err
list_key(void *arg, const char *provider, const char *last4)
{
	return json_array_append_new(arg, json_pack("{s:s, s:s}",
	    "provider", provider, "last4", last4)) == 0 ?
	    ERR_OK : ERR_INTERNAL;
}

static enum err
add_keys(struct export *e)
{
	json_auto_t *keys = json_array();
	enum err err = apikey_list(e->db, &e->user->id, list_key, keys);

	return err ? err : add_member(e, "keys", json_incref(keys));
}

static enum err
list_session(void *arg, const struct session_entry *s)
{
	char id[UUID_TEXT_SIZE];

	return json_array_append_new(arg, json_pack(
	    "{s:s, s:o, s:o, s:o, s:s, s:s}", "id", uuid_text(&s->id, id),
	    "created_at", time_json(s->created_at),
	    "seen_at", time_json(s->seen_at),
	    "expires_at", time_json(s->expires_at),
	    "address", s->address, "user_agent", s->user_agent)) == 0 ?
	    ERR_OK : ERR_INTERNAL;
}

static enum err
add_sessions(struct export *e)
{
	json_auto_t *list = json_array();
	int64_t now = clock_wall_ms();
	size_t n = 0;
	enum err err;

	do {
		n = json_array_size(list);
		err = sessions_list(e->db, &e->user->id, now, (int)n,
		    ROWS_AT_ONCE, list_session, list);
	} while (err == ERR_OK && json_array_size(list) == n + ROWS_AT_ONCE);
	return err ? err : add_member(e, "sessions", json_incref(list));
}

/* ---- conversations ---- */

/* Some messages of a conversation, and where the next ones begin. */
struct messages {
	json_t *list;
	struct history_running running; /* its text is elsewhere */
	size_t bytes;
	int depth;
	struct uuid last;
	bool full;  /* there is enough for one piece; more are left */
	int n_read;
};

static enum err
list_msg(void *arg, const struct msg *row)
{
	struct messages *m = arg;
	struct msg msg = *row;

	history_running_show(&m->running, &msg);
	if (json_array_append_new(m->list, history_msg(&msg)) != 0)
		return ERR_INTERNAL;
	m->bytes += msg.text_len + msg.reasoning_len;
	m->depth = msg.depth;
	m->last = msg.id;
	m->n_read++;
	m->full = m->bytes >= POUR_PIECE;
	return m->full ? ERR_TOO_LARGE : ERR_OK;
}

static enum err
add_list(struct export *e, const json_t *list, bool first)
{
	size_t i;
	json_t *msg;
	enum err err;

	json_array_foreach((json_t *)(uintptr_t)list, i, msg) {
		const char *between = first && i == 0 ? "\n" : ",\n";

		if ((err = buf_adds(&e->pour.out, between)) ||
		    (err = pour_json(&e->pour, msg)) ||
		    (err = pour_some(&e->pour)))
			return err;
	}
	return ERR_OK;
}

/* `more` tells that it may not be all. */
static enum err
add_some_messages(struct export *e, const struct uuid *conv,
    struct messages *m, bool *more)
{
	bool first = m->depth < 0;
	enum err err;

	m->bytes = 0;
	m->n_read = 0;
	m->full = false;
	json_array_clear(m->list);
	err = msg_walk(e->db, &e->user->id, conv, m->depth, &m->last,
	    ROWS_AT_ONCE, list_msg, m);
	if (err && !m->full)
		return err;
	*more = m->full || m->n_read == ROWS_AT_ONCE;
	return add_list(e, m->list, first);
}

static enum err
add_messages(struct export *e, const struct uuid *conv)
{
	json_auto_t *list = json_array();
	struct messages m = { .list = list, .depth = -1 };
	bool more = true;
	enum err err = history_running_load(&m.running, e->db, &e->user->id,
	    conv);

	while (err == ERR_OK && more)
		err = add_some_messages(e, conv, &m, &more);
	history_running_free(&m.running);
	return err;
}

/* The object stays open for its messages. */
static enum err
add_conv(struct export *e, const struct conv *conv)
{
	json_auto_t *object = NULL;
	enum err err;

	if ((err = history_details(e->db, e->pour.rq, conv, &object)) ||
	    (err = buf_adds(&e->pour.out, e->n_convs++ > 0 ? ",\n" : "\n")) ||
	    (err = pour_json(&e->pour, object)))
		return err;
	e->pour.out.len--; /* its closing brace, until the messages are in */
	e->pour.out.p[e->pour.out.len] = '\0';
	if ((err = buf_adds(&e->pour.out, ", \"messages\": [")) ||
	    (err = add_messages(e, &conv->id)))
		return err;
	return buf_adds(&e->pour.out, "]}");
}

struct convs {
	struct conv list[ROWS_AT_ONCE];
	int n;
};

static enum err
note_conv(void *arg, const struct conv *conv)
{
	struct convs *convs = arg;

	convs->list[convs->n++] = *conv;
	return ERR_OK;
}

static enum err
add_some_convs(struct export *e, struct convs *convs)
{
	struct uuid after = { { 0 } };
	enum err err;

	do {
		if (convs->n > 0)
			after = convs->list[convs->n - 1].id;
		convs->n = 0;
		err = conv_walk(e->db, &e->user->id, &after, ROWS_AT_ONCE,
		    note_conv, convs);
		for (int i = 0; i < convs->n && err == ERR_OK; i++)
			err = add_conv(e, &convs->list[i]);
	} while (err == ERR_OK && convs->n == ROWS_AT_ONCE);
	return err;
}

static enum err
add_convs(struct export *e)
{
	struct convs *convs = calloc(1, sizeof(*convs));
	enum err err;

	if (convs == NULL)
		return ERR_INTERNAL;
	err = buf_adds(&e->pour.out, "\"conversations\": [");
	if (err == ERR_OK)
		err = add_some_convs(e, convs);
	free(convs);
	return err ? err : buf_adds(&e->pour.out, "],\n\"complete\": true}\n");
}

/* ---- the whole ---- */

/* Up to here a failure is an ordinary answer. */
static enum err
gather_start(struct export *e)
{
	enum err err;

	if ((err = buf_adds(&e->pour.out, "{")) ||
	    (err = add_member(e, "exported_at", time_json(clock_wall_ms()))) ||
	    (err = add_user(e)) || (err = add_settings(e)) ||
	    (err = add_keys(e)))
		return err;
	return add_sessions(e);
}

static enum err
write_all(struct export *e, struct req *rq)
{
	enum err err;

	if ((err = gather_start(e)) ||
	    (err = req_header(rq, "Content-Disposition: attachment; "
	    "filename=\"llmselect.json\"")) ||
	    (err = pour_start(&e->pour)) ||
	    (err = add_convs(e)))
		return err;
	return pour_end(&e->pour);
}

static atomic_int running; /* of the process, as its threads are */

enum err
export_all(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct export e = { .db = db, .user = &rq->user };
	enum err err;

	(void)app;
	if (atomic_fetch_add(&running, 1) >= AT_ONCE) {
		atomic_fetch_sub(&running, 1);
		rq->retry_after = RETRY_AFTER_S;
		return req_fail(rq, ERR_UNAVAILABLE, "Others are fetching "
		    "their data just now. Try again in a moment.");
	}
	pour_init(&e.pour, rq);
	err = write_all(&e, rq);
	pour_free(&e.pour);
	atomic_fetch_sub(&running, 1);
	if (err == ERR_OK)
		req_note(rq, "exported");
	return err;
}
