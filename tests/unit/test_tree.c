/* The shape of a conversation: branches, siblings, ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "store/tree.h"

/*
 * Ids of one letter, made in the order of the alphabet:
 *
 *     a ─ b ─ c ─ d
 *       │   └ e ─ h        c and e: the same question, edited
 *       └ f                b and f: the same question, answered twice
 *     g ─ i                a and g: the first question, edited
 */
#define NODE(letter, up, at) \
	{ .id = { { 1, letter } }, \
	  .parent = { { (up) != 0, up } }, .depth = (at), \
	  .is_user = (at) % 2 == 0 }

static struct tree_node nodes[] = {
	NODE('a', 0, 0), NODE('g', 0, 0),
	NODE('b', 'a', 1), NODE('f', 'a', 1), NODE('i', 'g', 1),
	NODE('c', 'b', 2), NODE('e', 'b', 2),
	NODE('d', 'c', 3), NODE('h', 'e', 3),
};

static const struct tree tree = {
	.nodes = nodes, .n = sizeof(nodes) / sizeof(nodes[0]),
};

static const struct tree_node *
node(char letter)
{
	return tree_find(&tree, &(struct uuid){ { 1, (unsigned char)letter } });
}

static char
letter(const struct tree_node *n)
{
	return n != NULL ? (char)n->id.b[1] : '-';
}

static const struct row {
	char at;
	const char *branch; /* up */
	const char *siblings;
	char newest; /* end below */
} rows[] = {
	{ 'a', "a", "ag", 'h' },
	{ 'g', "g", "ag", 'i' },
	{ 'b', "ba", "bf", 'h' },
	{ 'f', "fa", "bf", 'f' },
	{ 'i', "ig", "i", 'i' },
	{ 'c', "cba", "ce", 'd' },
	{ 'd', "dcba", "d", 'd' },
	{ 'e', "eba", "ce", 'h' },
	{ 'h', "heba", "h", 'h' },
};

static void
finds_branches(void **state)
{
	const struct tree_node *out[sizeof(nodes) / sizeof(nodes[0])];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char said[16] = "";
		size_t n = tree_branch(&tree, node(rows[i].at), out);

		for (size_t k = 0; k < n; k++)
			said[k] = letter(out[k]);
		assert_string_equal(said, rows[i].branch);
	}
	assert_int_equal(tree_branch(&tree, NULL, out), 0);
}

static void
finds_siblings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char said[16] = "";
		size_t n = 0;
		const struct tree_node *s =
		    tree_first_sibling(&tree, node(rows[i].at));

		for (; s != NULL; s = tree_next_sibling(&tree, s))
			said[n++] = letter(s);
		assert_string_equal(said, rows[i].siblings);
	}
}

static void
finds_the_newest_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (letter(tree_newest_below(&tree, node(rows[i].at))) !=
		    rows[i].newest)
			fail_msg("below %c", rows[i].at);
}

static void
what_is_not_there(void **state)
{
	struct tree empty = { 0 };
	struct tree_node lost = NODE('z', 'y', 3);

	(void)state;
	assert_null(node('z'));
	assert_null(tree_find(&empty, &nodes[0].id));
	assert_null(tree_parent(&tree, &lost));
	tree_free(&empty);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_branches),
		cmocka_unit_test(finds_siblings),
		cmocka_unit_test(finds_the_newest_end),
		cmocka_unit_test(what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
