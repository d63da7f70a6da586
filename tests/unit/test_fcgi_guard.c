/*
 * fcgi/fcgi_guard: what may come up to the end of the parameters, and every
 * beginning of it; the records of a body, in every cut.  Each piece has memory
 * of its own size, so that a sanitizer sees who reads beyond it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/fcgi_guard.h"

/* A record's head, its type, content's length and padding given in octal. */
#define HEAD(type, n, padding) "\1" type "\0\1\0" n padding "\0"
#define BEGIN HEAD("\1", "\10", "\0") "\0\1\0\0\0\0\0\0"
#define PARAMS(n, pairs) HEAD("\4", n, "\0") pairs
#define NO_PARAMS HEAD("\4", "\0", "\0")
#define STDIN(n, bytes) HEAD("\5", n, "\0") bytes
#define NO_STDIN HEAD("\5", "\0", "\0")

#define ROW(text) (const unsigned char *)(text), sizeof(text) - 1

static const struct {
	const char *name;
	const unsigned char *bytes;
	size_t n;
	enum guard seen;
	size_t end;
} ROWS[] = {
	{ "nothing", ROW(""), GUARD_MORE, 0 },
	{ "no parameters", ROW(BEGIN NO_PARAMS), GUARD_WHOLE, 24 },
	{ "one", ROW(BEGIN PARAMS("\4", "\1\1AB") NO_PARAMS), GUARD_WHOLE, 36 },
	{ "without a value",
	    ROW(BEGIN PARAMS("\3", "\1\0A") NO_PARAMS), GUARD_WHOLE, 35 },
	{ "without a name",
	    ROW(BEGIN PARAMS("\3", "\0\1A") NO_PARAMS), GUARD_WHOLE, 35 },
	{ "without either",
	    ROW(BEGIN PARAMS("\2", "\0\0") NO_PARAMS), GUARD_WHOLE, 34 },
	{ "a wide length",
	    ROW(BEGIN PARAMS("\7", "\200\0\0\1\1AB") NO_PARAMS),
	    GUARD_WHOLE, 39 },
	{ "two wide lengths",
	    ROW(BEGIN PARAMS("\12", "\200\0\0\1\200\0\0\1AB") NO_PARAMS),
	    GUARD_WHOLE, 42 },
	{ "over two records",
	    ROW(BEGIN PARAMS("\1", "\1") PARAMS("\3", "\1AB") NO_PARAMS),
	    GUARD_WHOLE, 44 },
	{ "a wide length over three",
	    ROW(BEGIN PARAMS("\2", "\200\0") PARAMS("\1", "\0")
	    PARAMS("\4", "\1\1AB") NO_PARAMS), GUARD_WHOLE, 55 },
	{ "padding", ROW(BEGIN HEAD("\4", "\4", "\3") "\1\1AB..."),
	    GUARD_MORE, 0 },
	{ "padding behind the last", ROW(BEGIN HEAD("\4", "\4", "\1") "\1\1AB."
	    HEAD("\4", "\0", "\2") ".."), GUARD_WHOLE, 39 },
	{ "a body behind it", ROW(BEGIN NO_PARAMS STDIN("\1", "x") NO_STDIN),
	    GUARD_WHOLE, 24 },
	{ "anything behind it", ROW(BEGIN NO_PARAMS "\377\377\377\377"
	    "\377\377\377\377"), GUARD_WHOLE, 24 },
	{ "flags", ROW(HEAD("\1", "\10", "\0") "\0\1\1\0\0\0\0\0" NO_PARAMS),
	    GUARD_WHOLE, 24 },
	{ "no end", ROW(BEGIN PARAMS("\4", "\1\1AB")), GUARD_MORE, 0 },
	{ "version 0", ROW("\0\1\0\1\0\10\0\0"), GUARD_BAD, 0 },
	{ "version 2", ROW("\2\1\0\1\0\10\0\0"), GUARD_BAD, 0 },
	{ "HTTP", ROW("GET / HTTP/1.1\r\n\r\n"), GUARD_BAD, 0 },
	{ "the id 0", ROW("\1\1\0\0\0\10\0\0"), GUARD_BAD, 0 },
	{ "a begin of 7 bytes", ROW(HEAD("\1", "\7", "\0")), GUARD_BAD, 0 },
	{ "a padded begin", ROW(HEAD("\1", "\10", "\1")), GUARD_BAD, 0 },
	{ "an authorizer", ROW(HEAD("\1", "\10", "\0") "\0\2\0\0\0\0\0\0"),
	    GUARD_BAD, 0 },
	{ "the role 257", ROW(HEAD("\1", "\10", "\0") "\1\1\0\0\0\0\0\0"),
	    GUARD_BAD, 0 },
	{ "parameters first", ROW(NO_PARAMS), GUARD_BAD, 0 },
	{ "a question about values", ROW("\1\11\0\0\0\0\0\0"), GUARD_BAD, 0 },
	{ "the same behind its begin", ROW(BEGIN "\1\11\0\0\0\0\0\0"),
	    GUARD_BAD, 0 },
	{ "two begins", ROW(BEGIN BEGIN), GUARD_BAD, 0 },
	{ "an abort", ROW(BEGIN HEAD("\2", "\0", "\0")), GUARD_BAD, 0 },
	{ "a body too early", ROW(BEGIN NO_STDIN), GUARD_BAD, 0 },
	{ "another's parameters", ROW(BEGIN "\1\4\0\2\0\0\0\0"), GUARD_BAD, 0 },
	{ "another version's", ROW(BEGIN "\0\4\0\1\0\0\0\0"), GUARD_BAD, 0 },
	{ "a wide length that is cut",
	    ROW(BEGIN PARAMS("\3", "\200\0\0") NO_PARAMS), GUARD_BAD, 0 },
	{ "a name's length alone", ROW(BEGIN PARAMS("\1", "\1") NO_PARAMS),
	    GUARD_BAD, 0 },
	{ "a name that is cut", ROW(BEGIN PARAMS("\3", "\2\0A") NO_PARAMS),
	    GUARD_BAD, 0 },
	{ "a value that is cut", ROW(BEGIN PARAMS("\3", "\0\2A") NO_PARAMS),
	    GUARD_BAD, 0 },
	{ "a name of 2 GB", ROW(BEGIN PARAMS("\5", "\377\377\377\377\0")),
	    GUARD_BAD, 0 },
	{ "a value of 2 GB", ROW(BEGIN PARAMS("\5", "\0\377\377\377\377")),
	    GUARD_BAD, 0 },
	{ "1 GB and 1 GB",
	    ROW(BEGIN PARAMS("\10", "\277\377\377\377\277\377\377\377")),
	    GUARD_BAD, 0 },
	{ "one more than may be", ROW(BEGIN PARAMS("\4", "\200\2\0\1")),
	    GUARD_BAD, 0 },
};

enum { N_ROWS = sizeof(ROWS) / sizeof(ROWS[0]) };

static enum guard
look(const unsigned char *bytes, size_t n, struct guard_found *found)
{
	unsigned char *own = malloc(n > 0 ? n : 1);
	enum guard seen;

	assert_non_null(own);
	if (n > 0)
		memcpy(own, bytes, n);
	seen = guard_params(own, n, found);
	free(own);
	assert_true((seen == GUARD_BAD) == (found->why != NULL));
	return seen;
}

static void
each_row_is_seen(void **state)
{
	(void)state;
	for (int i = 0; i < N_ROWS; i++) {
		struct guard_found found;
		enum guard seen = look(ROWS[i].bytes, ROWS[i].n, &found);

		if (seen != ROWS[i].seen)
			fail_msg("%s: %d", ROWS[i].name, seen);
		if (seen == GUARD_WHOLE) {
			assert_int_equal(found.end, ROWS[i].end);
			assert_int_equal(found.id, 1);
		}
	}
}

/*
 * Of what is well no beginning is bad, and nothing is whole before its end.  Of
 * what is bad no beginning is whole, and it stays bad, whatever follows.
 */
static void
each_beginning_is_seen(void **state)
{
	(void)state;
	for (int i = 0; i < N_ROWS; i++) {
		enum guard before = GUARD_MORE;

		for (size_t n = 0; n <= ROWS[i].n; n++) {
			struct guard_found found;
			enum guard seen = look(ROWS[i].bytes, n, &found);
			bool is_well = seen == GUARD_MORE ||
			    (seen == ROWS[i].seen && n >= ROWS[i].end);

			if (!is_well || (before != GUARD_MORE && seen != before))
				fail_msg("%s, %zu bytes: %d", ROWS[i].name, n,
				    seen);
			before = seen;
		}
	}
}

static void
there_is_a_limit(void **state)
{
	static unsigned char bytes[GUARD_PARAMS_MAX];
	struct guard_found found;

	(void)state;
	memcpy(bytes, BEGIN, 16);
	for (size_t at = 16; at + 8 <= sizeof(bytes); at += 16)
		memcpy(bytes + at, PARAMS("\10", "\0\0\0\0\0\0\0\0"),
		    at + 16 <= sizeof(bytes) ? 16 : 8);
	assert_int_equal(look(bytes, sizeof(bytes) - 1, &found), GUARD_MORE);
	assert_int_equal(look(bytes, sizeof(bytes), &found), GUARD_BAD);
	memcpy(bytes + sizeof(bytes) - 16, NO_PARAMS NO_PARAMS, 16);
	assert_int_equal(look(bytes, sizeof(bytes), &found), GUARD_WHOLE);
}

/* ---- the body ---- */

enum { TAKEN_MAX = 64 };

struct taken {
	char bytes[TAKEN_MAX];
	size_t n;
};

static void
take(void *arg, const unsigned char *bytes, size_t n)
{
	struct taken *t = arg;

	assert_true(n > 0 && t->n + n < TAKEN_MAX);
	memcpy(t->bytes + t->n, bytes, n);
	t->n += n;
}

static const struct {
	const char *name;
	const unsigned char *bytes;
	size_t n;
	enum guard seen;
	const char *content;
} BODIES[] = {
	{ "none", ROW(NO_STDIN), GUARD_WHOLE, "" },
	{ "one record", ROW(STDIN("\3", "abc") NO_STDIN), GUARD_WHOLE, "abc" },
	{ "two", ROW(STDIN("\2", "ab") STDIN("\1", "c") NO_STDIN),
	    GUARD_WHOLE, "abc" },
	{ "padding", ROW(HEAD("\5", "\2", "\3") "ab..." STDIN("\1", "c")
	    HEAD("\5", "\0", "\5") "....."), GUARD_WHOLE, "abc" },
	{ "something behind it", ROW(STDIN("\1", "a") NO_STDIN "bcdefghijkl"),
	    GUARD_WHOLE, "a" },
	{ "no end", ROW(STDIN("\3", "abc")), GUARD_MORE, "abc" },
	{ "cut", ROW(STDIN("\3", "ab")), GUARD_MORE, "ab" },
	{ "an abort", ROW(STDIN("\1", "a") HEAD("\2", "\0", "\0")),
	    GUARD_BAD, "a" },
	{ "a question about values", ROW(STDIN("\1", "a") "\1\11\0\0\0\0\0\0"),
	    GUARD_BAD, "a" },
	{ "parameters", ROW(NO_PARAMS), GUARD_BAD, "" },
	{ "another's body", ROW("\1\5\0\2\0\1\0\0x"), GUARD_BAD, "" },
	{ "another version's", ROW("\2\5\0\1\0\1\0\0x"), GUARD_BAD, "" },
	{ "the id 257", ROW("\1\5\1\1\0\1\0\0x"), GUARD_BAD, "" },
};

enum { N_BODIES = sizeof(BODIES) / sizeof(BODIES[0]) };

static enum guard
feed(struct guard_body *g, const unsigned char *bytes, size_t n,
    struct taken *taken)
{
	unsigned char *own = malloc(n > 0 ? n : 1);
	enum guard seen;

	assert_non_null(own);
	if (n > 0)
		memcpy(own, bytes, n);
	seen = guard_body(g, own, n, take, taken);
	free(own);
	return seen;
}

/* In pieces of `size` bytes, the first of `first`. */
static void
check_body(int i, size_t first, size_t size)
{
	struct guard_body g = { .id = 1 };
	struct taken taken = { .n = 0 };
	enum guard seen = feed(&g, BODIES[i].bytes, first, &taken);

	for (size_t at = first; at < BODIES[i].n && seen != GUARD_BAD;) {
		size_t left = BODIES[i].n - at;
		size_t n = left < size ? left : size;

		seen = feed(&g, BODIES[i].bytes + at, n, &taken);
		at += n;
	}
	taken.bytes[taken.n] = '\0';
	if (seen != BODIES[i].seen || strcmp(taken.bytes, BODIES[i].content))
		fail_msg("%s, cut at %zu: %d \"%s\"", BODIES[i].name, first,
		    seen, taken.bytes);
}

static void
each_body_is_read_in_every_cut(void **state)
{
	(void)state;
	for (int i = 0; i < N_BODIES; i++) {
		check_body(i, 0, 1);
		for (size_t cut = 0; cut <= BODIES[i].n; cut++)
			check_body(i, cut, BODIES[i].n + 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_seen),
		cmocka_unit_test(each_beginning_is_seen),
		cmocka_unit_test(there_is_a_limit),
		cmocka_unit_test(each_body_is_read_in_every_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
