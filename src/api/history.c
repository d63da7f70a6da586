/* What was asked and answered before. */
#include <string.h>

#include "api/routes.h"
#include "api/streams.h"
#include "base/clock.h"
#include "http/fields.h"
#include "store/conversations.h"
#include "store/messages.h"
#include "store/segments.h"
#include "stream/events.h"

enum { LIMIT_MAX = 100, LIMIT = 30, PAGE_MAX = 100000 };

static json_t *
time_json(int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	return json_string(clock_text(wall_ms, text));
}

static json_t *
id_json(const struct uuid *id)
{
	char text[UUID_TEXT_SIZE];

	return uuid_is_none(id) ? json_null() : json_string(uuid_text(id, text));
}

static json_t *
conv_json(const struct conv *c)
{
	return json_pack("{s:o, s:s, s:b, s:o, s:o}",
	    "id", id_json(&c->id),
	    "title", c->title,
	    "pinned", c->pinned,
	    "created_at", time_json(c->created_at),
	    "updated_at", time_json(c->updated_at));
}

static enum err
add_conv(void *arg, const struct conv *c)
{
	return json_array_append_new(arg, conv_json(c)) == 0 ?
	    ERR_OK : ERR_INTERNAL;
}

/* NULL where nothing is searched for. */
static enum err
read_search(struct req *rq, char text[static REQ_QUERY_MAX],
    const char **search)
{
	enum err err = req_query_text(rq, "search", text);

	if (err == ERR_OK && text[0] != '\0')
		*search = text;
	return err;
}

enum err
history_list(const struct app *app, struct db_conn *db, struct req *rq)
{
	json_auto_t *items = json_array();
	char text[REQ_QUERY_MAX];
	const char *search = NULL;
	int64_t total = 0;
	int page, limit;
	enum err err;

	(void)app;
	if ((err = read_search(rq, text, &search)))
		return err;
	if ((err = req_query_int(rq, "page", 1, PAGE_MAX, 1, &page)) ||
	    (err = req_query_int(rq, "limit", 1, LIMIT_MAX, LIMIT, &limit)))
		return err;
	if ((err = conv_count(db, &rq->user.id, search, &total)) ||
	    (err = conv_list(db, &rq->user.id, search, (page - 1) * limit,
	    limit, add_conv, items)))
		return err;
	rq->reply = json_pack("{s:O, s:i, s:i, s:I}", "items", items,
	    "page", page, "limit", limit, "total", (json_int_t)total);
	return rq->reply != NULL ? ERR_OK : ERR_INTERNAL;
}

static void
add_text(json_t *object, const char *name, const char *text)
{
	if (text[0] != '\0')
		json_object_set_new(object, name, json_string(text));
}

/* What only an answer has. */
static void
add_answer(json_t *object, const struct msg *m)
{
	if (m->reasoning != NULL)
		json_object_set_new(object, "reasoning",
		    json_stringn(m->reasoning, m->reasoning_len));
	add_text(object, "provider", m->provider);
	add_text(object, "model", m->model);
	add_text(object, "finish_reason", m->finish_reason);
	if (m->error_code[0] != '\0')
		json_object_set_new(object, "error", json_pack("{s:s, s:s}",
		    "code", m->error_code, "message", m->error_message));
	events_add_figures(object, &m->figures);
}

static json_t *
msg_json(const struct msg *m)
{
	json_t *object = json_pack("{s:o, s:o, s:s, s:s%, s:s, s:o}",
	    "id", id_json(&m->id),
	    "parent_id", id_json(&m->parent),
	    "role", m->role,
	    "content", m->text, m->text_len,
	    "state", m->state,
	    "created_at", time_json(m->created_at));

	if (object != NULL && m->provider[0] != '\0')
		add_answer(object, m);
	return object;
}

struct showing {
	json_t *messages;
	json_t *running; /* borrowed: the one that runs; NULL: none */
	struct uuid running_id;
};

/* The last message comes first. */
static enum err
add_msg(void *arg, const struct msg *m)
{
	struct showing *show = arg;
	json_t *object = msg_json(m);

	if (json_array_insert_new(show->messages, 0, object) != 0)
		return ERR_INTERNAL;
	if (strcmp(m->state, "running") == 0) {
		show->running = object;
		show->running_id = m->id;
	}
	return ERR_OK;
}

/* An answer that runs is shown as far as it is written down. */
static enum err
add_running_text(struct db_conn *db, const struct showing *show)
{
	struct buf text, reasoning;
	enum err err;

	if (show->running == NULL)
		return ERR_OK;
	buf_init(&text, DB_CELL_MAX);
	buf_init(&reasoning, DB_CELL_MAX);
	err = segment_join(db, &show->running_id, 0, 0, &text,
	    &reasoning);
	json_object_set_new(show->running, "content",
	    json_stringn(text.p, text.len));
	if (reasoning.len > 0)
		json_object_set_new(show->running, "reasoning",
		    json_stringn(reasoning.p, reasoning.len));
	buf_free(&text);
	buf_free(&reasoning);
	return err;
}

static enum err
fail_unknown(struct req *rq)
{
	return req_fail(rq, ERR_NOT_FOUND, "There is no such conversation.");
}

enum err
history_show(const struct app *app, struct db_conn *db, struct req *rq)
{
	json_auto_t *messages = json_array();
	struct showing show = { .messages = messages };
	struct conv conv;
	enum err err;

	(void)app;
	err = conv_get(db, &rq->user.id, &rq->path_id, &conv);
	if (err == ERR_NOT_FOUND)
		return fail_unknown(rq);
	if (err || (err = msg_branch(db, &rq->user.id, &conv.id, &conv.leaf,
	    add_msg, &show)) || (err = add_running_text(db, &show)))
		return err;
	rq->reply = conv_json(&conv);
	if (rq->reply == NULL ||
	    json_object_set_new(rq->reply, "leaf_id", id_json(&conv.leaf)) ||
	    json_object_set(rq->reply, "messages", messages))
		return ERR_INTERNAL;
	return ERR_OK;
}

struct change {
	struct text title;
	bool pinned;
};

static const struct field change_fields[] = {
	FIELD_TEXT(struct change, title, 1, CONV_TITLE_MAX, 0),
	FIELD_BOOL(struct change, pinned, 0),
};

static bool
is_given(const struct req *rq, const char *field)
{
	const json_t *value = json_object_get(rq->json, field);

	return value != NULL && !json_is_null(value);
}

enum err
history_change(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct change change = { 0 };
	struct conv conv;
	enum err err;

	(void)app;
	if ((err = FIELDS_READ(rq, change_fields, &change)))
		return err;
	err = conv_change(db, &rq->user.id, &rq->path_id, change.title.p,
	    is_given(rq, "pinned") ? &change.pinned : NULL);
	if (err == ERR_OK)
		err = conv_get(db, &rq->user.id, &rq->path_id, &conv);
	if (err == ERR_NOT_FOUND)
		return fail_unknown(rq);
	if (err)
		return err;
	rq->reply = conv_json(&conv);
	return rq->reply != NULL ? ERR_OK : ERR_INTERNAL;
}

/* An answer that runs in it is stopped first: nobody will read it. */
enum err
history_delete(const struct app *app, struct db_conn *db, struct req *rq)
{
	enum err err;

	streams_stop_conversation(app, db, &rq->user, &rq->path_id);
	err = conv_delete(db, &rq->user.id, &rq->path_id);
	if (err == ERR_NOT_FOUND)
		return fail_unknown(rq);
	rq->status = 204;
	return err;
}
