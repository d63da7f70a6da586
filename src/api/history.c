/* What was asked and answered before. */
#include <stdlib.h>

#include "api/history_json.h"
#include "api/page.h"
#include "api/routes.h"
#include "api/streams.h"
#include "http/fields.h"
#include "store/conversations.h"
#include "store/messages.h"
#include "store/tree.h"

/* Of text: in JSON it may double. */
enum { SHOWN_BYTES_MAX = 24 * 1024 * 1024 };

static enum err
add_conv(void *arg, const struct conv *c)
{
	return json_array_append_new(arg, history_conv(c)) == 0 ?
	    ERR_OK : ERR_INTERNAL;
}

enum err
history_list(const struct app *app, struct db_conn *db, struct req *rq)
{
	json_auto_t *items = json_array();
	struct page page;
	int64_t total = 0;
	enum err err;

	(void)app;
	if ((err = page_read(rq, &page)) ||
	    (err = conv_count(db, &rq->user.id, page_search(&page), &total)) ||
	    (err = conv_list(db, &rq->user.id, page_search(&page), page.offset,
	    page.limit, add_conv, items)))
		return err;
	return page_reply(rq, &page, items, total);
}

static enum err
fail_unknown(struct req *rq)
{
	return req_fail(rq, ERR_NOT_FOUND, "There is no such conversation.");
}

/* ---- one of them ---- */

/* A conversation on its way to be shown. */
struct showing {
	struct db_conn *db;
	struct req *rq;
	struct conv conv;
	struct history_running running;
	struct tree tree;
	const struct tree_node **nodes; /* that are to be shown */
	size_t n, n_shown;
	size_t bytes; /* of text shown */
	json_t *messages;
	int whole; /* the tree, not a branch */
	bool is_full;
};

static void
showing_free(struct showing *s)
{
	history_running_free(&s->running);
	tree_free(&s->tree);
	free(s->nodes);
	json_decref(s->messages);
}

/* Where a question was asked, or answered, several times. */
static enum err
add_siblings(json_t *object, const struct tree *tree,
    const struct tree_node *node)
{
	const struct tree_node *s = tree_first_sibling(tree, node);
	json_t *list;

	if (s == node && tree_next_sibling(tree, node) == NULL)
		return ERR_OK;
	list = json_array();
	for (; s != NULL; s = tree_next_sibling(tree, s))
		json_array_append_new(list, history_id(&s->id));
	return json_object_set_new(object, "siblings", list) == 0 ?
	    ERR_OK : ERR_INTERNAL;
}

static enum err
show_message(void *arg, const struct msg *row)
{
	struct showing *s = arg;
	struct msg m = *row;
	json_t *object;

	history_running_show(&s->running, &m);
	s->bytes += m.text_len + m.reasoning_len;
	s->is_full = s->bytes > SHOWN_BYTES_MAX && s->n_shown > 0;
	if (s->is_full)
		return ERR_TOO_LARGE; /* the reading ends here */
	object = history_msg(&m);
	if (json_array_append_new(s->messages, object) != 0)
		return ERR_INTERNAL;
	return s->whole ? (s->n_shown++, ERR_OK) :
	    add_siblings(object, &s->tree, s->nodes[s->n_shown++]);
}

static enum err
choose_nodes(struct showing *s)
{
	const struct tree_node *leaf = tree_find(&s->tree, &s->conv.leaf);

	s->nodes = malloc((s->tree.n + 1) * sizeof(*s->nodes));
	if (s->nodes == NULL)
		return ERR_INTERNAL;
	if (!s->whole) {
		s->n = tree_branch(&s->tree, leaf, s->nodes);
		return ERR_OK;
	}
	for (; s->n < s->tree.n; s->n++)
		s->nodes[s->n] = &s->tree.nodes[s->n];
	return ERR_OK;
}

static enum err
fail_full(struct showing *s)
{
	return req_fail(s->rq, ERR_TOO_LARGE,
	    "This conversation has more than %d MiB of text in all. "
	    "Ask for the branch that is shown, without tree=1.",
	    SHOWN_BYTES_MAX / 1024 / 1024);
}

static enum err
read_messages(struct showing *s)
{
	const struct uuid *user = &s->rq->user.id;
	enum err err;

	if ((err = history_running_load(&s->running, s->db, user,
	    &s->conv.id)) ||
	    (err = tree_load(s->db, user, &s->conv.id, &s->tree)) ||
	    (err = choose_nodes(s)))
		return err;
	err = msg_each(s->db, user, s->nodes, s->n,
	    s->whole ? MSG_DOWN : MSG_UP, show_message, s);
	if (err && !s->is_full)
		return err;
	return s->is_full && s->whole ? fail_full(s) : ERR_OK;
}

/* A branch was read from its end. */
static json_t *
in_order(const struct showing *s)
{
	json_t *list = json_array();

	if (s->whole) {
		json_decref(list);
		return json_incref(s->messages);
	}
	for (size_t i = json_array_size(s->messages); i-- > 0; )
		json_array_append(list, json_array_get(s->messages, i));
	return list;
}

static enum err
show(struct showing *s)
{
	enum err err;

	err = conv_get(s->db, &s->rq->user.id, &s->rq->path_id, &s->conv);
	if (err == ERR_NOT_FOUND)
		return fail_unknown(s->rq);
	if (err || (err = read_messages(s)) ||
	    (err = history_details(s->db, s->rq, &s->conv, &s->rq->reply)))
		return err;
	if (json_object_set_new(s->rq->reply, "left_out",
	    json_integer((json_int_t)(s->n - s->n_shown))) ||
	    json_object_set_new(s->rq->reply, "messages", in_order(s)))
		return ERR_INTERNAL;
	return ERR_OK;
}

enum err
history_show(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct showing s = { .db = db, .rq = rq, .messages = json_array() };
	enum err err;

	(void)app;
	err = req_query_int(rq, "tree", 0, 1, 0, &s.whole);
	if (err == ERR_OK)
		err = show(&s);
	showing_free(&s);
	return err;
}

/* ---- changing one ---- */

struct change {
	struct text title, system;
	bool pinned;
	struct uuid leaf_id;
};

static const struct field change_fields[] = {
	FIELD_TEXT(struct change, title, 1, CONV_TITLE_MAX, 0),
	FIELD_TEXT(struct change, system, 0, CONV_SYSTEM_MAX, 0),
	FIELD_BOOL(struct change, pinned, 0),
	FIELD_UUID(struct change, leaf_id, 0),
};

static bool
is_given(const struct req *rq, const char *field)
{
	const json_t *value = json_object_get(rq->json, field);

	return value != NULL && !json_is_null(value);
}

/* Either the conversation is not there, or the message is not in it. */
static enum err
fail_not_found(struct db_conn *db, struct req *rq)
{
	struct conv conv;

	if (conv_get(db, &rq->user.id, &rq->path_id, &conv) == ERR_OK)
		return req_fail(rq, ERR_NOT_FOUND,
		    "There is no such message in this conversation.");
	return fail_unknown(rq);
}

enum err
history_change(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct change in = { 0 };
	struct conv_change change;
	struct conv conv;
	enum err err;

	(void)app;
	if ((err = FIELDS_READ(rq, change_fields, &in)))
		return err;
	change = (struct conv_change){
		.title = in.title.p,
		.system = in.system.p,
		.pinned = is_given(rq, "pinned") ? &in.pinned : NULL,
		.leaf = is_given(rq, "leaf_id") ? &in.leaf_id : NULL,
	};
	err = conv_change(db, &rq->user.id, &rq->path_id, &change);
	if (err == ERR_NOT_FOUND)
		return fail_not_found(db, rq);
	if (err || (err = conv_get(db, &rq->user.id, &rq->path_id, &conv)))
		return err;
	return history_details(db, rq, &conv, &rq->reply);
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
