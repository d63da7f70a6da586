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
    struct model_traits t)
{
	static const char *const ROLES[] = {
		[LLM_USER] = "user", [LLM_ASSISTANT] = "assistant",
	};
	enum err err = buf_adds(b, ",\"messages\":[");

	if (err == ERR_OK && rq->system != NULL)
		err = add_message(b, t.is_reasoning ? "developer" : "system",
		    rq->system, strlen(rq->system));
	for (size_t i = 0; err == ERR_OK && i < rq->n_messages; i++) {
		const struct llm_message *m = &rq->messages[i];

		err = add_message(b, ROLES[m->role], m->text, m->len);
	}
	if (err == ERR_OK && b->p[b->len - 1] == ',')
		b->len--;
	return err ? err : buf_add(b, "]", 1);
}

/*
 * max_tokens is what the older models of OpenAI and nearly all other hosts
 * know; the reasoning models know only the newer name.
 */
static enum err
add_options(struct buf *b, const struct llm_request *rq, struct model_traits t)
{
	enum err err = ERR_OK;

	if (wants_temperature(rq, t))
		err = buf_addf(b, ",\"temperature\":%.15g", rq->temperature);
	if (err == ERR_OK && rq->max_tokens > 0)
		err = buf_addf(b, ",\"%s\":%d",
		    t.is_reasoning != rq->renames_limit ?
		    "max_completion_tokens" : "max_tokens", rq->max_tokens);
	if (err == ERR_OK && rq->reasoning_effort != NULL) {
		err = buf_adds(b, ",\"reasoning_effort\":");
		if (err == ERR_OK)
			err = buf_add_json(b, rq->reasoning_effort,
			    strlen(rq->reasoning_effort));
	}
	return err;
}

static enum err
make_body(struct buf *b, const struct llm_request *rq)
{
	struct model_traits t = traits_of(rq->model);
	enum err err;

	if ((err = buf_adds(b, "{\"model\":")) ||
	    (err = buf_add_json(b, rq->model, strlen(rq->model))) ||
	    (err = add_messages(b, rq, t)) ||
	    (err = add_options(b, rq, t)))
		return err;
	return buf_adds(b, rq->no_stream_options ? ",\"stream\":true}" :
	    ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
}

enum err
openai_ask(const struct llm_provider *provider,
    const struct llm_request *request, struct llm_ask *ask)
{
	enum err err;

	if ((err = buf_addf(&ask->url, "%s/chat/completions",
	    provider->base_url)) ||
	    (err = make_body(&ask->body, request)) ||
	    (err = llm_ask_header(ask, "Content-Type", "application/json")))
		return err;
	return llm_ask_header(ask, "Accept", "text/event-stream");
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
