#include "store/masterkeys.h"

#include <stdio.h>
#include <string.h>

enum { LISTED_MAX = 64 }; /* more than a file can hold */

struct listed {
	int64_t version;
	char print[KEYRING_PRINT_SIZE];
};

struct list {
	struct listed at[LISTED_MAX];
	int n;
};

static enum err
read_version(void *arg, const struct db_value *row, int n)
{
	struct list *list = arg;
	struct listed *l = &list->at[list->n];

	(void)n;
	if (list->n == LISTED_MAX)
		return ERR_OK;
	l->version = row[0].i;
	db_get_text(&row[1], l->print, sizeof(l->print));
	list->n++;
	return ERR_OK;
}

static enum err
read_list(struct db_conn *c, struct list *list)
{
	list->n = 0;
	return db_query(c,
	    "SELECT version, fingerprint FROM master_keys ORDER BY version",
	    NULL, 0, read_version, list);
}

/* ERR_OK, ERR_NOT_FOUND or ERR_CONFLICT, as masterkeys_find(). */
static enum err
find(const struct list *list, const struct keyring_key *k)
{
	char print[KEYRING_PRINT_SIZE];
	enum err err;

	if ((err = keyring_print(&k->key, print)))
		return err;
	for (int i = 0; i < list->n; i++)
		if (list->at[i].version == k->version)
			return strcmp(list->at[i].print, print) == 0 ? ERR_OK :
			    ERR_CONFLICT;
	return ERR_NOT_FOUND;
}

enum err
masterkeys_find(struct db_conn *c, const struct keyring_key *k)
{
	struct list list;
	enum err err;

	if ((err = read_list(c, &list)))
		return err;
	return find(&list, k);
}

enum err
masterkeys_add(struct db_conn *c, const struct keyring_key *k)
{
	char print[KEYRING_PRINT_SIZE];
	struct db_value in[] = { DB_INT(k->version), DB_NULL };
	enum err err;

	if ((err = keyring_print(&k->key, print)))
		return err;
	in[1] = db_text(print);
	return db_run(c,
	    "INSERT IGNORE INTO master_keys (version, fingerprint)"
	    " VALUES (?, ?)", in, DB_COUNT(in), NULL);
}

enum err
masterkeys_remove(struct db_conn *c, int version)
{
	struct db_value in[] = { DB_INT(version) };

	return db_run(c, "DELETE FROM master_keys WHERE version = ?", in,
	    DB_COUNT(in), NULL);
}

/* Nothing is listed yet: who comes first decides. */
static enum err
list_first(struct db_conn *c, const struct keyring_key *k, struct list *list)
{
	enum err err;

	if ((err = masterkeys_add(c, k)))
		return err;
	return read_list(c, list);
}

/* What is wrong with the versions of the file, if anything. */
static enum err
check_versions(const struct list *list, const struct keyring *master,
    const char *path, char *why, size_t why_size)
{
	enum err err = ERR_OK;

	for (int i = 0; i < master->n && err == ERR_OK; i++) {
		int version = master->at[i].version;

		err = find(list, &master->at[i]);
		if (err == ERR_NOT_FOUND && i > 0) {
			err = ERR_OK; /* it will be in use */
		} else if (err == ERR_NOT_FOUND) {
			snprintf(why, why_size, "%s: version %d of the master "
			    "key comes first and was never in use with this "
			    "database. Bring it into use with llmselect-admin "
			    "rotate-key use, or take the file that belongs "
			    "here.", path, version);
			err = ERR_VALIDATION;
		} else if (err == ERR_CONFLICT) {
			snprintf(why, why_size, "%s: version %d of the master "
			    "key is another one than this database was used "
			    "with. Take the file that was.", path, version);
			err = ERR_VALIDATION;
		}
	}
	return err;
}

/* Is everything there that is needed? */
static enum err
check_listed(const struct list *list, const struct keyring *master,
    const char *path, char *why, size_t why_size)
{
	for (int i = 0; i < list->n; i++) {
		if (keyring_find(master, list->at[i].version) != NULL)
			continue;
		snprintf(why, why_size, "%s lacks version %lld of the master "
		    "key, and this database holds what was sealed with it. "
		    "Copy the file from a host that has it, or from where you "
		    "keep it.", path, (long long)list->at[i].version);
		return ERR_VALIDATION;
	}
	return ERR_OK;
}

enum err
masterkeys_check(struct db_conn *c, const struct keyring *master,
    const char *path, char *why, size_t why_size)
{
	struct list list;
	enum err err;

	if ((err = read_list(c, &list)) || (list.n == 0 &&
	    (err = list_first(c, &master->at[0], &list))))
		return err;
	if ((err = check_versions(&list, master, path, why, why_size)))
		return err;
	return check_listed(&list, master, path, why, why_size);
}

/* ---- what hangs on each version ---- */

struct counting {
	masterkeys_count_fn *each;
	void *arg;
};

static enum err
count_row(void *arg, const struct db_value *row, int n)
{
	const struct counting *k = arg;

	(void)n;
	k->each(k->arg, row[0].i, row[1].i);
	return ERR_OK;
}

enum err
masterkeys_count_apikeys(struct db_conn *c, masterkeys_count_fn *each,
    void *arg)
{
	struct counting k = { each, arg };

	return db_query(c,
	    "SELECT key_version, COUNT(*) FROM api_keys GROUP BY key_version"
	    " ORDER BY key_version", NULL, 0, count_row, &k);
}

enum err
masterkeys_count_passwords(struct db_conn *c, masterkeys_count_fn *each,
    void *arg)
{
	struct counting k = { each, arg };

	/* what has no $ is no hash, and lets nobody in */
	return db_query(c,
	    "SELECT CAST(CASE WHEN LOCATE(':', password) > 0"
	    " THEN SUBSTRING_INDEX(password, ':', 1) ELSE '1' END AS SIGNED)"
	    " AS version, COUNT(*) FROM users WHERE LOCATE('$', password) > 0"
	    " GROUP BY version ORDER BY version", NULL, 0, count_row, &k);
}
