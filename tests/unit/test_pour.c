/* http/pour: a long answer goes out as it is made, and whole or visibly not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/pour.h"
#include "memory_conn.h"

enum { ALL = 1 << 30 };

/* A request whose reader takes `takes` bytes in all, at most `step` at once. */
struct reader {
	struct memory_conn m;
	struct req rq;
	struct pour pour;
};

static size_t step;

static int
write_a_step(struct conn *conn, const void *bytes, size_t n)
{
	return memory_write(conn, bytes, n < step ? n : step);
}

static void
begin(struct reader *r, size_t takes, size_t at_once)
{
	memory_conn_init(&r->m, takes);
	r->m.got.max = 4 * POUR_PIECE;
	r->m.conn.write = write_a_step;
	r->m.conn.fd = eventfd(0, 0); /* can always be written to */
	step = at_once;
	req_init(&r->rq);
	r->rq.conn = &r->m.conn;
	pour_init(&r->pour, &r->rq);
}

static void
end(struct reader *r)
{
	pour_free(&r->pour);
	pour_free(&r->pour);
	close(r->m.conn.fd);
	buf_free(&r->m.got);
	req_free(&r->rq);
}

static void
the_head_goes_in_front_of_what_is_gathered(void **state)
{
	struct reader r;
	json_t *value = json_pack("{s:i}", "a", 1);

	(void)state;
	begin(&r, ALL, ALL);
	req_header(&r.rq, "X-Test: yes");
	assert_int_equal(pour_json(&r.pour, value), ERR_OK);
	assert_int_equal(pour_start(&r.pour), ERR_OK);
	assert_null(r.rq.conn);
	assert_int_equal(r.m.got.len, 0);
	assert_int_equal(buf_adds(&r.pour.out, ", rest"), ERR_OK);
	assert_int_equal(pour_end(&r.pour), ERR_OK);
	assert_string_equal(r.m.got.p, "Status: 200 OK\r\n"
	    "Cache-Control: no-store\r\nX-Test: yes\r\n"
	    "Content-Type: application/json\r\n\r\n{\"a\": 1}, rest");
	end(&r);
	assert_int_equal(r.m.closed, 1);
	json_decref(value);
}

static void
nothing_is_sent_before_there_is_a_piece(void **state)
{
	static char part[POUR_PIECE / 2];
	struct reader r;

	(void)state;
	memset(part, 'x', sizeof(part));
	begin(&r, ALL, ALL);
	assert_int_equal(pour_start(&r.pour), ERR_OK);
	assert_int_equal(buf_add(&r.pour.out, part, sizeof(part)), ERR_OK);
	assert_int_equal(pour_some(&r.pour), ERR_OK);
	assert_int_equal(r.m.got.len, 0);
	assert_int_equal(buf_add(&r.pour.out, part, sizeof(part)), ERR_OK);
	assert_int_equal(pour_some(&r.pour), ERR_OK);
	assert_true(r.m.got.len > POUR_PIECE);
	assert_int_equal(r.pour.out.len, 0);
	end(&r);
}

/* The head without headers of a handler; "0," to "499,". */
enum { HEAD = 16 + 25 + 34, NUMBERS = 10 * 2 + 90 * 3 + 400 * 4 };

static void
every_way_of_taking_gives_the_same_bytes(void **state)
{
	(void)state;
	for (size_t at_once = 1; at_once < 100; at_once += 7) {
		struct reader r;

		begin(&r, ALL, at_once);
		assert_int_equal(pour_start(&r.pour), ERR_OK);
		for (int i = 0; i < 500; i++)
			assert_int_equal(buf_addf(&r.pour.out, "%d,", i), 0);
		assert_int_equal(pour_end(&r.pour), ERR_OK);
		assert_int_equal(r.m.got.len, HEAD + NUMBERS);
		assert_string_equal(r.m.got.p + r.m.got.len - 8, "498,499,");
		end(&r);
	}
}

static void
a_reader_who_leaves_ends_it(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, ALL, ALL);
	assert_int_equal(pour_start(&r.pour), ERR_OK);
	r.m.gone = true;
	assert_int_equal(pour_end(&r.pour), ERR_INTERRUPTED);
	assert_string_equal(r.rq.message, "The reader left.");
	end(&r);
	assert_int_equal(r.m.closed, 1);
}

static void
a_reader_who_takes_too_long_is_let_go(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, 0, ALL);
	assert_int_equal(pour_start(&r.pour), ERR_OK);
	r.pour.end_ms = clock_ms() + 20;
	assert_int_equal(pour_end(&r.pour), ERR_INTERRUPTED);
	assert_string_equal(r.rq.message, "The reader was too slow.");
	end(&r);
	assert_int_equal(r.m.closed, 1);
}

static void
what_has_not_started_leaves_the_connection_alone(void **state)
{
	struct reader r;

	(void)state;
	begin(&r, ALL, ALL);
	assert_int_equal(buf_adds(&r.pour.out, "gathered"), ERR_OK);
	assert_int_equal(pour_json(&r.pour, NULL), ERR_INTERNAL);
	end(&r);
	assert_int_equal(r.m.closed, 0);
	assert_ptr_equal(r.rq.conn, &r.m.conn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_head_goes_in_front_of_what_is_gathered),
		cmocka_unit_test(nothing_is_sent_before_there_is_a_piece),
		cmocka_unit_test(every_way_of_taking_gives_the_same_bytes),
		cmocka_unit_test(a_reader_who_leaves_ends_it),
		cmocka_unit_test(a_reader_who_takes_too_long_is_let_go),
		cmocka_unit_test(
		    what_has_not_started_leaves_the_connection_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
