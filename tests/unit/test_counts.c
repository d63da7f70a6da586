/*
 * What the database counts for limits (store/tries.h, store/quota.h,
 * auth/limit.h), with the real tables.  LLMSELECT_TEST_SOCKET names the socket
 * of a database; without it, all of this is skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/limit.h"
#include "base/clock.h"
#include "store/quota.h"
#include "store/sessions.h"
#include "store/users.h"

enum { SCHEMA_MAX = 65536, THREADS = 8, FREE = 3 };

static const char NAMES[] = "information_schema";
static const char OURS[] = "llmselect_unit_counts";

static struct conf conf;
static struct db *db;
static struct db_conn *c;
static char why[CONF_WHY_MAX];
static struct uuid user;
static int64_t now;

static void
script(struct db *on, const char *text, size_t n)
{
	if (db_script(on, text, n, why, sizeof(why)) != ERR_OK)
		fail_msg("%s", why);
}

static struct db *
open_db(const char *name)
{
	struct db *opened;

	snprintf(conf.database_name, CONF_TEXT_MAX, "%s", name);
	assert_int_equal(db_open(&conf, &opened, why, sizeof(why)), ERR_OK);
	return opened;
}

static void
make_tables(void)
{
	static char text[SCHEMA_MAX];
	char path[CONF_TEXT_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/schema.sql",
	    getenv("LLMSELECT_SOURCE") ? getenv("LLMSELECT_SOURCE") : ".");
	f = fopen(path, "r");
	assert_non_null(f);
	script(db, text, fread(text, 1, sizeof(text), f));
	fclose(f);
}

static void
drop(const char *sql)
{
	struct db *outside = open_db(NAMES);

	script(outside, sql, strlen(sql));
	db_free(outside);
}

static int
set_up(void **state)
{
	const char *path = getenv("LLMSELECT_TEST_SOCKET");
	const char *as = getenv("LLMSELECT_TEST_USER");

	(void)state;
	if (path == NULL)
		return 0;
	conf = (struct conf){ .database_pool = THREADS + 1,
		.database_port = 3306, .limits_sign_in_tries = FREE,
		.limits_sign_in_tries_per_address = 2 * FREE,
		.limits_sign_in_wait_max_ms = 60000,
		.limits_sign_ups_per_hour = FREE };
	snprintf(conf.database_socket, CONF_TEXT_MAX, "%s", path);
	snprintf(conf.database_user, CONF_TEXT_MAX, "%s", as ? as : "root");
	drop("DROP DATABASE IF EXISTS llmselect_unit_counts;"
	    "CREATE DATABASE llmselect_unit_counts CHARACTER SET utf8mb4;");
	db = open_db(OURS);
	make_tables();
	assert_int_equal(db_take(db, &c), ERR_OK);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	if (db == NULL)
		return 0;
	db_give(db, c);
	db_free(db);
	drop("DROP DATABASE llmselect_unit_counts");
	return 0;
}

/* No rows but one user's. */
static void
start_anew(void)
{
	struct user_row u = { .username = "Ann", .password = "x" };

	if (db == NULL)
		skip();
	assert_int_equal(db_run(c, "DELETE FROM tries", NULL, 0, NULL), ERR_OK);
	assert_int_equal(db_run(c, "DELETE FROM users", NULL, 0, NULL), ERR_OK);
	u.id = user = uuid_make();
	assert_int_equal(user_add(c, &u, false), ERR_OK);
	now = clock_wall_ms();
}

static int64_t
rows_of_tries(void)
{
	int64_t n = 0;
	static const char *const names[] = { "name", "home", "address",
		"sign_up", "password", "known" };
	struct tries_count count;

	for (int i = 0; i < DB_COUNT(names); i++)
		for (int k = 0; k < 4; k++) {
			const struct tries_key key = { names[i],
				k & 1 ? "Ann" : "", k & 1 ? 3 : 0,
				k & 2 ? "192.0.2.1" : "" };

			assert_int_equal(tries_find(c, &key, &count), ERR_OK);
			n += count.forget_at != 0;
		}
	return n;
}

/* ---- tries ---- */

static void
a_count_comes_back_as_it_was_set(void **state)
{
	static const struct {
		const char *name;
		struct tries_key set, find;
		bool same;
	} rows[] = {
		{ "the same", { "name", "Ann", 3, "" },
		    { "name", "Ann", 3, "" }, true },
		{ "in another case", { "name", "Ann", 3, "" },
		    { "name", "aNN", 3, "" }, true },
		{ "with an accent", { "name", "Ann", 3, "" },
		    { "name", "\xC3\xA1nn", 4, "" }, true },
		{ "another name", { "name", "Ann", 3, "" },
		    { "name", "Anna", 4, "" }, false },
		{ "another kind", { "name", "Ann", 3, "" },
		    { "password", "Ann", 3, "" }, false },
		{ "another address", { "home", "Ann", 3, "192.0.2.1" },
		    { "home", "Ann", 3, "192.0.2.10" }, false },
		{ "no address", { "home", "Ann", 3, "192.0.2.1" },
		    { "home", "Ann", 3, "" }, false },
		{ "characters of four bytes", { "name",
		    "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 12, "" },
		    { "name",
		    "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 12, "" },
		    true },
	};
	const struct tries_count set = { 7, 1800000000001, 1800000000002 };

	(void)state;
	for (int i = 0; i < DB_COUNT(rows); i++) {
		struct tries_count found = { -1, -1, -1 };

		start_anew();
		assert_int_equal(tries_set(c, &rows[i].set, &set), ERR_OK);
		assert_int_equal(tries_set(c, &rows[i].set, &set), ERR_OK);
		assert_int_equal(tries_find(c, &rows[i].find, &found), ERR_OK);
		if ((found.n == 7) != rows[i].same ||
		    (found.forget_at == set.forget_at) != rows[i].same)
			fail_msg("%s", rows[i].name);
	}
}

static void
what_is_to_be_forgotten_is_swept(void **state)
{
	const struct tries_key old = { "name", "Ann", 3, "" };
	const struct tries_key fresh = { "address", "", 0, "192.0.2.1" };
	struct tries_count count = { .n = 1 };

	(void)state;
	start_anew();
	count.forget_at = now;
	assert_int_equal(tries_set(c, &old, &count), ERR_OK);
	count.forget_at = now + 1;
	assert_int_equal(tries_set(c, &fresh, &count), ERR_OK);
	assert_int_equal(tries_sweep(c, now), ERR_OK);
	assert_int_equal(rows_of_tries(), 1);
	assert_int_equal(tries_find(c, &fresh, &count), ERR_OK);
	assert_int_equal(count.n, 1);
}

static enum err
try_in(const char *address, struct limit_try *t)
{
	return limit_sign_in(c, &conf, "Ann", 3, address, now, t);
}

static void
how_a_try_went(void **state)
{
	struct limit_try t;

	(void)state;
	start_anew();
	for (int i = 0; i < FREE; i++)
		assert_int_equal(try_in("192.0.2.1", &t), ERR_OK);
	assert_int_equal(try_in("192.0.2.1", &t), ERR_RATE_LIMITED);
	assert_int_equal(t.held_by, LIMIT_NAME);
	assert_int_equal(t.wait_ms, LIMIT_FIRST_WAIT_MS);
	now += t.wait_ms;
	/* no verdict: the wait that it would have brought is not there */
	assert_int_equal(try_in("192.0.2.1", &t), ERR_OK);
	assert_int_equal(limit_undo(c, &t), ERR_OK);
	assert_int_equal(try_in("192.0.2.1", &t), ERR_OK);
	assert_int_equal(limit_passed(c, &t), ERR_OK);
	/* known now, with a count of his own; strangers have theirs */
	for (int i = 0; i < FREE; i++)
		assert_int_equal(try_in("192.0.2.9", &t), ERR_OK);
	assert_int_equal(try_in("192.0.2.9", &t), ERR_RATE_LIMITED);
	assert_int_equal(t.held_by, LIMIT_NAME);
	assert_int_equal(try_in("192.0.2.1", &t), ERR_OK);
	assert_int_equal(t.parts[1].what, LIMIT_HOME);
}

static void
what_was_no_try_leaves_no_row(void **state)
{
	struct limit_try t;

	(void)state;
	start_anew();
	assert_int_equal(try_in("192.0.2.1", &t), ERR_OK);
	assert_int_equal(rows_of_tries(), 2);
	assert_int_equal(limit_undo(c, &t), ERR_OK);
	assert_int_equal(rows_of_tries(), 0);
	assert_int_equal(try_in("192.0.2.1", &t), ERR_OK);
	assert_int_equal(limit_passed(c, &t), ERR_OK);
	assert_int_equal(rows_of_tries(), 1); /* known */
}

static void
the_old_password_has_a_count_of_its_own(void **state)
{
	struct limit_try t;

	(void)state;
	start_anew();
	for (int i = 0; i < FREE; i++)
		assert_int_equal(limit_password(c, &conf, "Ann", 3, now, &t),
		    ERR_OK);
	assert_int_equal(limit_password(c, &conf, "ann", 3, now, &t),
	    ERR_RATE_LIMITED);
	assert_int_equal(t.held_by, LIMIT_PASSWORD);
	assert_int_equal(try_in("192.0.2.1", &t), ERR_OK);
	assert_int_equal(limit_password(c, &conf, "Ann", 3, now + 1000, &t),
	    ERR_OK);
	assert_int_equal(limit_passed(c, &t), ERR_OK);
	assert_int_equal(limit_password(c, &conf, "Ann", 3, now, &t), ERR_OK);
}

static void
sign_ups_stay_counted(void **state)
{
	struct limit_try t;

	(void)state;
	start_anew();
	for (int i = 0; i < FREE; i++) {
		assert_int_equal(limit_sign_up(c, &conf, "192.0.2.1", now, &t),
		    ERR_OK);
		assert_int_equal(limit_passed(c, &t), ERR_OK);
	}
	assert_int_equal(limit_sign_up(c, &conf, "192.0.2.1", now, &t),
	    ERR_RATE_LIMITED);
	assert_int_equal(t.wait_ms, LIMIT_HOUR_MS);
	assert_int_equal(limit_sign_up(c, &conf, "192.0.2.1",
	    now + LIMIT_HOUR_MS, &t), ERR_OK);
}

static void
a_limit_of_0_asks_nothing(void **state)
{
	struct conf none = conf;
	struct limit_try t;

	(void)state;
	start_anew();
	none.limits_sign_in_tries = none.limits_sign_ups_per_hour = 0;
	none.limits_sign_in_tries_per_address = 0;
	for (int i = 0; i < 5 * FREE; i++) {
		assert_int_equal(limit_sign_in(c, &none, "Ann", 3, "192.0.2.1",
		    now, &t), ERR_OK);
		assert_int_equal(limit_sign_up(c, &none, "192.0.2.1", now, &t),
		    ERR_OK);
	}
	assert_int_equal(rows_of_tries(), 0);
}

static void
a_user_who_goes_leaves_no_row(void **state)
{
	struct limit_try t;

	(void)state;
	start_anew();
	assert_int_equal(try_in("192.0.2.9", &t), ERR_OK);
	assert_int_equal(limit_know(c, "Ann", 3, "192.0.2.1", now), ERR_OK);
	assert_int_equal(try_in("192.0.2.1", &t), ERR_OK);
	assert_int_equal(limit_password(c, &conf, "Ann", 3, now, &t), ERR_OK);
	assert_int_equal(rows_of_tries(), 5); /* one is of an address alone */
	assert_int_equal(limit_forget(c, "ann", 3), ERR_OK);
	assert_int_equal(rows_of_tries(), 1);
}

/* ---- many at once ---- */

struct racer {
	pthread_t thread;
	bool quota; /* else sign-ins */
	int ok, refused, other;
};

static enum err
take_one(struct db_conn *on, void *arg)
{
	const struct quota most = { THREADS + 1, 0 };
	struct quota_refusal refusal;

	(void)arg;
	return quota_take(on, &user, 1, clock_wall_ms(), &most, &refusal);
}

static void *
race(void *arg)
{
	struct racer *r = arg;
	struct db_conn *mine;
	struct limit_try t;

	if (db_take(db, &mine))
		return NULL;
	for (int i = 0; i < THREADS; i++) {
		enum err err = r->quota ?
		    db_transaction(mine, take_one, NULL) :
		    limit_sign_in(mine, &conf, "Ann", 3, "192.0.2.1",
		    clock_wall_ms(), &t);

		r->ok += err == ERR_OK;
		r->refused += err == ERR_RATE_LIMITED;
		r->other += err != ERR_OK && err != ERR_RATE_LIMITED;
	}
	db_give(db, mine);
	return NULL;
}

static void
run_race(bool quota, int want)
{
	struct racer racers[THREADS] = { { 0 } };
	int ok = 0, other = 0, refused = 0;

	start_anew();
	for (int i = 0; i < THREADS; i++) {
		racers[i].quota = quota;
		pthread_create(&racers[i].thread, NULL, race, &racers[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(racers[i].thread, NULL);
		ok += racers[i].ok;
		refused += racers[i].refused;
		other += racers[i].other;
	}
	assert_int_equal(ok, want);
	assert_int_equal(other, 0);
	assert_int_equal(refused, THREADS * THREADS - want);
}

static void
of_many_at_once_no_more_than_the_limit(void **state)
{
	(void)state;
	run_race(false, FREE);
	run_race(true, THREADS + 1);
}

/* ---- quotas ---- */

struct taking {
	int k;
	int64_t at;
	struct quota most;
	struct quota_refusal refusal;
	bool fails; /* after it was counted */
};

static enum err
take_work(struct db_conn *on, void *arg)
{
	struct taking *t = arg;
	enum err err = quota_take(on, &user, t->k, t->at, &t->most,
	    &t->refusal);

	return err == ERR_OK && t->fails ? ERR_CONFLICT : err;
}

static void
questions_are_counted_by_the_minute(void **state)
{
	static const struct {
		const char *name;
		int k, at_ms, most;
		bool fails;
		enum err want;
		int wait_ms;
	} rows[] = { /* in this order */
		{ "the first", 1, 0, 5, false, ERR_OK, 0 },
		{ "three lanes", 3, 1000, 5, false, ERR_OK, 0 },
		{ "two lanes, and room for one", 2, 2000, 5, false,
		    ERR_RATE_LIMITED, 58000 },
		{ "one that fails afterwards", 1, 2000, 5, true,
		    ERR_CONFLICT, 0 },
		{ "the fifth", 1, 3000, 5, false, ERR_OK, 0 },
		{ "the sixth", 1, 4000, 5, false, ERR_RATE_LIMITED, 56000 },
		{ "an earlier clock", 1, -500, 5, false, ERR_RATE_LIMITED,
		    60000 },
		{ "with a higher limit", 1, 4000, 6, false, ERR_OK, 0 },
		{ "at the minute's end", 1, 59999, 6, false,
		    ERR_RATE_LIMITED, 1 },
		{ "a minute later", 6, 60000, 6, false, ERR_OK, 0 },
		{ "and one more", 1, 60001, 6, false, ERR_RATE_LIMITED,
		    59999 },
		{ "F36: a day back", 1, -86400000, 6, false, ERR_OK, 0 },
		{ "more than ever fit", 7, 200000, 6, false,
		    ERR_RATE_LIMITED, 60000 },
	};

	(void)state;
	start_anew();
	for (int i = 0; i < DB_COUNT(rows); i++) {
		struct taking t = { .k = rows[i].k, .at = now + rows[i].at_ms,
			.most = { rows[i].most, 0 }, .fails = rows[i].fails };
		enum err err = db_transaction(c, take_work, &t);

		if (err != rows[i].want ||
		    (err == ERR_RATE_LIMITED &&
		    t.refusal.wait_ms != rows[i].wait_ms))
			fail_msg("%s: %s, %lld ms", rows[i].name, err_code(err),
			    (long long)t.refusal.wait_ms);
	}
}

static void
limits_of_ones_own_come_with_the_session(void **state)
{
	struct session_row s = { .token_hash = { 7 }, .expires_at = INT64_MAX };
	struct quota own = { 0, 0 };
	const struct uuid nobody = uuid_make();

	(void)state;
	start_anew();
	s.id = uuid_make();
	s.user.id = user;
	assert_int_equal(sessions_add(c, &s, "192.0.2.1", ""), ERR_OK);
	assert_int_equal(sessions_find(c, s.token_hash, now, &s), ERR_OK);
	assert_int_equal(s.user.own.questions_per_minute, -1);
	assert_int_equal(s.user.own.streams, -1);
	own = (struct quota){ 0, 7 };
	assert_int_equal(quota_set_own(c, &user, &own), ERR_OK);
	assert_int_equal(quota_set_own(c, &user, &own), ERR_OK);
	assert_int_equal(sessions_find(c, s.token_hash, now, &s), ERR_OK);
	assert_int_equal(s.user.own.questions_per_minute, 0);
	assert_int_equal(s.user.own.streams, 7);
	own = (struct quota){ 9, -1 };
	assert_int_equal(quota_set_own(c, &user, &own), ERR_OK);
	own = (struct quota){ 0, 0 };
	assert_int_equal(quota_get_own(c, &user, &own), ERR_OK);
	assert_int_equal(own.questions_per_minute, 9);
	assert_int_equal(own.streams, -1);
	assert_int_equal(quota_set_own(c, &nobody, &own), ERR_NOT_FOUND);
	assert_int_equal(quota_get_own(c, &nobody, &own), ERR_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_count_comes_back_as_it_was_set),
		cmocka_unit_test(what_is_to_be_forgotten_is_swept),
		cmocka_unit_test(how_a_try_went),
		cmocka_unit_test(what_was_no_try_leaves_no_row),
		cmocka_unit_test(the_old_password_has_a_count_of_its_own),
		cmocka_unit_test(sign_ups_stay_counted),
		cmocka_unit_test(a_limit_of_0_asks_nothing),
		cmocka_unit_test(a_user_who_goes_leaves_no_row),
		cmocka_unit_test(of_many_at_once_no_more_than_the_limit),
		cmocka_unit_test(questions_are_counted_by_the_minute),
		cmocka_unit_test(limits_of_ones_own_come_with_the_session),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
