/*
 * The users.  A name is one in whatever case: Ann and ann are the same.
 */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include "base/buf.h"
#include "base/uuid.h"
#include "store/db.h"
#include "store/quota.h"

enum {
	USER_NAME_SIZE = 201,     /* 50 characters of at most 4 bytes, a NUL */
	USER_PASSWORD_SIZE = 256, /* what is kept of a password, a NUL */
};

struct user_row {
	struct uuid id;
	char username[USER_NAME_SIZE];
	char password[USER_PASSWORD_SIZE];
	bool is_admin;
	bool is_disabled;
	int64_t created_at; /* wall ms */
	struct quota own;   /* -1: as the settings say */
};

/*
 * Add a user.  With `is_first` it is the administrator, and there can be one
 * of that kind: ERR_CONFLICT with the key "is_first".  Where the name is
 * taken, ERR_CONFLICT with the key "username".
 */
enum err
user_add(struct db_conn *c, const struct user_row *u, bool is_first);

/* The user of that name; ERR_NOT_FOUND where there is none. */
enum err
user_by_name(struct db_conn *c, const char *name, size_t len,
    struct user_row *out);

/* The user with that id; ERR_NOT_FOUND where there is none. */
enum err
user_get(struct db_conn *c, const struct uuid *id, struct user_row *out);

/* ERR_OK where the first user is there, ERR_NOT_FOUND where not yet. */
enum err
user_find_first(struct db_conn *c);

/* Keep another password, or the same in another way; ERR_NOT_FOUND where it is
 * no longer `was`.  A `was` of NULL is any. */
enum err
user_set_password(struct db_conn *c, const struct uuid *id, const char *was,
    const char *password);

/* Add the user's own settings, a JSON object, to `out`; nothing where none were
 * kept. */
enum err
user_settings(struct db_conn *c, const struct uuid *id, struct buf *out);

enum err
user_set_settings(struct db_conn *c, const struct uuid *id, const char *json,
    size_t len);

#endif
