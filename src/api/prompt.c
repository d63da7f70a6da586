#include "api/prompt.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/messages.h"

/* A prompt in the making. */
struct loading {
	struct prompt *prompt;
	struct req *rq;
	const struct ask *ask;
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
add(struct loading *l, enum llm_role role, const char *text, size_t len)
{
	struct prompt *p = l->prompt;
	char *copy;
	enum err err;

	if (p->n >= PROMPT_MESSAGES_MAX || p->bytes + len > PROMPT_BYTES_MAX)
		return req_fail(l->rq, ERR_CONTEXT_LENGTH,
		    "This conversation is too long. Start a new one.");
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

/* The question to answer once more is the last one of the branch. */
static void
note_question(struct loading *l, const struct msg *m, bool is_user)
{
	struct prompt *p = l->prompt;

	if (!l->ask->regenerate && p->depth == 0)
		p->depth = m->depth + 1;
	if (l->ask->regenerate && is_user && uuid_is_none(&p->question)) {
		p->question = m->id;
		p->depth = m->depth;
	}
}

/* Called from the last message to the first. */
static enum err
read_message(void *arg, const struct msg *m)
{
	struct loading *l = arg;
	bool is_user = strcmp(m->role, "user") == 0;

	note_question(l, m, is_user);
	if (strcmp(m->state, "running") == 0)
		return req_fail(l->rq, ERR_BUSY, "%s", "");
	if (l->ask->regenerate && uuid_is_none(&l->prompt->question))
		return ERR_OK; /* the answers that are to be given anew */
	if (m->text_len == 0)
		return ERR_OK; /* an answer without text is left out */
	return add(l, is_user ? LLM_USER : LLM_ASSISTANT, m->text,
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
add_question(struct loading *l)
{
	const struct ask *ask = l->ask;

	if (!ask->regenerate) {
		l->prompt->question = uuid_make();
		return add(l, LLM_USER, ask->message.p, ask->message.len);
	}
	if (uuid_is_none(&l->prompt->question))
		return req_fail(l->rq, ERR_CONFLICT,
		    "There is no question here to answer once more.");
	return ERR_OK;
}

/* Two texts of the user with an empty line between them, in the first one. */
static enum err
join(struct llm_message *into, struct llm_message *next)
{
	size_t len = into->len + 2 + next->len;
	char *text = malloc(len + 1);

	if (text == NULL)
		return ERR_INTERNAL;
	snprintf(text, len + 1, "%s\n\n%s", into->text, next->text);
	free_text(into);
	free_text(next);
	*next = (struct llm_message){ 0 };
	into->text = text;
	into->len = len;
	return ERR_OK;
}

/*
 * Where an answer was left out two questions stand side by side, which some
 * providers refuse.
 */
static enum err
join_neighbours(struct prompt *p)
{
	size_t kept = 0;
	enum err err;

	for (size_t i = 0; i < p->n; i++) {
		struct llm_message *m = &p->messages[i];

		if (kept > 0 && p->messages[kept - 1].role == m->role) {
			if ((err = join(&p->messages[kept - 1], m)))
				return err;
			continue;
		}
		p->messages[kept++] = *m;
		if (kept - 1 != i)
			*m = (struct llm_message){ 0 };
	}
	p->n = kept;
	return ERR_OK;
}

enum err
prompt_load(struct prompt *p, struct db_conn *db, struct req *rq,
    const struct ask *ask, const struct conv *conv)
{
	struct loading l = { .prompt = p, .rq = rq, .ask = ask };
	enum err err;

	if (conv != NULL && (err = msg_branch(db, &rq->user.id, &conv->id,
	    &conv->leaf, read_message, &l)))
		return err;
	reverse(p->messages, p->n);
	if ((err = add_question(&l)))
		return err;
	return join_neighbours(p);
}
