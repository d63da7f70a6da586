#include "stream/tail.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "store/segments.h"
#include "stream/relay.h"

struct followed {
	uint64_t id;
	struct uuid user, message;
	size_t text_at, reasoning_at; /* told up to here */
	bool is_over;
};

struct tail {
	struct db *db;
	struct relay *relay;
	pthread_t thread;
	bool started;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool closing;
	uint64_t last_id;
	struct followed list[TAIL_SHADOWS_MAX];
	int n;
};

enum err
tail_open(struct db *db, struct tail **out)
{
	struct tail *t = calloc(1, sizeof(*t));
	pthread_condattr_t attr;

	if (t == NULL)
		return ERR_INTERNAL;
	t->db = db;
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->changed, &attr);
	pthread_condattr_destroy(&attr);
	*out = t;
	return ERR_OK;
}

enum err
tail_add(struct tail *t, const struct uuid *user, const struct uuid *message,
    uint64_t *shadow_id)
{
	enum err err = ERR_UNAVAILABLE;

	pthread_mutex_lock(&t->lock);
	if (t->n < TAIL_SHADOWS_MAX) {
		t->list[t->n++] = (struct followed){
			.id = ++t->last_id, .user = *user, .message = *message,
		};
		*shadow_id = t->last_id;
		err = ERR_OK;
		pthread_cond_signal(&t->changed);
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

static struct followed *
find(struct tail *t, uint64_t id)
{
	for (int i = 0; i < t->n; i++)
		if (t->list[i].id == id)
			return &t->list[i];
	return NULL;
}

void
tail_remove(struct tail *t, uint64_t shadow_id)
{
	struct followed *f;

	pthread_mutex_lock(&t->lock);
	if ((f = find(t, shadow_id)) != NULL)
		*f = t->list[--t->n];
	pthread_mutex_unlock(&t->lock);
}

/* ---- looking ---- */

static struct tail_news *
new_news(uint64_t id)
{
	struct tail_news *news = calloc(1, sizeof(*news));

	if (news == NULL)
		return NULL;
	news->shadow_id = id;
	buf_init(&news->text, DB_CELL_MAX);
	buf_init(&news->reasoning, DB_CELL_MAX);
	return news;
}

void
tail_news_free(struct tail_news *news)
{
	buf_free(&news->text);
	buf_free(&news->reasoning);
	free(news);
}

/* The row outlives the call, so its texts are copied. */
static enum err
copy_row(void *arg, const struct msg *row)
{
	struct tail_news *news = arg;
	enum err err;

	buf_reset(&news->text);
	buf_reset(&news->reasoning);
	if ((err = buf_add(&news->text, row->text, row->text_len)) ||
	    (err = buf_add(&news->reasoning, row->reasoning,
	    row->reasoning_len)))
		return err;
	news->row = *row;
	news->row.text = news->text.p;
	news->row.reasoning = news->reasoning.p;
	news->is_over = true;
	return ERR_OK;
}

/*
 * First the pieces, then the state: what was written down before the end is
 * part of the row that the end has made.
 */
static enum err
look(struct db_conn *c, const struct followed *f, struct tail_news *news)
{
	struct msg_status status;
	enum err err;

	if ((err = segment_join(c, &f->message, f->text_at, f->reasoning_at,
	    &news->text, &news->reasoning)))
		return err;
	err = msg_status(c, &f->user, &f->message, &status);
	if (err == ERR_NOT_FOUND) {
		news->is_gone = true;
		return ERR_OK;
	}
	if (err || strcmp(status.state, "running") == 0)
		return err;
	return msg_get(c, &f->user, &f->message, copy_row, news);
}

static bool
has_news(const struct tail_news *news)
{
	return news->is_over || news->is_gone || news->text.len > 0 ||
	    news->reasoning.len > 0;
}

/* Note what is told; false where nobody follows it any more. */
static bool
note_told(struct tail *t, const struct tail_news *news)
{
	struct followed *f;

	pthread_mutex_lock(&t->lock);
	f = find(t, news->shadow_id);
	if (f != NULL) {
		f->text_at += news->text.len;
		f->reasoning_at += news->reasoning.len;
		f->is_over = news->is_over || news->is_gone;
	}
	pthread_mutex_unlock(&t->lock);
	return f != NULL;
}

static enum err
look_and_tell(struct tail *t, struct db_conn *c, const struct followed *f)
{
	struct tail_news *news = new_news(f->id);
	enum err err;

	if (news == NULL)
		return ERR_INTERNAL;
	err = look(c, f, news);
	if (err == ERR_OK && has_news(news) && note_told(t, news))
		relay_news(t->relay, news);
	else
		tail_news_free(news);
	return err;
}

/* The `i`th that is followed, as it is now; false beyond the last. */
static bool
get(struct tail *t, int i, struct followed *out)
{
	bool is = false;

	pthread_mutex_lock(&t->lock);
	if (i < t->n && !t->closing) {
		*out = t->list[i];
		is = true;
	}
	pthread_mutex_unlock(&t->lock);
	return is;
}

static void
look_at_all(struct tail *t)
{
	struct followed f;
	struct db_conn *c;

	if (db_take(t->db, &c))
		return; /* the readers wait; heartbeats go on */
	for (int i = 0; get(t, i, &f); i++)
		if (!f.is_over && look_and_tell(t, c, &f)) {
			log_say(LOG_WARN, "tail", "the database fails: %s",
			    db_why(c));
			break;
		}
	db_give(t->db, c);
}

/* Until the next look is due; with nobody to follow, until somebody comes. */
static bool
wait_for_look(struct tail *t)
{
	struct timespec due;
	bool go_on;

	clock_gettime(CLOCK_MONOTONIC, &due);
	due.tv_nsec += TAIL_MS * 1000000L;
	due.tv_sec += due.tv_nsec / 1000000000L;
	due.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&t->lock);
	if (t->n == 0 && !t->closing)
		pthread_cond_wait(&t->changed, &t->lock);
	else if (!t->closing)
		pthread_cond_timedwait(&t->changed, &t->lock, &due);
	go_on = !t->closing;
	pthread_mutex_unlock(&t->lock);
	return go_on;
}

static void *
run(void *arg)
{
	struct tail *t = arg;

	while (wait_for_look(t))
		look_at_all(t);
	return NULL;
}

enum err
tail_start(struct tail *t, struct relay *relay)
{
	t->relay = relay;
	if (pthread_create(&t->thread, NULL, run, t) != 0)
		return ERR_INTERNAL;
	t->started = true;
	return ERR_OK;
}

void
tail_close(struct tail *t)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	t->closing = true;
	pthread_cond_signal(&t->changed);
	pthread_mutex_unlock(&t->lock);
	if (t->started)
		pthread_join(t->thread, NULL);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
