/*
 * The processes that write answers, each with a beat that it moves on while it
 * lives.  Who else is alive is judged by seeing the beat move, with the
 * watcher's own clock: see stream/journal.h.
 */
#ifndef STORE_WORKERS_H
#define STORE_WORKERS_H

#include "base/uuid.h"
#include "store/db.h"

/* Make this worker's row, or move its beat on. */
enum err
worker_beat(struct db_conn *c, const struct uuid *id, const char *host,
    int pid, int64_t beat);

typedef void worker_fn(void *arg, const struct uuid *id, int64_t beat);

enum err
worker_list(struct db_conn *c, worker_fn *each, void *arg);

enum err
worker_remove(struct db_conn *c, const struct uuid *id);

#endif
