#include "llm/parse.h"

#include <stdio.h>
#include <string.h>

enum {
	NTH_SIZE = 24,         /* a size_t in digits */
	NTH_MAX = 99999,       /* more digits would not be shown in a note */
	GROWTH = 3,            /* a bad byte becomes U+FFFD, three */
	KEEP_MAX = 64 * 1024,  /* bigger buffers are given back at once */
};

void
llm_parse_init(struct llm_parse *parse, const struct llm_provider *provider,
    llm_delta_fn *on_delta, void *arg)
{
	*parse = (struct llm_parse){
		.provider = provider, .on_delta = on_delta, .arg = arg,
	};
	llm_end_init(&parse->end);
	buf_init(&parse->clean, (size_t)GROWTH * SSE_IN_EVENT_MAX);
	buf_init(&parse->text, (size_t)GROWTH * SSE_IN_EVENT_MAX);
}

void
llm_parse_free(struct llm_parse *parse)
{
	buf_free(&parse->clean);
	buf_free(&parse->text);
}

static void
empty(struct buf *b)
{
	if (b->cap > KEEP_MAX)
		buf_free(b);
	else
		buf_reset(b);
}

json_t *
llm_parse_json(struct llm_parse *parse, const char *data, size_t n)
{
	json_t *root = NULL;

	if (llm_text_clean(data, n, &parse->clean) == ERR_OK)
		root = json_loadb(parse->clean.p, parse->clean.len, 0, NULL);
	empty(&parse->clean);
	return root;
}

void
llm_parse_bad_json(struct llm_parse *parse, const struct sse_event *event)
{
	char nth[NTH_SIZE];

	if (!event->is_whole || (strcmp(event->name, "message") != 0 &&
	    strcmp(event->name, "error") != 0))
		return;
	snprintf(nth, sizeof(nth), "%zu",
	    parse->events < NTH_MAX ? parse->events : (size_t)NTH_MAX);
	llm_fault_note(&parse->end, "bad JSON in event", nth);
	llm_parse_fail(parse, ERR_PROTOCOL);
}

static void
deliver(struct llm_parse *parse, enum llm_kind kind)
{
	struct llm_delta delta = {
		.kind = kind, .text = parse->text.p, .len = parse->text.len,
	};

	if (delta.len > 0)
		parse->on_delta(parse->arg, &delta);
	empty(&parse->text);
}

void
llm_parse_text(struct llm_parse *parse, enum llm_kind kind,
    const json_t *string)
{
	size_t n = json_string_length(string);

	if (n == 0 || parse->is_over)
		return;
	if (llm_text_join(&parse->join[kind], json_string_value(string), n,
	    &parse->text)) {
		llm_parse_fail(parse, ERR_INTERNAL);
		return;
	}
	deliver(parse, kind);
}

void
llm_parse_over(struct llm_parse *parse)
{
	static const enum llm_kind ORDER[] = { LLM_REASONING, LLM_TEXT };

	if (parse->is_over)
		return;
	parse->is_over = true;
	if (parse->end.finish == LLM_FINISH_NONE)
		return;
	empty(&parse->text);
	for (size_t i = 0; i < sizeof(ORDER) / sizeof(ORDER[0]); i++) {
		llm_text_end(&parse->join[ORDER[i]], &parse->text);
		deliver(parse, ORDER[i]);
	}
}

void
llm_parse_fail(struct llm_parse *parse, enum err err)
{
	if (parse->is_over)
		return;
	llm_fault_set(&parse->end, parse->provider, err);
	llm_parse_over(parse);
}
