#include "llm/gemini.h"

#include <fnmatch.h>
#include <string.h>

#include "llm/word.h"

/* ---- thinking ---- */

/* How a model is told how much to think. */
enum thinking {
	NO_WORD,    /* it does not think, or how is not known */
	SHOWN,      /* it does, and which generation it is changes */
	LITE,       /* 2.5, off by itself */
	FLASH,      /* 2.5 */
	PRO,        /* 2.5, which cannot be off */
	TWO_LEVELS, /* 3: low and high */
	LEVELS,     /* 3 and later: low, medium and high */
	ALL_LEVELS, /* with minimal below them */
	THINKINGS,
};

/* The first pattern of fnmatch(3) that fits the name. */
static const struct {
	const char *pattern;
	enum thinking thinking;
} MODELS[] = {
	{ "*-tts*", NO_WORD },
	{ "*-image*", NO_WORD },
	{ "gemini-2.5-flash-lite*", LITE },
	{ "gemini-2.5-flash*", FLASH },
	{ "gemini-2.5-pro*", PRO },
	{ "gemini-3-pro*", TWO_LEVELS },
	{ "gemini-3-flash*", ALL_LEVELS },
	{ "gemini-3.1-flash*", ALL_LEVELS },
	{ "gemini-3.5-flash*", ALL_LEVELS },
	{ "gemini-3.6-flash*", ALL_LEVELS },
	{ "gemini-[3-9][.-]*", LEVELS },
	{ "gemini-flash-latest", SHOWN },
	{ "gemini-pro-latest", SHOWN },
};

#define OFF "\"thinkingBudget\":0"
#define SHOW "\"includeThoughts\":true"
#define BUDGET(tokens) SHOW ",\"thinkingBudget\":" #tokens
#define LEVEL(name) SHOW ",\"thinkingLevel\":\"" name "\""

/*
 * The thinkingConfig for each effort; NULL: none is sent.  Where a model
 * cannot do what was asked, it gets the nearest it can.  Thoughts are asked
 * for only where there will be some: else it is a 400.  The budgets are those
 * to which Google's own endpoint in OpenAI's manner turns an effort.
 */
static const struct {
	const char *effort;
	const char *config[THINKINGS];
} EFFORTS[] = {
	{ "", { NULL, SHOW, NULL, SHOW, SHOW, SHOW, SHOW, SHOW } },
	{ "none", { NULL, SHOW, OFF, OFF, BUDGET(128),
	    LEVEL("LOW"), LEVEL("LOW"), LEVEL("MINIMAL") } },
	{ "minimal", { NULL, SHOW, BUDGET(512), BUDGET(512), BUDGET(512),
	    LEVEL("LOW"), LEVEL("LOW"), LEVEL("MINIMAL") } },
	{ "low", { NULL, SHOW, BUDGET(1024), BUDGET(1024), BUDGET(1024),
	    LEVEL("LOW"), LEVEL("LOW"), LEVEL("LOW") } },
	{ "medium", { NULL, SHOW, BUDGET(8192), BUDGET(8192), BUDGET(8192),
	    LEVEL("HIGH"), LEVEL("MEDIUM"), LEVEL("MEDIUM") } },
	{ "high", { NULL, SHOW, BUDGET(24576), BUDGET(24576), BUDGET(24576),
	    LEVEL("HIGH"), LEVEL("HIGH"), LEVEL("HIGH") } },
	{ "xhigh", { NULL, SHOW, BUDGET(24576), BUDGET(24576), BUDGET(32768),
	    LEVEL("HIGH"), LEVEL("HIGH"), LEVEL("HIGH") } },
	{ "max", { NULL, SHOW, BUDGET(24576), BUDGET(24576), BUDGET(32768),
	    LEVEL("HIGH"), LEVEL("HIGH"), LEVEL("HIGH") } },
};

static enum thinking
thinking_of(const char *model)
{
	for (size_t i = 0; i < sizeof(MODELS) / sizeof(MODELS[0]); i++)
		if (fnmatch(MODELS[i].pattern, model, 0) == 0)
			return MODELS[i].thinking;
	return NO_WORD;
}

static const char *
thinking_config(const char *model, const char *effort)
{
	int row = LLM_WORD_FIND(EFFORTS, effort != NULL ? effort : "");

	return row < 0 ? NULL : EFFORTS[row].config[thinking_of(model)];
}

/* ---- the address ---- */

/* The two kinds of models: the prefix of an id says which, and one without is
 * of the first. */
static const char *const COLLECTIONS[] = { "models/", "tunedModels/" };

/* The id as it is in its collection. */
static const char *
id_in(const char *model, const char **collection)
{
	*collection = COLLECTIONS[0];
	for (size_t i = 0; i < sizeof(COLLECTIONS) / sizeof(COLLECTIONS[0]);
	    i++) {
		size_t n = strlen(COLLECTIONS[i]);

		if (strncmp(model, COLLECTIONS[i], n) != 0)
			continue;
		*collection = COLLECTIONS[i];
		return model + n;
	}
	return model;
}

static bool
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c) != NULL);
}

enum err
gemini_add_encoded(struct buf *url, const char *text)
{
	enum err err = ERR_OK;

	for (; err == ERR_OK && *text != '\0'; text++)
		err = is_unreserved(*text) ? buf_add(url, text, 1) :
		    buf_addf(url, "%%%02X", (unsigned char)*text);
	return err;
}

static enum err
add_url(struct buf *url, const char *base, const char *model)
{
	const char *collection;
	const char *id = id_in(model, &collection);
	enum err err;

	if ((err = buf_addf(url, "%s/%s", base, collection)) ||
	    (err = gemini_add_encoded(url, id)))
		return err;
	return buf_adds(url, ":streamGenerateContent?alt=sse");
}

/* ---- the body ---- */

static enum err
add_parts(struct buf *b, const char *text, size_t n)
{
	enum err err;

	if ((err = buf_adds(b, "\"parts\":[{\"text\":")) ||
	    (err = buf_add_json(b, text, n)))
		return err;
	return buf_adds(b, "}]}");
}

static enum err
add_contents(struct buf *b, const struct llm_request *rq)
{
	static const char *const ROLES[] = {
		[LLM_USER] = "user", [LLM_ASSISTANT] = "model",
	};
	enum err err = buf_adds(b, "{\"contents\":[");

	for (size_t i = 0; err == ERR_OK && i < rq->n_messages; i++) {
		const struct llm_message *m = &rq->messages[i];

		err = buf_addf(b, "%s{\"role\":\"%s\",", i > 0 ? "," : "",
		    ROLES[m->role]);
		if (err == ERR_OK)
			err = add_parts(b, m->text, m->len);
	}
	return err ? err : buf_add(b, "]", 1);
}

static enum err
add_system(struct buf *b, const char *system)
{
	enum err err;

	if (system == NULL)
		return ERR_OK;
	err = buf_adds(b, ",\"systemInstruction\":{");
	return err ? err : add_parts(b, system, strlen(system));
}

/* A member of generationConfig goes in front of its comma; the last comma is
 * taken back. */
static enum err
add_config(struct buf *b, const struct llm_request *rq)
{
	const char *collection;
	const char *thinking = thinking_config(id_in(rq->model, &collection),
	    rq->reasoning_effort);
	enum err err = buf_adds(b, ",\"generationConfig\":{");

	if (err == ERR_OK && rq->has_temperature)
		err = buf_addf(b, "\"temperature\":%.15g,", rq->temperature);
	if (err == ERR_OK && rq->max_tokens > 0)
		err = buf_addf(b, "\"maxOutputTokens\":%d,", rq->max_tokens);
	if (err == ERR_OK && thinking != NULL)
		err = buf_addf(b, "\"thinkingConfig\":{%s},", thinking);
	if (err == ERR_OK && b->p[b->len - 1] == ',')
		b->len--;
	return err ? err : buf_adds(b, "}}");
}

enum err
gemini_ask(const struct llm_provider *provider,
    const struct llm_request *request, struct llm_ask *ask)
{
	enum err err;

	if ((err = add_url(&ask->url, provider->base_url, request->model)) ||
	    (err = add_contents(&ask->body, request)) ||
	    (err = add_system(&ask->body, request->system)) ||
	    (err = add_config(&ask->body, request)))
		return err;
	return llm_ask_header(ask, "Content-Type", "application/json");
}

/* In a header, not as ?key=: addresses get into logs. */
enum err
gemini_auth(const struct llm_provider *provider, const char *key,
    struct llm_ask *ask)
{
	(void)provider;
	if (key == NULL)
		return ERR_OK;
	return llm_ask_header(ask, "x-goog-api-key", key);
}
