#include "api/lister.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/keys.h"
#include "base/clock.h"
#include "base/log.h"
#include "llm/list.h"
#include "store/modellists.h"

enum { NAME_MAX_BYTES = 200 };

struct job {
	struct uuid user;
	const struct llm_provider *provider;
};

struct lister {
	const struct app *app;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t more;
	atomic_bool stop;
	atomic_int tests;

	/* under `lock`: a ring; the first one is being asked for */
	struct job queue[LISTER_QUEUE_MAX];
	int first, n;
};

/* ---- a list ---- */

static json_t *
int_or_null(int64_t n)
{
	return n > 0 ? json_integer(n) : json_null();
}

/* A name of a length that nobody meant is left out. */
static void
add_model(void *arg, const struct llm_listed *model)
{
	bool has_name = model->name[0] != '\0' &&
	    strlen(model->name) <= NAME_MAX_BYTES;

	json_array_append_new(arg, json_pack("{s:s, s:s, s:o, s:o}",
	    "id", model->id,
	    "name", has_name ? model->name : model->id,
	    "context", int_or_null(model->context),
	    "max_output", int_or_null(model->max_output)));
}

static enum err
keep(struct db_conn *db, const struct job *job, const json_t *models)
{
	char *text = json_dumps(models, JSON_COMPACT);
	size_t len = text != NULL ? strlen(text) : 0;
	enum err err = ERR_INTERNAL;

	if (text != NULL && len <= MODELLIST_MAX)
		err = modellist_put(db, &job->user, job->provider->name, text,
		    len, clock_wall_ms());
	free(text);
	return err;
}

static enum err
write_down(struct db_conn *db, const struct job *job, const json_t *models,
    const struct llm_end *end)
{
	if (end->err == ERR_OK && keep(db, job, models) == ERR_OK)
		return ERR_OK;
	return modellist_fail(db, &job->user, job->provider->name,
	    clock_wall_ms());
}

/* ---- the thread ---- */

static enum err
open_key(struct lister *l, const struct job *job, char key[static KEYS_SIZE])
{
	struct db_conn *db;
	enum err err = db_take(l->app->db, &db);

	if (err)
		return err;
	err = keys_open(l->app, db, &job->user, job->provider, key, KEYS_SIZE);
	db_give(l->app->db, db);
	return err;
}

static void
log_fault(const struct job *job, const struct llm_end *end)
{
	const struct log_field fields[] = {
		{ "provider", job->provider->name, 0 },
		{ "code", err_code(end->err), 0 },
		{ "provider_status", NULL, end->provider_status },
		{ "note", end->note, 0 },
		{ NULL, NULL, 0 },
	};

	log_fields(LOG_WARN, "list of models", fields);
}

static void
run_job(struct lister *l, const struct job *job)
{
	json_auto_t *models = json_array();
	char key[KEYS_SIZE] = "";
	struct db_conn *db;
	struct llm_end end;

	/* A key that went meanwhile took its list along. */
	if (open_key(l, job, key) == ERR_OK) {
		if (llm_list_fetch(job->provider, key, &l->stop, add_model,
		    models, &end))
			log_fault(job, &end);
		if (!atomic_load(&l->stop) &&
		    db_take(l->app->db, &db) == ERR_OK) {
			write_down(db, job, models, &end);
			db_give(l->app->db, db);
		}
	}
	crypt_wipe(key, sizeof(key));
}

static bool
next_job(struct lister *l, struct job *job)
{
	pthread_mutex_lock(&l->lock);
	while (l->n == 0 && !atomic_load(&l->stop))
		pthread_cond_wait(&l->more, &l->lock);
	*job = l->queue[l->first];
	pthread_mutex_unlock(&l->lock);
	return !atomic_load(&l->stop);
}

static void
finish_job(struct lister *l)
{
	pthread_mutex_lock(&l->lock);
	l->first = (l->first + 1) % LISTER_QUEUE_MAX;
	l->n--;
	pthread_mutex_unlock(&l->lock);
}

static void *
run(void *arg)
{
	struct lister *l = arg;
	struct job job;

	while (next_job(l, &job)) {
		run_job(l, &job);
		finish_job(l);
	}
	return NULL;
}

/* ---- for others ---- */

static bool
is_queued(const struct lister *l, const struct job *job)
{
	for (int i = 0; i < l->n; i++) {
		const struct job *other =
		    &l->queue[(l->first + i) % LISTER_QUEUE_MAX];

		if (other->provider == job->provider &&
		    uuid_equal(&other->user, &job->user))
			return true;
	}
	return false;
}

bool
lister_ask(struct lister *l, const struct uuid *user,
    const struct llm_provider *provider)
{
	struct job job = { *user, provider };
	bool done;

	pthread_mutex_lock(&l->lock);
	done = is_queued(l, &job);
	if (!done && l->n < LISTER_QUEUE_MAX) {
		l->queue[(l->first + l->n++) % LISTER_QUEUE_MAX] = job;
		pthread_cond_signal(&l->more);
		done = true;
	}
	pthread_mutex_unlock(&l->lock);
	return done;
}

enum err
lister_test(struct lister *l, struct db_conn *db, const struct uuid *user,
    const struct llm_provider *provider, const char *key, int *n,
    struct llm_end *end)
{
	struct job job = { *user, provider };
	json_auto_t *models = json_array();
	enum err err = ERR_BUSY;

	if (atomic_fetch_add(&l->tests, 1) < LISTER_TESTS_MAX) {
		err = llm_list_fetch(provider, key, &l->stop, add_model,
		    models, end);
		*n = (int)json_array_size(models);
		write_down(db, &job, models, end);
	}
	atomic_fetch_sub(&l->tests, 1);
	return err;
}

enum err
lister_open(const struct app *app, struct lister **out)
{
	struct lister *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return ERR_INTERNAL;
	l->app = app;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->more, NULL);
	*out = l;
	return ERR_OK;
}

enum err
lister_start(struct lister *l)
{
	l->started = pthread_create(&l->thread, NULL, run, l) == 0;
	return l->started ? ERR_OK : ERR_INTERNAL;
}

void
lister_close(struct lister *l)
{
	if (l == NULL)
		return;
	pthread_mutex_lock(&l->lock);
	atomic_store(&l->stop, true);
	pthread_cond_signal(&l->more);
	pthread_mutex_unlock(&l->lock);
	if (l->started)
		pthread_join(l->thread, NULL);
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->more);
	free(l);
}
