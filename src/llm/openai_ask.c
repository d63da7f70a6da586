#include "llm/openai.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct model_traits {
	bool is_reasoning;         /* other names for role and token limit */
	bool may_take_temperature; /* with reasoning_effort none */
};

/* The "N" and "M" of gpt-N.M. */
static bool
gpt_version(const char *model, long *major, long *minor)
{
	char *end;

	if (strncmp(model, "gpt-", 4) != 0 || !isdigit((unsigned char)model[4]))
		return false;
	*major = strtol(model + 4, &end, 10);
	*minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	return true;
}

/*
 * The rule that vercel/ai uses: o1, o3, ..., and gpt-5 upwards, but not the
 * gpt-5-chat models.  From gpt-5.1 on a temperature is taken where
 * reasoning is off.
 */
static struct model_traits
traits_of(const char *model)
{
	struct model_traits t = { 0 };
	long major, minor;

	if (model[0] == 'o' && isdigit((unsigned char)model[1]))
		t.is_reasoning = true;
	else if (gpt_version(model, &major, &minor) && major >= 5) {
		t.is_reasoning = strncmp(model, "gpt-5-chat", 10) != 0;
		t.may_take_temperature = major > 5 || minor >= 1;
	}
	return t;
}

static bool
wants_temperature(const struct llm_request *rq, struct model_traits t)
{
	if (!rq->has_temperature)
		return false;
	return !t.is_reasoning || (t.may_take_temperature &&
	    rq->reasoning_effort != NULL &&
	    strcmp(rq->reasoning_effort, "none") == 0);
}

static enum err
add_message(struct buf *b, const char *role, const char *text, size_t n)
{
	enum err err;

	if ((err = buf_addf(b, "{\"role\":\"%s\",\"content\":", role)) ||
	    (err = buf_add_json(b, text, n)))
		return err;
	return buf_add(b, "},", 2);
}

static enum err
add_messages(struct buf *b, const struct llm_request *rq,
    const struct openai_form *form)
{
	static const char *const ROLES[] = {
		[LLM_USER] = "user", [LLM_ASSISTANT] = "assistant",
	};
	enum err err = buf_adds(b, ",\"messages\":[");

	if (err == ERR_OK && rq->system != NULL)
		err = add_message(b, form->system_role, rq->system,
		    strlen(rq->system));
	for (size_t i = 0; err == ERR_OK && i < rq->n_messages; i++) {
		const struct llm_message *m = &rq->messages[i];

		err = add_message(b, ROLES[m->role], m->text, m->len);
	}
	if (err == ERR_OK && b->p[b->len - 1] == ',')
		b->len--;
	return err ? err : buf_add(b, "]", 1);
}

static enum err
add_options(struct buf *b, const struct llm_request *rq,
    const struct openai_form *form)
{
	enum err err = ERR_OK;

	if (form->has_temperature)
		err = buf_addf(b, ",\"temperature\":%.15g",
		    form->temperature);
	if (err == ERR_OK && rq->max_tokens > 0)
		err = buf_addf(b, ",\"%s\":%d", form->max_tokens,
		    rq->max_tokens);
	if (err == ERR_OK && form->reasoning_effort != NULL) {
		err = buf_adds(b, ",\"reasoning_effort\":");
		if (err == ERR_OK)
			err = buf_add_json(b, form->reasoning_effort,
			    strlen(form->reasoning_effort));
	}
	return err;
}

static enum err
make_body(struct buf *b, const struct llm_request *rq,
    const struct openai_form *form)
{
	enum err err;

	if ((err = buf_adds(b, "{\"model\":")) ||
	    (err = buf_add_json(b, rq->model, strlen(rq->model))) ||
	    (err = add_messages(b, rq, form)) ||
	    (err = add_options(b, rq, form)) ||
	    (err = buf_adds(b, ",\"stream\":true")))
		return err;
	return buf_adds(b, form->asks_usage ?
	    ",\"stream_options\":{\"include_usage\":true}}" : "}");
}

enum err
openai_ask_as(const struct llm_provider *provider,
    const struct llm_request *request, const struct openai_form *form,
    struct llm_ask *ask)
{
	enum err err;

	if ((err = buf_addf(&ask->url, "%s/chat/completions",
	    provider->base_url)) ||
	    (err = make_body(&ask->body, request, form)) ||
	    (err = llm_ask_header(ask, "Content-Type", "application/json")))
		return err;
	return llm_ask_header(ask, "Accept", "text/event-stream");
}

/*
 * max_tokens is what the older models of OpenAI and nearly all other hosts
 * know; the reasoning models know only the newer name.
 */
enum err
openai_ask(const struct llm_provider *provider,
    const struct llm_request *request, struct llm_ask *ask)
{
	struct model_traits t = traits_of(request->model);
	struct openai_form form = {
		.system_role = t.is_reasoning ? "developer" : "system",
		.max_tokens = t.is_reasoning != request->renames_limit ?
		    "max_completion_tokens" : "max_tokens",
		.has_temperature = wants_temperature(request, t),
		.temperature = request->temperature,
		.reasoning_effort = request->reasoning_effort,
		.asks_usage = !request->no_stream_options,
	};

	return openai_ask_as(provider, request, &form, ask);
}

enum err
openai_auth(const struct llm_provider *provider, const char *key,
    struct llm_ask *ask)
{
	(void)provider;
	if (key == NULL)
		return ERR_OK;
	return buf_addf(&ask->headers, "Authorization: Bearer %s%c", key, '\0');
}
