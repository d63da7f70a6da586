#include "admin/rotate.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include "base/clock.h"
#include "store/workers.h"

enum {
	LOOK_MS = 100,
	DEAD_MS = 6000,     /* without a beat: a second more than workers wait */
	WORKERS_MAX = 1024, /* as stream/journal.h watches */
	WHO_SIZE = 300,
};

/* A worker, as we have seen it. */
struct seen {
	struct uuid id;
	int64_t beat;
	int64_t at_ms; /* when the beat was last seen to move */
};

struct watch {
	char want[KEYRING_TEXT_SIZE]; /* "VERSION:FINGERPRINT" */
	bool in_use;
	struct seen seen[WORKERS_MAX];
	int n;
	int lacking;        /* in the last look */
	char who[WHO_SIZE]; /* one of them */
};

/* Does a worker that says `keys` of itself have what is wanted?  One that says
 * nothing seals and opens nothing any more. */
static bool
has(const struct watch *w, const char *keys)
{
	size_t n = strlen(w->want);

	if (keys[0] == '\0')
		return true;
	for (const char *p = keys; p != NULL; p = strchr(p, ' ')) {
		p += *p == ' ';
		if (strncmp(p, w->want, n) == 0 &&
		    (p[n] == ' ' || p[n] == '\0'))
			return true;
		if (w->in_use)
			return false; /* it would have to come first */
	}
	return false;
}

static bool
lives(struct watch *w, const struct worker_row *row)
{
	int64_t now = clock_ms();

	for (int i = 0; i < w->n; i++) {
		struct seen *s = &w->seen[i];

		if (!uuid_equal(&s->id, &row->id))
			continue;
		if (s->beat != row->beat) {
			s->beat = row->beat;
			s->at_ms = now;
		}
		return now - s->at_ms < DEAD_MS;
	}
	if (w->n < WORKERS_MAX)
		w->seen[w->n++] = (struct seen){ row->id, row->beat, now };
	return true;
}

static void
on_worker(void *arg, const struct worker_row *row)
{
	struct watch *w = arg;

	if (!lives(w, row) || has(w, row->keys))
		return;
	if (w->lacking++ == 0)
		snprintf(w->who, sizeof(w->who), "process %d on host %s",
		    row->pid, row->host);
}

static int
look(struct rotation *r, struct watch *w)
{
	w->lacking = 0;
	return worker_rows(r->c, on_worker, w) ? rotate_fail_db(r) :
	    ADMIN_DONE;
}

static int
give_up(struct rotation *r, const struct watch *w, int version)
{
	return rotate_fail(r, "%d workers %s version %d, one of them %s. Send "
	    "HUP to the master of the workers on every host, which needs "
	    "this %s; their log says why where they do not take it. Then run "
	    "this again: nothing is lost.", w->lacking,
	    w->in_use ? "do not yet seal with" : "do not yet have", version,
	    w->who, r->path);
}

static int
watch(struct rotation *r, struct watch *w, int version)
{
	struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	int64_t until = clock_ms() + (int64_t)r->o->wait_s * 1000;
	int rc = look(r, w);

	if (rc == ADMIN_DONE && w->lacking > 0 && !r->told)
		rc = rotate_tell(r);
	if (rc == ADMIN_DONE && w->lacking > 0)
		rotate_say(r, "waiting for %d workers to %s version %d …",
		    w->lacking, w->in_use ? "use" : "have", version);
	while (rc == ADMIN_DONE && w->lacking > 0) {
		if (clock_ms() >= until)
			return give_up(r, w, version);
		nanosleep(&pause, NULL);
		rc = look(r, w);
	}
	return rc;
}

int
rotate_wait(struct rotation *r, const struct keyring_key *k, bool in_use)
{
	char print[KEYRING_PRINT_SIZE];
	struct watch *w = calloc(1, sizeof(*w));
	int rc;

	if (w == NULL || keyring_print(&k->key, print)) {
		free(w);
		return rotate_fail(r, "OpenSSL failed, or memory is out.");
	}
	snprintf(w->want, sizeof(w->want), "%d:%s", k->version, print);
	w->in_use = in_use;
	rc = watch(r, w, k->version);
	free(w);
	return rc;
}

/* HUP ends a process that does not expect it, so we look whom it would meet. */
static bool
is_ours(int pid)
{
	char path[64], name[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if ((f = fopen(path, "r")) == NULL)
		return false;
	if (fgets(name, sizeof(name), f) != NULL)
		name[strcspn(name, "\n")] = '\0';
	fclose(f);
	return strcmp(name, "llmselect.fcgi") == 0;
}

int
rotate_tell(struct rotation *r)
{
	if (r->o->pid == 0)
		return ADMIN_DONE;
	if (!is_ours(r->o->pid))
		return rotate_fail(r, "Process %d is no llmselect.fcgi. --pid "
		    "takes the master of the workers.", r->o->pid);
	if (kill((pid_t)r->o->pid, SIGHUP))
		return rotate_fail(r, "Process %d: %s", r->o->pid,
		    strerror(errno));
	r->told = true;
	return ADMIN_DONE;
}
