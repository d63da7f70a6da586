/*
 * A conversation as a file: Markdown of the branch that is shown, or JSON of
 * all of it.  Messages go from the database into the answer one by one, so that
 * no more than the answer itself is held, of at most RESP_MAX bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "api/history_json.h"
#include "api/markdown.h"
#include "api/routes.h"
#include "http/attachment.h"
#include "http/response.h"
#include "store/conversations.h"
#include "store/messages.h"
#include "store/tree.h"

struct exporting {
	struct db_conn *db;
	struct req *rq;
	struct conv conv;
	struct history_running running;
	struct tree tree;
	const struct tree_node **nodes; /* first to last */
	size_t n, n_added;
};

struct format {
	const char *name, *type, *suffix;
	void (*choose)(struct exporting *e);
	enum err (*begin)(struct exporting *e);
	msg_fn *add;
	const char *end;
};

/* ---- Markdown ---- */

static void
choose_branch(struct exporting *e)
{
	const struct tree_node *leaf = tree_find(&e->tree, &e->conv.leaf);

	e->n = tree_branch(&e->tree, leaf, e->nodes);
	for (size_t i = 0; i < e->n / 2; i++) {
		const struct tree_node *node = e->nodes[i];

		e->nodes[i] = e->nodes[e->n - 1 - i];
		e->nodes[e->n - 1 - i] = node;
	}
}

static enum err
begin_markdown(struct exporting *e)
{
	struct buf system;
	enum err err;

	buf_init(&system, CONV_SYSTEM_BYTES_MAX);
	err = conv_system(e->db, &e->rq->user.id, &e->conv.id, &system);
	if (err == ERR_OK)
		err = markdown_begin(&e->rq->whole, &e->conv, &system);
	buf_free(&system);
	return err;
}

static enum err
add_markdown(void *arg, const struct msg *row)
{
	struct exporting *e = arg;
	struct msg m = *row;

	history_running_show(&e->running, &m);
	return markdown_message(&e->rq->whole, &m);
}

/* ---- JSON ---- */

static void
choose_all(struct exporting *e)
{
	for (; e->n < e->tree.n; e->n++)
		e->nodes[e->n] = &e->tree.nodes[e->n];
}

/* The object is left open for its messages. */
static enum err
begin_json(struct exporting *e)
{
	struct buf *out = &e->rq->whole;
	json_auto_t *object = NULL;
	enum err err;

	if ((err = history_details(e->db, e->rq, &e->conv, &object)) ||
	    (err = resp_add_json(out, object)))
		return err;
	out->p[--out->len] = '\0'; /* its brace */
	return buf_adds(out, ", \"messages\": [");
}

static enum err
add_json(void *arg, const struct msg *row)
{
	struct exporting *e = arg;
	struct msg m = *row;
	json_auto_t *object = NULL;
	enum err err;

	history_running_show(&e->running, &m);
	object = history_msg(&m);
	if (object == NULL)
		return ERR_INTERNAL;
	if ((err = buf_adds(&e->rq->whole, e->n_added++ > 0 ? ",\n" : "\n")))
		return err;
	return resp_add_json(&e->rq->whole, object);
}

/* ---- either ---- */

static const struct format formats[] = {
	{ "markdown", "text/markdown; charset=utf-8", ".md",
	    choose_branch, begin_markdown, add_markdown, "" },
	{ "json", "application/json", ".json",
	    choose_all, begin_json, add_json, "\n]}\n" },
};

static const struct format *
find_format(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

static enum err
read_format(struct req *rq, const struct format **out)
{
	char name[REQ_QUERY_MAX];
	enum err err = req_query_text(rq, "format", name);

	if (err)
		return err;
	*out = name[0] == '\0' ? &formats[0] : find_format(name);
	if (*out == NULL)
		return req_fail_field(rq, "format",
		    "Use markdown or json.");
	return ERR_OK;
}

static enum err
read_shape(struct exporting *e, const struct format *format)
{
	const struct uuid *user = &e->rq->user.id;
	enum err err;

	if ((err = history_running_load(&e->running, e->db, user,
	    &e->conv.id)) ||
	    (err = tree_load(e->db, user, &e->conv.id, &e->tree)))
		return err;
	e->nodes = calloc(e->tree.n + 1, sizeof(*e->nodes));
	if (e->nodes == NULL)
		return ERR_INTERNAL;
	format->choose(e);
	return ERR_OK;
}

static enum err
write_all(struct exporting *e, const struct format *format)
{
	struct req *rq = e->rq;
	enum err err;

	if ((err = attachment_header(rq, e->conv.title, "conversation",
	    format->suffix)) ||
	    (err = resp_begin(rq, format->type)) ||
	    (err = format->begin(e)) ||
	    (err = msg_each(e->db, &rq->user.id, e->nodes, e->n, MSG_DOWN,
	    format->add, e)))
		return err;
	return buf_adds(&rq->whole, format->end);
}

static enum err
export(struct exporting *e)
{
	const struct format *format = NULL;
	enum err err;

	if ((err = read_format(e->rq, &format)))
		return err;
	err = conv_get(e->db, &e->rq->user.id, &e->rq->path_id, &e->conv);
	if (err == ERR_NOT_FOUND)
		return req_fail(e->rq, err, "There is no such conversation.");
	if (err || (err = read_shape(e, format)))
		return err;
	if ((err = write_all(e, format)))
		e->rq->n_headers = 0; /* a failure is no file */
	if (err == ERR_TOO_LARGE)
		return req_fail(e->rq, err,
		    "As a file this conversation would have more than "
		    "%d MiB, which is more than one answer can have.",
		    RESP_MAX / 1024 / 1024);
	return err;
}

enum err
history_export(const struct app *app, struct db_conn *db, struct req *rq)
{
	struct exporting e = { .db = db, .rq = rq };
	enum err err = export(&e);

	(void)app;
	history_running_free(&e.running);
	tree_free(&e.tree);
	free(e.nodes);
	return err;
}
