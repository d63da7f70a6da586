#include "tests/recorded/recorded.h"

#include <string.h>

#define OPENAI_MARKERS \
	{ "\"finish_reason\":\"", "\"finish_reason\": \"", "[DONE]" }
#define OPENAI_FINISHES { { "tool_calls", "tool" } }
#define OPENAI_USAGE \
	.input = { "prompt_tokens" }, .output = { "completion_tokens" }, \
	.reasoning = { "completion_tokens_details.reasoning_tokens", \
	    "reasoning_tokens" }, \
	.cached = { "prompt_tokens_details.cached_tokens" }
#define LIKE_OPENAI(folder, wire, comment) { folder, wire, OPENAI_MARKERS, \
	OPENAI_FINISHES, OPENAI_USAGE, .ping = comment "\n\n" }

static const struct family FAMILIES[] = {
	LIKE_OPENAI("openai", "openai", ": ping"),
	LIKE_OPENAI("compat", "openai", ": OPENROUTER PROCESSING"),
	LIKE_OPENAI("azure", "openai", ":"),
	LIKE_OPENAI("mistral", "mistral", ": ping"),
	{ "anthropic", "anthropic",
	    .markers = { "\"stop_reason\":\"", "\"stop_reason\": \"",
	    "message_stop", "content filtering policy" },
	    .finishes = { { "end_turn", "stop" }, { "stop_sequence", "stop" },
	    { "max_tokens", "length" }, { "pause_turn", "length" },
	    { "model_context_window_exceeded", "length" },
	    { "tool_use", "tool" } },
	    .input = { "input_tokens", "cache_creation_input_tokens",
	    "cache_read_input_tokens" },
	    .output = { "output_tokens" },
	    .reasoning = { "output_tokens_details.thinking_tokens" },
	    .cached = { "cache_read_input_tokens" },
	    .ping = "event: ping\ndata: {\"type\": \"ping\"}\n\n" },
	{ "gemini", "gemini",
	    .markers = { "\"finishReason\":", "\"blockReason\":" },
	    .finishes = { { "STOP", "stop" }, { "MAX_TOKENS", "length" },
	    { "SAFETY", "content_filter" }, { "RECITATION", "content_filter" },
	    { "PROHIBITED_CONTENT", "content_filter" } },
	    .stops_for_tools = true,
	    .input = { "promptTokenCount", "toolUsePromptTokenCount" },
	    .output = { "candidatesTokenCount", "thoughtsTokenCount" },
	    .reasoning = { "thoughtsTokenCount" },
	    .cached = { "cachedContentTokenCount" },
	    .ping = ": ping\n\n" },
	{ "openai-responses", NULL, .ping = ": ping\n\n" },
	{ NULL, NULL, .ping = NULL },
};

const struct family *
family_find(const char *folder)
{
	const struct family *f = FAMILIES;

	while (f->folder != NULL && strcmp(f->folder, folder) != 0)
		f++;
	return f;
}
