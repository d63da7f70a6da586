#include "llm/openai.h"

#include <string.h>

#include "llm/json.h"
#include "llm/word.h"

enum { HTTP_OK = 200 };

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

/* A part that is neither, such as a reference, has no text for people. */
static void
take_part(struct llm_parse *parse, const json_t *part)
{
	const char *type = llm_json_text(part, "type");
	const json_t *thought;
	size_t i;

	if (strcmp(type, "text") == 0)
		llm_parse_text(parse, LLM_TEXT, json_object_get(part, "text"));
	if (strcmp(type, "thinking") != 0)
		return;
	json_array_foreach(json_object_get(part, "thinking"), i, thought)
		llm_parse_text(parse, LLM_REASONING,
		    json_object_get(thought, "text"));
}

/* Text, or, where a Mistral model thinks, parts of both kinds. */
static void
take_content(struct llm_parse *parse, const json_t *content)
{
	const json_t *part;
	size_t i;

	llm_parse_text(parse, LLM_TEXT, content);
	json_array_foreach(content, i, part)
		take_part(parse, part);
}

static void
take_delta(struct llm_parse *parse, const json_t *delta)
{
	const json_t *refusal = json_object_get(delta, "refusal");

	if (json_array_size(json_object_get(delta, "tool_calls")) > 0 ||
	    json_is_object(json_object_get(delta, "function_call")))
		parse->has_tools = true;
	take_reasoning(parse, delta);
	take_content(parse, json_object_get(delta, "content"));
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
		take_finish(parse, llm_json_text(choice, "finish_reason"));
	}
}

/* The last one that was said counts; nearly every chunk has a null. */
static void
take_usage(struct llm_parse *parse, const json_t *root)
{
	const json_t *usage = json_object_get(root, "usage");
	const json_t *details, *prompt;
	int64_t reasoning;

	if (!json_is_object(usage))
		usage = json_object_get(json_object_get(root, "x_groq"),
		    "usage");
	if (!json_is_object(usage))
		return;
	details = json_object_get(usage, "completion_tokens_details");
	prompt = json_object_get(usage, "prompt_tokens_details");
	reasoning = llm_json_tokens(details, "reasoning_tokens");
	parse->end.usage = (struct llm_usage){
		.input = llm_json_tokens(usage, "prompt_tokens"),
		.output = llm_json_tokens(usage, "completion_tokens"),
		.reasoning = reasoning >= 0 ? reasoning :
		    llm_json_tokens(usage, "reasoning_tokens"),
		.cached = llm_json_tokens(prompt, "cached_tokens"),
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

void
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
		llm_parse_bad_json(parse, event);
		return;
	}
	take_usage(parse, root);
	take_choices(parse, json_object_get(root, "choices"));
	take_error(parse, error_in(event, root));
}

/* Not streamed, a choice has its text as "message", not as "delta". */
bool
openai_whole(struct llm_parse *parse, const json_t *root)
{
	const json_t *choice =
	    json_array_get(json_object_get(root, "choices"), 0);

	if (!json_is_object(choice))
		return false;
	take_usage(parse, root);
	take_delta(parse, json_object_get(choice, "message"));
	take_finish(parse, llm_json_text(choice, "finish_reason"));
	take_error(parse, openai_find_error(root));
	if (!parse->is_over)
		take_done(parse);
	return true;
}

const struct llm_wire llm_wire_openai = {
	.name = "openai",
	.ask = openai_ask,
	.auth = openai_auth,
	.event = openai_event,
	.error_body = openai_error_body,
	.whole = openai_whole,
	.models_url = openai_models_url,
	.models = openai_models,
};
