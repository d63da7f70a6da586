/*
 * The shape of a conversation: which message follows which, without any text.
 * It is read from an index alone, so the texts of branches that nobody looks at
 * cost nothing.
 *
 * Parents come before their children, and messages of one depth in the order in
 * which they were made (their ids are made so: base/uuid.h).  The tree owns its
 * nodes; one of zeros can be freed.
 */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include "base/uuid.h"
#include "store/db.h"

enum { TREE_MAX = 100000 }; /* messages of a conversation, 40 bytes each */

struct tree_node {
	struct uuid id, parent; /* parent of zeros: it is a first one */
	int depth;              /* how many come before it in its branch */
	bool is_user;           /* else an answer */
};

struct tree {
	struct tree_node *nodes;
	size_t n, cap;
};

/*
 * Read it; a conversation that is somebody else's has no nodes.  ERR_TOO_LARGE
 * above TREE_MAX.
 */
enum err
tree_load(struct db_conn *c, const struct uuid *user,
    const struct uuid *conversation, struct tree *tree);

void
tree_free(struct tree *tree);

/* NULL: it is not in this conversation. */
const struct tree_node *
tree_find(const struct tree *tree, const struct uuid *id);

/* NULL for a first message. */
const struct tree_node *
tree_parent(const struct tree *tree, const struct tree_node *node);

/*
 * The branch that ends in `last`, from there up to its first message, into
 * `out`, which has room for tree->n; returns how many there are.
 */
size_t
tree_branch(const struct tree *tree, const struct tree_node *last,
    const struct tree_node **out);

/* The messages with the same parent, in their order, the node itself included;
 * NULL after the last. */
const struct tree_node *
tree_first_sibling(const struct tree *tree, const struct tree_node *node);

const struct tree_node *
tree_next_sibling(const struct tree *tree, const struct tree_node *node);

/*
 * Of the ends of all branches that go through `node`, the one that was made
 * last; the node itself where nothing follows it.  NULL where memory is out.
 */
const struct tree_node *
tree_newest_below(const struct tree *tree, const struct tree_node *node);

#endif
