#include "llm/anthropic.h"

#include <string.h>

#include "llm/json.h"
#include "llm/word.h"

enum { HTTP_OK = 200 };

/*
 * The words for why it stopped.  One that is not here is a stop, for the
 * provider meant it to be an end; a note tells the log.
 *
 * pause_turn: the provider's own tools reached the limit of one turn, and it
 * would go on if asked again.  We ask for no such tools; where an answer ends
 * so all the same it is not whole, but cut by a limit.
 */
static const struct {
	const char *word;
	enum llm_finish finish;
} FINISHES[] = {
	{ "end_turn", LLM_FINISH_STOP },
	{ "stop_sequence", LLM_FINISH_STOP },
	{ "max_tokens", LLM_FINISH_LENGTH },
	{ "model_context_window_exceeded", LLM_FINISH_LENGTH },
	{ "pause_turn", LLM_FINISH_LENGTH },
	{ "tool_use", LLM_FINISH_TOOL },
	{ "refusal", LLM_FINISH_REFUSAL },
};

/* Where text is: in blocks, whole or empty at first, and in their deltas.  All
 * other kinds hold nothing to show: signatures, what was redacted, tools. */
static const struct {
	const char *type, *member;
	enum llm_kind kind;
} PIECES[] = {
	{ "text", "text", LLM_TEXT },
	{ "text_delta", "text", LLM_TEXT },
	{ "thinking", "thinking", LLM_REASONING },
	{ "thinking_delta", "thinking", LLM_REASONING },
};

static void
take_piece(struct llm_parse *parse, const json_t *piece)
{
	const char *type = llm_json_text(piece, "type");
	int row = LLM_WORD_FIND(PIECES, type);

	if (strcmp(type, "tool_use") == 0)
		parse->has_tools = true;
	if (row >= 0)
		llm_parse_text(parse, PIECES[row].kind,
		    json_object_get(piece, PIECES[row].member));
}

static void
take_finish(struct llm_parse *parse, const json_t *delta)
{
	const char *word = llm_json_text(delta, "stop_reason");
	int row = LLM_WORD_FIND(FINISHES, word);

	if (word[0] == '\0' || parse->end.finish != LLM_FINISH_NONE)
		return;
	if (row < 0)
		llm_fault_note(&parse->end, "finish", word);
	parse->end.finish = row < 0 ? LLM_FINISH_STOP : FINISHES[row].finish;
	llm_fault_note(&parse->end, "refusal", llm_json_text(
	    json_object_get(delta, "stop_details"), "category"));
}

static int64_t
known(int64_t tokens)
{
	return tokens > 0 ? tokens : 0;
}

/*
 * Counts are of all so far, and the last ones count.  input_tokens leaves out
 * what was read from the cache and what was written to it.
 */
static void
take_usage(struct llm_parse *parse, const json_t *said)
{
	struct llm_usage *usage = &parse->end.usage;
	int64_t input = llm_json_tokens(said, "input_tokens");
	int64_t cached = llm_json_tokens(said, "cache_read_input_tokens");
	int64_t output = llm_json_tokens(said, "output_tokens");
	int64_t reasoning = llm_json_tokens(json_object_get(said,
	    "output_tokens_details"), "thinking_tokens");

	if (cached >= 0)
		usage->cached = cached;
	if (input >= 0)
		usage->input = input + known(usage->cached) + known(
		    llm_json_tokens(said, "cache_creation_input_tokens"));
	if (output >= 0)
		usage->output = output;
	if (reasoning >= 0)
		usage->reasoning = reasoning;
}

static void
take_end(struct llm_parse *parse)
{
	if (parse->end.finish == LLM_FINISH_NONE) {
		llm_fault_note(&parse->end, "finish", "missing");
		parse->end.finish = parse->has_tools ?
		    LLM_FINISH_TOOL : LLM_FINISH_STOP;
	}
	llm_parse_over(parse);
}

/* ---- the events ---- */

static void
on_message_start(struct llm_parse *parse, const json_t *root)
{
	take_usage(parse, json_object_get(json_object_get(root, "message"),
	    "usage"));
}

static void
on_block_start(struct llm_parse *parse, const json_t *root)
{
	take_piece(parse, json_object_get(root, "content_block"));
}

static void
on_block_delta(struct llm_parse *parse, const json_t *root)
{
	take_piece(parse, json_object_get(root, "delta"));
}

static void
on_block_stop(struct llm_parse *parse, const json_t *root)
{
	(void)parse, (void)root;
}

static void
on_message_delta(struct llm_parse *parse, const json_t *root)
{
	take_usage(parse, json_object_get(root, "usage"));
	take_finish(parse, json_object_get(root, "delta"));
}

static void
on_message_stop(struct llm_parse *parse, const json_t *root)
{
	(void)root;
	take_end(parse);
}

/* An error in the stream ends it, whatever came before. */
static void
take_error(struct llm_parse *parse, const json_t *error)
{
	anthropic_tell_error(&parse->end, parse->provider, error, HTTP_OK);
	llm_parse_over(parse);
}

static void
on_error(struct llm_parse *parse, const json_t *root)
{
	take_error(parse, root);
}

/* What is not here is passed over: ping, and what is to come. */
static const struct {
	const char *type;
	void (*take)(struct llm_parse *parse, const json_t *root);
} EVENTS[] = {
	{ "message_start", on_message_start },
	{ "content_block_start", on_block_start },
	{ "content_block_delta", on_block_delta },
	{ "content_block_stop", on_block_stop },
	{ "message_delta", on_message_delta },
	{ "message_stop", on_message_stop },
	{ "error", on_error },
};

/* The events of the answer have names of their own here, and bad JSON in one
 * of them is a part of the answer lost. */
static void
take_bad_json(struct llm_parse *parse, const struct sse_event *event)
{
	struct sse_event bad = *event;

	if (LLM_WORD_FIND(EVENTS, event->name) >= 0)
		bad.name = "message";
	llm_parse_bad_json(parse, &bad);
}

/* The type in the JSON says what it is; some hosts leave out the event's name,
 * none the type. */
static void
anthropic_event(struct llm_parse *parse, const struct sse_event *event)
{
	json_auto_t *root = NULL;
	const json_t *error;
	int row;

	if (parse->is_over || strspn(event->data, " \t\n") == event->len)
		return;
	parse->events++;
	root = llm_parse_json(parse, event->data, event->len);
	if (root == NULL) {
		take_bad_json(parse, event);
		return;
	}
	row = LLM_WORD_FIND(EVENTS, llm_json_text(root, "type"));
	if ((error = anthropic_find_error(root)) != NULL)
		take_error(parse, error);
	else if (row >= 0)
		EVENTS[row].take(parse, root);
}

/* Not streamed, the message has all blocks and its end in one. */
static bool
anthropic_whole(struct llm_parse *parse, const json_t *root)
{
	const json_t *content = json_object_get(root, "content");
	const json_t *block;
	size_t i;

	if (!json_is_array(content))
		return false;
	take_usage(parse, json_object_get(root, "usage"));
	json_array_foreach(content, i, block)
		take_piece(parse, block);
	take_finish(parse, root);
	take_end(parse);
	return true;
}

const struct llm_wire llm_wire_anthropic = {
	.name = "anthropic",
	.ask = anthropic_ask,
	.auth = anthropic_auth,
	.event = anthropic_event,
	.error_body = anthropic_error_body,
	.whole = anthropic_whole,
	.models_url = anthropic_models_url,
	.models = anthropic_models,
};
