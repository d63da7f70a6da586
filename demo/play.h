/*
 * One answer being given: the script as a machine that is stepped.  It does
 * no I/O; a step appends the bytes of one write and says what comes next.
 *
 * The times are absolute: token i is due at begin + head + first + i × pace,
 * so a late step is followed by an early one and the rate holds.
 */
#ifndef DEMO_PLAY_H
#define DEMO_PLAY_H

#include "picky.h"
#include "text.h"

/* Bytes of text in an answer that does not stream. */
#define PLAY_WHOLE_MAX (64 * 1024 * 1024)

enum play_next {
	PLAY_WAIT,	/* the next step is due at `due` */
	PLAY_DONE,	/* all is said; the connection lives on if `keep` */
	PLAY_CLOSE,	/* the connection closes */
	PLAY_RESET,	/* the connection closes with RST */
	PLAY_HOLD	/* nothing more, and the connection stays */
};

struct play;
typedef enum play_next play_step_fn(struct play *p, struct buf *out);

struct play {
	play_step_fn *next;
	const struct dialect *dialect;
	struct answer answer;
	struct text text;
	struct buf token;	/* the text of the newest one */
	struct refusal refusal;
	struct buf key;		/* owns refusal.key */
	char why[SCRIPT_WHY_MAX];	/* owns refusal.message */
	int64_t due;
	int64_t pace_ns;
	bool is_chunked;
	bool keep;
};

/* What a request is, beside its script. */
struct play_request {
	const struct dialect *dialect;
	const struct http_request *http;	/* read before this returns */
	const struct ask *ask;			/* likewise */
	uint64_t id;
	int64_t now;
};

/* An answer by the script.  Never NULL; the caller frees it. */
struct play *
play_open(const struct play_request *rq, const struct script *s);

/* An error instead, with a message of our own, or NULL for the usual one. */
struct play *
play_refuse(const struct play_request *rq, const struct script *s,
	int status, const char *message);

/* 400, for what the model does not take. */
struct play *
play_reject(const struct play_request *rq, const struct script *s,
	const struct pick *pick);

enum play_next
play_step(struct play *p, struct buf *out);

/* Tokens written so far, reasoning included. */
int64_t
play_tokens(const struct play *p);

/* For fault.c: the pieces an answer is made of. */

/* Makes the bytes from `start` on one chunk of the body. */
void
play_frame(const struct play *p, struct buf *out, size_t start);

void
play_end_body(const struct play *p, struct buf *out);

/* The event of the token that comes next; the caller counts it. */
void
play_write_token(struct play *p, struct buf *out);

bool
play_is_all_said(const struct play *p);

void
play_free(struct play *p);

#endif
