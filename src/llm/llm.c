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

const char *
llm_param_name(enum llm_param param)
{
	switch (param) {
	case LLM_PARAM_TEMPERATURE:
		return "temperature";
	case LLM_PARAM_MAX_TOKENS:
		return "max_tokens";
	case LLM_PARAM_EFFORT:
		return "reasoning_effort";
	case LLM_PARAM_NONE:
	case LLM_PARAM_LIMIT_NAME:
	case LLM_PARAM_SYSTEM:
	case LLM_PARAM_STREAM_OPTIONS:
		break;
	}
	return NULL;
}
