#include "admin/rotate.h"

#include <stdio.h>
#include <string.h>

#include "store/masterkeys.h"

/* The place of the newest version. */
static int
newest(const struct keyring *master)
{
	int at = 0;

	for (int i = 1; i < master->n; i++)
		if (master->at[i].version > master->at[at].version)
			at = i;
	return at;
}

static int
save(struct rotation *r, const struct keyring *master)
{
	if (keyring_save(r->path, master, r->why, sizeof(r->why)))
		return ADMIN_FAILED;
	r->master = *master;
	r->told = false;
	return ADMIN_DONE;
}

/* Is this the file that belongs to this database? */
static int
check(struct rotation *r)
{
	enum err err = masterkeys_check(r->c, &r->master, r->path, r->why,
	    sizeof(r->why));

	if (err == ERR_OK)
		return ADMIN_DONE;
	return err == ERR_VALIDATION ? ADMIN_FAILED : rotate_fail_db(r);
}

static int
add_version(struct rotation *r)
{
	struct keyring more = r->master;
	struct keyring_key *k = &more.at[more.n];
	int rc;

	k->version = more.at[newest(&more)].version + 1;
	crypt_random(&k->key, sizeof(k->key));
	more.n++;
	rc = save(r, &more);
	if (rc == ADMIN_DONE)
		rotate_say(r, "begin: version %d is in %s, not yet in use.",
		    k->version, r->path);
	keyring_wipe(&more);
	return rc;
}

int
rotate_begin(struct rotation *r)
{
	int at = newest(&r->master), rc;

	if ((rc = check(r)))
		return rc;
	if (at != 0) {
		rotate_say(r, "begin: version %d is in %s already.",
		    r->master.at[at].version, r->path);
		return ADMIN_DONE;
	}
	if (r->master.n == KEYRING_MAX)
		return rotate_fail(r, "%s has %d versions already. Retire old "
		    "ones first.", r->path, KEYRING_MAX);
	if (r->master.at[0].version == KEYRING_VERSION_MAX)
		return rotate_fail(r, "There is no version after %d.",
		    KEYRING_VERSION_MAX);
	if ((rc = add_version(r)))
		return rc;
	return rotate_tell(r);
}

/* From here on no worker starts without it. */
static int
list_version(struct rotation *r, const struct keyring_key *k)
{
	enum err err;

	if (masterkeys_add(r->c, k))
		return rotate_fail_db(r);
	err = masterkeys_find(r->c, k);
	if (err == ERR_CONFLICT)
		return rotate_fail(r, "Version %d in %s is another one than "
		    "in this database: it was begun on another host as well. "
		    "Copy the file of the host where it is in use.",
		    k->version, r->path);
	return err == ERR_OK ? ADMIN_DONE : rotate_fail_db(r);
}

static int
put_first(struct rotation *r, int at)
{
	struct keyring next = r->master;
	int rc;

	memmove(&next.at[1], &next.at[0], (size_t)at * sizeof(next.at[0]));
	next.at[0] = r->master.at[at];
	rc = save(r, &next);
	keyring_wipe(&next);
	return rc;
}

int
rotate_use(struct rotation *r)
{
	int at = newest(&r->master);
	const struct keyring_key *k = &r->master.at[at];
	int version = k->version, rc;

	/* the second time for a worker that was just starting the first time:
	 * it has found the version in the list, or is in that of the workers */
	if ((rc = rotate_wait(r, k, false)) || (rc = list_version(r, k)) ||
	    (rc = rotate_wait(r, k, false)))
		return rc;
	if (at != 0 && (rc = put_first(r, at)))
		return rc;
	rotate_say(r, "use: version %d comes first in %s.", version, r->path);
	return at != 0 ? rotate_tell(r) : ADMIN_DONE;
}

/* What a version is needed for; NULL: for nothing. */
static const struct rotate_need *
need_of(const struct rotation *r, int version)
{
	for (int i = 0; i < r->n_needs; i++)
		if (r->needs[i].version == version &&
		    (r->needs[i].keys > 0 || r->needs[i].passwords > 0))
			return &r->needs[i];
	return NULL;
}

/* May this one go?  One newer than that in use is there to come. */
static bool
is_done_with(const struct rotation *r, const struct keyring_key *k)
{
	return k->version < r->master.at[0].version &&
	    (r->o->force || need_of(r, k->version) == NULL);
}

/* Off the list first: were it the other way, a worker that starts in between
 * would miss it in the file. */
static int
remove_versions(struct rotation *r)
{
	struct keyring rest = { .n = 0 };
	int rc = ADMIN_DONE;

	for (int i = 0; i < r->master.n && rc == ADMIN_DONE; i++) {
		const struct keyring_key *k = &r->master.at[i];

		if (!is_done_with(r, k))
			rest.at[rest.n++] = *k;
		else if (masterkeys_remove(r->c, k->version))
			rc = rotate_fail_db(r);
		else
			rotate_say(r, "retire: version %d leaves %s.",
			    k->version, r->path);
	}
	if (rc == ADMIN_DONE && rest.n < r->master.n)
		if ((rc = save(r, &rest)) == ADMIN_DONE)
			rc = rotate_tell(r);
	keyring_wipe(&rest);
	return rc;
}

static int
say_still_needed(struct rotation *r, const struct rotate_need *n)
{
	char text[ROTATE_WHY_SIZE];

	snprintf(text, sizeof(text), "Version %lld stays: %lld provider keys "
	    "and %lld passwords need it. Keys are sealed anew by rotate-key "
	    "reseal, but for damaged ones; a password is kept anew when its "
	    "owner signs in. Run rotate-key retire again later; with --force "
	    "the version goes now, and these keys and passwords are lost.",
	    (long long)n->version, (long long)n->keys,
	    (long long)n->passwords);
	if (!r->is_lenient)
		return rotate_fail(r, "%s", text);
	rotate_say(r, "retire: %s", text);
	return ADMIN_DONE;
}

int
rotate_retire(struct rotation *r)
{
	int rc;

	if ((rc = rotate_wait(r, &r->master.at[0], true)) ||
	    (rc = rotate_count(r)) || (rc = remove_versions(r)))
		return rc;
	for (int i = 1; i < r->master.n && rc == ADMIN_DONE; i++) {
		int version = r->master.at[i].version;

		if (version < r->master.at[0].version)
			rc = say_still_needed(r, need_of(r, version));
	}
	return rc;
}
