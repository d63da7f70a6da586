#include "store/conversations.h"

#include "store/tree.h"

struct changing {
	const struct uuid *user, *id;
	const struct conv_change *change;
};

static enum err
read_locked(void *arg, const struct db_value *row, int n)
{
	(void)arg;
	(void)row;
	(void)n;
	return ERR_OK;
}

/* A claim moves the leaf too: one of the two is first, and the other sees
 * what it did. */
static enum err
lock(struct db_conn *c, const struct changing *w)
{
	struct db_value in[] = { db_uuid(w->id), db_uuid(w->user) };

	return db_query_one(c,
	    "SELECT id FROM conversations WHERE id = ? AND user_id = ?"
	    " FOR UPDATE", in, DB_COUNT(in), read_locked, NULL);
}

static enum err
find_leaf_in(const struct tree *tree, const struct uuid *through,
    struct uuid *out)
{
	const struct tree_node *node = tree_find(tree, through);

	if (node == NULL)
		return ERR_NOT_FOUND;
	node = tree_newest_below(tree, node);
	if (node == NULL)
		return ERR_INTERNAL;
	*out = node->id;
	return ERR_OK;
}

/* Zeros where the leaf stays. */
static enum err
find_leaf(struct db_conn *c, const struct changing *w, struct uuid *out)
{
	struct tree tree = { 0 };
	enum err err;

	*out = (struct uuid){ { 0 } };
	if (w->change->leaf == NULL)
		return ERR_OK;
	err = tree_load(c, w->user, w->id, &tree);
	if (err == ERR_OK)
		err = find_leaf_in(&tree, w->change->leaf, out);
	tree_free(&tree);
	return err;
}

static enum err
write_change(struct db_conn *c, const struct changing *w,
    const struct uuid *leaf)
{
	const struct conv_change *change = w->change;
	struct db_value in[] = {
		db_text(change->title),
		change->pinned != NULL ? DB_INT(*change->pinned) : DB_NULL,
		db_text(change->system), db_uuid(leaf),
		db_uuid(w->id), db_uuid(w->user),
	};

	return db_run(c,
	    "UPDATE conversations SET title = COALESCE(?, title),"
	    " pinned = COALESCE(?, pinned),"
	    " system_prompt = NULLIF(COALESCE(?, system_prompt), ''),"
	    " leaf_id = COALESCE(?, leaf_id) WHERE id = ? AND user_id = ?",
	    in, DB_COUNT(in), NULL);
}

static enum err
change_work(struct db_conn *c, void *arg)
{
	const struct changing *w = arg;
	struct uuid leaf;
	enum err err;

	if ((err = lock(c, w)) ||
	    (err = find_leaf(c, w, &leaf)))
		return err;
	return write_change(c, w, &leaf);
}

enum err
conv_change(struct db_conn *c, const struct uuid *user, const struct uuid *id,
    const struct conv_change *change)
{
	struct changing w = { user, id, change };

	return db_transaction(c, change_work, &w);
}
