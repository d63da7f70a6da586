/*
 * The thread of the texts, and the tick that the relay fills for it: the two
 * have it in turn, and `ready` says whose it is.
 */
#include "stream/journal_private.h"

#include <poll.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/segments.h"

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

void
journal_drop_pieces(struct journal *j, const struct stream_lane *lane)
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

void *
journal_run_texts(void *journal)
{
	struct journal *j = journal;

	while (wait_for_tick(j))
		write_tick(j);
	return NULL;
}
