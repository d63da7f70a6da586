#include "store/conversations.h"

#define COLUMNS "id, leaf_id, title, pinned, created_at, updated_at"

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
	    "SELECT " COLUMNS " FROM conversations WHERE id = ? AND user_id = ?",
	    in, DB_COUNT(in), read_one, out);
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

enum err
conv_list(struct db_conn *c, const struct uuid *user, int offset, int limit,
    conv_fn *each, void *arg)
{
	struct db_value in[] = { db_uuid(user), DB_INT(limit), DB_INT(offset) };
	struct each pair = { each, arg };

	return db_query(c,
	    "SELECT " COLUMNS " FROM conversations WHERE user_id = ?"
	    " ORDER BY pinned DESC, updated_at DESC, id DESC LIMIT ? OFFSET ?",
	    in, DB_COUNT(in), read_each, &pair);
}

static enum err
read_count(void *arg, const struct db_value *row, int n)
{
	(void)n;
	*(int64_t *)arg = row[0].i;
	return ERR_OK;
}

enum err
conv_count(struct db_conn *c, const struct uuid *user, int64_t *out)
{
	struct db_value in[] = { db_uuid(user) };

	return db_query_one(c,
	    "SELECT COUNT(*) FROM conversations WHERE user_id = ?",
	    in, DB_COUNT(in), read_count, out);
}
