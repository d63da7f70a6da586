/* Passwords: which may be one, and that what is kept of one is exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <crypt.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "auth/password.h"
#include "base/clock.h"

enum { BURST = 20, LONGEST = 513 };

static const struct keyring pepper = { 1, {
	{ 1, { "an example of a pepper" } },
} };
/* the same, and a newer one that is in use */
static const struct keyring peppers = { 2, {
	{ 2, { "a newer pepper" } }, { 1, { "an example of a pepper" } },
} };

static void
what_may_be_a_password(void **state)
{
	static char text[LONGEST];
	static const struct {
		const char *name, *text;
		size_t n;
		bool good;
	} rows[] = {
		{ "seven bytes", "hT4_kqz", 7, false },
		{ "eight bytes", "hT4_kqzP", 8, true },
		{ "128 bytes", text, 128, true },
		{ "129 bytes", text, 129, false },
		{ "32 four-byte characters", text, 128, true },
		{ "128 four-byte characters", text, 512, false },
		{ "only spaces", "        ", 8, true },
		{ "with NUL", "abc\0defgh", 9, true },
		{ "a common one", "password", 8, false },
		{ "a common one in capitals", "PassWord123", 11, false },
		{ "the first of the list", "00000000", 8, false },
		{ "the last of the list", "zxcvbnm123", 10, false },
		{ "a common one and a NUL", "password\0", 9, true },
	};

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((password_fault(rows[i].text, rows[i].n) == NULL) !=
		    rows[i].good)
			fail_msg("%s", rows[i].name);
}

static void
every_byte_counts(void **state)
{
	static char a[PASSWORD_MAX], b[PASSWORD_MAX];
	static const struct {
		const char *name;
		size_t n, n_other, differs; /* at that byte; n: nowhere */
	} rows[] = {
		{ "the same", 72, 72, 72 },
		{ "byte 73 differs", 73, 73, 72 },
		{ "one byte more", 72, 73, 73 },
		{ "the last of 128 differs", 128, 128, 127 },
		{ "after a NUL", 20, 20, 15 },
	};
	char hash[PASSWORD_HASH_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool same = rows[i].n == rows[i].n_other &&
		    rows[i].differs >= rows[i].n;

		memset(a, 'x', sizeof(a));
		a[10] = '\0';
		memcpy(b, a, sizeof(a));
		if (rows[i].differs < rows[i].n)
			b[rows[i].differs] = 'y';
		assert_int_equal(password_hash(&pepper, a, rows[i].n, hash),
		    ERR_OK);
		if (password_check(&pepper, b, rows[i].n_other, hash) !=
		    (same ? ERR_OK : ERR_UNAUTHENTICATED))
			fail_msg("%s", rows[i].name);
	}
}

static void
what_is_kept(void **state)
{
	static const struct keyring other = { 1, {
		{ 1, { "another pepper" } },
	} };
	char one[PASSWORD_HASH_SIZE], two[PASSWORD_HASH_SIZE];

	(void)state;
	assert_int_equal(password_hash(&pepper, "hT4_kqzP", 8, one), ERR_OK);
	assert_int_equal(password_hash(&pepper, "hT4_kqzP", 8, two), ERR_OK);
	assert_int_equal(strncmp(one, "$y$", 3), 0);
	assert_string_not_equal(one, two); /* salted */
	assert_false(password_needs_rehash(&pepper, one));
	assert_int_equal(password_check(&other, "hT4_kqzP", 8, one),
	    ERR_UNAUTHENTICATED);
	assert_int_equal(password_check(&pepper, "hT4_kqzP", 8, "*0"),
	    ERR_INTERNAL);
}

static void
an_older_cost_is_seen(void **state)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	(void)state;
	assert_non_null(crypt_gensalt_rn("$y$", 5, "0123456789abcdef", 16,
	    setting, sizeof(setting)));
	assert_true(password_needs_rehash(&pepper, setting));
	assert_true(password_needs_rehash(&pepper, "$6$salt$hash"));
	assert_true(password_needs_rehash(&pepper, ""));
}

static void
a_newer_pepper_takes_over(void **state)
{
	static const struct keyring newer = { 1, {
		{ 2, { "a newer pepper" } },
	} };
	/* another host that knows both and does not yet use the newer one */
	static const struct keyring behind = { 2, {
		{ 1, { "an example of a pepper" } }, { 2, { "a newer pepper" } },
	} };
	char old[PASSWORD_HASH_SIZE], new[PASSWORD_HASH_SIZE];
	const struct {
		const char *name, *kept;
		const struct keyring *pepper;
		enum err err;
		bool again;
	} rows[] = {
		{ "an old one, both there", old, &peppers, ERR_OK, true },
		{ "a new one, both there", new, &peppers, ERR_OK, false },
		{ "a new one, the old not there", new, &newer, ERR_OK, false },
		{ "an old one, the old not there", old, &newer,
		  ERR_UNAUTHENTICATED, true },
		{ "a new one, the new not there", new, &pepper,
		  ERR_UNAUTHENTICATED, false },
		{ "a new one where the old is in use", new, &behind, ERR_OK,
		  false },
		{ "an old one where it is in use", old, &behind, ERR_OK,
		  false },
		{ "no version before the colon", ":$y$", &peppers,
		  ERR_UNAUTHENTICATED, true },
		{ "version 0", "0:$y$", &peppers, ERR_UNAUTHENTICATED, true },
		{ "a version of many digits", "99999999999999999999:$y$",
		  &peppers, ERR_UNAUTHENTICATED, true },
	};

	(void)state;
	assert_int_equal(password_hash(&pepper, "hT4_kqzP", 8, old), ERR_OK);
	assert_int_equal(password_hash(&peppers, "hT4_kqzP", 8, new), ERR_OK);
	assert_int_equal(strncmp(new, "2:$y$", 5), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (password_check(rows[i].pepper, "hT4_kqzP", 8,
		    rows[i].kept) != rows[i].err || password_needs_rehash(
		    rows[i].pepper, rows[i].kept) != rows[i].again)
			fail_msg("%s", rows[i].name);
}

/* Of this thread's own work: others want the processor too. */
static int64_t
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t
time_of(const char *hash)
{
	int64_t began = cpu_us();

	assert_int_equal(password_check(&pepper, "wrong-one", 9, hash),
	    ERR_UNAUTHENTICATED);
	return cpu_us() - began;
}

/* The best of some, as anything else on the machine only adds. */
static void
nobody_costs_as_much_as_somebody(void **state)
{
	char hash[PASSWORD_HASH_SIZE];
	int64_t nobody = INT64_MAX, somebody = INT64_MAX;

	(void)state;
	assert_int_equal(password_hash(&pepper, "hT4_kqzP", 8, hash), ERR_OK);
	for (int i = 0; i < 9; i++) {
		int64_t n = time_of(NULL), s = time_of(hash);

		nobody = n < nobody ? n : nobody;
		somebody = s < somebody ? s : somebody;
	}
	assert_in_range(nobody, somebody * 8 / 10, somebody * 12 / 10);
}

static void *
check_one(void *arg)
{
	*(enum err *)arg = password_check(&pepper, "hT4_kqzP", 8, NULL);
	return NULL;
}

static void
a_burst_is_turned_away(void **state)
{
	enum err errs[BURST];
	pthread_t threads[BURST];
	int away = 0;

	(void)state;
	for (int i = 0; i < BURST; i++)
		pthread_create(&threads[i], NULL, check_one, &errs[i]);
	for (int i = 0; i < BURST; i++) {
		pthread_join(threads[i], NULL);
		assert_true(errs[i] == ERR_UNAVAILABLE ||
		    errs[i] == ERR_UNAUTHENTICATED);
		away += errs[i] == ERR_UNAVAILABLE;
	}
	assert_in_range(away, 1, BURST - PASSWORD_AT_ONCE);
	assert_int_equal(password_check(&pepper, "x", 1, NULL),
	    ERR_UNAUTHENTICATED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_be_a_password),
		cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(what_is_kept),
		cmocka_unit_test(an_older_cost_is_seen),
		cmocka_unit_test(a_newer_pepper_takes_over),
		cmocka_unit_test(nobody_costs_as_much_as_somebody),
		cmocka_unit_test(a_burst_is_turned_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
