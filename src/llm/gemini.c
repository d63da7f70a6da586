#include "llm/gemini.h"

#include <string.h>

#include "llm/json.h"
#include "llm/word.h"

enum { HTTP_OK = 200 };

static const char BROKEN_OFF[] =
    "%s broke its answer off and did not say why. Try again.";

/*
 * The words for an end that is one.  All others, known (OTHER,
 * MALFORMED_FUNCTION_CALL) or yet to come, say that the model did not get to
 * its end, so the answer broke off.
 */
static const struct {
	const char *word;
	enum llm_finish finish; /* LLM_FINISH_NONE: as if not said */
} FINISHES[] = {
	{ "", LLM_FINISH_NONE },
	{ "FINISH_REASON_UNSPECIFIED", LLM_FINISH_NONE },
	{ "STOP", LLM_FINISH_STOP },
	{ "MAX_TOKENS", LLM_FINISH_LENGTH },
	{ "SAFETY", LLM_FINISH_FILTER },
	{ "RECITATION", LLM_FINISH_FILTER },
	{ "LANGUAGE", LLM_FINISH_FILTER },
	{ "BLOCKLIST", LLM_FINISH_FILTER },
	{ "PROHIBITED_CONTENT", LLM_FINISH_FILTER },
	{ "SPII", LLM_FINISH_FILTER },
	{ "MODEL_ARMOR", LLM_FINISH_FILTER },
	{ "IMAGE_SAFETY", LLM_FINISH_FILTER },
	{ "IMAGE_PROHIBITED_CONTENT", LLM_FINISH_FILTER },
	{ "IMAGE_RECITATION", LLM_FINISH_FILTER },
};

/*
 * The last word counts, and what follows it is taken: older models wrote STOP
 * into every chunk, and to end at the first would cut their answers short.  So
 * the end of the answer is the end of its body, which comes at once.
 */
static void
take_finish(struct llm_parse *parse, const char *word)
{
	int row = LLM_WORD_FIND(FINISHES, word);
	enum llm_finish finish;

	if (parse->is_over)
		return;
	if (row < 0) {
		llm_fault_note(&parse->end, "finish", word);
		llm_fault_say(&parse->end, parse->provider,
		    ERR_PROVIDER_UNAVAILABLE, BROKEN_OFF);
		llm_parse_over(parse);
		return;
	}
	finish = FINISHES[row].finish;
	if (finish == LLM_FINISH_STOP && parse->has_tools)
		finish = LLM_FINISH_TOOL;
	if (finish != LLM_FINISH_NONE)
		parse->end.finish = finish;
}

/* A part that is neither text nor a call, such as an image, is passed over: we
 * ask for none. */
static void
take_part(struct llm_parse *parse, const json_t *part)
{
	bool is_thought = json_is_true(json_object_get(part, "thought"));

	if (json_is_object(json_object_get(part, "functionCall")))
		parse->has_tools = true;
	llm_parse_text(parse, is_thought ? LLM_REASONING : LLM_TEXT,
	    json_object_get(part, "text"));
}

/* We ask for one answer; of more than that, the first is shown. */
static void
take_candidates(struct llm_parse *parse, const json_t *candidates)
{
	const json_t *candidate, *content, *part;
	size_t i, k;

	json_array_foreach(candidates, i, candidate) {
		if (json_integer_value(json_object_get(candidate,
		    "index")) != 0)
			continue;
		content = json_object_get(candidate, "content");
		json_array_foreach(json_object_get(content, "parts"), k, part)
			take_part(parse, part);
		take_finish(parse, llm_json_text(candidate, "finishReason"));
	}
}

/* The question itself was refused: there is no candidate, and none follows. */
static void
take_feedback(struct llm_parse *parse, const json_t *feedback)
{
	const char *reason = llm_json_text(feedback, "blockReason");

	if (reason[0] == '\0' || parse->is_over)
		return;
	llm_fault_note(&parse->end, "block", reason);
	parse->end.finish = LLM_FINISH_FILTER;
	llm_parse_over(parse);
}

/* Two numbers of which either may not have been said. */
static int64_t
sum(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a + b;
}

static void
keep(int64_t *known, int64_t said)
{
	if (said >= 0)
		*known = said;
}

/* Each chunk has the sums so far, and some have nothing but the prompt's. */
static void
take_usage(struct llm_parse *parse, const json_t *meta)
{
	struct llm_usage *usage = &parse->end.usage;
	int64_t thoughts = llm_json_tokens(meta, "thoughtsTokenCount");

	keep(&usage->input, sum(llm_json_tokens(meta, "promptTokenCount"),
	    llm_json_tokens(meta, "toolUsePromptTokenCount")));
	keep(&usage->output, sum(llm_json_tokens(meta,
	    "candidatesTokenCount"), thoughts));
	keep(&usage->reasoning, thoughts);
	keep(&usage->cached, llm_json_tokens(meta, "cachedContentTokenCount"));
}

/* An error in the stream ends it, whatever came before. */
static void
take_error(struct llm_parse *parse, const json_t *error)
{
	if (error == NULL || parse->is_over)
		return;
	gemini_tell_error(&parse->end, parse->provider, error, HTTP_OK);
	llm_parse_over(parse);
}

static bool
is_answer(const json_t *chunk)
{
	return json_is_array(json_object_get(chunk, "candidates")) ||
	    json_is_object(json_object_get(chunk, "promptFeedback"));
}

static void
take_chunk(struct llm_parse *parse, const json_t *chunk)
{
	take_usage(parse, json_object_get(chunk, "usageMetadata"));
	take_candidates(parse, json_object_get(chunk, "candidates"));
	take_feedback(parse, json_object_get(chunk, "promptFeedback"));
	take_error(parse, gemini_find_error(chunk));
}

/* One chunk, or a list of them: errors come so, and whole answers where the
 * stream was not one of events. */
static void
take_chunks(struct llm_parse *parse, const json_t *root)
{
	const json_t *chunk;
	size_t i;

	if (!json_is_array(root))
		take_chunk(parse, root);
	json_array_foreach(root, i, chunk)
		if (!parse->is_over)
			take_chunk(parse, chunk);
}

static void
gemini_event(struct llm_parse *parse, const struct sse_event *event)
{
	json_auto_t *root = NULL;

	if (parse->is_over || strspn(event->data, " \t\n") == event->len)
		return;
	parse->events++;
	root = llm_parse_json(parse, event->data, event->len);
	if (root == NULL)
		llm_parse_bad_json(parse, event);
	else
		take_chunks(parse, root);
}

static bool
gemini_whole(struct llm_parse *parse, const json_t *root)
{
	if (!is_answer(json_is_array(root) ? json_array_get(root, 0) : root))
		return false;
	take_chunks(parse, root);
	llm_parse_over(parse);
	return true;
}

const struct llm_wire llm_wire_gemini = {
	.name = "gemini",
	.ask = gemini_ask,
	.auth = gemini_auth,
	.event = gemini_event,
	.error_body = gemini_error_body,
	.whole = gemini_whole,
	.models_url = gemini_models_url,
	.models = gemini_models,
};
