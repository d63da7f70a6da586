/*
 * The wire formats the demo provider speaks: one row each in dialect.c, one
 * file each for its bytes.  A further one is a new file and a new row.
 *
 * The functions only append bytes.  Texts are given as the inside of a JSON
 * string (see text.h).  When things happen is the business of play.c.
 */
#ifndef DEMO_DIALECT_H
#define DEMO_DIALECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "http.h"
#include "script.h"

#define ASK_TOKENS_UNSET INT64_MAX

/* What the hosts of one dialect do in their own way; see openai.h. */
struct flavour;

/* Why a dialect does not take a request; status 0: it does. */
struct objection {
	int status;
	const char *message;
};

/* What a request asks for, whatever its wire.  `question` points into the
 * JSON body and lives as long. */
struct ask {
	char model[SCRIPT_MODEL_MAX + 2];	/* one more: too long */
	bool stream;
	bool wants_usage;
	int64_t max_tokens;		/* or ASK_TOKENS_UNSET */
	int64_t prompt_bytes;
	unsigned has;			/* see picky.h */
	const char *question;		/* the last user message, or NULL */
	size_t question_n;
	struct objection objection;
};

/* What the writers need to know about the answer they write. */
struct answer {
	struct script script;
	const struct flavour *flavour;	/* the dialect's */
	uint64_t id;
	int64_t created;		/* seconds since 1970 */
	int64_t prompt_tokens;
	int64_t tokens, thoughts;	/* written so far */
	bool wants_usage;
	bool is_short;			/* max_tokens cut it */
};

/* Why a request gets an error instead of an answer. */
struct refusal {
	int status;
	bool is_quota;
	bool is_key;			/* the key is wrong */
	int64_t retry_ms;		/* -1: not said */
	const struct flavour *flavour;	/* the dialect's */
	const char *model;
	struct slice key;		/* as it came; p may be NULL */
	/* NULL: the usual one of the status; with 422 the field rejected */
	const char *message;
	const char *param, *code;	/* JSON; NULL: the usual ones */
};

struct dialect {
	const char *name;
	const struct flavour *flavour;	/* NULL: it has none */
	/* The method is POST; does the path ask this dialect for an answer? */
	bool (*is_ask)(struct slice path);
	/* Reads the body (and path).  False when it makes no sense. */
	bool (*read)(struct slice path, json_t *body, struct ask *ask);
	/* What else it finds wrong; NULL: nothing ever. */
	struct objection (*object)(const struct http_request *rq,
		json_t *body);
	/* The key a request came with, without its scheme. */
	struct slice (*key)(const struct http_request *rq);
	int quota_status;	/* of an empty account; 0 is 429 */
	int bad_key;			/* its status; 0 is 401 */
	bool says_delay;		/* in the body, not in Retry-After */
	const char *stream_type;

	void (*write_head)(const struct answer *a, struct buf *out);
	void (*write_thought)(const struct answer *a, struct slice text,
		struct buf *out);
	void (*write_token)(const struct answer *a, struct slice text,
		struct buf *out);
	void (*write_end)(const struct answer *a, struct buf *out);
	void (*write_error)(const struct answer *a, struct buf *out);
	/* An event whose JSON is broken; NULL is one without a name. */
	void (*write_bad)(const struct answer *a, struct buf *out);

	/* The body of an answer that does not stream. */
	void (*write_whole)(const struct answer *a, struct slice thoughts,
		struct slice text, struct buf *out);
	void (*write_refusal)(const struct refusal *r, struct buf *out);
	/* GET `models_path`, with that header where it is not NULL: some have
	 * their list at the same place. */
	const char *models_path;
	const char *models_header;
	void (*write_models)(struct buf *out);
};

extern const struct dialect DIALECT_ANTHROPIC;
extern const struct dialect DIALECT_OPENAI, DIALECT_MISTRAL;
extern const struct dialect DIALECT_GEMINI;
/* hosts.c */
extern const struct dialect DIALECT_AZURE, DIALECT_DEEPSEEK, DIALECT_GROQ,
	DIALECT_OLLAMA, DIALECT_OPENROUTER, DIALECT_PERPLEXITY, DIALECT_VLLM;

/* The row whose path matches, or NULL. */
const struct dialect *
dialect_by_path(struct slice path);

/* The row whose list of models is asked for, or NULL. */
const struct dialect *
dialect_by_models(const struct http_request *rq);

#endif
