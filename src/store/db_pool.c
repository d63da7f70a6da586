#include "store/db_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/crypt.h"
#include "base/secret.h"

enum { TAKE_MS = 2000 }; /* wait for a free connection */

static void
copy(char *out, const char *text)
{
	memcpy(out, text, strlen(text) + 1);
}

static enum err
read_password(const char *path, struct db *db, char *why, size_t why_size)
{
	struct buf text;
	enum err err;

	if (path[0] == '\0')
		return ERR_OK;
	buf_init(&text, sizeof(db->password) - 1);
	err = secret_load(path, SECRET_MINE, &text, why, why_size);
	if (err == ERR_OK)
		copy(db->password, text.p);
	crypt_wipe(text.p, text.len);
	buf_free(&text);
	return err;
}

static enum err
make_conns(struct db *db, int n)
{
	db->conns = calloc((size_t)n, sizeof(*db->conns));
	if (db->conns == NULL)
		return ERR_INTERNAL;
	db->n_conns = n;
	for (int i = 0; i < n; i++) {
		if ((db->conns[i].rows = db_rows_new()) == NULL)
			return ERR_INTERNAL;
		db->conns[i].db = db;
		db->conns[i].next = db->idle;
		db->idle = &db->conns[i];
	}
	return ERR_OK;
}

static void
init_lock(struct db *db)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&db->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&db->freed, &attr);
	pthread_condattr_destroy(&attr);
}

enum err
db_open(const struct conf *conf, struct db **out, char *why, size_t why_size)
{
	bool is_ready = db_conn_start_library();
	struct db *db = calloc(1, sizeof(*db));
	enum err err;

	if (!is_ready || db == NULL) {
		snprintf(why, why_size, "The database library does not start.");
		free(db);
		return ERR_INTERNAL;
	}
	init_lock(db);
	copy(db->host, conf->database_host);
	copy(db->socket, conf->database_socket);
	copy(db->user, conf->database_user);
	copy(db->name, conf->database_name);
	db->port = (unsigned)conf->database_port;
	if ((err = read_password(conf->database_password_file, db, why,
	    why_size)) || (err = make_conns(db, conf->database_pool))) {
		db_free(db);
		return err;
	}
	*out = db;
	return ERR_OK;
}

void
db_free(struct db *db)
{
	if (db == NULL)
		return;
	for (int i = 0; i < db->n_conns; i++) {
		db_conn_close(&db->conns[i]);
		db_rows_free(db->conns[i].rows);
	}
	free(db->conns);
	pthread_cond_destroy(&db->freed);
	pthread_mutex_destroy(&db->lock);
	crypt_wipe(db->password, sizeof(db->password));
	free(db);
}

static struct timespec
moment_after(int64_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)(ms / 1000);
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* The next idle connection; NULL where none came free in time. */
static struct db_conn *
wait_idle(struct db *db)
{
	struct timespec end = moment_after(TAKE_MS);
	struct db_conn *c;

	pthread_mutex_lock(&db->lock);
	while (db->idle == NULL &&
	    pthread_cond_timedwait(&db->freed, &db->lock, &end) == 0)
		;
	c = db->idle;
	if (c != NULL)
		db->idle = c->next;
	pthread_mutex_unlock(&db->lock);
	return c;
}

enum err
db_take(struct db *db, struct db_conn **out)
{
	struct db_conn *c;
	enum err err;

	db_conn_enter_thread();
	if ((c = wait_idle(db)) == NULL)
		return ERR_UNAVAILABLE;
	c->why[0] = c->conflict_key[0] = '\0';
	if (c->my != NULL && db_conn_is_closed(c))
		db_conn_close(c);
	if ((err = db_conn_ensure(c))) {
		db_give(db, c);
		return err;
	}
	*out = c;
	return ERR_OK;
}

void
db_give(struct db *db, struct db_conn *c)
{
	if (c == NULL)
		return;
	if (c->in_transaction)
		db_conn_roll_back(c);
	pthread_mutex_lock(&db->lock);
	c->next = db->idle;
	db->idle = c;
	pthread_cond_signal(&db->freed);
	pthread_mutex_unlock(&db->lock);
}
