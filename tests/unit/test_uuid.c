/* Identifiers: their layout, and what is read as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "base/uuid.h"

static void
reads_what_is_one(void **state)
{
	static const struct {
		const char *name, *text;
		bool good;
	} rows[] = {
		{ "as in RFC 9562 A.6", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
		  true },
		{ "upper case", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", true },
		{ "zeros", "00000000-0000-0000-0000-000000000000", true },
		{ "empty", "", false },
		{ "one short", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", false },
		{ "one more", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0", false },
		{ "no hyphens", "017f22e279b07cc398c4dc0c0c07398f", false },
		{ "hyphen elsewhere", "017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
		  false },
		{ "a g", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", false },
		{ "a slash", "017f22e2-79b0-7cc3-98c4-dc0c0c07398/", false },
		{ "braces", "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}", false },
		{ "a quote", "017f22e2-79b0-7cc3-98c4-dc0c0c0739'f", false },
		{ "a high byte", "017f22e2-79b0-7cc3-98c4-dc0c0c0739\xE9" "f",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct uuid u = { "as it was" };
		bool good = uuid_parse(rows[i].text, &u);

		if (good != rows[i].good)
			fail_msg("%s", rows[i].name);
		if (!good)
			assert_string_equal((char *)u.b, "as it was");
	}
}

static void
text_and_back(void **state)
{
	static const char text[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
	char out[UUID_TEXT_SIZE];
	struct uuid u, made = uuid_make();

	(void)state;
	assert_true(uuid_parse(text, &u));
	assert_int_equal(u.b[0], 0x01);
	assert_int_equal(u.b[15], 0x8f);
	assert_string_equal(uuid_text(&u, out), text);
	assert_true(uuid_parse(uuid_text(&made, out), &u));
	assert_true(uuid_equal(&u, &made));
}

static void
made_as_version_7(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t before = clock_wall_ms();
		struct uuid u = uuid_make(), v = uuid_make();
		int64_t ms = 0;

		for (int k = 0; k < 6; k++)
			ms = ms << 8 | u.b[k];
		assert_in_range(ms, before, clock_wall_ms());
		assert_int_equal(u.b[6] >> 4, 7);
		assert_int_equal(u.b[8] >> 6, 2);
		assert_false(uuid_equal(&u, &v));
		assert_false(uuid_is_none(&u));
	}
}

static void
zeros_are_none(void **state)
{
	struct uuid u = { { 0 } };

	(void)state;
	assert_true(uuid_is_none(&u));
	u.b[15] = 1;
	assert_false(uuid_is_none(&u));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_one),
		cmocka_unit_test(text_and_back),
		cmocka_unit_test(made_as_version_7),
		cmocka_unit_test(zeros_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
