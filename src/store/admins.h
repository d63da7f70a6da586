/*
 * What administrators do to users.  One administrator who is not disabled is
 * left after each of these, as long as there is any user; what would take the
 * last one is ERR_CONFLICT.  A user who is not there is ERR_NOT_FOUND.
 */
#ifndef STORE_ADMINS_H
#define STORE_ADMINS_H

#include "base/uuid.h"
#include "store/db.h"
#include "store/users.h"

struct admin_entry {
	struct user_row user; /* without the password */
	int64_t seen_at;      /* by their sessions, wall ms; 0: none is left */
};

typedef enum err admin_user_fn(void *arg, const struct admin_entry *entry);

/* By name.  With a `search` (NULL: none) those who have it in their name. */
enum err
admins_list_users(struct db_conn *c, const char *search, int offset, int limit,
    admin_user_fn *each, void *arg);

enum err
admins_count_users(struct db_conn *c, const char *search, int64_t *out);

/* One of them. */
enum err
admins_get_user(struct db_conn *c, const struct uuid *id,
    struct admin_entry *out);

/*
 * Disable a user or not, make one an administrator or not; NULL leaves it.
 * With a user who is disabled the sessions go, for the caller to stop what ran
 * for them (api/streams.h); with one who is an administrator no longer, or
 * disabled, the invitations do.
 */
enum err
admins_change_user(struct db_conn *c, const struct uuid *id,
    const bool *disabled, const bool *is_admin);

/*
 * Remove a user with everything that is theirs, in three steps, because there
 * may be much of it.  First their sessions go, for the caller to stop what ran
 * for them; then their messages, a part at a time; then the user, and what is
 * left goes by foreign keys.  The last one is ERR_BUSY where the user has
 * signed in meanwhile: begin anew.  After a failure in between the user is
 * still there, with what was not yet removed.
 */
enum err
admins_end_user(struct db_conn *c, const struct uuid *id);

enum err
admins_empty_user(struct db_conn *c, const struct uuid *id);

enum err
admins_remove_user(struct db_conn *c, const struct uuid *id);

#endif
