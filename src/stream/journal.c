/*
 * The journal as a whole: made, started, woken, closed.  What its threads do is
 * in journal_ends.c, journal_texts.c and journal_looks.c.
 */
#include "stream/journal_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/workers.h"

static void
socket_address(const struct journal *j, const struct uuid *worker,
    struct sockaddr_un *out)
{
	char id[UUID_TEXT_SIZE];

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(out->sun_path, sizeof(out->sun_path), "%.*s/worker-%s.sock",
	    (int)sizeof(out->sun_path) - 64, j->run_dir, uuid_text(worker, id));
}

static enum err
open_socket(struct journal *j, char *why, size_t why_size)
{
	struct sockaddr_un a;
	mode_t mask;
	int bound;

	socket_address(j, &j->worker, &a);
	j->sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mask = umask(0077);
	bound = j->sock < 0 ? -1 :
	    bind(j->sock, (struct sockaddr *)&a, sizeof(a));
	umask(mask);
	if (bound == 0)
		return ERR_OK;
	snprintf(why, why_size, "cannot make the socket %s: %s",
	    a.sun_path, strerror(errno));
	return ERR_INTERNAL;
}

enum err
journal_open(const struct journal_settings *settings, struct journal **out,
    char *why, size_t why_size)
{
	struct journal *j = calloc(1, sizeof(*j));
	pthread_condattr_t attr;

	if (j == NULL)
		return ERR_INTERNAL;
	j->db = settings->db;
	j->worker = settings->worker;
	j->last = &j->first;
	snprintf(j->run_dir, sizeof(j->run_dir), "%s", settings->run_dir);
	snprintf(j->keys, sizeof(j->keys), "%s", settings->keys);
	if (gethostname(j->host, sizeof(j->host) - 1) != 0)
		snprintf(j->host, sizeof(j->host), "unknown");
	if (open_socket(j, why, why_size)) {
		if (j->sock >= 0)
			close(j->sock);
		free(j);
		return ERR_INTERNAL;
	}
	pthread_mutex_init(&j->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&j->more, &attr);
	pthread_cond_init(&j->filled, NULL);
	pthread_cond_init(&j->written, NULL);
	buf_init(&j->tick.bytes, JOURNAL_TICK_BYTES);
	pthread_condattr_destroy(&attr);
	*out = j;
	return ERR_OK;
}

enum err
journal_beat(struct journal *j, struct db_conn *c)
{
	struct worker_row w = {
		j->worker, j->host, getpid(), ++j->beat, j->keys
	};

	return worker_beat(c, &w);
}

enum err
journal_register(struct journal *j)
{
	struct db_conn *c;
	enum err err;

	if ((err = db_take(j->db, &c)))
		return err;
	err = journal_beat(j, c);
	db_give(j->db, c);
	return err;
}

enum err
journal_start(struct journal *j, struct relay *relay)
{
	j->relay = relay;
	/* Where one cannot be started the process does not start. */
	if (pthread_create(&j->ends_thread, NULL, journal_run_ends, j) != 0 ||
	    pthread_create(&j->texts_thread, NULL, journal_run_texts, j) != 0 ||
	    pthread_create(&j->looks_thread, NULL, journal_run_looks, j) != 0)
		return ERR_INTERNAL;
	j->started = true;
	return ERR_OK;
}

void
journal_wake_worker(const struct journal *j, const struct uuid *worker)
{
	struct sockaddr_un a;

	socket_address(j, worker, &a);
	/*
	 * Where it is not on this host there is no such socket; then its next
	 * tick finds the request.
	 */
	if (sendto(j->sock, "look", 4, MSG_DONTWAIT | MSG_NOSIGNAL,
	    (struct sockaddr *)&a, sizeof(a)) < 0) {}
}

static void
remove_worker(struct journal *j)
{
	struct sockaddr_un a;
	struct db_conn *c;

	socket_address(j, &j->worker, &a);
	close(j->sock);
	unlink(a.sun_path);
	if (db_take(j->db, &c))
		return; /* somebody will see that the beat has stopped */
	worker_remove(c, &j->worker);
	db_give(j->db, c);
}

static void
stop_threads(struct journal *j, int64_t give_up_ms)
{
	pthread_mutex_lock(&j->lock);
	j->closing = true;
	j->give_up_at_ms = clock_ms() + give_up_ms;
	pthread_cond_signal(&j->more);
	pthread_mutex_unlock(&j->lock);
	pthread_join(j->ends_thread, NULL);
	pthread_mutex_lock(&j->lock);
	atomic_store(&j->stopping, true);
	pthread_cond_signal(&j->filled);
	pthread_mutex_unlock(&j->lock);
	journal_wake_worker(j, &j->worker);
	pthread_join(j->texts_thread, NULL);
	pthread_join(j->looks_thread, NULL);
}

void
journal_close(struct journal *j, int64_t give_up_ms)
{
	if (j == NULL)
		return;
	if (j->started)
		stop_threads(j, give_up_ms);
	remove_worker(j);
	pthread_cond_destroy(&j->more);
	pthread_cond_destroy(&j->filled);
	pthread_cond_destroy(&j->written);
	pthread_mutex_destroy(&j->lock);
	buf_free(&j->tick.bytes);
	free(j->tick.pieces);
	free(j);
}
