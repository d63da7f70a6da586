#include "llm/question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/turns.h"

static void
free_const(const char *text)
{
	free((void *)(uintptr_t)text);
}

enum err
llm_question_take(const struct llm_request *request,
    struct llm_message *messages, size_t n, struct llm_question **out)
{
	struct llm_question *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return ERR_INTERNAL;
	q->request = *request;
	q->request.model = strdup(request->model);
	q->request.system = request->system != NULL ?
	    strdup(request->system) : NULL;
	if (q->request.model == NULL ||
	    (request->system != NULL && q->request.system == NULL)) {
		llm_question_free(q);
		return ERR_INTERNAL;
	}
	q->request.messages = q->messages = messages;
	q->request.n_messages = q->n_messages = n;
	*out = q;
	return ERR_OK;
}

/* The instruction, an empty line, and what the user said. */
static bool
move_system(struct llm_request *rq)
{
	struct llm_message *m = (struct llm_message *)(uintptr_t)rq->messages;
	size_t len;
	char *text;

	if (rq->system == NULL || rq->n_messages == 0)
		return false;
	len = strlen(rq->system) + 2 + m->len;
	if ((text = malloc(len + 1)) == NULL)
		return false;
	snprintf(text, len + 1, "%s\n\n%s", rq->system, m->text);
	free_const(m->text);
	free_const(rq->system);
	m->text = text;
	m->len = len;
	rq->system = NULL;
	return true;
}

/* Is the flag set?  It is not any more. */
static bool
clear(bool *flag)
{
	bool was = *flag;

	*flag = false;
	return was;
}

static bool
drop_limit(struct llm_request *rq)
{
	bool was = rq->max_tokens > 0;

	rq->max_tokens = 0;
	return was;
}

static bool
drop_effort(struct llm_request *rq)
{
	bool was = rq->reasoning_effort != NULL;

	rq->reasoning_effort = NULL;
	return was;
}

/* The other name is tried once; a host that takes neither has said enough. */
static bool
rename_limit(struct llm_request *rq)
{
	if (rq->max_tokens <= 0 || rq->renames_limit)
		return false;
	rq->renames_limit = true;
	return true;
}

static bool
drop_stream_options(struct llm_request *rq)
{
	bool was = !rq->no_stream_options;

	rq->no_stream_options = true;
	return was;
}

bool
llm_question_relent(struct llm_question *q, enum llm_param rejected)
{
	struct llm_request *rq = &q->request;

	switch (rejected) {
	case LLM_PARAM_NONE:
		return false;
	case LLM_PARAM_TEMPERATURE:
		return clear(&rq->has_temperature);
	case LLM_PARAM_MAX_TOKENS:
		return drop_limit(rq);
	case LLM_PARAM_LIMIT_NAME:
		return rename_limit(rq);
	case LLM_PARAM_EFFORT:
		return drop_effort(rq);
	case LLM_PARAM_SYSTEM:
		return move_system(rq);
	case LLM_PARAM_STREAM_OPTIONS:
		return drop_stream_options(rq);
	}
	return false;
}

size_t
llm_question_shorten(struct llm_question *q)
{
	struct llm_request *rq = &q->request;
	size_t bytes = 0, n;

	for (size_t i = 0; i < rq->n_messages; i++)
		bytes += rq->messages[i].len;
	n = turns_drop(rq->messages, rq->n_messages, bytes / 2);
	rq->messages += n;
	rq->n_messages -= n;
	return n;
}

void
llm_question_free(struct llm_question *q)
{
	if (q == NULL)
		return;
	for (size_t i = 0; i < q->n_messages; i++)
		free_const(q->messages[i].text);
	free(q->messages);
	free_const(q->request.model);
	free_const(q->request.system);
	free(q);
}
