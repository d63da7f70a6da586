#include "store/tree.h"

#include <stdlib.h>
#include <string.h>

void
tree_free(struct tree *tree)
{
	free(tree->nodes);
	*tree = (struct tree){ 0 };
}

static enum err
make_room(struct tree *tree)
{
	size_t cap = tree->cap > 0 ? tree->cap * 2 : 64;
	struct tree_node *nodes;

	if (tree->n < tree->cap)
		return ERR_OK;
	if (tree->n >= TREE_MAX)
		return ERR_TOO_LARGE;
	nodes = realloc(tree->nodes, cap * sizeof(*nodes));
	if (nodes == NULL)
		return ERR_INTERNAL;
	tree->nodes = nodes;
	tree->cap = cap;
	return ERR_OK;
}

static enum err
add_node(void *arg, const struct db_value *row, int n)
{
	struct tree *tree = arg;
	enum err err = make_room(tree);

	(void)n;
	if (err)
		return err;
	tree->nodes[tree->n++] = (struct tree_node){
		.id = db_get_uuid(&row[0]),
		.parent = db_get_uuid(&row[1]),
		.depth = (int)row[2].i,
		.is_user = strcmp(row[3].p, "user") == 0,
	};
	return ERR_OK;
}

enum err
tree_load(struct db_conn *c, const struct uuid *user,
    const struct uuid *conversation, struct tree *tree)
{
	struct db_value in[] = { db_uuid(conversation), db_uuid(user) };

	tree->n = 0;
	/* The key `conversation` has all of it, and in this order. */
	return db_query(c,
	    "SELECT id, parent_id, depth, role FROM messages"
	    " WHERE conversation_id = ? AND user_id = ? ORDER BY depth, id",
	    in, DB_COUNT(in), add_node, tree);
}

const struct tree_node *
tree_find(const struct tree *tree, const struct uuid *id)
{
	for (size_t i = 0; i < tree->n; i++)
		if (uuid_equal(&tree->nodes[i].id, id))
			return &tree->nodes[i];
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	const struct tree_node *x = a, *y = b;

	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	return memcmp(x->id.b, y->id.b, sizeof(x->id.b));
}

const struct tree_node *
tree_parent(const struct tree *tree, const struct tree_node *node)
{
	struct tree_node want = {
		.id = node->parent, .depth = node->depth - 1,
	};

	if (uuid_is_none(&node->parent))
		return NULL;
	return bsearch(&want, tree->nodes, tree->n, sizeof(want), compare);
}

size_t
tree_branch(const struct tree *tree, const struct tree_node *last,
    const struct tree_node **out)
{
	size_t n = 0;

	for (; last != NULL; last = tree_parent(tree, last))
		out[n++] = last;
	return n;
}

/* The next one of the same depth with the same parent, from `at` on. */
static const struct tree_node *
find_sibling(const struct tree *tree, const struct tree_node *at,
    const struct tree_node *node)
{
	const struct tree_node *end = tree->nodes + tree->n;

	for (; at < end && at->depth == node->depth; at++)
		if (uuid_equal(&at->parent, &node->parent))
			return at;
	return NULL;
}

const struct tree_node *
tree_first_sibling(const struct tree *tree, const struct tree_node *node)
{
	const struct tree_node *at = node;

	while (at > tree->nodes && at[-1].depth == node->depth)
		at--;
	return find_sibling(tree, at, node);
}

const struct tree_node *
tree_next_sibling(const struct tree *tree, const struct tree_node *node)
{
	return find_sibling(tree, node + 1, node);
}

static bool
is_newer(const struct tree_node *a, const struct tree_node *b)
{
	return memcmp(a->id.b, b->id.b, sizeof(a->id.b)) > 0;
}

enum { IS_BELOW = 1, HAS_CHILD = 2 };

/* Parents come first, so one pass tells of every node whether it is below. */
static void
mark_below(const struct tree *tree, const struct tree_node *node,
    unsigned char *marks)
{
	for (size_t i = 0; i < tree->n; i++) {
		const struct tree_node *parent =
		    tree_parent(tree, &tree->nodes[i]);
		size_t up = parent != NULL ? (size_t)(parent - tree->nodes) : i;

		if (&tree->nodes[i] == node || (marks[up] & IS_BELOW))
			marks[i] |= IS_BELOW;
		if (up != i)
			marks[up] |= HAS_CHILD;
	}
}

const struct tree_node *
tree_newest_below(const struct tree *tree, const struct tree_node *node)
{
	unsigned char *marks = calloc(tree->n, 1);
	const struct tree_node *newest = NULL;

	if (marks == NULL)
		return NULL;
	mark_below(tree, node, marks);
	for (size_t i = 0; i < tree->n; i++)
		if (marks[i] == IS_BELOW && (newest == NULL ||
		    is_newer(&tree->nodes[i], newest)))
			newest = &tree->nodes[i];
	free(marks);
	return newest;
}
