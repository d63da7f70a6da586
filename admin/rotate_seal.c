#include "admin/rotate.h"

#include "store/masterkeys.h"

static struct rotate_need *
find_need(struct rotation *r, int64_t version)
{
	for (int i = 0; i < r->n_needs; i++)
		if (r->needs[i].version == version)
			return &r->needs[i];
	if (r->n_needs == (int)(sizeof(r->needs) / sizeof(r->needs[0])))
		return NULL; /* of versions that are nowhere in the file */
	r->needs[r->n_needs] = (struct rotate_need){ .version = version };
	return &r->needs[r->n_needs++];
}

static void
count_keys(void *arg, int64_t version, int64_t n)
{
	struct rotate_need *need = find_need(arg, version);

	if (need != NULL)
		need->keys = n;
}

static void
count_passwords(void *arg, int64_t version, int64_t n)
{
	struct rotate_need *need = find_need(arg, version);

	if (need != NULL)
		need->passwords = n;
}

int
rotate_count(struct rotation *r)
{
	r->n_needs = 0;
	/* those of the file have a place in any case */
	for (int i = 0; i < r->master.n; i++)
		find_need(r, r->master.at[i].version);
	if (masterkeys_count_apikeys(r->c, count_keys, r) ||
	    masterkeys_count_passwords(r->c, count_passwords, r))
		return rotate_fail_db(r);
	return ADMIN_DONE;
}

static int
reseal_keys(struct rotation *r)
{
	struct keyring sealing;
	enum err err;

	if (keyring_derive(&r->master, "provider keys 1", &sealing))
		return rotate_fail(r, "OpenSSL failed.");
	err = apikeys_reseal(r->c, &sealing, &r->resealed);
	keyring_wipe(&sealing);
	return err == ERR_OK ? ADMIN_DONE : rotate_fail_db(r);
}

int
rotate_reseal(struct rotation *r)
{
	int rc;

	if ((rc = rotate_wait(r, &r->master.at[0], true)) ||
	    (rc = reseal_keys(r)))
		return rc;
	rotate_say(r, "reseal: %lld provider keys are sealed with version %d "
	    "now.", (long long)r->resealed.done, r->master.at[0].version);
	if (r->resealed.changed > 0)
		rotate_say(r, "reseal: %lld were put or deleted meanwhile.",
		    (long long)r->resealed.changed);
	if (r->resealed.unopened > 0)
		rotate_say(r, "reseal: %lld do not open, and are left as they "
		    "are: they were damaged, or belong to another version.",
		    (long long)r->resealed.unopened);
	return ADMIN_DONE;
}
