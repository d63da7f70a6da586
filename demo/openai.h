/*
 * OpenAI Chat Completions and what other hosts make of it.  A host that
 * differs in a few bytes is a row of hosts.c; one that differs in more has a
 * file of its own and takes from here what is the same.
 */
#ifndef DEMO_OPENAI_H
#define DEMO_OPENAI_H

#include "dialect.h"

enum usage_place {
	USAGE_CHUNK,	/* a chunk of its own, when asked for */
	USAGE_LAST,	/* in the last chunk of the answer, unasked */
	USAGE_X_GROQ	/* the same inside x_groq */
};

/* An error's body; `%m` in it is the model, `%k` the masked key. */
struct error_body {
	int status;	/* 0 fits all that have no row */
	bool is_quota;
	const char *body;
};

struct flavour {
	const char *thought;	/* the member of reasoning */
	enum usage_place usage;
	bool is_crlf, has_no_done;
	/* Lines in front of the first chunk; NULL: none. */
	const char *before;
	/* More members of each choice; NULL: none. */
	const char *choice_more;
	/* An output that is blocked has no message. */
	bool blocks_message;
	/* The event of an error, but for the blank line; NULL: OpenAI's. */
	const char *error;
	bool has_done_after_error;
	/* Bodies of errors, ended by one without a body; NULL: OpenAI's. */
	const struct error_body *errors;
};

void
openai_end_event(const struct answer *a, struct buf *out);

/* One choice; the inside of its delta is `before`, `text` and `after`.  The
 * chunk is left open. */
void
openai_write_choice(const struct answer *a, const char *before,
	struct slice text, const char *after, const char *finish,
	struct buf *out);

void
openai_write_usage(const struct answer *a, struct buf *out);

void
openai_write_head(const struct answer *a, struct buf *out);

void
openai_write_thought(const struct answer *a, struct slice text,
	struct buf *out);

void
openai_write_token(const struct answer *a, struct slice text,
	struct buf *out);

void
openai_write_end(const struct answer *a, struct buf *out);

void
openai_write_error(const struct answer *a, struct buf *out);

/* The two ends of an answer that does not stream; the choice's message is
 * written between them. */
void
openai_begin_whole(const struct answer *a, struct buf *out);

void
openai_end_whole(const struct answer *a, struct buf *out);

void
openai_write_whole(const struct answer *a, struct slice thoughts,
	struct slice text, struct buf *out);

void
openai_write_models(struct buf *out);

/* ---- openai_read.c ---- */

/* The key behind "Bearer ". */
struct slice
openai_key(const struct http_request *rq);

bool
openai_read(struct slice path, json_t *body, struct ask *ask);

/* ---- openai_errors.c ---- */

void
openai_write_refusal(const struct refusal *r, struct buf *out);

#endif
