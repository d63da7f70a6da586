/*
 * The processes that write answers, each with a beat that it moves on while it
 * lives.  Who else is alive is judged by seeing the beat move, with the
 * watcher's own clock: see stream/journal.h.
 */
#ifndef STORE_WORKERS_H
#define STORE_WORKERS_H

#include "base/uuid.h"
#include "store/db.h"

/* What a worker says of itself. */
struct worker_row {
	struct uuid id;
	const char *host;
	int pid;
	int64_t beat;
	const char *keys; /* the master key's versions: keyring_text(); "":
			     it neither seals nor opens any more */
};

/* Make this worker's row, or move its beat on. */
enum err
worker_beat(struct db_conn *c, const struct worker_row *w);

typedef void worker_fn(void *arg, const struct uuid *id, int64_t beat);

enum err
worker_list(struct db_conn *c, worker_fn *each, void *arg);

/* From now on this worker neither seals nor opens anything. */
enum err
worker_drop_keys(struct db_conn *c, const struct uuid *id);

typedef void worker_row_fn(void *arg, const struct worker_row *w);

/* All that is said of all; what it points to is borrowed for the call. */
enum err
worker_rows(struct db_conn *c, worker_row_fn *each, void *arg);

enum err
worker_remove(struct db_conn *c, const struct uuid *id);

#endif
