#include "admin/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

void
rotate_say(const struct rotation *r, const char *format, ...)
{
	va_list ap;

	if (r->o->json)
		return;
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

int
rotate_fail(struct rotation *r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(r->why, sizeof(r->why), format, ap);
	va_end(ap);
	return ADMIN_FAILED;
}

int
rotate_fail_db(struct rotation *r)
{
	return rotate_fail(r, "The database: %s", db_why(r->c));
}

/* What it can be told to do */

static void
say_need(const struct rotation *r, const struct rotate_need *n)
{
	rotate_say(r, "version %lld seals %lld provider keys and %lld "
	    "passwords.", (long long)n->version, (long long)n->keys,
	    (long long)n->passwords);
}

static int
status(struct rotation *r)
{
	int rc = rotate_count(r);

	if (rc != ADMIN_DONE)
		return rc;
	for (int i = 0; i < r->master.n; i++)
		rotate_say(r, "version %d is in %s%s.",
		    r->master.at[i].version, r->path,
		    i == 0 ? ", and in use" : "");
	for (int i = 0; i < r->n_needs; i++)
		say_need(r, &r->needs[i]);
	return ADMIN_DONE;
}

/* All steps.  With more than one version in the file it goes on with what was
 * begun; so it can be called again and again until it is through. */
static int
all(struct rotation *r)
{
	int rc = ADMIN_DONE;

	r->is_lenient = true;
	if (r->master.n == 1)
		rc = rotate_begin(r);
	if (rc == ADMIN_DONE)
		rc = rotate_use(r);
	if (rc == ADMIN_DONE)
		rc = rotate_reseal(r);
	if (rc == ADMIN_DONE)
		rc = rotate_retire(r);
	return rc;
}

static const struct step {
	const char *name;
	int (*run)(struct rotation *r);
} steps[] = {
	{ "all", all },
	{ "begin", rotate_begin },
	{ "use", rotate_use },
	{ "reseal", rotate_reseal },
	{ "retire", rotate_retire },
	{ "status", status },
};

static const struct step *
find_step(const char *name)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (name == NULL || strcmp(steps[i].name, name) == 0)
			return &steps[i];
	return NULL;
}

/* What it works with */

/* Two at once would write over each other's file.  The lock is the folder's,
 * for the file is replaced; it goes with the process. */
static int
lock_file(struct rotation *r)
{
	char *real = realpath(r->path, NULL);
	int rc = ADMIN_DONE;

	if (real == NULL)
		return rotate_fail(r, "%s: %s", r->path, strerror(errno));
	r->lock = open(dirname(real), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->lock < 0)
		rc = rotate_fail(r, "%s: %s", real, strerror(errno));
	else if (flock(r->lock, LOCK_EX | LOCK_NB))
		rc = rotate_fail(r, "Somebody else is changing the files in "
		    "%s just now.", real);
	free(real);
	return rc;
}

static int
open_all(struct rotation *r, const struct conf *conf)
{
	int rc;

	r->path = conf->server_master_key;
	if ((rc = lock_file(r)))
		return rc;
	if (keyring_load(r->path, SECRET_MINE_OR_ROOTS, &r->master, r->why,
	    sizeof(r->why)) || db_open(conf, &r->db, r->why, sizeof(r->why)))
		return ADMIN_FAILED;
	if (db_take(r->db, &r->c))
		return rotate_fail(r, "The database %s cannot be reached.",
		    conf->database_name);
	return ADMIN_DONE;
}

static void
close_all(struct rotation *r)
{
	if (r->c != NULL)
		db_give(r->db, r->c);
	db_free(r->db);
	if (r->lock >= 0)
		close(r->lock);
	keyring_wipe(&r->master);
}

/* What is told at the end */

static json_t *
needs_json(const struct rotation *r)
{
	json_t *list = json_array();

	for (int i = 0; i < r->n_needs; i++) {
		const struct rotate_need *n = &r->needs[i];

		json_array_append_new(list, json_pack("{s:I, s:I, s:I}",
		    "version", (json_int_t)n->version, "keys",
		    (json_int_t)n->keys, "passwords",
		    (json_int_t)n->passwords));
	}
	return list;
}

static void
print_json(const struct rotation *r, const char *step, int rc)
{
	json_t *versions = json_array(), *told;

	for (int i = 0; i < r->master.n; i++)
		json_array_append_new(versions,
		    json_integer(r->master.at[i].version));
	told = json_pack("{s:s, s:b, s:s*, s:o, s:I, s:I, s:I, s:o}",
	    "step", step, "ok", rc == ADMIN_DONE, "message",
	    r->why[0] != '\0' ? r->why : NULL, "versions", versions,
	    "resealed", (json_int_t)r->resealed.done, "changed",
	    (json_int_t)r->resealed.changed, "unopened",
	    (json_int_t)r->resealed.unopened, "needed", needs_json(r));
	json_dumpf(told, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(told);
}

int
admin_rotate_key(const struct options *o)
{
	struct rotation r = { .o = o, .lock = -1 };
	const struct step *step = find_step(o->operand);
	struct conf *conf;
	int rc;

	if (step == NULL) {
		admin_fail("rotate-key has no step %s. There are begin, use, "
		    "reseal, retire and status; all, or none: all of them.",
		    o->operand);
		return ADMIN_MISUSED;
	}
	if ((conf = admin_load_conf(o)) == NULL)
		return ADMIN_FAILED;
	rc = open_all(&r, conf);
	if (rc == ADMIN_DONE)
		rc = step->run(&r);
	if (rc != ADMIN_DONE)
		admin_fail("%s", r.why);
	if (o->json)
		print_json(&r, step->name, rc);
	close_all(&r);
	free(conf);
	return rc;
}
