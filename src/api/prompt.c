#include "api/prompt.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "llm/tokens.h"
#include "llm/turns.h"
#include "store/messages.h"
#include "store/tree.h"

/* A turn adds a question and an answer. */
enum { TURN = 2 };

/* A prompt in the making. */
struct loading {
	struct prompt *prompt;
	struct db_conn *db;
	struct req *rq;
	struct ask *ask;
	const struct conv *conv;
	int64_t room; /* tokens that its messages may have */
	int64_t used; /* of them */
	struct tree tree;
	const struct tree_node **branch; /* to be read, last message first */
	const struct tree_node **said;   /* those of them that have a text */
	size_t n_branch, n_read;
	bool is_full; /* what is older does not go */
};

static void
free_text(const struct llm_message *m)
{
	free((void *)(uintptr_t)m->text);
}

void
prompt_free(struct prompt *p)
{
	for (size_t i = 0; i < p->n; i++)
		free_text(&p->messages[i]);
	free(p->messages);
	buf_free(&p->system);
	*p = (struct prompt){ 0 };
}

void
prompt_give(struct prompt *p)
{
	p->messages = NULL;
	p->n = p->cap = 0;
}

static enum err
make_room(struct prompt *p)
{
	size_t cap = p->cap > 0 ? p->cap * 2 : 16;
	struct llm_message *list;

	if (p->n < p->cap)
		return ERR_OK;
	list = realloc(p->messages, cap * sizeof(*list));
	if (list == NULL)
		return ERR_INTERNAL;
	p->messages = list;
	p->cap = cap;
	return ERR_OK;
}

static enum err
add(struct prompt *p, enum llm_role role, const char *text, size_t len)
{
	char *copy;
	enum err err;

	if ((err = make_room(p)))
		return err;
	copy = malloc(len + 1);
	if (copy == NULL)
		return ERR_INTERNAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	p->messages[p->n++] = (struct llm_message){ role, copy, len };
	p->bytes += len;
	return ERR_OK;
}

/* ---- the system prompt ---- */

/* The one of this request, else the one that is stored. */
static enum err
settle_system(struct loading *l)
{
	struct prompt *p = l->prompt;
	struct ask *ask = l->ask;
	enum err err;

	p->system_given = ask->system.p;
	if (ask->system.p != NULL || l->conv == NULL)
		return ERR_OK;
	buf_init(&p->system, CONV_SYSTEM_BYTES_MAX);
	if ((err = conv_system(l->db, &l->rq->user.id, &l->conv->id,
	    &p->system)))
		return err;
	ask->system = (struct text){ p->system.p, p->system.len };
	return ERR_OK;
}

/* ---- where the question stands ---- */

/* The question whose place the new one takes; it stays in a branch apart. */
static enum err
find_edited(struct loading *l, const struct tree_node **out)
{
	const struct tree_node *node =
	    tree_find(&l->tree, &l->ask->edit_message_id);

	if (node == NULL)
		return req_fail(l->rq, ERR_NOT_FOUND,
		    "There is no such message in this conversation.");
	if (!node->is_user)
		return req_fail_field(l->rq, "edit_message_id",
		    "This is an answer. Only a question can be replaced.");
	*out = node;
	return ERR_OK;
}

/* After the message `last`; NULL: it is a first one. */
static void
put_question_after(struct loading *l, const struct tree_node *last)
{
	struct prompt *p = l->prompt;

	p->question = uuid_make();
	if (last != NULL) {
		p->parent = last->id;
		p->depth = last->depth + 1;
	}
	l->n_branch = tree_branch(&l->tree, last, l->branch);
}

/* The last question of the branch, which then ends in it. */
static enum err
find_question_again(struct loading *l, const struct tree_node *last)
{
	while (last != NULL && !last->is_user)
		last = tree_parent(&l->tree, last);
	if (last == NULL)
		return req_fail(l->rq, ERR_CONFLICT,
		    "There is no question here to answer once more.");
	l->prompt->question = last->id;
	l->prompt->parent = last->parent;
	l->prompt->depth = last->depth;
	l->n_branch = tree_branch(&l->tree, last, l->branch);
	return ERR_OK;
}

static enum err
place_question(struct loading *l)
{
	const struct tree_node *last = tree_find(&l->tree, &l->conv->leaf);
	const struct tree_node *edited = NULL;
	enum err err;

	if (l->ask->regenerate)
		return find_question_again(l, last);
	if (!uuid_is_none(&l->ask->edit_message_id)) {
		if ((err = find_edited(l, &edited)))
			return err;
		last = tree_parent(&l->tree, edited);
	}
	put_question_after(l, last);
	return ERR_OK;
}

static enum err
load_tree(struct loading *l)
{
	enum err err = tree_load(l->db, &l->rq->user.id, &l->conv->id,
	    &l->tree);

	if (err == ERR_TOO_LARGE || l->tree.n + TURN > TREE_MAX)
		return req_fail(l->rq, ERR_CONFLICT,
		    "This conversation has %d messages, and takes no more. "
		    "Start a new one.", TREE_MAX);
	if (err)
		return err;
	l->branch = calloc(l->tree.n + 1, sizeof(*l->branch));
	l->said = calloc(l->tree.n + 1, sizeof(*l->said));
	return l->branch != NULL && l->said != NULL ? ERR_OK : ERR_INTERNAL;
}

/* ---- the texts ---- */

static int64_t
weigh(const struct llm_message *m)
{
	return tokens_guess(m->text, m->len);
}

/* Whether one more message is too much.  The question never is: it comes
 * first, and is not asked about. */
static bool
fits(const struct loading *l, const struct msg *m)
{
	const struct prompt *p = l->prompt;

	return l->used <= l->room && p->n < PROMPT_MESSAGES_MAX - 1 &&
	    p->bytes + m->text_len + l->ask->message.len <= PROMPT_BYTES_MAX;
}

/* Called from the last message to the first. */
static enum err
read_message(void *arg, const struct msg *m)
{
	struct loading *l = arg;
	bool is_user = strcmp(m->role, "user") == 0;
	bool is_question = l->ask->regenerate && l->n_read == 0;

	if (strcmp(m->state, "running") == 0)
		return req_fail(l->rq, ERR_BUSY, "%s", "");
	l->used += tokens_guess(m->text, m->text_len);
	l->is_full = !is_question && !fits(l, m);
	if (l->is_full)
		return ERR_TOO_LARGE; /* the reading ends here */
	l->said[l->prompt->n] = l->branch[l->n_read++];
	if (m->text_len == 0)
		return ERR_OK; /* an answer without text is left out */
	return add(l->prompt, is_user ? LLM_USER : LLM_ASSISTANT, m->text,
	    m->text_len);
}

static void
reverse(struct llm_message *list, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct llm_message m = list[i];

		list[i] = list[n - 1 - i];
		list[n - 1 - i] = m;
	}
}

static enum err
read_branch(struct loading *l)
{
	enum err err = msg_each(l->db, &l->rq->user.id, l->branch, l->n_branch,
	    MSG_UP, read_message, l);

	if (err && !l->is_full)
		return err;
	reverse(l->prompt->messages, l->prompt->n);
	return ERR_OK;
}

/* What was read may begin in the middle of a turn. */
static void
keep_whole_turns(struct loading *l)
{
	struct prompt *p = l->prompt;
	size_t drop = turns_drop_by(p->messages, p->n, l->room, weigh);

	for (size_t i = 0; i < drop; i++) {
		p->bytes -= p->messages[i].len;
		free_text(&p->messages[i]);
	}
	p->n -= drop;
	memmove(p->messages, p->messages + drop, p->n * sizeof(*p->messages));
}

/* All that comes before the first one that goes, with a text or without. */
static void
count_left_out(struct loading *l)
{
	struct prompt *p = l->prompt;
	size_t kept = p->n - (l->ask->regenerate ? 0 : 1); /* of the branch */

	p->left_out = kept > 0 ? l->said[kept - 1]->depth : (int)l->n_branch;
}

/* ---- all of it ---- */

static enum err
load_branch(struct loading *l)
{
	enum err err;

	if (l->conv == NULL) {
		put_question_after(l, NULL);
		return ERR_OK;
	}
	if ((err = load_tree(l)) ||
	    (err = place_question(l)))
		return err;
	return read_branch(l);
}

static enum err
load(struct loading *l)
{
	const struct text *message = &l->ask->message;
	enum err err;

	if ((err = settle_system(l)))
		return err;
	l->used = tokens_guess(message->p, message->len);
	l->room -= tokens_guess(l->ask->system.p, l->ask->system.len);
	if ((err = load_branch(l)))
		return err;
	if (!l->ask->regenerate && (err = add(l->prompt, LLM_USER, message->p,
	    message->len)))
		return err;
	keep_whole_turns(l);
	count_left_out(l);
	return prompt_join(l->prompt);
}

enum err
prompt_load(struct prompt *p, struct db_conn *db, struct req *rq,
    struct ask *ask, const struct catalog_model *model,
    const struct conv *conv)
{
	struct loading l = {
		.prompt = p, .db = db, .rq = rq, .ask = ask, .conv = conv,
		.room = model == NULL ? INT64_MAX :
		    tokens_room(model->context, model->max_output,
		    ask->max_tokens.set ? ask->max_tokens.i : 0),
	};
	enum err err = load(&l);

	tree_free(&l.tree);
	free(l.branch);
	free(l.said);
	return err;
}
