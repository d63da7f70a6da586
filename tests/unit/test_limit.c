/* Limits without a database: what follows from counts and times, and what an
 * address is counted as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "auth/limit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DAY (24LL * LIMIT_HOUR_MS)

enum { WAIT_MAX = 60000 };

static const int64_t now = 1800000000000;

static const struct limit_rule growing = { 5, LIMIT_WINDOW_MS, WAIT_MAX };
static const struct limit_rule hourly = { 30, LIMIT_HOUR_MS, 0 };
static const struct limit_rule off = { 0, LIMIT_WINDOW_MS, WAIT_MAX };

static void
how_long_to_wait(void **state)
{
	static const struct {
		const char *name;
		const struct limit_rule *rule;
		int64_t not_before, forget_at; /* from now on; 0: 0 */
		int64_t wait;
	} rows[] = {
		{ "never tried", &growing, 0, 0, 0 },
		{ "tried, and free to go on", &growing, 0, 1000, 0 },
		{ "too early", &growing, 1500, LIMIT_WINDOW_MS, 1500 },
		{ "a millisecond too early", &growing, 1, LIMIT_WINDOW_MS, 1 },
		{ "just in time", &growing, -1, LIMIT_WINDOW_MS, 0 },
		{ "forgotten", &growing, 1500, -1, 0 },
		{ "another host's clock is ahead", &growing, WAIT_MAX + 5000,
		    LIMIT_WINDOW_MS + 5000, WAIT_MAX },
		{ "F36: counted on a day to come", &growing, DAY,
		    DAY + LIMIT_WINDOW_MS, 0 },
		{ "F36: counted yesterday", &growing, -DAY, -DAY, 0 },
		{ "to the end of the hour", &hourly, 1800000, 1800000,
		    1800000 },
		{ "switched off", &off, 1500, LIMIT_WINDOW_MS, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct tries_count count = { .n = 9,
			.not_before = rows[i].not_before == 0 ? 0 :
			    now + rows[i].not_before,
			.forget_at = rows[i].forget_at == 0 ? 0 :
			    now + rows[i].forget_at };
		int64_t wait = limit_wait(rows[i].rule, &count, now);

		if (wait != rows[i].wait)
			fail_msg("%s: %lld ms", rows[i].name, (long long)wait);
	}
}

/* One try after the other, each as soon as it may be made. */
static void
waits_grow_to_the_longest(void **state)
{
	static const int seconds[] = {
		0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60,
	};
	struct tries_count count = { 0 };
	int64_t at = now;

	(void)state;
	for (size_t i = 0; i < COUNT(seconds); i++) {
		int64_t wait;

		count = limit_count(&growing, &count, at);
		wait = limit_wait(&growing, &count, at);
		if (wait != seconds[i] * 1000LL)
			fail_msg("after %zu tries: %lld ms", i + 1,
			    (long long)wait);
		at += wait;
	}
	for (int i = 0; i < 100; i++)
		count = limit_count(&growing, &count, at);
	assert_int_equal(limit_wait(&growing, &count, at), WAIT_MAX);
}

static void
a_count_is_forgotten_after_its_last_try(void **state)
{
	struct tries_count count = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++)
		count = limit_count(&growing, &count, now + i);
	assert_int_equal(count.n, 20);
	assert_int_equal(count.forget_at, now + 19 + LIMIT_WINDOW_MS);
	count = limit_count(&growing, &count, count.forget_at - 1);
	assert_int_equal(count.n, 21);
	count = limit_count(&growing, &count, count.forget_at);
	assert_int_equal(count.n, 1);
	assert_int_equal(count.not_before, 0);
}

static void
an_hour_begins_with_its_first_try(void **state)
{
	struct tries_count count = { 0 };

	(void)state;
	for (int i = 0; i < hourly.free; i++) {
		assert_int_equal(limit_wait(&hourly, &count, now + i), 0);
		count = limit_count(&hourly, &count, now + i);
	}
	assert_int_equal(count.forget_at, now + LIMIT_HOUR_MS);
	assert_int_equal(limit_wait(&hourly, &count, now + 1000),
	    LIMIT_HOUR_MS - 1000);
	assert_int_equal(limit_wait(&hourly, &count, now + LIMIT_HOUR_MS), 0);
	count = limit_count(&hourly, &count, now + LIMIT_HOUR_MS);
	assert_int_equal(count.n, 1);
}

static void
what_an_address_is_counted_as(void **state)
{
	static const struct {
		const char *address, *counted;
	} rows[] = {
		{ "192.0.2.7", "192.0.2.7" },
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "::FFFF:c000:207", "192.0.2.7" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
		{ "2001:db8:1:2::", "2001:db8:1:2::/64" },
		{ "2001:DB8:1:2:ffff::9", "2001:db8:1:2::/64" },
		{ "2001:db8:1:3::1", "2001:db8:1:3::/64" },
		{ "1111:2222:3333:4444:5555:6666:7777:8888",
		    "1111:2222:3333:4444::/64" },
		{ "::1", "::/64" },
		{ "unix:", "unix:" },
		{ "", "" },
		{ "a text that is longer than any address can ever be, by far",
		    "a text that is longer than any address can ev" },
	};
	char counted[TRIES_ADDRESS_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(limit_address(rows[i].address, counted),
		    rows[i].counted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(how_long_to_wait),
		cmocka_unit_test(waits_grow_to_the_longest),
		cmocka_unit_test(a_count_is_forgotten_after_its_last_try),
		cmocka_unit_test(an_hour_begins_with_its_first_try),
		cmocka_unit_test(what_an_address_is_counted_as),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
