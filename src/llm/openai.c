#include "llm/openai.h"

#include <stdio.h>
#include <string.h>

#include "llm/word.h"

enum {
	HTTP_OK = 200,
	NTH_SIZE = 24,   /* a size_t in digits */
	NTH_MAX = 99999, /* more digits would not be shown in a note */
};

/* The words for why it stopped.  One that is not here is a stop, for the
 * provider meant it to be an end; a note tells the log. */
static const struct {
	const char *word;
	enum llm_finish finish;
} FINISHES[] = {
	{ "stop", LLM_FINISH_STOP },
	{ "eos", LLM_FINISH_STOP },
	{ "end_turn", LLM_FINISH_STOP },
	{ "stop_sequence", LLM_FINISH_STOP },
	{ "length", LLM_FINISH_LENGTH },
	{ "max_tokens", LLM_FINISH_LENGTH },
	{ "model_length", LLM_FINISH_LENGTH },
	{ "tool_calls", LLM_FINISH_TOOL },
	{ "function_call", LLM_FINISH_TOOL },
	{ "refusal", LLM_FINISH_REFUSAL },
	{ "content_filter", LLM_FINISH_FILTER },
};

/* Words for an end that is none. */
static const char *const BROKEN[] = { "error", "insufficient_system_resource" };

static bool
is_broken(const char *word)
{
	for (size_t i = 0; i < sizeof(BROKEN) / sizeof(BROKEN[0]); i++)
		if (strcmp(BROKEN[i], word) == 0)
			return true;
	return false;
}

static void
set_finish(struct llm_parse *parse, enum llm_finish finish)
{
	if (finish == LLM_FINISH_STOP && parse->has_refusal)
		finish = LLM_FINISH_REFUSAL;
	parse->end.finish = finish;
}

static void
take_finish(struct llm_parse *parse, const char *word)
{
	int row = LLM_WORD_FIND(FINISHES, word);

	if (word[0] == '\0' || parse->end.finish != LLM_FINISH_NONE)
		return;
	if (row < 0)
		llm_fault_note(&parse->end, "finish", word);
	if (is_broken(word))
		llm_parse_fail(parse, ERR_PROVIDER_UNAVAILABLE);
	else
		set_finish(parse,
		    row < 0 ? LLM_FINISH_STOP : FINISHES[row].finish);
}

/* Both names may come, with the same text. */
static void
take_reasoning(struct llm_parse *parse, const json_t *delta)
{
	const json_t *text = json_object_get(delta, "reasoning_content");

	if (json_string_length(text) == 0)
		text = json_object_get(delta, "reasoning");
	llm_parse_text(parse, LLM_REASONING, text);
}

static void
take_delta(struct llm_parse *parse, const json_t *delta)
{
	const json_t *refusal = json_object_get(delta, "refusal");

	if (json_array_size(json_object_get(delta, "tool_calls")) > 0 ||
	    json_is_object(json_object_get(delta, "function_call")))
		parse->has_tools = true;
	take_reasoning(parse, delta);
	llm_parse_text(parse, LLM_TEXT, json_object_get(delta, "content"));
	if (json_string_length(refusal) == 0)
		return;
	parse->has_refusal = true;
	llm_parse_text(parse, LLM_TEXT, refusal);
}

/* We ask for one answer; of more than that, the first is shown. */
static void
take_choices(struct llm_parse *parse, const json_t *choices)
{
	const json_t *choice;
	size_t i;

	json_array_foreach(choices, i, choice) {
		if (json_integer_value(json_object_get(choice, "index")) != 0)
			continue;
		take_delta(parse, json_object_get(choice, "delta"));
		take_finish(parse, openai_string(choice, "finish_reason"));
	}
}

static int64_t
tokens(const json_t *usage, const char *name)
{
	const json_t *n = json_object_get(usage, name);

	return json_is_integer(n) && json_integer_value(n) >= 0 ?
	    json_integer_value(n) : -1;
}

/* The last one that was said counts; nearly every chunk has a null. */
static void
take_usage(struct llm_parse *parse, const json_t *root)
{
	const json_t *usage = json_object_get(root, "usage");
	const json_t *details;
	int64_t reasoning;

	if (!json_is_object(usage))
		usage = json_object_get(json_object_get(root, "x_groq"),
		    "usage");
	if (!json_is_object(usage))
		return;
	details = json_object_get(usage, "completion_tokens_details");
	reasoning = tokens(details, "reasoning_tokens");
	parse->end.usage = (struct llm_usage){
		.input = tokens(usage, "prompt_tokens"),
		.output = tokens(usage, "completion_tokens"),
		.reasoning = reasoning >= 0 ? reasoning :
		    tokens(usage, "reasoning_tokens"),
	};
}

/* An error in the stream ends it, whatever came before: a finish_reason in
 * front of it was not the truth. */
static void
take_error(struct llm_parse *parse, const json_t *error)
{
	if (error == NULL || parse->is_over)
		return;
	openai_tell_error(&parse->end, parse->provider, error, HTTP_OK);
	llm_parse_over(parse);
}

/*
 * A finish_reason is end marker enough, and some hosts send no [DONE].  The
 * other way round, some send only [DONE]: that is the family's own sign for
 * the end, so the answer is whole.
 */
static void
take_done(struct llm_parse *parse)
{
	if (parse->end.finish == LLM_FINISH_NONE) {
		llm_fault_note(&parse->end, "finish", "missing");
		set_finish(parse, parse->has_tools ?
		    LLM_FINISH_TOOL : LLM_FINISH_STOP);
	}
	llm_parse_over(parse);
}

static void
take_bad_json(struct llm_parse *parse, const struct sse_event *event)
{
	char nth[NTH_SIZE];

	/* What was cut off is the connection's fault; events of other names
	 * are nobody's business here, such as pings. */
	if (!event->is_whole || (strcmp(event->name, "message") != 0 &&
	    strcmp(event->name, "error") != 0))
		return;
	snprintf(nth, sizeof(nth), "%zu",
	    parse->events < NTH_MAX ? parse->events : (size_t)NTH_MAX);
	llm_fault_note(&parse->end, "bad JSON in event", nth);
	llm_parse_fail(parse, ERR_PROTOCOL);
}

static bool
is_done(const struct sse_event *event)
{
	size_t n = event->len;

	while (n > 0 && event->data[n - 1] == ' ')
		n--;
	return n == 6 && memcmp(event->data, "[DONE]", 6) == 0;
}

static const json_t *
error_in(const struct sse_event *event, const json_t *root)
{
	const json_t *error = openai_find_error(root);

	return error == NULL && strcmp(event->name, "error") == 0 ?
	    root : error;
}

static void
openai_event(struct llm_parse *parse, const struct sse_event *event)
{
	json_auto_t *root = NULL;

	if (parse->is_over || strspn(event->data, " \t\n") == event->len)
		return;
	parse->events++;
	if (is_done(event)) {
		take_done(parse);
		return;
	}
	root = llm_parse_json(parse, event->data, event->len);
	if (root == NULL) {
		take_bad_json(parse, event);
		return;
	}
	take_usage(parse, root);
	take_choices(parse, json_object_get(root, "choices"));
	take_error(parse, error_in(event, root));
}

const struct llm_wire llm_wire_openai = {
	.name = "openai",
	.ask = openai_ask,
	.event = openai_event,
	.error_body = openai_error_body,
};
