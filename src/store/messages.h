/*
 * Messages: what was asked and what was answered.
 *
 * An answer's row is made before the provider is asked (msg_claim) and is
 * written to its end once (msg_end), both times in a transaction.  Between the
 * two its state is "running", its owner is the worker that writes it, and the
 * unique key `running_in` lets no second answer run in the same conversation.
 * Only the owner of a running row can end it, so a worker that was given up for
 * dead cannot write over what was decided without it.
 */
#ifndef STORE_MESSAGES_H
#define STORE_MESSAGES_H

#include "base/uuid.h"
#include "store/db.h"
#include "store/quota.h"
#include "store/tree.h"

enum {
	MSG_REQUEST_ID_SIZE = 65, /* a client_request_id, NUL included */
	MSG_NAME_SIZE = 33,       /* a provider, NUL included */
	MSG_MODEL_SIZE = 201,
	MSG_WORD_SIZE = 33,       /* role, state, finish reason, code, source */
	MSG_WHY_SIZE = 256,       /* an error's sentence */
	MSG_DATE_SIZE = 11,
	MSG_RUNNING_MAX = 256,    /* running answers that are told of at once */
};

/* Figures of an answer; -1 for what nobody knows. */
struct msg_figures {
	int64_t input_tokens, output_tokens, reasoning_tokens;
	const char *usage_source; /* "provider", "estimate" or NULL */
	int64_t connect_ms, ttft_ms, total_ms;
	double tokens_per_second;
	double cost_usd;
	char price_date[MSG_DATE_SIZE];
};

struct msg_figures
msg_figures_none(void);

struct msg_claim {
	struct uuid user;
	struct uuid session;         /* that asks */
	struct uuid owner;           /* this worker */
	struct uuid conversation;
	bool is_new;                 /* the conversation has to be made */
	const char *title;           /* of a new one */
	const char *system;          /* the system prompt from now on; NULL
	                              * leaves it, "" removes it */
	struct uuid leaf;            /* where the shown branch ended when read */
	struct uuid parent;          /* of the question; zeros: it is a first */
	struct uuid question, answer;
	int depth;                   /* of the question */
	const char *text;            /* the question; NULL: it is there already,
	                              * and is answered once more */
	size_t text_len;
	const char *provider, *model;
	int left_out;                /* messages that do not go to it */
	const char *client_request_id;     /* NULL: none */
	const unsigned char *request_hash; /* 32 bytes; NULL: none */
	struct quota most;                 /* that the user may */
};

enum msg_clash {
	MSG_CLASH_NONE,
	MSG_CLASH_RUNNING, /* an answer is running in this conversation */
	MSG_CLASH_REPEAT,  /* this client_request_id was here before */
	MSG_CLASH_MOVED,   /* the conversation is not as it was when read */
	MSG_CLASH_ENDED,   /* the session that asks has ended meanwhile */
};

/*
 * Write the rows of question and answer, all or nothing.  ERR_CONFLICT with the
 * reason in `*clash`, ERR_RATE_LIMITED with the reason in `*refusal`.  Once it
 * returns ERR_OK it is on disk.
 */
enum err
msg_claim(struct db_conn *c, const struct msg_claim *claim,
    enum msg_clash *clash, struct quota_refusal *refusal);

/* The last words about an answer. */
struct msg_end {
	struct uuid id, owner;
	const char *text, *reasoning;
	size_t text_len, reasoning_len;
	bool has_segments; /* some of it was written down while it ran */
	const char *state;
	const char *finish_reason; /* NULL: none */
	const char *error_code;    /* NULL: none */
	const char *error_message; /* NULL: none */
	struct msg_figures figures;
	int left_out;     /* -1: as it stands there */
	int64_t ended_at; /* wall ms */
};

/* Inside a transaction.  ERR_NOT_FOUND: it is not ours now, or not running. */
enum err
msg_end(struct db_conn *c, const struct msg_end *end);

/* A message as it is read; texts are borrowed for the call. */
struct msg {
	struct uuid id, parent, conversation;
	int depth;
	char role[MSG_WORD_SIZE], state[MSG_WORD_SIZE];
	const char *text, *reasoning; /* reasoning: NULL where there is none */
	size_t text_len, reasoning_len;
	char provider[MSG_NAME_SIZE], model[MSG_MODEL_SIZE];
	char finish_reason[MSG_WORD_SIZE], error_code[MSG_WORD_SIZE];
	char error_message[MSG_WHY_SIZE];
	char usage_source[MSG_WORD_SIZE];
	struct msg_figures figures;
	int left_out; /* messages before that did not go to the model */
	int64_t created_at;
};

typedef enum err msg_fn(void *arg, const struct msg *msg);

enum msg_order {
	MSG_DOWN, /* parents first, as in the tree */
	MSG_UP,   /* from the end of a branch to its first message */
};

/*
 * The messages of these nodes, which are given in that order.  ERR_NOT_FOUND
 * where one of them has gone meanwhile.
 */
enum err
msg_each(struct db_conn *c, const struct uuid *user,
    const struct tree_node *const *nodes, size_t n, enum msg_order order,
    msg_fn *each, void *arg);

/* All messages of a conversation, of all its branches, parents first: the first
 * `limit` after that of `depth` and `id` (-1: from the start). */
enum err
msg_walk(struct db_conn *c, const struct uuid *user,
    const struct uuid *conversation, int depth, const struct uuid *id,
    int limit, msg_fn *each, void *arg);

/* One answer. */
enum err
msg_get(struct db_conn *c, const struct uuid *user, const struct uuid *id,
    msg_fn *fn, void *arg);

/* Where an answer of this user stands. */
struct msg_status {
	struct uuid id, owner, conversation;
	char state[MSG_WORD_SIZE];
	char finish_reason[MSG_WORD_SIZE];
	unsigned char request_hash[32]; /* zeros: the request had no name */
};

enum err
msg_status(struct db_conn *c, const struct uuid *user, const struct uuid *id,
    struct msg_status *out);

typedef enum err msg_status_fn(void *arg, const struct msg_status *status);

/* The answers that run for a session, by id, the first MSG_RUNNING_MAX of them
 * after `after` (zeros: from the start). */
enum err
msg_running(struct db_conn *c, const struct uuid *user,
    const struct uuid *session, const struct uuid *after, msg_status_fn *each,
    void *arg);

/* The same for all sessions of the user `but` one (NULL: none). */
enum err
msg_running_all(struct db_conn *c, const struct uuid *user,
    const struct uuid *but, const struct uuid *after, msg_status_fn *each,
    void *arg);

/* The answer that runs in a conversation; ERR_NOT_FOUND where none does. */
enum err
msg_running_in(struct db_conn *c, const struct uuid *user,
    const struct uuid *conversation, struct msg_status *out);

enum err
msg_status_by_request(struct db_conn *c, const struct uuid *user,
    const char *client_request_id, struct msg_status *out);

/*
 * End what a dead worker left running, with the text that it had written down;
 * `n` tells how many.
 */
enum err
msg_orphans_end(struct db_conn *c, const struct uuid *owner, int *n);

#endif
