/*
 * An answer while it comes, as far as it is the same for every wire: where
 * deltas go, how it ended, what of it is still held back.
 */
#ifndef LLM_PARSE_H
#define LLM_PARSE_H

#include <jansson.h>

#include "base/buf.h"
#include "llm/fault.h"
#include "llm/llm.h"
#include "llm/sse_in.h"
#include "llm/text.h"

struct llm_parse {
	const struct llm_provider *provider;
	llm_delta_fn *on_delta;
	void *arg;
	struct llm_end end; /* end.finish: the wire's end marker was seen */
	bool is_over;       /* the last event was seen, or a failure */
	bool has_tools;     /* the model asked for a tool */
	bool has_refusal;   /* some of the text is a refusal */
	size_t events;
	struct llm_join join[2]; /* by enum llm_kind */
	struct buf clean, text;  /* used again for each event */
};

void
llm_parse_init(struct llm_parse *parse, const struct llm_provider *provider,
    llm_delta_fn *on_delta, void *arg);

void
llm_parse_free(struct llm_parse *parse);

/* The JSON object or array of an event; NULL where it is none. */
json_t *
llm_parse_json(struct llm_parse *parse, const char *data, size_t n);

/* Hand on a piece of text, if `string` is a string and not empty. */
void
llm_parse_text(struct llm_parse *parse, enum llm_kind kind,
    const json_t *string);

/*
 * The event is not JSON: the answer ends there.  But what the end of the
 * stream cut off is the connection's fault, and events of other names than
 * "message" and "error" are nobody's business here, such as pings.
 */
void
llm_parse_bad_json(struct llm_parse *parse, const struct sse_event *event);

/*
 * Nothing follows: what was held back is handed on, or, where the answer broke
 * off, dropped: half a character was not bad then, only cut.  Calls after it
 * do nothing.
 */
void
llm_parse_over(struct llm_parse *parse);

/* The answer ends with this failure; the text so far stands. */
void
llm_parse_fail(struct llm_parse *parse, enum err err);

#endif
