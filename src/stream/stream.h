/*
 * A stream: one question on its way through one model (chat) or several
 * (compare), each in a lane of its own, read by any number of readers.
 *
 * A stream is made by a handler, given to the relay (relay_add), and from then
 * on touched by the relay's thread alone, with one exception: a lane that has
 * ended does not change any more, and the journal reads it until it says that
 * it is committed.
 */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"
#include "llm/call.h"
#include "llm/catalog.h"
#include "llm/llm.h"
#include "llm/question.h"
#include "store/messages.h"
#include "stream/reader.h"

enum {
	STREAM_LANES_MAX = 8,
	STREAM_READERS_MAX = 16, /* of its own; more follow it as shadows */
};

/* How an answer stands, by the names that the database and clients see. */
#define STREAM_STATE_TABLE(X) \
X(RUNNING, "running") \
X(COMPLETE, "complete") \
X(LENGTH, "length") \
X(REFUSED, "refused") \
X(CANCELLED, "cancelled") \
X(FAILED, "failed") \
X(INTERRUPTED, "interrupted")

enum stream_state {
#define STREAM_STATE_ENUM(name, text) STREAM_##name,
	STREAM_STATE_TABLE(STREAM_STATE_ENUM)
#undef STREAM_STATE_ENUM
	STREAM_STATE_COUNT
};

const char *
stream_state_name(enum stream_state state);

/* Why a lane is brought to its end. */
enum stream_cause {
	STREAM_ENDED,     /* the provider came to its end, good or bad */
	STREAM_STOPPED,   /* the user said Stop */
	STREAM_ABANDONED, /* the reader left, and asked for that to stop it */
	STREAM_FULL,      /* our own ceiling of an answer is reached */
	STREAM_DRAINED,   /* this process is going down */
};

struct relay;

/* How often a question was asked; see relay_retry.c. */
struct stream_retry {
	int attempt;         /* the one that runs or is waited for, from 1 */
	int repeats, changes; /* of the same request, and of another one */
	int64_t at_ms;       /* clock_ms() of the next; 0: it does not wait */
	int64_t in_ms;       /* how long it waits, or waited */
	enum err code;       /* why the one before failed */
	const char *ignored; /* what it left out; a literal; NULL: nothing */
	int left_out;        /* messages that do not go, where that changed; or 0 */
};

struct stream_lane {
	struct stream *stream;
	int index;
	struct uuid message_id;
	char provider[MSG_NAME_SIZE];
	char label[128]; /* the provider's, for sentences */
	char model[MSG_MODEL_SIZE];
	const struct catalog_model *known; /* for its price; NULL: unknown */
	int64_t input_bytes; /* of what is asked, for an estimate */

	struct llm_question *question; /* owned; NULL once an answer comes */
	struct llm_call *call; /* owned; NULL before and after */
	bool in_multi;
	struct stream_retry retry;
	struct buf text, reasoning;
	int64_t n_deltas;
	bool overflowed; /* the ceiling was met */

	/* From the end on; fixed then. */
	enum stream_state state;
	enum err err;
	const char *finish_reason; /* a literal; NULL: none */
	char message[MSG_WHY_SIZE];
	char note[LLM_WHY_MAX];    /* for the log */
	int provider_status;
	int64_t retry_after_ms;
	struct msg_figures figures;
	int64_t ended_at; /* wall ms */
	int64_t ended_ms; /* clock_ms() */

	/* How far it was given to the journal while it ran. */
	size_t ticked_text, ticked_reasoning;

	/* The journal's: its queue, and what came of the commit. */
	struct stream_lane *journal_next;
	int journal_tries;
	enum err commit_err;
	struct stream_lane *committed_next;
};

struct stream {
	struct relay *relay;         /* whose it is; NULL before relay_add() */
	struct stream *next, **link; /* the relay's list */
	struct stream *hash_next;
	struct stream *dirty_next;
	bool dirty;

	struct uuid id, user, conversation, question;
	struct uuid owner;
	bool is_shadow;     /* it follows another worker's stream: see tail.h */
	uint64_t shadow_id; /* by which the tail knows it */
	bool stop_on_leave; /* on_disconnect: stop */
	bool stop_at_once;  /* Stop came before the request did */
	int left_out;       /* messages that did not go to the model */
	json_t *ignored;    /* names of parameters the model cannot take */

	struct reader *readers;
	struct stream_lane *lanes;
	int n_lanes;
	int n_running;     /* lanes that have not ended */
	int n_uncommitted; /* lanes whose end is not on disk */
	enum err commit_err; /* ERR_OK, or that of a lane that was refused */
	enum err saved;    /* as its readers are told */
};

/* A stream of `n_lanes` empty lanes; NULL where memory is out. */
struct stream *
stream_new(int n_lanes, size_t answer_max);

/* With its lanes, calls (which must be out of their multi) and readers. */
void
stream_free(struct stream *s);

/* The state of that name; STREAM_FAILED for any other text. */
enum stream_state
stream_state_by_name(const char *name);

/*
 * Take a piece of the answer: keep it and queue it for every reader.
 * `scratch` is only room to work in.
 */
void
stream_append(struct stream_lane *lane, const struct llm_delta *delta,
    struct buf *scratch, int64_t now_ms);

/*
 * Queue the last event, or the one JSON answer, for every reader that has not
 * had it, as soon as it is no longer behind, and mark them as ending.  `saved` is ERR_OK once all lanes are on
 * disk; otherwise readers are told that their answer is not.
 */
void
stream_finish(struct stream *s, enum err saved, struct buf *scratch,
    int64_t now_ms);

#endif
