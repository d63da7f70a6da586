#include "llm/anthropic.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "llm/word.h"

enum {
	BUDGET_MIN = 1024,     /* tokens of thinking; less is refused */
	NO_CLAUDE = -1,        /* another maker's model that speaks this */
	NEWEST = 9999,
	VERSION_DIGITS_MAX = 2, /* more digits are a date */
};

/* How a model thinks, and how it is asked to. */
enum thinking {
	THINKS_NEVER,
	THINKS_BUDGET, /* when asked, with a number of tokens */
	THINKS_ASKED,  /* when asked, with an effort */
	THINKS_ANYWAY, /* unless it is told not to */
	THINKS_ALWAYS, /* and refuses to be told not to */
};

/*
 * By version, 100 × major + minor; the first row counts whose version is not
 * above the model's.  What is newer than the list is taken to be like the
 * newest.  The rule is that of vercel/ai; that a 4.6 refuses the effort xhigh was
 * recorded.
 *
 * `max_output` is the least of that version's models.
 */
static const struct traits {
	int version;
	int max_output; /* tokens */
	enum thinking thinking;
	bool takes_xhigh;
	bool takes_temperature;
} TRAITS[] = {
	{ 505, 128000, THINKS_ALWAYS, true, false },
	{ 500, 128000, THINKS_ANYWAY, true, false },
	{ 407, 128000, THINKS_ASKED, true, false },
	{ 406, 128000, THINKS_ASKED, false, true },
	{ 405, 64000, THINKS_BUDGET, false, true },
	{ 400, 32000, THINKS_BUDGET, false, true },
	{ 307, 64000, THINKS_BUDGET, false, true },
	{ 305, 8192, THINKS_NEVER, false, true },
	{ 0, 4096, THINKS_NEVER, false, true },
	{ NO_CLAUDE, 8192, THINKS_BUDGET, false, true },
};

/* Families that think always, whatever their number. */
static const char *const ALWAYS[] = { "fable", "mythos" };

static const struct {
	const char *word;
	const char *effort; /* as the wire has it; NULL: no thinking */
	int percent;        /* of max_tokens, where thinking has a budget */
} EFFORTS[] = {
	{ "none", NULL, 0 },
	{ "minimal", "low", 0 },
	{ "low", "low", 20 },
	{ "medium", "medium", 50 },
	{ "high", "high", 70 },
	{ "xhigh", "xhigh", 80 },
	{ "max", "max", 90 },
};

/* What is asked beside the texts. */
struct plan {
	int64_t max_tokens;
	int64_t budget;     /* of thinking; 0: none */
	bool is_adaptive;   /* it thinks as much as it sees fit */
	bool is_off;        /* told not to think */
	const char *effort; /* NULL: the model's own */
};

/* A number of one or two digits at `p`; -1 where there is none. */
static int
read_number(const char *p, size_t *n)
{
	int number = 0;

	for (*n = 0; isdigit((unsigned char)p[*n]); (*n)++) {
		if (*n == VERSION_DIGITS_MAX)
			return -1;
		number = 10 * number + (p[*n] - '0');
	}
	return *n > 0 ? number : -1;
}

/* claude-opus-4-8, claude-3-7-sonnet-20250219, anthropic/claude-sonnet-4.6 */
static int
version_of(const char *model)
{
	const char *p = strcasestr(model, "claude");
	int major, minor;
	size_t n;

	if (p == NULL)
		return NO_CLAUDE;
	for (size_t i = 0; i < sizeof(ALWAYS) / sizeof(ALWAYS[0]); i++)
		if (strcasestr(p, ALWAYS[i]) != NULL)
			return NEWEST;
	p += strcspn(p, "0123456789");
	if ((major = read_number(p, &n)) < 0)
		return NEWEST;
	p += n;
	if (*p != '-' && *p != '.')
		return 100 * major;
	minor = read_number(p + 1, &n);
	return 100 * major + (minor > 0 ? minor : 0);
}

static const struct traits *
traits_of(const char *model)
{
	int version = version_of(model);
	size_t i = 0;

	while (TRAITS[i].version > version)
		i++;
	return &TRAITS[i];
}

/* ---- what is asked ---- */

/* The limit must be said.  What a model cannot write is not asked for: it would
 * be refused. */
static int64_t
choose_max_tokens(const struct llm_request *rq, const struct traits *t)
{
	if (rq->max_tokens <= 0)
		return rq->max_output > 0 ? rq->max_output : t->max_output;
	return rq->max_output > 0 && rq->max_tokens > rq->max_output ?
	    rq->max_output : rq->max_tokens;
}

/* Thinking counts in max_tokens, so an answer must have room beside it. */
static int64_t
choose_budget(int64_t max_tokens, int percent)
{
	int64_t budget = max_tokens * percent / 100;

	if (max_tokens <= BUDGET_MIN)
		return 0;
	return budget > BUDGET_MIN ? budget : BUDGET_MIN;
}

/* `effort` NULL: none was asked for, that is, no thinking. */
static void
plan_effort(struct plan *plan, const struct traits *t, const char *effort)
{
	if (effort == NULL && t->thinking == THINKS_ALWAYS)
		effort = "low"; /* the nearest there is */
	if (effort == NULL) {
		plan->is_off = t->thinking == THINKS_ANYWAY;
		plan->is_adaptive = false;
		return;
	}
	if (strcmp(effort, "xhigh") == 0 && !t->takes_xhigh)
		effort = "high";
	plan->is_adaptive = true;
	plan->effort = effort;
}

static struct plan
make_plan(const struct llm_request *rq, const struct traits *t)
{
	int row = rq->reasoning_effort == NULL ? -1 :
	    LLM_WORD_FIND(EFFORTS, rq->reasoning_effort);
	struct plan plan = {
		.max_tokens = choose_max_tokens(rq, t),
		.is_adaptive = t->thinking >= THINKS_ANYWAY,
	};

	if (row < 0 || t->thinking == THINKS_NEVER)
		return plan;
	if (t->thinking != THINKS_BUDGET)
		plan_effort(&plan, t, EFFORTS[row].effort);
	else if (EFFORTS[row].effort != NULL)
		plan.budget = choose_budget(plan.max_tokens,
		    EFFORTS[row].percent);
	return plan;
}

/* ---- the body ---- */

/* A text that is blank is refused.  The question itself is sent whatever it
 * is, so that its asker hears of it; without a blank one between them two
 * texts of one side stand together, which is taken. */
static bool
is_left_out(const struct llm_request *rq, size_t i)
{
	const struct llm_message *m = &rq->messages[i];

	return i + 1 < rq->n_messages && strspn(m->text, " \t\r\n") == m->len;
}

static enum err
add_message(struct buf *b, const struct llm_message *m)
{
	static const char *const ROLES[] = {
		[LLM_USER] = "user", [LLM_ASSISTANT] = "assistant",
	};
	enum err err;

	if ((err = buf_addf(b, "{\"role\":\"%s\",\"content\":",
	    ROLES[m->role])) || (err = buf_add_json(b, m->text, m->len)))
		return err;
	return buf_add(b, "},", 2);
}

static enum err
add_texts(struct buf *b, const struct llm_request *rq)
{
	enum err err = ERR_OK;

	if (rq->system != NULL && rq->system[0] != '\0' &&
	    (err = buf_adds(b, ",\"system\":")) == ERR_OK)
		err = buf_add_json(b, rq->system, strlen(rq->system));
	if (err == ERR_OK)
		err = buf_adds(b, ",\"messages\":[");
	for (size_t i = 0; err == ERR_OK && i < rq->n_messages; i++)
		if (!is_left_out(rq, i))
			err = add_message(b, &rq->messages[i]);
	if (err == ERR_OK && b->p[b->len - 1] == ',')
		b->len--;
	return err ? err : buf_add(b, "]", 1);
}

/* Without "summarized" the newer models think in silence. */
static enum err
add_thinking(struct buf *b, const struct plan *plan)
{
	enum err err = ERR_OK;

	if (plan->budget > 0)
		return buf_addf(b, ",\"thinking\":{\"type\":\"enabled\","
		    "\"budget_tokens\":%lld}", (long long)plan->budget);
	if (plan->is_off)
		return buf_adds(b, ",\"thinking\":{\"type\":\"disabled\"}");
	if (plan->is_adaptive)
		err = buf_adds(b, ",\"thinking\":{\"type\":\"adaptive\","
		    "\"display\":\"summarized\"}");
	if (err == ERR_OK && plan->effort != NULL)
		err = buf_addf(b, ",\"output_config\":{\"effort\":\"%s\"}",
		    plan->effort);
	return err;
}

/* The other wires take up to 2, and so does our own API; who asks for more than
 * goes here gets the most there is, not a refusal. */
static enum err
add_temperature(struct buf *b, const struct llm_request *rq,
    const struct traits *t, const struct plan *plan)
{
	if (!rq->has_temperature || !t->takes_temperature ||
	    plan->budget > 0 || plan->is_adaptive)
		return ERR_OK;
	return buf_addf(b, ",\"temperature\":%.15g",
	    rq->temperature > 1 ? 1 : rq->temperature);
}

static enum err
make_body(struct buf *b, const struct llm_request *rq)
{
	const struct traits *t = traits_of(rq->model);
	struct plan plan = make_plan(rq, t);
	enum err err;

	if ((err = buf_adds(b, "{\"model\":")) ||
	    (err = buf_add_json(b, rq->model, strlen(rq->model))) ||
	    (err = buf_addf(b, ",\"max_tokens\":%lld",
	    (long long)plan.max_tokens)) ||
	    (err = add_texts(b, rq)) ||
	    (err = add_temperature(b, rq, t, &plan)) ||
	    (err = add_thinking(b, &plan)))
		return err;
	return buf_adds(b, ",\"stream\":true}");
}

enum err
anthropic_ask(const struct llm_provider *provider,
    const struct llm_request *request, struct llm_ask *ask)
{
	enum err err;

	if ((err = buf_addf(&ask->url, "%s/messages", provider->base_url)) ||
	    (err = make_body(&ask->body, request)) ||
	    (err = llm_ask_header(ask, "Content-Type", "application/json")))
		return err;
	return llm_ask_header(ask, "Accept", "text/event-stream");
}

enum err
anthropic_auth(const struct llm_provider *provider, const char *key,
    struct llm_ask *ask)
{
	enum err err = llm_ask_header(ask, "anthropic-version", "2023-06-01");

	(void)provider;
	if (err != ERR_OK || key == NULL)
		return err;
	return llm_ask_header(ask, "x-api-key", key);
}
