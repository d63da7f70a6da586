/*
 * The thread of the ends: takes what waits, writes it in one transaction, tells
 * the relay.
 */
#include "stream/journal_private.h"

#include <poll.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/messages.h"
#include "stream/relay.h"

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
		.left_out = lane->stream->left_out,
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

void *
journal_run_ends(void *journal)
{
	struct journal *j = journal;
	struct batch b = { .j = j };

	while (take_batch(j, &b)) {
		enum err err;

		for (int i = 0; i < b.n; i++)
			journal_drop_pieces(j, b.lanes[i]);
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
