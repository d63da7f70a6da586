/* http/sse_out: bytes go out in order, once, and a slow reader has a ceiling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/sse_out.h"
#include "memory_conn.h"

static void
all_is_sent_at_once(void **state)
{
	struct memory_conn m;
	struct sse_out out;

	(void)state;
	memory_conn_init(&m, 100);
	sse_out_init(&out, &m.conn, 100);
	assert_int_equal(sse_out_add(&out, "hello", 5, 0), ERR_OK);
	assert_int_equal(sse_out_flush(&out), SSE_OUT_EMPTY);
	assert_string_equal(m.got.p, "hello");
	sse_out_free(&out);
	assert_int_equal(m.closed, 1);
	buf_free(&m.got);
}

/* Whatever the reader takes at a time, the bytes are the same. */
static void
every_way_of_taking_gives_the_same_bytes(void **state)
{
	static const char text[] = "data: 1\n\ndata: 22\n\ndata: 333\n\n";

	(void)state;
	for (size_t step = 1; step <= sizeof(text); step++) {
		struct memory_conn m;
		struct sse_out out;

		memory_conn_init(&m, 0);
		sse_out_init(&out, &m.conn, 1000);
		for (size_t i = 0; i < sizeof(text) - 1; i++) {
			assert_int_equal(sse_out_add(&out, text + i, 1, 0), 0);
			m.takes = i % step == 0 ? step : 0;
			assert_int_not_equal(sse_out_flush(&out), SSE_OUT_GONE);
		}
		m.takes = 1000;
		assert_int_equal(sse_out_flush(&out), SSE_OUT_EMPTY);
		assert_string_equal(m.got.p, text);
		sse_out_free(&out);
		buf_free(&m.got);
	}
}

static void
a_reader_who_does_not_read_meets_the_ceiling(void **state)
{
	struct memory_conn m;
	struct sse_out out;

	(void)state;
	memory_conn_init(&m, 3);
	sse_out_init(&out, &m.conn, 8);
	assert_int_equal(sse_out_add(&out, "12345678", 8, 0), ERR_OK);
	assert_int_equal(sse_out_flush(&out), SSE_OUT_FULL);
	/* three are gone, so three fit again, and not four */
	assert_int_equal(sse_out_add(&out, "abcd", 4, 0), ERR_TOO_LARGE);
	assert_int_equal(sse_out_add(&out, "abc", 3, 0), ERR_OK);
	m.takes = 100;
	assert_int_equal(sse_out_flush(&out), SSE_OUT_EMPTY);
	assert_string_equal(m.got.p, "12345678abc");
	sse_out_free(&out);
	buf_free(&m.got);
}

static void
a_reader_who_left_is_gone(void **state)
{
	struct memory_conn m;
	struct sse_out out;

	(void)state;
	memory_conn_init(&m, 100);
	sse_out_init(&out, &m.conn, 100);
	m.gone = true;
	assert_int_equal(sse_out_add(&out, "x", 1, 0), ERR_OK);
	assert_int_equal(sse_out_flush(&out), SSE_OUT_GONE);
	sse_out_free(&out);
	sse_out_free(&out); /* twice is well */
	assert_int_equal(m.closed, 1);
	assert_int_equal(sse_out_flush(&out), SSE_OUT_GONE);
	buf_free(&m.got);
}

static void
a_beat_is_due_after_silence_only(void **state)
{
	struct memory_conn m;
	struct sse_out out;

	(void)state;
	memory_conn_init(&m, 100);
	sse_out_init(&out, &m.conn, 100);
	sse_out_add(&out, "x", 1, 1000);
	assert_false(sse_out_beat_due(&out, 1000 + SSE_OUT_BEAT_MS - 1));
	assert_true(sse_out_beat_due(&out, 1000 + SSE_OUT_BEAT_MS));
	sse_out_add(&out, "x", 1, 20000);
	assert_false(sse_out_beat_due(&out, 20001));
	sse_out_free(&out);
	buf_free(&m.got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_sent_at_once),
		cmocka_unit_test(every_way_of_taking_gives_the_same_bytes),
		cmocka_unit_test(a_reader_who_does_not_read_meets_the_ceiling),
		cmocka_unit_test(a_reader_who_left_is_gone),
		cmocka_unit_test(a_beat_is_due_after_silence_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
