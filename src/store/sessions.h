/*
 * The sessions, each found by the SHA-256 of its token (auth/session.h).
 */
#ifndef STORE_SESSIONS_H
#define STORE_SESSIONS_H

#include "base/uuid.h"
#include "store/db.h"
#include "store/users.h"

enum { SESSIONS_HASH_SIZE = 32 };

/* A session with its user, whose password stays where it is. */
struct session_row {
	unsigned char token_hash[SESSIONS_HASH_SIZE];
	struct uuid id;
	int64_t created_at, seen_at, expires_at; /* wall ms */
	struct user_row user;
};

/*
 * Start one for row->user.id.  Where it came from is for the user to read
 * later: `address` and `user_agent` are cut to fit and cleaned of what is not
 * text.  The user's expired ones go.  ERR_NOT_FOUND where there is no such
 * user, or no more, or a disabled one.
 */
enum err
sessions_add(struct db_conn *c, const struct session_row *row,
    const char *address, const char *user_agent);

/* One that has not expired by `now`, of a user who is not disabled;
 * ERR_NOT_FOUND for any other. */
enum err
sessions_find(struct db_conn *c,
    const unsigned char token_hash[static SESSIONS_HASH_SIZE], int64_t now,
    struct session_row *out);

/* Prolong it; nothing happens where it has ended meanwhile. */
enum err
sessions_prolong(struct db_conn *c, const struct session_row *row);

/* End it; it may have ended already. */
enum err
sessions_remove(struct db_conn *c, const struct uuid *user,
    const unsigned char token_hash[static SESSIONS_HASH_SIZE]);

/* A session as its user reads it, not yet expired by `now`; borrowed. */
struct session_entry {
	struct uuid id;
	int64_t created_at, seen_at, expires_at; /* wall ms */
	const char *address, *user_agent;        /* ASCII */
};

typedef enum err session_fn(void *arg, const struct session_entry *entry);

/* The one seen last comes first. */
enum err
sessions_list(struct db_conn *c, const struct uuid *user, int64_t now,
    int offset, int limit, session_fn *each, void *arg);

enum err
sessions_count(struct db_conn *c, const struct uuid *user, int64_t now,
    int64_t *out);

/* End one by its id; ERR_NOT_FOUND where this user has none of it. */
enum err
sessions_end(struct db_conn *c, const struct uuid *user,
    const struct uuid *id);

/* End all of a user but one (NULL: all). */
enum err
sessions_end_all(struct db_conn *c, const struct uuid *user,
    const struct uuid *but);

/* Give the session row->id of row->user the token of `row` in place of its old
 * one, and its times; ERR_NOT_FOUND where it has ended. */
enum err
sessions_renew(struct db_conn *c, const struct session_row *row);

#endif
