/* fcgi/gate: never more inside than may be, nobody lost, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fcgi/gate.h"

static void
the_line_is_served_in_order(void **state)
{
	struct job jobs[4] = { 0 };
	struct gate g;

	(void)state;
	gate_init(&g, 2);
	assert_int_equal(gate_enter(&g, &jobs[0]), GATE_IN);
	assert_int_equal(gate_enter(&g, &jobs[1]), GATE_IN);
	assert_int_equal(gate_enter(&g, &jobs[2]), GATE_WAITS);
	assert_int_equal(gate_enter(&g, &jobs[3]), GATE_WAITS);
	assert_ptr_equal(gate_leave(&g), &jobs[2]);
	assert_ptr_equal(gate_leave(&g), &jobs[3]);
	assert_null(gate_leave(&g));
	assert_null(gate_leave(&g));
	assert_int_equal(g.inside, 0);
	assert_int_equal(gate_enter(&g, &jobs[0]), GATE_IN);
	gate_free(&g);
}

static void
the_line_has_an_end(void **state)
{
	struct job *jobs = calloc(GATE_LINE_MAX + 2, sizeof(*jobs));
	struct gate g;

	(void)state;
	assert_non_null(jobs);
	gate_init(&g, 1);
	assert_int_equal(gate_enter(&g, &jobs[0]), GATE_IN);
	for (int i = 1; i <= GATE_LINE_MAX; i++)
		assert_int_equal(gate_enter(&g, &jobs[i]), GATE_WAITS);
	assert_int_equal(gate_enter(&g, &jobs[GATE_LINE_MAX + 1]),
	    GATE_TOO_MANY);
	for (int i = 1; i <= GATE_LINE_MAX; i++)
		assert_ptr_equal(gate_leave(&g), &jobs[i]);
	assert_null(gate_leave(&g));
	gate_free(&g);
	free(jobs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_is_served_in_order),
		cmocka_unit_test(the_line_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
