#include "master.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "fcgi_listen.h"
#include "worker.h"
#include "worker_keys.h"

enum {
	SLOTS_MAX = 256,         /* workers, those that drain included */
	SHORT_LIFE_MS = 5000,    /* who dies sooner is started again later */
	BACKOFF_MIN_MS = 100,
	BACKOFF_MAX_MS = 5000,
	START_MAX_MS = 15000,    /* for new workers to serve, at a reload */
	KILL_AFTER_MS = 20000,   /* beyond server.drain_max */
};

struct slot {
	pid_t pid;          /* 0: none runs now */
	bool in_use;
	bool leaving;       /* told to drain; not started again */
	int64_t started_ms;
	int64_t start_at_ms; /* when pid is 0 */
	int backoff_ms;
	int64_t kill_at_ms; /* 0: not yet told to leave */
};

struct master {
	const struct options *options;
	struct conf *conf;
	int listen_fd;
	bool stopping;
	struct slot slots[SLOTS_MAX];
};

struct conf *
options_load(const struct options *o, char why[static CONF_WHY_MAX])
{
	struct conf *conf = calloc(1, sizeof(*conf));
	enum log_level level;

	if (conf == NULL) {
		snprintf(why, CONF_WHY_MAX, "out of memory");
		return NULL;
	}
	if (conf_load(o->files, o->n_files, conf, why)) {
		free(conf);
		return NULL;
	}
	if (o->listen != NULL)
		snprintf(conf->server_socket, sizeof(conf->server_socket), "%s",
		    o->listen);
	if (o->workers > 0)
		conf->server_workers = o->workers;
	if (log_level_parse(conf->log_level, &level))
		log_level_set(level);
	return conf;
}

static void
child(const struct master *m, int ready_fd)
{
	sigset_t none;
	int status;

	/* Nobody is left behind where the master is killed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGCHLD, SIG_DFL);
	status = worker_run(m->conf, m->listen_fd, ready_fd);
	exit(status);
}

static void
start(struct master *m, struct slot *s, int ready_fd)
{
	pid_t pid = fork();

	if (pid == 0)
		child(m, ready_fd);
	if (pid < 0) {
		log_say(LOG_ERROR, "master", "fork: %s", strerror(errno));
		s->start_at_ms = clock_ms() + BACKOFF_MAX_MS;
		return;
	}
	s->pid = pid;
	s->started_ms = clock_ms();
	log_say(LOG_INFO, "master", "worker %d started", (int)pid);
}

static struct slot *
free_slot(struct master *m)
{
	for (int i = 0; i < SLOTS_MAX; i++)
		if (!m->slots[i].in_use) {
			m->slots[i] = (struct slot){ .in_use = true };
			return &m->slots[i];
		}
	return NULL;
}

/* ---- a worker ends ---- */

static void
plan_restart(struct slot *s, int64_t now)
{
	if (now - s->started_ms >= SHORT_LIFE_MS)
		s->backoff_ms = 0;
	s->start_at_ms = now + s->backoff_ms;
	s->backoff_ms = s->backoff_ms == 0 ? BACKOFF_MIN_MS : s->backoff_ms * 2;
	if (s->backoff_ms > BACKOFF_MAX_MS)
		s->backoff_ms = BACKOFF_MAX_MS;
}

static void
log_end(pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		log_say(LOG_ERROR, "master", "worker %d was ended by signal %d",
		    (int)pid, WTERMSIG(status));
	else
		log_say(WEXITSTATUS(status) != 0 ? LOG_ERROR : LOG_INFO,
		    "master", "worker %d ended with status %d", (int)pid,
		    WEXITSTATUS(status));
}

static void
on_ended(struct master *m, pid_t pid, int status)
{
	for (int i = 0; i < SLOTS_MAX; i++) {
		struct slot *s = &m->slots[i];

		if (!s->in_use || s->pid != pid)
			continue;
		log_end(pid, status);
		s->pid = 0;
		if (s->leaving || m->stopping)
			s->in_use = false;
		else
			plan_restart(s, clock_ms());
		return;
	}
}

static void
reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		on_ended(m, pid, status);
}

static void
start_due(struct master *m)
{
	int64_t now = clock_ms();

	for (int i = 0; i < SLOTS_MAX; i++) {
		struct slot *s = &m->slots[i];

		if (s->in_use && s->pid == 0 && !m->stopping &&
		    now >= s->start_at_ms)
			start(m, s, -1);
	}
}

/* ---- telling them to leave ---- */

static void
tell_to_leave(const struct master *m, struct slot *s, int sig)
{
	s->leaving = true;
	if (s->pid == 0) {
		s->in_use = false;
		return;
	}
	kill(s->pid, sig);
	if (s->kill_at_ms == 0)
		s->kill_at_ms = clock_ms() + m->conf->server_drain_max_ms +
		    KILL_AFTER_MS;
}

static void
kill_overdue(struct master *m)
{
	int64_t now = clock_ms();

	for (int i = 0; i < SLOTS_MAX; i++) {
		struct slot *s = &m->slots[i];

		if (s->in_use && s->pid > 0 && s->kill_at_ms != 0 &&
		    now >= s->kill_at_ms) {
			log_say(LOG_ERROR, "master",
			    "worker %d does not end; it is killed", (int)s->pid);
			kill(s->pid, SIGKILL);
			s->kill_at_ms = now + KILL_AFTER_MS;
		}
	}
}

/*
 * Nobody accepts any more: who comes now is to be refused at once, and not to
 * wait in the backlog of a socket that this process holds open.
 */
static void
close_socket(struct master *m)
{
	if (m->listen_fd < 0)
		return;
	unlink(m->conf->server_socket);
	close(m->listen_fd);
	m->listen_fd = -1;
}

static void
stop_all(struct master *m, int sig)
{
	m->stopping = true;
	close_socket(m);
	for (int i = 0; i < SLOTS_MAX; i++)
		if (m->slots[i].in_use)
			tell_to_leave(m, &m->slots[i], sig);
}

static int
count_running(const struct master *m)
{
	int n = 0;

	for (int i = 0; i < SLOTS_MAX; i++)
		n += m->slots[i].in_use && m->slots[i].pid > 0;
	return n;
}

/* ---- new settings ---- */

/* Wait until `want` workers have said that they serve. */
static bool
wait_ready(int fd, int want)
{
	int64_t until = clock_ms() + START_MAX_MS;

	while (want > 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = until - clock_ms();
		char said[SLOTS_MAX];
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return false;
		n = read(fd, said, sizeof(said));
		if (n <= 0)
			return false; /* all ends are closed: they died */
		want -= (int)n;
	}
	return true;
}

static bool
start_generation(struct master *m, bool *is_new)
{
	int ready[2];
	bool good;

	if (pipe(ready) != 0)
		return false;
	for (int i = 0; i < m->conf->server_workers; i++) {
		struct slot *s = free_slot(m);

		if (s == NULL)
			break;
		is_new[s - m->slots] = true;
		start(m, s, ready[1]);
	}
	close(ready[1]);
	good = wait_ready(ready[0], m->conf->server_workers);
	close(ready[0]);
	return good;
}

static void
retire(struct master *m, const bool *is_new, bool new_ones)
{
	for (int i = 0; i < SLOTS_MAX; i++)
		if (m->slots[i].in_use && !m->slots[i].leaving &&
		    is_new[i] == new_ones)
			tell_to_leave(m, &m->slots[i], SIGTERM);
}

static void
reload(struct master *m)
{
	bool is_new[SLOTS_MAX] = { false };
	char why[CONF_WHY_MAX] = "";
	struct conf *old = m->conf, *conf = options_load(m->options, why);

	if (conf == NULL) {
		log_say(LOG_ERROR, "master", "the settings stay as they are: %s",
		    why);
		return;
	}
	m->conf = conf;
	if (start_generation(m, is_new)) {
		retire(m, is_new, false);
		free(old);
		log_say(LOG_INFO, "master", "the new settings are in force");
		return;
	}
	retire(m, is_new, true);
	m->conf = old;
	free(conf);
	log_say(LOG_ERROR, "master", "the settings stay as they are: "
	    "workers with the new ones do not start; their lines say why");
}

/* ---- the loop ---- */

enum { LOOK_MS = 100 }; /* between two looks at what is due */

static void
on_signal(struct master *m, int sig)
{
	switch (sig) {
	case SIGTERM:
	case SIGINT:
	case SIGUSR1:
		stop_all(m, sig == SIGINT ? SIGTERM : sig);
		return;
	case SIGHUP:
		if (!m->stopping)
			reload(m);
	}
}

static void
run(struct master *m, const sigset_t *signals)
{
	struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };

	while (!m->stopping || count_running(m) > 0) {
		int sig = sigtimedwait(signals, NULL, &look);

		if (sig > 0)
			on_signal(m, sig);
		reap(m);
		start_due(m);
		kill_overdue(m);
	}
}

int
master_run(const struct options *o)
{
	struct master *m = calloc(1, sizeof(*m));
	char why[CONF_WHY_MAX] = "";
	sigset_t signals;

	if (m == NULL || (m->conf = options_load(o, why)) == NULL) {
		fprintf(stderr, "llmselect.fcgi: %s\n", why);
		free(m);
		return 2;
	}
	m->options = o;
	worker_keys_hide(m->conf); /* keys may be in the environment */
	m->listen_fd = fcgi_listen(m->conf->server_socket, why, sizeof(why));
	if (m->listen_fd < 0) {
		fprintf(stderr, "llmselect.fcgi: %s\n", why);
		free(m->conf);
		free(m);
		return 2;
	}
	worker_signals(&signals);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (int i = 0; i < m->conf->server_workers; i++)
		free_slot(m);
	start_due(m);
	run(m, &signals);
	close_socket(m);
	free(m->conf);
	free(m);
	return 0;
}
