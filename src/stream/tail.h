/*
 * The tail: follows, in the database, running answers that another worker
 * writes, for readers of this one.  A thread with a connection of its own looks
 * every TAIL_MS and tells the relay what is new; a reader is as far behind the
 * first one as the writer's tick and this look take together.
 */
#ifndef STREAM_TAIL_H
#define STREAM_TAIL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"
#include "store/db.h"
#include "store/messages.h"

enum {
	TAIL_MS = 200,
	TAIL_SHADOWS_MAX = 2000, /* followed at once by a process */
};

struct relay;
struct tail;

/* What is new of an answer that is followed.  Owned by whoever holds it. */
struct tail_news {
	struct tail_news *next;
	uint64_t shadow_id;
	struct buf text, reasoning;
	bool is_over; /* `row` says how; its texts lie in the two buffers, and
	               * are the whole ones */
	bool is_gone; /* the answer was deleted */
	struct msg row;
};

enum err
tail_open(struct db *db, struct tail **out);

enum err
tail_start(struct tail *t, struct relay *relay);

/*
 * Follow an answer of this user from its beginning; ERR_UNAVAILABLE when as
 * many are followed as may be.  News bear the number that is given out here.
 */
enum err
tail_add(struct tail *t, const struct uuid *user, const struct uuid *message,
    uint64_t *shadow_id);

void
tail_remove(struct tail *t, uint64_t shadow_id);

void
tail_news_free(struct tail_news *news);

/* Ends the thread.  NULL is well. */
void
tail_close(struct tail *t);

#endif
