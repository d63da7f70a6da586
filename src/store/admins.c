#include "store/admins.h"

#include "base/clock.h"
#include "store/like.h"
#include "store/sessions.h"

enum { REMOVE_AT_ONCE = 200 }; /* messages of one statement */

/* ---- the list ---- */

#define COLUMNS \
	"u.id, u.username, u.is_admin, u.disabled_at, u.created_at," \
	" (SELECT MAX(s.seen_at) FROM sessions s WHERE s.user_id = u.id)"

static void
read_entry(const struct db_value *row, struct admin_entry *out)
{
	struct user_row *u = &out->user;

	*out = (struct admin_entry){ .seen_at = 0 };
	u->id = db_get_uuid(&row[0]);
	db_get_text(&row[1], u->username, sizeof(u->username));
	u->is_admin = row[2].i != 0;
	u->is_disabled = row[3].type != DB_IS_NULL;
	u->created_at = row[4].i;
	out->seen_at = row[5].type == DB_IS_NULL ? 0 : row[5].i;
}

struct listing {
	admin_user_fn *fn;
	void *arg;
};

static enum err
read_each(void *arg, const struct db_value *row, int n)
{
	const struct listing *l = arg;
	struct admin_entry entry;

	(void)n;
	read_entry(row, &entry);
	return l->fn(l->arg, &entry);
}

/* A pattern of NULL matches all. */
static struct db_value
pattern_of(const char *search, char out[static LIKE_PATTERN_SIZE])
{
	return search != NULL ? db_text(like_pattern(search, out)) : DB_NULL;
}

enum err
admins_list_users(struct db_conn *c, const char *search, int offset, int limit,
    admin_user_fn *each, void *arg)
{
	char room[LIKE_PATTERN_SIZE];
	struct db_value pattern = pattern_of(search, room);
	struct db_value in[] = {
		pattern, pattern, DB_INT(limit), DB_INT(offset),
	};
	struct listing l = { each, arg };

	return db_query(c,
	    "SELECT " COLUMNS " FROM users u"
	    " WHERE (? IS NULL OR u.username LIKE ? ESCAPE '!')"
	    " ORDER BY u.username LIMIT ? OFFSET ?",
	    in, DB_COUNT(in), read_each, &l);
}

static enum err
read_count(void *arg, const struct db_value *row, int n)
{
	(void)n;
	*(int64_t *)arg = row[0].i;
	return ERR_OK;
}

enum err
admins_count_users(struct db_conn *c, const char *search, int64_t *out)
{
	char room[LIKE_PATTERN_SIZE];
	struct db_value pattern = pattern_of(search, room);
	struct db_value in[] = { pattern, pattern };

	return db_query_one(c,
	    "SELECT COUNT(*) FROM users"
	    " WHERE (? IS NULL OR username LIKE ? ESCAPE '!')",
	    in, DB_COUNT(in), read_count, out);
}

static enum err
read_one(void *arg, const struct db_value *row, int n)
{
	(void)n;
	read_entry(row, arg);
	return ERR_OK;
}

enum err
admins_get_user(struct db_conn *c, const struct uuid *id,
    struct admin_entry *out)
{
	struct db_value in[] = { db_uuid(id) };

	return db_query_one(c, "SELECT " COLUMNS " FROM users u WHERE u.id = ?",
	    in, DB_COUNT(in), read_one, out);
}

/* ---- the last administrator ---- */

static enum err
ignore_row(void *arg, const struct db_value *row, int n)
{
	(void)arg, (void)row, (void)n;
	return ERR_OK;
}

/*
 * All that changes administrators happens one after the other, by the lock on
 * the one row that is first.  It may have gone while it was waited for; then
 * the transaction begins anew and finds its heir.
 */
static enum err
lock_admins(struct db_conn *c)
{
	enum err err = db_query_one(c,
	    "SELECT id FROM users WHERE is_first = 1 FOR UPDATE", NULL, 0,
	    ignore_row, NULL);

	return err == ERR_NOT_FOUND ? ERR_BUSY : err;
}

/* Users beside this one: all, and those who are administrators now. */
struct others {
	int64_t users, admins;
};

static enum err
read_others(void *arg, const struct db_value *row, int n)
{
	struct others *others = arg;

	(void)n;
	others->users = row[0].i;
	others->admins = row[1].i;
	return ERR_OK;
}

static enum err
count_others(struct db_conn *c, const struct uuid *id, struct others *out)
{
	struct db_value in[] = { db_uuid(id) };

	return db_query_one(c,
	    "SELECT COUNT(*), COUNT(CASE WHEN is_admin = 1"
	    " AND disabled_at IS NULL THEN 1 END) FROM users WHERE id <> ?",
	    in, DB_COUNT(in), read_others, out);
}

/* May this user stop being an administrator? */
static enum err
check_not_last(struct db_conn *c, const struct user_row *u, bool goes)
{
	struct others others = { 0 };
	enum err err;

	if (!u->is_admin || u->is_disabled)
		return ERR_OK;
	if ((err = count_others(c, &u->id, &others)))
		return err;
	return others.admins > 0 || (goes && others.users == 0) ?
	    ERR_OK : ERR_CONFLICT;
}

/* ---- changing ---- */

struct change {
	const struct uuid *id;
	const bool *disabled, *is_admin;
};

static enum err
remove_invites(struct db_conn *c, const struct uuid *user)
{
	struct db_value in[] = { db_uuid(user) };

	return db_run(c, "DELETE FROM invites WHERE user_id = ?", in,
	    DB_COUNT(in), NULL);
}

static enum err
write_change(struct db_conn *c, const struct user_row *u)
{
	struct db_value in[] = {
		DB_INT(u->is_admin), DB_INT(u->is_disabled),
		DB_INT(clock_wall_ms()), db_uuid(&u->id),
	};

	return db_run(c,
	    "UPDATE users SET is_admin = ?, disabled_at ="
	    " CASE WHEN ? = 1 THEN COALESCE(disabled_at, ?) END WHERE id = ?",
	    in, DB_COUNT(in), NULL);
}

static enum err
change(struct db_conn *c, void *arg)
{
	const struct change *ch = arg;
	struct user_row was, u;
	enum err err;

	if ((err = lock_admins(c)) || (err = user_get(c, ch->id, &was)))
		return err;
	u = was;
	if (ch->disabled != NULL)
		u.is_disabled = *ch->disabled;
	if (ch->is_admin != NULL)
		u.is_admin = *ch->is_admin;
	if ((u.is_disabled || !u.is_admin) &&
	    ((err = check_not_last(c, &was, false)) ||
	    (err = remove_invites(c, &u.id))))
		return err;
	if (u.is_disabled && (err = sessions_end_all(c, &u.id, NULL)))
		return err;
	return write_change(c, &u);
}

enum err
admins_change_user(struct db_conn *c, const struct uuid *id,
    const bool *disabled, const bool *is_admin)
{
	struct change ch = { id, disabled, is_admin };

	return db_transaction(c, change, &ch);
}

/* ---- removing ---- */

struct removal {
	const struct uuid *id;
	bool signed_in; /* again, since admins_end_user() */
};

static enum err
may_go(struct db_conn *c, const struct uuid *id)
{
	struct user_row u;
	enum err err;

	if ((err = lock_admins(c)) || (err = user_get(c, id, &u)))
		return err;
	return check_not_last(c, &u, true);
}

static enum err
end_user(struct db_conn *c, void *arg)
{
	struct removal *r = arg;
	enum err err = may_go(c, r->id);

	return err ? err : sessions_end_all(c, r->id, NULL);
}

enum err
admins_end_user(struct db_conn *c, const struct uuid *id)
{
	struct removal r = { .id = id };

	return db_transaction(c, end_user, &r);
}

enum err
admins_empty_user(struct db_conn *c, const struct uuid *id)
{
	struct db_value in[] = { db_uuid(id), DB_INT(REMOVE_AT_ONCE) };
	uint64_t n = REMOVE_AT_ONCE;
	enum err err;

	err = db_run(c,
	    "DELETE s FROM segments s JOIN messages m ON m.id = s.message_id"
	    " WHERE m.user_id = ?", in, 1, NULL);
	while (err == ERR_OK && n == REMOVE_AT_ONCE)
		err = db_run(c,
		    "DELETE FROM messages WHERE user_id = ? LIMIT ?", in,
		    DB_COUNT(in), &n);
	return err;
}

/* With the locking read nobody signs in between it and the COMMIT. */
static enum err
check_signed_out(struct db_conn *c, struct removal *r)
{
	struct db_value in[] = { db_uuid(r->id) };
	enum err err = db_query_one(c,
	    "SELECT 1 FROM sessions WHERE user_id = ? LIMIT 1 FOR UPDATE",
	    in, DB_COUNT(in), ignore_row, NULL);

	r->signed_in = err == ERR_OK;
	if (err == ERR_OK)
		return ERR_CONFLICT;
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Or the next one to register would be first, and an administrator. */
static enum err
name_heir(struct db_conn *c)
{
	enum err err = user_find_first(c);

	if (err != ERR_NOT_FOUND)
		return err;
	return db_run(c,
	    "UPDATE users SET is_first = 1"
	    " WHERE is_admin = 1 AND disabled_at IS NULL ORDER BY id LIMIT 1",
	    NULL, 0, NULL);
}

static enum err
remove_user(struct db_conn *c, void *arg)
{
	struct removal *r = arg;
	struct db_value in[] = { db_uuid(r->id) };
	enum err err;

	r->signed_in = false;
	if ((err = may_go(c, r->id)) || (err = check_signed_out(c, r)) ||
	    (err = db_run(c, "DELETE FROM users WHERE id = ?", in,
	    DB_COUNT(in), NULL)))
		return err;
	return name_heir(c);
}

enum err
admins_remove_user(struct db_conn *c, const struct uuid *id)
{
	struct removal r = { .id = id };
	enum err err = db_transaction(c, remove_user, &r);

	return err == ERR_CONFLICT && r.signed_in ? ERR_BUSY : err;
}
