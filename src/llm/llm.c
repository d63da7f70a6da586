#include "llm/llm.h"

static const char *const FINISHES[] = {
	[LLM_FINISH_NONE] = "",
	[LLM_FINISH_STOP] = "stop",
	[LLM_FINISH_TOOL] = "tool",
	[LLM_FINISH_LENGTH] = "length",
	[LLM_FINISH_REFUSAL] = "refusal",
	[LLM_FINISH_FILTER] = "content_filter",
};

const char *
llm_finish_name(enum llm_finish finish)
{
	return FINISHES[finish];
}
