/*
 * The thread of the looks: stop requests, this worker's beat, the answers of
 * dead workers.
 */
#include "stream/journal_private.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/messages.h"
#include "store/segments.h"
#include "store/stops.h"
#include "store/tries.h"
#include "store/workers.h"
#include "stream/relay.h"

static void
on_stop(void *arg, const struct uuid *stream, int lane)
{
	struct journal *j = arg;

	relay_stop(j->relay, stream, lane);
}

static void
on_worker(void *arg, const struct uuid *id, int64_t beat)
{
	struct journal *j = arg;
	int64_t now = clock_ms();

	for (int i = 0; i < j->n_peers; i++) {
		struct peer *p = &j->peers[i];

		if (!uuid_equal(&p->id, id))
			continue;
		p->listed = true;
		if (p->beat != beat) {
			p->beat = beat;
			p->seen_ms = now;
		}
		return;
	}
	if (j->n_peers < JOURNAL_PEERS_MAX)
		j->peers[j->n_peers++] = (struct peer){
			.id = *id, .beat = beat, .seen_ms = now, .listed = true,
		};
}

static enum err
bury(struct db_conn *c, const struct peer *p)
{
	char id[UUID_TEXT_SIZE];
	enum err err;
	int n;

	if ((err = msg_orphans_end(c, &p->id, &n)))
		return err;
	log_say(LOG_WARN, "journal",
	    "worker %s has no beat; %d of its answers are interrupted",
	    uuid_text(&p->id, id), n);
	return worker_remove(c, &p->id);
}

/* Time without a look does not count against anybody. */
static void
restart_watch(struct journal *j, int64_t now)
{
	if (j->watching_since_ms != 0)
		return;
	j->watching_since_ms = now;
	for (int i = 0; i < j->n_peers; i++)
		j->peers[i].seen_ms = now;
}

static enum err
watch_peers(struct journal *j, struct db_conn *c, int64_t now)
{
	enum err err;
	int kept = 0;

	for (int i = 0; i < j->n_peers; i++)
		j->peers[i].listed = false;
	if ((err = worker_list(c, on_worker, j)))
		return err;
	for (int i = 0; i < j->n_peers; i++) {
		struct peer *p = &j->peers[i];

		if (p->listed && !uuid_equal(&p->id, &j->worker) &&
		    now - p->seen_ms >= JOURNAL_DEAD_MS) {
			if ((err = bury(c, p)))
				return err;
			continue;
		}
		if (p->listed)
			j->peers[kept++] = *p;
	}
	j->n_peers = kept;
	return ERR_OK;
}

static enum err
beat_and_watch(struct journal *j, struct db_conn *c, int64_t now)
{
	enum err err;

	if (now < j->beat_due_ms)
		return ERR_OK;
	if ((err = journal_beat(j, c)))
		return err;
	restart_watch(j, now);
	if ((err = watch_peers(j, c, now)))
		return err;
	j->beat_due_ms = now + JOURNAL_BEAT_MS;
	return ERR_OK;
}

static enum err
sweep(struct journal *j, struct db_conn *c, int64_t now)
{
	enum err err;

	if (now < j->sweep_due_ms)
		return ERR_OK;
	j->sweep_due_ms = now + JOURNAL_SWEEP_MS;
	if ((err = stop_sweep(c, clock_wall_ms())) ||
	    (err = tries_sweep(c, clock_wall_ms())))
		return err;
	return segment_sweep(c);
}

static void
look(struct journal *j, struct db_conn *c)
{
	int64_t now = clock_ms();

	if (stop_take(c, &j->worker, on_stop, j) ||
	    beat_and_watch(j, c, now) || sweep(j, c, now)) {
		if (j->watching_since_ms != 0)
			log_say(LOG_WARN, "journal", "the database fails: %s",
			    db_why(c));
		j->watching_since_ms = 0;
	}
}

static void
look_with_connection(struct journal *j)
{
	struct db_conn *c;

	if (db_take(j->db, &c)) {
		if (j->watching_since_ms != 0)
			log_say(LOG_WARN, "journal", "the database is away");
		j->watching_since_ms = 0;
		return;
	}
	look(j, c);
	db_give(j->db, c);
}

/* Until the next look is due, or until somebody says "look now". */
static void
wait_for_look(struct journal *j)
{
	struct pollfd p = { .fd = j->sock, .events = POLLIN };
	char drop[64];

	if (poll(&p, 1, JOURNAL_TICK_MS) <= 0)
		return;
	while (recv(j->sock, drop, sizeof(drop), MSG_DONTWAIT) >= 0)
		continue; /* what it says does not matter, that it came does */
}

void *
journal_run_looks(void *journal)
{
	struct journal *j = journal;

	while (!atomic_load(&j->stopping)) {
		look_with_connection(j);
		wait_for_look(j);
	}
	return NULL;
}
