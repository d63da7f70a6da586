/*
 * Conversations: a title and a tree of messages, of which the branch that ends
 * in `leaf` is shown.  Every statement here names the owner; a conversation of
 * somebody else is ERR_NOT_FOUND, as is one that does not exist.
 */
#ifndef STORE_CONVERSATIONS_H
#define STORE_CONVERSATIONS_H

#include "base/uuid.h"
#include "store/db.h"

enum {
	CONV_TITLE_MAX = 200,  /* characters */
	CONV_TITLE_SIZE = 801, /* of at most 4 bytes, and the NUL */
	CONV_SEARCH_MAX = 255, /* bytes of what is searched for */
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

/* What is to change: NULL leaves it.  ERR_NOT_FOUND as above. */
enum err
conv_change(struct db_conn *c, const struct uuid *user, const struct uuid *id,
    const char *title, const bool *pinned);

/* With its messages and what is written down of a running one. */
enum err
conv_delete(struct db_conn *c, const struct uuid *user,
    const struct uuid *id);

#endif
