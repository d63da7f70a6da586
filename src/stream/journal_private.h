/*
 * What the files of the journal share, and nobody else includes: its state, and
 * who may touch which field.
 *
 * Four parties meet here.  The three threads of the journal; the relay, which
 * queues ends (journal_end) and fills the tick (journal_tick_...); any
 * acceptor, which may wake a worker; and main, which opens, starts and closes.
 * One lock guards all that two of them change.  It is held for a few lines
 * only, never across a statement to the database or a call of the relay.
 *
 * A lane that has ended is fixed but for what is the journal's in it, from
 * journal_end() to relay_committed(): `journal_next` under the lock,
 * `journal_tries` and `commit_err` the ends thread's without.  `ticked_text`
 * and `ticked_reasoning` are the relay's, and change only while the lane runs.
 */
#ifndef STREAM_JOURNAL_PRIVATE_H
#define STREAM_JOURNAL_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/keyring.h"
#include "store/segments.h"
#include "stream/journal.h"

enum { JOURNAL_HOST_SIZE = 256 };

/* Another worker, as this one has seen it. */
struct peer {
	struct uuid id;
	int64_t beat;
	int64_t seen_ms; /* when the beat was last seen to move */
	bool listed;     /* in the last look */
};

/* A piece of a running answer, waiting to be written. */
struct piece {
	struct segment segment; /* its texts point into the tick's bytes */
	size_t text_from, reasoning_from; /* where they lie there */
	bool void_now; /* the answer has ended, and is written whole */
};

/*
 * The new text of all running answers.  While it is not `ready` the relay fills
 * it without the lock, and nobody else looks inside.  While it is ready nothing
 * in it changes but `from`, `to` and `void_now`.
 */
struct tick {
	struct piece *pieces;
	int n, cap;
	struct buf bytes;

	/* under the lock, as is void_now of a piece once it is ready */
	bool ready;        /* it is the texts thread's; else the relay's */
	int from, to;      /* what is being written now */
};

struct journal {
	/* fixed before the threads start, until they have ended; no lock */
	struct db *db;
	struct uuid worker;
	struct relay *relay;
	char run_dir[CONF_TEXT_MAX];
	char host[JOURNAL_HOST_SIZE];
	char keys[KEYRING_TEXT_SIZE];
	int sock; /* looks receive, everybody may send */

	/* main's alone */
	pthread_t ends_thread, texts_thread, looks_thread;
	bool started;

	pthread_mutex_t lock;

	/* ends: the queue, relay to ends, and main's order to finish it; all
	 * under the lock */
	pthread_cond_t more; /* something is queued, or it is closing */
	struct stream_lane *first, **last;
	bool closing;
	int64_t give_up_at_ms; /* meaningful once closing */

	/* texts: see struct tick */
	struct tick tick;
	pthread_cond_t filled;  /* ready, or stopping */
	pthread_cond_t written; /* `from`, `to` or `ready` have changed */

	/*
	 * Texts and looks are to end: set once by main, when the ends have
	 * ended.  Set under the lock, so that who waits for `filled` sees it;
	 * read without.
	 */
	atomic_bool stopping;

	/* looks: their thread's alone, main's before it starts; no lock */
	int64_t beat;
	int64_t beat_due_ms, sweep_due_ms;
	int64_t watching_since_ms; /* 0: the last look failed */
	struct peer peers[JOURNAL_PEERS_MAX];
	int n_peers;
};

/*
 * Pieces of an answer that is to be written whole must not be written after
 * that: those that wait are dropped, those that are on their way waited for.
 * The ends thread calls it before it writes an end, without the lock.
 */
void
journal_drop_pieces(struct journal *j, const struct stream_lane *lane);

/* Move this worker's beat on; its row is made where it is not there. */
enum err
journal_beat(struct journal *j, struct db_conn *c);

/*
 * The threads; each takes the journal and returns NULL.  Ends return once it is
 * closing and nothing is queued, texts and looks once it is stopping.
 */
void *
journal_run_ends(void *journal);

void *
journal_run_texts(void *journal);

void *
journal_run_looks(void *journal);

#endif
