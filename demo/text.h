/*
 * What the tokens of an answer say: the canned Markdown of the plain models,
 * or the measuring texts (stamp, seq, multibyte, …) a script asks for.
 *
 * Tokens are appended as the inside of a JSON string, because two of the
 * scripts (surrogate, badutf8) exist only there.
 */
#ifndef DEMO_TEXT_H
#define DEMO_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "script.h"

struct text {
	const struct script *script;	/* borrowed */
	void (*say)(struct text *t, int64_t i, struct buf *out);
	struct buf canned;
	size_t at;			/* where the next canned token starts */
	int64_t tokens;			/* how many the answer has */
	int64_t thoughts;		/* reasoning tokens before them */
};

/* `question` is the last user message; the canned text quotes its start. */
void
text_open(struct text *t, const struct script *s, const char *question,
	size_t n);

/* Token `i` of the answer.  Call it once for each, in order. */
void
text_token(struct text *t, int64_t i, struct buf *out);

/* Reasoning token `i`. */
void
text_thought(const struct text *t, int64_t i, struct buf *out);

void
text_free(struct text *t);

#endif
