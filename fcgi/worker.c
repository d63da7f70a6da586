#include "worker.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "api/app.h"
#include "api/dispatch.h"
#include "api/lister.h"
#include "base/log.h"
#include "fcgi_io.h"
#include "gate.h"
#include "worker_keys.h"
#include "llm/catalog.h"
#include "llm/provider.h"
#include "store/db.h"
#include "stream/journal.h"
#include "stream/relay.h"
#include "stream/tail.h"

enum {
	ACCEPTORS_MAX = 64,
	ACCEPTOR_STACK = 512 * 1024,
	ARENAS_MAX = 2,
	OWN_PAGES_FROM = 128 * 1024, /* bytes: larger blocks are mapped */
	OWN_CONNECTIONS = 5, /* journal, tail, lister: see database.pool */
	WAKE_MS = 5,             /* between two nudges of an accepting thread */
	LAST_COMMITS_MS = 5000,  /* for ends that wait for the database */
	WHY_SIZE = 512,
};

struct worker {
	struct app app;
	struct keyring master; /* until the parts are open */
	struct gate gate;
	struct door door;
	pthread_t acceptors[ACCEPTORS_MAX];
	int n_acceptors;
	atomic_int accepting; /* threads that have not ended */
	pthread_t porter;     /* serves those who came late */
	atomic_bool is_waiting;
};

/* What makes an accepting thread look up.  USR1 and TERM are libfcgi's. */
#define WAKE_SIGNAL SIGRTMIN

/* ---- requests ---- */

static void
run_job(struct worker *w, struct job *job)
{
	dispatch_run(&w->app, &job->rq, job->route);
	req_free(&job->rq);
	free(job);
}

static void
refuse_job(struct worker *w, struct job *job)
{
	req_fail(&job->rq, ERR_UNAVAILABLE,
	    "The server has more to do than it can. Try again in a moment.");
	run_job(w, job);
}

static void
run_inside(struct worker *w, struct job *job)
{
	for (; job != NULL; job = gate_leave(&w->gate))
		run_job(w, job);
}

static void
serve_job(struct worker *w, struct job *job)
{
	if (job->rq.err == ERR_OK)
		job->route = dispatch_find(&job->rq);
	if (!dispatch_may_wait(job->route)) {
		run_job(w, job);
		return;
	}
	switch (gate_enter(&w->gate, job)) {
	case GATE_IN:
		run_inside(w, job);
		return;
	case GATE_WAITS:
		return;
	case GATE_TOO_MANY:
		refuse_job(w, job);
	}
}

static void
serve_from(struct worker *w, fcgi_source *source)
{
	struct fcgi_taker *t = fcgi_taker_make();
	enum err err = t != NULL ? ERR_OK : ERR_INTERRUPTED;
	sigset_t wake;

	sigemptyset(&wake);
	sigaddset(&wake, WAKE_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &wake, NULL);
	while (err != ERR_INTERRUPTED) {
		struct job *job = calloc(1, sizeof(*job));

		err = job == NULL ? ERR_UNAVAILABLE : fcgi_accept(t,
		    &w->door, source, w->app.conf->server_body_max, &job->rq);
		if (err == ERR_OK)
			serve_job(w, job);
		else
			free(job);
	}
	fcgi_taker_free(t);
}

static void *
accept_requests(void *arg)
{
	struct worker *w = arg;

	serve_from(w, door_accept);
	atomic_fetch_sub(&w->accepting, 1);
	return NULL;
}

static void *
serve_late_ones(void *arg)
{
	struct worker *w = arg;

	serve_from(w, door_wait);
	atomic_store(&w->is_waiting, false);
	return NULL;
}

/* ---- the start ---- */

static int
complain(const char *what, const char *why)
{
	log_say(LOG_ERROR, "worker", "%s: %s", what, why);
	return -1;
}

static int
open_parts(struct worker *w)
{
	struct app *app = &w->app;
	struct journal_settings js;
	char why[WHY_SIZE] = "", keys[KEYRING_TEXT_SIZE];

	app->worker = uuid_make();
	if (db_open(app->conf, &app->db, why, sizeof(why)))
		return complain("the database cannot be used", why);
	if (llm_providers_load(app->conf, &app->providers, why, sizeof(why)))
		return complain("the providers cannot be used", why);
	if (catalog_load(app->conf->server_models, &app->catalog,
	    why, sizeof(why)))
		return complain("the list of models cannot be used", why);
	if (keyring_text(&w->master, keys))
		return complain("keys", "OpenSSL failed");
	js = (struct journal_settings){
		app->db, app->worker, app->conf->server_run_dir, keys,
	};
	if (journal_open(&js, &app->journal, why, sizeof(why)))
		return complain("the journal cannot be opened", why);
	if (worker_keys_check(app, &w->master)) {
		journal_close(app->journal, 0);
		return -1;
	}
	if (tail_open(app->db, &app->tail) || relay_open(app->conf,
	    app->journal, app->tail, &app->relay))
		return complain("the relay cannot be opened", strerror(ENOMEM));
	if (lister_open(app, &app->lister) || lister_start(app->lister))
		return complain("the lister cannot be opened", strerror(EAGAIN));
	if (relay_start(app->relay) || tail_start(app->tail, app->relay) ||
	    journal_start(app->journal, app->relay))
		return complain("threads cannot be started", strerror(EAGAIN));
	return 0;
}

static int
start_acceptors(struct worker *w)
{
	pthread_attr_t attr;
	int bad;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, ACCEPTOR_STACK);
	bad = pthread_create(&w->porter, &attr, serve_late_ones, w);
	atomic_store(&w->is_waiting, bad == 0);
	for (int i = 0; i < w->app.conf->server_acceptors && bad == 0; i++) {
		atomic_fetch_add(&w->accepting, 1);
		bad = pthread_create(&w->acceptors[i], &attr, accept_requests, w);
		if (bad == 0)
			w->n_acceptors++;
		else
			atomic_fetch_sub(&w->accepting, 1);
	}
	pthread_attr_destroy(&attr);
	return bad ? complain("threads cannot be started", strerror(bad)) : 0;
}

/*
 * glibc gives each of some twenty threads a heap of its own, and learns from
 * the first large block that is freed to take the next ones from there too:
 * after two answers of 12 MB a worker held 309 MB.  With few heaps, and large
 * blocks on pages of their own as at the start, it is 73 MB.
 */
static void
keep_heaps_small(void)
{
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, ARENAS_MAX);
	mallopt(M_MMAP_THRESHOLD, OWN_PAGES_FROM);
#endif
}

static void
raise_descriptor_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

static void
on_wake(int sig)
{
	(void)sig;
}

static void
catch_wake(void)
{
	struct sigaction a = { .sa_handler = on_wake }; /* no SA_RESTART */

	sigaction(WAKE_SIGNAL, &a, NULL);
}

/* ---- the end ---- */

/*
 * A thread may be about to wait when the signal comes, so it is repeated until
 * all are out.
 */
static void
stop_accepting(struct worker *w)
{
	struct timespec pause = { .tv_nsec = WAKE_MS * 1000000L };

	door_stop(&w->door);
	while (atomic_load(&w->accepting) > 0) {
		for (int i = 0; i < w->n_acceptors; i++)
			pthread_kill(w->acceptors[i], WAKE_SIGNAL);
		nanosleep(&pause, NULL);
	}
	for (int i = 0; i < w->n_acceptors; i++)
		pthread_join(w->acceptors[i], NULL);
	close(w->door.listen_fd);
	door_close(&w->door);
	while (atomic_load(&w->is_waiting)) {
		pthread_kill(w->porter, WAKE_SIGNAL);
		nanosleep(&pause, NULL);
	}
	pthread_join(w->porter, NULL);
	door_free(&w->door);
}

struct hurry {
	struct relay *relay;
	sigset_t signals;
};

/* A second signal during the drain means: now. */
static void *
wait_for_hurry(void *arg)
{
	struct hurry *h = arg;
	int sig;

	for (;;)
		if (sigwait(&h->signals, &sig) == 0 && sig != SIGHUP)
			relay_drain(h->relay, 0);
	return NULL;
}

static void
drain(struct worker *w, const sigset_t *signals)
{
	struct hurry h = { w->app.relay, *signals };
	pthread_t thread;
	bool watched;

	relay_drain(w->app.relay, w->app.conf->server_drain_max_ms);
	watched = pthread_create(&thread, NULL, wait_for_hurry, &h) == 0;
	relay_wait(w->app.relay);
	if (watched) {
		pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
}

static void
close_parts(struct app *app)
{
	lister_close(app->lister);
	tail_close(app->tail);
	journal_close(app->journal, LAST_COMMITS_MS);
	relay_free(app->relay);
	catalog_free(app->catalog);
	llm_providers_free(app->providers);
	db_free(app->db);
}

void
worker_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGUSR1);
	sigaddset(set, SIGHUP);
}

static void
tell_ready(int fd)
{
	if (fd < 0)
		return;
	/* Where nobody listens any more there is nobody to tell. */
	if (write(fd, "+", 1) < 0) {}
	close(fd);
}

static int
serve(struct worker *w, const sigset_t *signals, int ready_fd)
{
	int sig;

	if (start_acceptors(w))
		return 1;
	tell_ready(ready_fd);
	log_say(LOG_INFO, "worker", "serving with %d threads", w->n_acceptors);
	sigwait(signals, &sig);
	log_say(LOG_INFO, "worker", "stopping on signal %d; %d answers run",
	    sig, relay_count(w->app.relay));
	stop_accepting(w);
	worker_keys_drop(&w->app);
	drain(w, signals);
	return 0;
}

int
worker_run(const struct conf *conf, int listen_fd, int ready_fd)
{
	struct worker w = { .app.conf = conf };
	sigset_t signals;
	int status = 1;

	worker_keys_hide(conf);
	worker_signals(&signals);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	catch_wake();
	keep_heaps_small();
	raise_descriptor_limit();
	gate_init(&w.gate, conf->database_pool - OWN_CONNECTIONS);
	if (fcgi_init() == ERR_OK &&
	    door_open(&w.door, listen_fd, conf->server_acceptors) == ERR_OK &&
	    worker_keys_load(&w.app, &w.master) == 0 && open_parts(&w) == 0) {
		keyring_wipe(&w.master);
		status = serve(&w, &signals, ready_fd);
	}
	if (status == 0)
		close_parts(&w.app);
	worker_keys_wipe(&w.app, &w.master);
	gate_free(&w.gate);
	log_say(LOG_INFO, "worker", "ended with status %d", status);
	return status;
}
