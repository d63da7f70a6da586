/*
 * Conversations: a title and a tree of messages, of which the branch that ends
 * in `leaf` is shown.  Every statement here names the owner; a conversation of
 * somebody else is ERR_NOT_FOUND, as is one that does not exist.
 */
#ifndef STORE_CONVERSATIONS_H
#define STORE_CONVERSATIONS_H

#include "base/buf.h"
#include "base/uuid.h"
#include "store/db.h"

enum {
	CONV_TITLE_MAX = 200,  /* characters */
	CONV_TITLE_SIZE = 801, /* of at most 4 bytes, and the NUL */
	CONV_SYSTEM_MAX = 65536, /* characters of a system prompt, */
	CONV_SYSTEM_BYTES_MAX = 4 * CONV_SYSTEM_MAX,
};

struct conv {
	struct uuid id;
	struct uuid leaf; /* zeros: it has no message */
	char title[CONV_TITLE_SIZE];
	bool pinned;
	int64_t created_at, updated_at; /* wall ms */
};

enum err
conv_get(struct db_conn *c, const struct uuid *user, const struct uuid *id,
    struct conv *out);

/* The system prompt, added to `out`; nothing where there is none. */
enum err
conv_system(struct db_conn *c, const struct uuid *user, const struct uuid *id,
    struct buf *out);

typedef enum err conv_fn(void *arg, const struct conv *conv);

/*
 * Pinned ones first, then the latest first.  With a `search` (NULL: none) those
 * that have it in their title or in the text of a message, whatever the case.
 */
enum err
conv_list(struct db_conn *c, const struct uuid *user, const char *search,
    int offset, int limit, conv_fn *each, void *arg);

enum err
conv_count(struct db_conn *c, const struct uuid *user, const char *search,
    int64_t *out);

/* What is to change: NULL leaves it. */
struct conv_change {
	const char *title;
	const bool *pinned;
	const char *system; /* "" removes it */
	const struct uuid *leaf; /* a message: of the branches that go through
	                          * it, the one that was written to last is
	                          * shown from now on */
};

/* All of it or nothing.  ERR_NOT_FOUND as above, and where `leaf` is no message
 * of this conversation. */
/* All of a user by id, which is by age: the first `limit` after `after` (zeros:
 * from the start). */
enum err
conv_walk(struct db_conn *c, const struct uuid *user,
    const struct uuid *after, int limit, conv_fn *each, void *arg);

enum err
conv_change(struct db_conn *c, const struct uuid *user, const struct uuid *id,
    const struct conv_change *change);

/* With its messages and what is written down of a running one. */
enum err
conv_delete(struct db_conn *c, const struct uuid *user,
    const struct uuid *id);

#endif
