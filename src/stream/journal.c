#include "stream/journal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/segments.h"
#include "store/stops.h"
#include "store/workers.h"
#include "stream/relay.h"

enum { HOST_SIZE = 256 };

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

struct tick {
	struct piece *pieces;
	int n, cap;
	struct buf bytes;
	bool ready;        /* it is the texts thread's; else the relay's */
	int from, to;      /* what is being written now */
};

struct journal {
	struct db *db;
	struct uuid worker;
	struct relay *relay;
	char run_dir[CONF_TEXT_MAX];
	char host[HOST_SIZE];

	/* ends */
	pthread_t ends_thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct stream_lane *first, **last;
	bool closing;
	int64_t give_up_at_ms; /* meaningful once closing */

	/* texts; `ready`, `from`, `to` and void_now under `lock` */
	struct tick tick;
	pthread_cond_t filled, written;

	pthread_t texts_thread;

	/* looks; touched by their thread alone */
	pthread_t looks_thread;
	int sock;
	atomic_bool stopping;
	int64_t beat;
	int64_t beat_due_ms, sweep_due_ms;
	int64_t watching_since_ms; /* 0: the last look failed */
	struct peer peers[JOURNAL_PEERS_MAX];
	int n_peers;
	bool started;
};

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

/* ---- ends ---- */

struct batch {
	struct journal *j;
	struct stream_lane *lanes[JOURNAL_BATCH_MAX];
	int n;
};

void
journal_end(struct journal *j, struct stream_lane *lane)
{
	pthread_mutex_lock(&j->lock);
	lane->journal_next = NULL;
	*j->last = lane;
	j->last = &lane->journal_next;
	pthread_cond_signal(&j->more);
	pthread_mutex_unlock(&j->lock);
}

/* Wait for something to do; false once closing and nothing is left. */
static bool
take_batch(struct journal *j, struct batch *b)
{
	size_t bytes = 0;

	b->n = 0;
	pthread_mutex_lock(&j->lock);
	while (j->first == NULL && !j->closing)
		pthread_cond_wait(&j->more, &j->lock);
	while (j->first != NULL && b->n < JOURNAL_BATCH_MAX &&
	    bytes < JOURNAL_BATCH_BYTES) {
		struct stream_lane *lane = j->first;

		bytes += lane->text.len + lane->reasoning.len;
		b->lanes[b->n++] = lane;
		j->first = lane->journal_next;
		if (j->first == NULL)
			j->last = &j->first;
	}
	pthread_mutex_unlock(&j->lock);
	return b->n > 0;
}

static enum err
write_end(struct db_conn *c, const struct stream_lane *lane)
{
	struct msg_end end = {
		.id = lane->message_id, .owner = lane->stream->owner,
		.text = lane->text.p, .text_len = lane->text.len,
		.reasoning = lane->reasoning.p,
		.reasoning_len = lane->reasoning.len,
		.has_segments = lane->ticked_text > 0 ||
		    lane->ticked_reasoning > 0,
		.state = stream_state_name(lane->state),
		.finish_reason = lane->finish_reason,
		.error_code = lane->err ? err_code(lane->err) : NULL,
		.error_message = lane->err ? lane->message : NULL,
		.figures = lane->figures, .ended_at = lane->ended_at,
	};
	enum err err = msg_end(c, &end);

	/*
	 * An earlier try may have been committed and only its reply lost; then
	 * the row is no longer running, and that is what was wanted.
	 */
	if (err == ERR_NOT_FOUND && lane->journal_tries > 0)
		return ERR_OK;
	return err;
}

static enum err
write_batch(struct db_conn *c, void *arg)
{
	struct batch *b = arg;
	enum err err;

	for (int i = 0; i < b->n; i++) {
		err = write_end(c, b->lanes[i]);
		b->lanes[i]->commit_err = err;
		if (err != ERR_OK && err != ERR_NOT_FOUND)
			return err;
	}
	return ERR_OK;
}

static enum err
try_batch(struct journal *j, struct batch *b)
{
	struct db_conn *c;
	enum err err;

	if ((err = db_take(j->db, &c)))
		return err;
	err = db_transaction(c, write_batch, b);
	if (err)
		log_say(LOG_WARN, "journal", "%d ends not written: %s",
		    b->n, db_why(c));
	db_give(j->db, c);
	for (int i = 0; i < b->n; i++)
		b->lanes[i]->journal_tries++;
	return err;
}

static bool
given_up(struct journal *j)
{
	bool is;

	pthread_mutex_lock(&j->lock);
	is = j->closing && clock_ms() >= j->give_up_at_ms;
	pthread_mutex_unlock(&j->lock);
	return is;
}

/* While the database is away the ends wait; nothing is lost but time. */
static enum err
keep_trying(struct journal *j, struct batch *b)
{
	int wait_ms = JOURNAL_RETRY_MIN_MS;
	enum err err;

	while ((err = try_batch(j, b)) == ERR_UNAVAILABLE && !given_up(j)) {
		poll(NULL, 0, wait_ms);
		wait_ms = wait_ms * 2 < JOURNAL_RETRY_MAX_MS ?
		    wait_ms * 2 : JOURNAL_RETRY_MAX_MS;
	}
	return err;
}

static void
tell(struct journal *j, struct stream_lane *lane, enum err err)
{
	relay_committed(j->relay, lane, err ? err : lane->commit_err);
}

/* One end that the database refuses must not take the others with it. */
static void
write_one_by_one(struct journal *j, const struct batch *all)
{
	for (int i = 0; i < all->n; i++) {
		struct batch one = { .j = j, .lanes = { all->lanes[i] }, .n = 1 };

		tell(j, all->lanes[i], keep_trying(j, &one));
	}
}

/*
 * Pieces of an answer that is to be written whole must not be written after
 * that: those that wait are dropped, those that are on their way waited for.
 */
static void
drop_pieces(struct journal *j, const struct stream_lane *lane)
{
	struct tick *t = &j->tick;

	if (lane->ticked_text == 0 && lane->ticked_reasoning == 0)
		return;
	pthread_mutex_lock(&j->lock);
	for (int i = 0; t->ready && i < t->n; i++) {
		struct piece *p = &t->pieces[i];

		if (!uuid_equal(&p->segment.message, &lane->message_id))
			continue;
		p->void_now = true;
		while (t->ready && i >= t->from && i < t->to)
			pthread_cond_wait(&j->written, &j->lock);
	}
	pthread_mutex_unlock(&j->lock);
}

static void *
run_ends(void *arg)
{
	struct journal *j = arg;
	struct batch b = { .j = j };

	while (take_batch(j, &b)) {
		enum err err;

		for (int i = 0; i < b.n; i++)
			drop_pieces(j, b.lanes[i]);
		err = keep_trying(j, &b);
		if (err != ERR_OK && err != ERR_UNAVAILABLE && b.n > 1) {
			write_one_by_one(j, &b);
			continue;
		}
		for (int i = 0; i < b.n; i++)
			tell(j, b.lanes[i], err);
	}
	return NULL;
}

/* ---- texts ---- */

bool
journal_tick_begin(struct journal *j)
{
	bool ready;

	pthread_mutex_lock(&j->lock);
	ready = j->tick.ready;
	pthread_mutex_unlock(&j->lock);
	if (ready)
		return false;
	j->tick.n = 0;
	buf_reset(&j->tick.bytes);
	return true;
}

static struct piece *
new_piece(struct tick *t)
{
	int cap = t->cap > 0 ? t->cap * 2 : 64;
	struct piece *pieces;

	if (t->n < t->cap)
		return &t->pieces[t->n];
	pieces = realloc(t->pieces, (size_t)cap * sizeof(*pieces));
	if (pieces == NULL)
		return NULL;
	t->pieces = pieces;
	t->cap = cap;
	return &t->pieces[t->n];
}

/* All of it or nothing: what does not fit now is new again the next time. */
void
journal_tick_add(struct journal *j, struct stream_lane *lane)
{
	size_t text_len = lane->text.len - lane->ticked_text;
	size_t reasoning_len = lane->reasoning.len - lane->ticked_reasoning;
	struct tick *t = &j->tick;
	size_t was = t->bytes.len;
	struct piece *p;

	if (text_len + reasoning_len == 0 || (p = new_piece(t)) == NULL)
		return;
	if (buf_add(&t->bytes, lane->text.p + lane->ticked_text, text_len) ||
	    buf_add(&t->bytes, lane->reasoning.p + lane->ticked_reasoning,
	    reasoning_len)) {
		t->bytes.len = was;
		return;
	}
	*p = (struct piece){
		.text_from = was, .reasoning_from = was + text_len,
		.segment = {
			.message = lane->message_id,
			.text_at = lane->ticked_text,
			.reasoning_at = lane->ticked_reasoning,
			.text_len = text_len, .reasoning_len = reasoning_len,
		},
	};
	t->n++;
	lane->ticked_text = lane->text.len;
	lane->ticked_reasoning = lane->reasoning.len;
}

void
journal_tick_end(struct journal *j)
{
	struct tick *t = &j->tick;

	if (t->n == 0)
		return;
	for (int i = 0; i < t->n; i++) {
		struct piece *p = &t->pieces[i];

		p->segment.text = t->bytes.p + p->text_from;
		p->segment.reasoning = t->bytes.p + p->reasoning_from;
	}
	pthread_mutex_lock(&j->lock);
	t->from = t->to = 0;
	t->ready = true;
	pthread_cond_signal(&j->filled);
	pthread_mutex_unlock(&j->lock);
}

struct rows {
	struct segment list[JOURNAL_TICK_ROWS];
	int n;
};

/* The next pieces to write; none where all are written. */
static void
take_rows(struct journal *j, struct rows *rows)
{
	struct tick *t = &j->tick;

	rows->n = 0;
	pthread_mutex_lock(&j->lock);
	t->from = t->to;
	while (t->to < t->n && rows->n < JOURNAL_TICK_ROWS) {
		const struct piece *p = &t->pieces[t->to++];

		if (!p->void_now)
			rows->list[rows->n++] = p->segment;
	}
	pthread_mutex_unlock(&j->lock);
}

static enum err
write_rows(struct db_conn *c, void *arg)
{
	const struct rows *rows = arg;

	return segment_add(c, rows->list, rows->n);
}

/* One piece that the database refuses must not take the others with it. */
static void
write_rows_one_by_one(struct db_conn *c, const struct rows *all)
{
	for (int i = 0; i < all->n; i++) {
		struct rows *one = &(struct rows){ .n = 1 };

		one->list[0] = all->list[i];
		if (db_transaction(c, write_rows, one))
			log_say(LOG_ERROR, "journal",
			    "a piece of a running answer is not written: %s",
			    db_why(c));
	}
}

/* Tell who waits that these rows are no longer on their way. */
static void
rows_done(struct journal *j, bool written)
{
	struct tick *t = &j->tick;

	pthread_mutex_lock(&j->lock);
	if (written)
		t->from = t->to;
	else
		t->to = t->from; /* the same again */
	pthread_cond_broadcast(&j->written);
	pthread_mutex_unlock(&j->lock);
}

static void
tick_done(struct journal *j)
{
	pthread_mutex_lock(&j->lock);
	j->tick.ready = false;
	pthread_cond_broadcast(&j->written);
	pthread_mutex_unlock(&j->lock);
}

static enum err
write_rows_whole(struct journal *j, struct rows *rows)
{
	struct db_conn *c;
	enum err err;

	if ((err = db_take(j->db, &c)))
		return err;
	err = db_transaction(c, write_rows, rows);
	if (err != ERR_OK && err != ERR_UNAVAILABLE)
		write_rows_one_by_one(c, rows);
	db_give(j->db, c);
	return err == ERR_UNAVAILABLE ? err : ERR_OK;
}

/* While the database is away the tick waits, and the text after it in the
 * answers themselves. */
static void
write_tick(struct journal *j)
{
	struct rows rows;

	for (take_rows(j, &rows); rows.n > 0; take_rows(j, &rows)) {
		enum err err = write_rows_whole(j, &rows);

		rows_done(j, err == ERR_OK);
		if (err == ERR_OK)
			continue;
		if (atomic_load(&j->stopping))
			break;
		poll(NULL, 0, JOURNAL_RETRY_MAX_MS);
	}
	tick_done(j);
}

/* False once the journal closes; every answer is written whole by then. */
static bool
wait_for_tick(struct journal *j)
{
	bool ready;

	pthread_mutex_lock(&j->lock);
	while (!j->tick.ready && !atomic_load(&j->stopping))
		pthread_cond_wait(&j->filled, &j->lock);
	ready = j->tick.ready;
	pthread_mutex_unlock(&j->lock);
	return ready;
}

static void *
run_texts(void *arg)
{
	struct journal *j = arg;

	while (wait_for_tick(j))
		write_tick(j);
	return NULL;
}

/* ---- looks ---- */

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
	if ((err = worker_beat(c, &j->worker, j->host, getpid(), ++j->beat)))
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
	if ((err = stop_sweep(c, clock_wall_ms())))
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

static void *
run_looks(void *arg)
{
	struct journal *j = arg;

	while (!atomic_load(&j->stopping)) {
		look_with_connection(j);
		wait_for_look(j);
	}
	return NULL;
}

/* ---- */

enum err
journal_start(struct journal *j, struct relay *relay)
{
	j->relay = relay;
	/* Where one cannot be started the process does not start. */
	if (pthread_create(&j->ends_thread, NULL, run_ends, j) != 0 ||
	    pthread_create(&j->texts_thread, NULL, run_texts, j) != 0 ||
	    pthread_create(&j->looks_thread, NULL, run_looks, j) != 0)
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
