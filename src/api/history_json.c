#include "api/history_json.h"

#include <string.h>

#include "base/clock.h"
#include "store/segments.h"
#include "stream/events.h"

static json_t *
time_json(int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	return json_string(clock_text(wall_ms, text));
}

json_t *
history_id(const struct uuid *id)
{
	char text[UUID_TEXT_SIZE];

	return uuid_is_none(id) ? json_null() : json_string(uuid_text(id, text));
}

json_t *
history_conv(const struct conv *c)
{
	return json_pack("{s:o, s:s, s:b, s:o, s:o}",
	    "id", history_id(&c->id),
	    "title", c->title,
	    "pinned", c->pinned,
	    "created_at", time_json(c->created_at),
	    "updated_at", time_json(c->updated_at));
}

enum err
history_details(struct db_conn *db, struct req *rq, const struct conv *conv,
    json_t **out)
{
	struct buf system;
	enum err err;

	buf_init(&system, CONV_SYSTEM_BYTES_MAX);
	if ((err = conv_system(db, &rq->user.id, &conv->id, &system)))
		goto out;
	*out = history_conv(conv);
	if (*out == NULL ||
	    json_object_set_new(*out, "leaf_id", history_id(&conv->leaf)) ||
	    json_object_set_new(*out, "system", system.len > 0 ?
	    json_stringn(system.p, system.len) : json_null()))
		err = ERR_INTERNAL;
out:
	buf_free(&system);
	return err;
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
	if (m->left_out > 0)
		json_object_set_new(object, "left_out",
		    json_integer(m->left_out));
	events_add_figures(object, &m->figures);
}

json_t *
history_msg(const struct msg *m)
{
	json_t *object = json_pack("{s:o, s:o, s:s, s:s%, s:s, s:o}",
	    "id", history_id(&m->id),
	    "parent_id", history_id(&m->parent),
	    "role", m->role,
	    "content", m->text, m->text_len,
	    "state", m->state,
	    "created_at", time_json(m->created_at));

	if (object != NULL && m->provider[0] != '\0')
		add_answer(object, m);
	return object;
}

enum err
history_running_load(struct history_running *r, struct db_conn *db,
    const struct uuid *user, const struct uuid *conversation)
{
	struct msg_status status;
	enum err err;

	buf_init(&r->text, DB_CELL_MAX);
	buf_init(&r->reasoning, DB_CELL_MAX);
	err = msg_running_in(db, user, conversation, &status);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_OK : err;
	r->id = status.id;
	return segment_join(db, &r->id, 0, 0, &r->text, &r->reasoning);
}

void
history_running_show(const struct history_running *r, struct msg *m)
{
	if (!uuid_equal(&r->id, &m->id) || strcmp(m->state, "running") != 0)
		return;
	m->text = r->text.p;
	m->text_len = r->text.len;
	m->reasoning = r->reasoning.len > 0 ? r->reasoning.p : NULL;
	m->reasoning_len = r->reasoning.len;
}

void
history_running_free(struct history_running *r)
{
	buf_free(&r->text);
	buf_free(&r->reasoning);
}
