/*
 * The pool, statements and transactions against a real database, whose socket
 * LLMSELECT_TEST_SOCKET names; without it, all of this is skipped.  Works in a
 * database of its own, which is dropped at the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/db.h"

enum { POOL = 4, LARGE = 1 << 20, THREADS = 8, ROUNDS = 50 };

static struct conf conf;
static struct db *db;
static char why[CONF_WHY_MAX];

static void
script(struct db *on, const char *text)
{
	if (db_script(on, text, strlen(text), why, sizeof(why)) != ERR_OK)
		fail_msg("%s: %s", text, why);
}

static void
set_conf(struct conf *c, const char *socket_path, const char *name)
{
	const char *user = getenv("LLMSELECT_TEST_USER");

	*c = (struct conf){ .database_pool = POOL, .database_port = 3306 };
	snprintf(c->database_socket, CONF_TEXT_MAX, "%s", socket_path);
	snprintf(c->database_user, CONF_TEXT_MAX, "%s", user ? user : "root");
	snprintf(c->database_name, CONF_TEXT_MAX, "%s", name);
}

/* In the database that every server has, for what is outside of ours. */
static void
outside(const char *text)
{
	struct conf c;
	struct db *d;

	set_conf(&c, conf.database_socket, "information_schema");
	assert_int_equal(db_open(&c, &d, why, sizeof(why)), ERR_OK);
	script(d, text);
	db_free(d);
}

static int
set_up(void **state)
{
	const char *path = getenv("LLMSELECT_TEST_SOCKET");

	(void)state;
	if (path == NULL)
		return 0;
	set_conf(&conf, path, "llmselect_unit_db");
	outside("DROP DATABASE IF EXISTS llmselect_unit_db;"
	    "CREATE DATABASE llmselect_unit_db CHARACTER SET utf8mb4;");
	assert_int_equal(db_open(&conf, &db, why, sizeof(why)), ERR_OK);
	script(db, "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(10) NULL,"
	    " big MEDIUMBLOB NULL, r DOUBLE NULL, u BINARY(16) NULL,"
	    " UNIQUE KEY only_name (name)) ENGINE=InnoDB");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	if (db == NULL)
		return 0;
	db_free(db);
	outside("DROP DATABASE llmselect_unit_db");
	return 0;
}

static struct db_conn *
take_empty(void)
{
	struct db_conn *c;

	if (db == NULL)
		skip();
	assert_int_equal(db_take(db, &c), ERR_OK);
	assert_int_equal(db_run(c, "DELETE FROM t", NULL, 0, NULL), ERR_OK);
	return c;
}

static enum err
add(struct db_conn *c, int id, const char *name)
{
	const struct db_value in[] = { DB_INT(id), db_text(name) };

	return db_run(c, "INSERT INTO t (id, name) VALUES (?, ?)", in, 2,
	    NULL);
}

static enum err
get_int(void *arg, const struct db_value *row, int n)
{
	assert_int_equal(n, 1);
	assert_int_equal(row[0].type, DB_IS_INT);
	*(int64_t *)arg = row[0].i;
	return ERR_OK;
}

static int64_t
count(struct db_conn *c)
{
	int64_t n = -1;

	assert_int_equal(db_query_one(c, "SELECT COUNT(*) FROM t", NULL, 0,
	    get_int, &n), ERR_OK);
	return n;
}

static int64_t
connection_id(struct db_conn *c)
{
	int64_t n = -1;

	assert_int_equal(db_query_one(c, "SELECT CONNECTION_ID()", NULL, 0,
	    get_int, &n), ERR_OK);
	return n;
}

static void
kill_connection(int64_t id)
{
	char text[64];

	snprintf(text, sizeof(text), "KILL %lld", (long long)id);
	script(db, text);
	usleep(50000); /* it dies soon after the answer */
}

static enum err
check_values(void *arg, const struct db_value *row, int n)
{
	const struct db_value *in = arg;

	assert_int_equal(n, 5);
	for (int i = 0; i < n; i++) {
		assert_int_equal(row[i].type, in[i].type);
		assert_int_equal(row[i].i, in[i].i);
		assert_true(row[i].r == in[i].r);
		assert_int_equal(row[i].len, in[i].len);
		if (in[i].type != DB_IS_BYTES)
			continue;
		assert_memory_equal(row[i].p, in[i].p, in[i].len);
		assert_int_equal(row[i].p[row[i].len], '\0');
	}
	return ERR_OK;
}

static void
values_come_back_as_they_went(void **state)
{
	struct db_conn *c = take_empty();
	static char large[LARGE];
	struct uuid u = uuid_make();
	const struct db_value rows[][5] = {
		{ DB_INT(1), DB_NULL, DB_NULL, DB_NULL, DB_NULL },
		{ DB_INT(-2147483647), db_text(""), DB_BYTES("a\0b", 3),
		  DB_REAL(-0.125), db_uuid(&u) },
		{ DB_INT(2), db_text("\xF0\x9F\x98\x80"),
		  DB_BYTES(large, LARGE), DB_REAL(1e300), DB_NULL },
		{ DB_INT(3), db_text("after"), DB_BYTES(large, 255),
		  DB_REAL(0), db_uuid(&u) },
		{ DB_INT(4), db_text("256"), DB_BYTES(large, 256),
		  DB_REAL(0), db_uuid(&u) },
	};

	(void)state;
	memset(large, 'x', sizeof(large));
	for (int i = 0; i < DB_COUNT(rows); i++) {
		assert_int_equal(db_run(c, "INSERT INTO t VALUES (?,?,?,?,?)",
		    rows[i], 5, NULL), ERR_OK);
		assert_int_equal(db_query_one(c, "SELECT * FROM t WHERE id = ?",
		    rows[i], 1, check_values, (void *)rows[i]), ERR_OK);
	}
	db_give(db, c);
}

static enum err
stop_at_two(void *arg, const struct db_value *row, int n)
{
	(void)row, (void)n;
	return ++*(int *)arg == 2 ? ERR_FORBIDDEN : ERR_OK;
}

static void
a_row_function_can_end_the_reading(void **state)
{
	struct db_conn *c = take_empty();
	int seen = 0;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(add(c, i, NULL), ERR_OK);
	assert_int_equal(db_query(c, "SELECT id FROM t", NULL, 0, stop_at_two,
	    &seen), ERR_FORBIDDEN);
	assert_int_equal(seen, 2);
	assert_int_equal(count(c), 5); /* the connection is of use still */
	assert_int_equal(db_query_one(c, "SELECT id FROM t WHERE id > 7", NULL,
	    0, stop_at_two, &seen), ERR_NOT_FOUND);
	db_give(db, c);
}

static void
a_conflict_names_its_key(void **state)
{
	struct db_conn *c = take_empty();

	(void)state;
	assert_int_equal(add(c, 1, "ann's"), ERR_OK);
	assert_string_equal(db_conflict_key(c), "");
	assert_int_equal(add(c, 2, "ann's"), ERR_CONFLICT);
	assert_string_equal(db_conflict_key(c), "only_name");
	assert_null(strstr(db_why(c), "ann"));
	assert_int_equal(add(c, 1, "bob"), ERR_CONFLICT);
	assert_string_equal(db_conflict_key(c), "PRIMARY");
	assert_int_equal(add(c, 2, "bob"), ERR_OK);
	assert_string_equal(db_conflict_key(c), "");
	db_give(db, c);
}

static void
what_does_not_fit_is_refused(void **state)
{
	static const char *const rows[] = {
		"eleven char", "\xF0\x9F\x98", "\xFF", "secret-and-too-long",
	};
	struct db_conn *c = take_empty();

	(void)state;
	for (int i = 0; i < DB_COUNT(rows); i++) {
		assert_int_equal(add(c, i, rows[i]), ERR_INTERNAL);
		assert_null(strstr(db_why(c), "secret"));
	}
	assert_int_equal(count(c), 0);
	assert_int_equal(db_run(c, "INSERT INTO t (id) VALUES (?)", NULL, 0,
	    NULL), ERR_INTERNAL); /* too few values */
	assert_int_equal(db_run(c, "SELECT nonsense", NULL, 0, NULL),
	    ERR_INTERNAL);
	assert_int_equal(count(c), 0);
	db_give(db, c);
}

static void
affected_counts_the_rows_found(void **state)
{
	struct db_conn *c = take_empty();
	uint64_t n = 9;

	(void)state;
	assert_int_equal(add(c, 1, "ann"), ERR_OK);
	assert_int_equal(db_run(c, "UPDATE t SET name = 'ann'", NULL, 0, &n),
	    ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(db_run(c, "UPDATE t SET id = 5 WHERE id = 7", NULL, 0,
	    &n), ERR_OK);
	assert_int_equal(n, 0);
	db_give(db, c);
}

static void
a_killed_connection_is_replaced(void **state)
{
	struct db_conn *c = take_empty();
	int64_t id = connection_id(c);

	(void)state;
	kill_connection(id);
	assert_int_equal(add(c, 1, NULL), ERR_OK);
	assert_int_not_equal(connection_id(c), id);
	id = connection_id(c);
	db_give(db, c);
	kill_connection(id);
	assert_int_equal(db_take(db, &c), ERR_OK);
	assert_int_not_equal(connection_id(c), id);
	assert_int_equal(count(c), 1);
	db_give(db, c);
}

static enum err
add_two_die_between(struct db_conn *c, void *arg)
{
	enum err err;

	(*(int *)arg)++;
	assert_int_equal(add(c, 1, NULL), ERR_OK);
	kill_connection(connection_id(c));
	err = add(c, 2, NULL);
	assert_int_equal(err, ERR_UNAVAILABLE);
	/* nor does a later statement slip out of the transaction */
	assert_int_equal(add(c, 3, NULL), ERR_UNAVAILABLE);
	return err;
}

static enum err
add_one(struct db_conn *c, void *arg)
{
	(void)arg;
	return add(c, 1, NULL);
}

static enum err
add_and_fail(struct db_conn *c, void *arg)
{
	assert_int_equal(add_one(c, arg), ERR_OK);
	return ERR_FORBIDDEN;
}

static void
a_transaction_is_whole_or_nothing(void **state)
{
	struct db_conn *c = take_empty();
	int runs = 0;

	(void)state;
	assert_int_equal(db_transaction(c, add_two_die_between, &runs),
	    ERR_UNAVAILABLE);
	assert_int_equal(runs, 1);
	assert_int_equal(count(c), 0);
	assert_int_equal(db_transaction(c, add_and_fail, NULL), ERR_FORBIDDEN);
	assert_int_equal(count(c), 0);
	kill_connection(connection_id(c));
	assert_int_equal(db_transaction(c, add_one, NULL), ERR_OK);
	assert_int_equal(count(c), 1);
	db_give(db, c);
}

static enum err
wait_for_lock(struct db_conn *c, void *arg)
{
	struct db_conn *other = arg;
	int64_t began = clock_ms();

	assert_int_equal(add(c, 1, "ann"), ERR_OK);
	/* BUSY, not UNAVAILABLE: the server answers before we stop listening */
	assert_int_equal(add(other, 2, "ann"), ERR_BUSY);
	assert_in_range(clock_ms() - began, 1500, 3500);
	return ERR_OK;
}

static void
a_lock_is_waited_for_two_seconds(void **state)
{
	struct db_conn *c = take_empty();
	struct db_conn *other;

	(void)state;
	assert_int_equal(db_take(db, &other), ERR_OK);
	assert_int_equal(db_transaction(c, wait_for_lock, other), ERR_OK);
	assert_int_equal(add(other, 2, "bob"), ERR_OK);
	db_give(db, other);
	db_give(db, c);
}

static void
more_statements_than_are_kept(void **state)
{
	enum { N = 300 };
	static char sql[N][40];
	struct db_conn *c = take_empty();
	int64_t n;

	(void)state;
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < N; i++) {
			snprintf(sql[i], sizeof(sql[i]), "SELECT %d", i);
			assert_int_equal(db_query_one(c, sql[i], NULL, 0,
			    get_int, &n), ERR_OK);
			assert_int_equal(n, i);
		}
	db_give(db, c);
}

static void
an_empty_pool_is_waited_for_and_given_up(void **state)
{
	struct db_conn *c[POOL], *more;
	int64_t began;

	(void)state;
	if (db == NULL)
		skip();
	for (int i = 0; i < POOL; i++)
		assert_int_equal(db_take(db, &c[i]), ERR_OK);
	began = clock_ms();
	assert_int_equal(db_take(db, &more), ERR_UNAVAILABLE);
	assert_in_range(clock_ms() - began, 1900, 2500);
	for (int i = 0; i < POOL; i++)
		db_give(db, c[i]);
}

static enum err
increment(struct db_conn *c, void *arg)
{
	int64_t n;
	const struct db_value in[] = { DB_INT(1) };
	enum err err = db_query_one(c,
	    "SELECT r DIV 1 FROM t WHERE id = ? FOR UPDATE", in, 1, get_int,
	    &n);

	(void)arg;
	if (err)
		return err;
	return db_run(c, "UPDATE t SET r = r + 1 WHERE id = ?", in, 1, NULL);
}

static void *
increment_often(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct db_conn *c;

		if (db_take(db, &c) != ERR_OK)
			return arg;
		if (db_transaction(c, increment, NULL) != ERR_OK)
			i = ROUNDS; /* found by the sum */
		db_give(db, c);
	}
	return NULL;
}

static void
threads_share_the_pool(void **state)
{
	struct db_conn *c = take_empty();
	pthread_t threads[THREADS];
	int64_t n;

	(void)state;
	assert_int_equal(db_run(c, "INSERT INTO t (id, r) VALUES (1, 0)", NULL,
	    0, NULL), ERR_OK);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, increment_often, threads);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(db_query_one(c, "SELECT r DIV 1 FROM t", NULL, 0,
	    get_int, &n), ERR_OK);
	assert_int_equal(n, THREADS * ROUNDS);
	db_give(db, c);
}

static void
refused_is_told_at_once(void **state)
{
	struct conf c;
	struct db *d;
	struct db_conn *conn;
	int64_t began = clock_ms();

	(void)state;
	set_conf(&c, "/nonexistent/socket", "none");
	assert_int_equal(db_open(&c, &d, why, sizeof(why)), ERR_OK);
	for (int i = 0; i < 20; i++)
		assert_int_equal(db_take(d, &conn), ERR_UNAVAILABLE);
	assert_in_range(clock_ms() - began, 0, 200);
	db_free(d);
}

/* A socket on which nobody ever answers. */
static int
listen_dumb(char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(path, sizeof(a.sun_path), "/tmp/test_db.%d", (int)getpid());
	memcpy(a.sun_path, path, strlen(path) + 1);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void
silence_is_waited_for_once(void **state)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int fd = listen_dumb(path);
	struct conf c;
	struct db *d;
	struct db_conn *conn;
	int64_t began = clock_ms();

	(void)state;
	set_conf(&c, path, "none");
	assert_int_equal(db_open(&c, &d, why, sizeof(why)), ERR_OK);
	assert_int_equal(db_take(d, &conn), ERR_UNAVAILABLE);
	assert_in_range(clock_ms() - began, 1500, 4000);
	began = clock_ms();
	assert_int_equal(db_take(d, &conn), ERR_UNAVAILABLE);
	assert_in_range(clock_ms() - began, 0, 100);
	db_free(d);
	close(fd);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_back_as_they_went),
		cmocka_unit_test(a_row_function_can_end_the_reading),
		cmocka_unit_test(a_conflict_names_its_key),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(affected_counts_the_rows_found),
		cmocka_unit_test(a_killed_connection_is_replaced),
		cmocka_unit_test(a_transaction_is_whole_or_nothing),
		cmocka_unit_test(a_lock_is_waited_for_two_seconds),
		cmocka_unit_test(more_statements_than_are_kept),
		cmocka_unit_test(an_empty_pool_is_waited_for_and_given_up),
		cmocka_unit_test(threads_share_the_pool),
		cmocka_unit_test(refused_is_told_at_once),
		cmocka_unit_test(silence_is_waited_for_once),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
