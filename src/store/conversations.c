#include "store/conversations.h"

#include "store/like.h"

#define COLUMNS \
	"c.id, c.leaf_id, c.title, c.pinned, c.created_at, c.updated_at"

static void
read_conv(const struct db_value *row, struct conv *out)
{
	out->id = db_get_uuid(&row[0]);
	out->leaf = db_get_uuid(&row[1]);
	db_get_text(&row[2], out->title, sizeof(out->title));
	out->pinned = row[3].i != 0;
	out->created_at = row[4].i;
	out->updated_at = row[5].i;
}

static enum err
read_one(void *arg, const struct db_value *row, int n)
{
	(void)n;
	read_conv(row, arg);
	return ERR_OK;
}

enum err
conv_get(struct db_conn *c, const struct uuid *user, const struct uuid *id,
    struct conv *out)
{
	struct db_value in[] = { db_uuid(id), db_uuid(user) };

	return db_query_one(c,
	    "SELECT " COLUMNS " FROM conversations c WHERE id = ? AND user_id = ?",
	    in, DB_COUNT(in), read_one, out);
}

static enum err
add_system(void *arg, const struct db_value *row, int n)
{
	(void)n;
	return buf_add(arg, row[0].p, row[0].len);
}

enum err
conv_system(struct db_conn *c, const struct uuid *user, const struct uuid *id,
    struct buf *out)
{
	struct db_value in[] = { db_uuid(id), db_uuid(user) };

	return db_query_one(c,
	    "SELECT COALESCE(system_prompt, '') FROM conversations"
	    " WHERE id = ? AND user_id = ?",
	    in, DB_COUNT(in), add_system, out);
}

struct each {
	conv_fn *fn;
	void *arg;
};

static enum err
read_each(void *arg, const struct db_value *row, int n)
{
	struct each *each = arg;
	struct conv conv;

	(void)n;
	read_conv(row, &conv);
	return each->fn(each->arg, &conv);
}

/*
 * LIKE over the user's own rows: a full-text index finds neither short words
 * nor Chinese ones, and makes every message dearer to write.
 */
#define MATCHES \
	" AND (LOWER(c.title) LIKE LOWER(?) ESCAPE '!' OR EXISTS" \
	" (SELECT 1 FROM messages m WHERE m.conversation_id = c.id" \
	" AND m.user_id = c.user_id" \
	" AND LOWER(m.content) LIKE LOWER(?) ESCAPE '!'))"

static enum err
list_all(struct db_conn *c, const struct uuid *user, int offset, int limit,
    struct each *each)
{
	struct db_value in[] = { db_uuid(user), DB_INT(limit), DB_INT(offset) };

	return db_query(c,
	    "SELECT " COLUMNS " FROM conversations c WHERE user_id = ?"
	    " ORDER BY pinned DESC, updated_at DESC, id DESC LIMIT ? OFFSET ?",
	    in, DB_COUNT(in), read_each, each);
}

static enum err
list_matching(struct db_conn *c, const struct uuid *user, const char *search,
    int offset, int limit, struct each *each)
{
	char pattern[LIKE_PATTERN_SIZE];
	struct db_value text = db_text(like_pattern(search, pattern));
	struct db_value in[] = {
		db_uuid(user), text, text, DB_INT(limit), DB_INT(offset),
	};

	return db_query(c,
	    "SELECT " COLUMNS " FROM conversations c WHERE user_id = ?" MATCHES
	    " ORDER BY pinned DESC, updated_at DESC, id DESC LIMIT ? OFFSET ?",
	    in, DB_COUNT(in), read_each, each);
}

enum err
conv_list(struct db_conn *c, const struct uuid *user, const char *search,
    int offset, int limit, conv_fn *fn, void *arg)
{
	struct each each = { fn, arg };

	return search == NULL ? list_all(c, user, offset, limit, &each) :
	    list_matching(c, user, search, offset, limit, &each);
}

static enum err
read_count(void *arg, const struct db_value *row, int n)
{
	(void)n;
	*(int64_t *)arg = row[0].i;
	return ERR_OK;
}

static enum err
count_all(struct db_conn *c, const struct uuid *user, int64_t *out)
{
	struct db_value in[] = { db_uuid(user) };

	return db_query_one(c,
	    "SELECT COUNT(*) FROM conversations WHERE user_id = ?",
	    in, DB_COUNT(in), read_count, out);
}

static enum err
count_matching(struct db_conn *c, const struct uuid *user, const char *search,
    int64_t *out)
{
	char pattern[LIKE_PATTERN_SIZE];
	struct db_value text = db_text(like_pattern(search, pattern));
	struct db_value in[] = { db_uuid(user), text, text };

	return db_query_one(c,
	    "SELECT COUNT(*) FROM conversations c WHERE user_id = ?" MATCHES,
	    in, DB_COUNT(in), read_count, out);
}

enum err
conv_count(struct db_conn *c, const struct uuid *user, const char *search,
    int64_t *out)
{
	return search == NULL ? count_all(c, user, out) :
	    count_matching(c, user, search, out);
}

enum err
conv_walk(struct db_conn *c, const struct uuid *user,
    const struct uuid *after, int limit, conv_fn *fn, void *arg)
{
	struct each each = { fn, arg };
	struct db_value in[] = {
		db_uuid(user), DB_BYTES(after->b, sizeof(after->b)),
		DB_INT(limit),
	};

	return db_query(c,
	    "SELECT " COLUMNS " FROM conversations c"
	    " WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?",
	    in, DB_COUNT(in), read_each, &each);
}

struct deleting {
	const struct uuid *user, *id;
};

static enum err
delete_rows(struct db_conn *c, void *arg)
{
	const struct deleting *d = arg;
	struct db_value in[] = { db_uuid(d->id), db_uuid(d->user) };
	uint64_t affected = 0;
	enum err err;

	err = db_run(c,
	    "DELETE s FROM segments s JOIN messages m ON m.id = s.message_id"
	    " WHERE m.conversation_id = ? AND m.user_id = ?",
	    in, DB_COUNT(in), NULL);
	if (err)
		return err;
	/* Its messages go with it: the foreign key cascades. */
	err = db_run(c,
	    "DELETE FROM conversations WHERE id = ? AND user_id = ?",
	    in, DB_COUNT(in), &affected);
	if (err)
		return err;
	return affected == 1 ? ERR_OK : ERR_NOT_FOUND;
}

enum err
conv_delete(struct db_conn *c, const struct uuid *user,
    const struct uuid *id)
{
	struct deleting d = { user, id };

	return db_transaction(c, delete_rows, &d);
}
