/*
 * The journal: the only writer of what streams become.  Three threads, each
 * with a database connection of its own, so that none waits for another.
 *
 * Ends: final rows, woken at once, all that wait in one transaction.  While
 * the database is away they wait here, in memory, and are tried again; the
 * relay is told when one is on disk, and only then does the reader see `done`.
 *
 * Texts: what all running answers of the process have got since the last time,
 * whenever the relay hands that over, in as few statements as can be.
 *
 * Looks: every JOURNAL_TICK_MS, and at once on a datagram to this worker's
 * socket, look for stop requests; move this worker's beat on; end what dead
 * workers left running.  A worker is dead when this one, connected all the
 * while, saw no new beat of it for JOURNAL_DEAD_MS of its own monotonic clock;
 * so neither a wrong clock nor a restart of the database kills anybody.
 */
#ifndef STREAM_JOURNAL_H
#define STREAM_JOURNAL_H

#include "base/uuid.h"
#include "store/db.h"
#include "stream/stream.h"

enum {
	JOURNAL_TICK_MS = 250,
	JOURNAL_BEAT_MS = 1000,
	JOURNAL_DEAD_MS = 5000,
	JOURNAL_SWEEP_MS = 60000,     /* between sweeps of unread stops */
	JOURNAL_BATCH_MAX = 64,       /* ends in one transaction */
	JOURNAL_BATCH_BYTES = 1 << 20, /* of text in one transaction */
	JOURNAL_RETRY_MIN_MS = 50,    /* after the database could not be reached */
	JOURNAL_RETRY_MAX_MS = 1000,
	JOURNAL_PEERS_MAX = 1024,     /* workers that are watched */
	JOURNAL_TICK_ROWS = 240,      /* pieces of text in one transaction */
	JOURNAL_TICK_BYTES = 32 << 20, /* of text waiting to be written */
};

struct journal;
struct relay;

struct journal_settings {
	struct db *db;
	struct uuid worker;
	const char *run_dir; /* where worker-<id>.sock is made */
	const char *keys;    /* of the worker's row: keyring_text() */
};

/* Make it and its socket; `why` gets a sentence where that fails.  The texts
 * of the settings are copied. */
enum err
journal_open(const struct journal_settings *settings, struct journal **out,
    char *why, size_t why_size);

/* Make this worker's row, before anybody counts on it; ERR_UNAVAILABLE where
 * the database is away, and then the threads will. */
enum err
journal_register(struct journal *j);

/* Start the threads; commits and stops are told to `relay`. */
enum err
journal_start(struct journal *j, struct relay *relay);

/*
 * What running answers have got: the relay begins a tick, adds its lanes, which
 * copies their new text, and ends it.  False where the last one is not written
 * yet; then there will be more text the next time.
 */
bool
journal_tick_begin(struct journal *j);

void
journal_tick_add(struct journal *j, struct stream_lane *lane);

void
journal_tick_end(struct journal *j);

/*
 * Write this lane's end.  The lane stays as it is until relay_committed() is
 * called for it, which happens exactly once.
 */
void
journal_end(struct journal *j, struct stream_lane *lane);

/* Tell another worker of this host to look for stop requests now. */
void
journal_wake_worker(const struct journal *j, const struct uuid *worker);

/*
 * Finish: what waits is tried until `give_up_ms` more have passed, the worker's
 * row and socket are removed, the threads end.  NULL is well.
 */
void
journal_close(struct journal *j, int64_t give_up_ms);

#endif
