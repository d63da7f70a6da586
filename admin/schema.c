#include "admin/admin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/db.h"

#ifndef LLMSELECT_DATADIR
#define LLMSELECT_DATADIR "."
#endif

enum {
	SCHEMA_VERSION = 1,    /* what schema.sql makes */
	SCHEMA_FILE_MAX = 1 << 20,
	READ_SIZE = 4096,
};

static const char *
path_of(const struct options *o)
{
	return o->file != NULL ? o->file : LLMSELECT_DATADIR "/schema.sql";
}

static bool
read_stream(FILE *f, struct buf *text)
{
	char part[READ_SIZE];
	size_t n;

	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		if (buf_add(text, part, n)) {
			errno = EFBIG;
			return false;
		}
	return !ferror(f);
}

static int
read_schema(const char *path, struct buf *text)
{
	FILE *f = fopen(path, "r");
	bool whole = f != NULL && read_stream(f, text);
	int fault = errno;

	if (f != NULL)
		fclose(f);
	return whole ? ADMIN_DONE : admin_fail("%s: %s", path,
	    strerror(fault));
}

struct found {
	int64_t tables, versioned; /* tables in all; those of schema_version */
	int64_t version;           /* 0: none, or not finished */
};

static enum err
read_counts(void *arg, const struct db_value *row, int n)
{
	struct found *found = arg;

	(void)n;
	found->tables = row[0].i;
	found->versioned = row[1].i;
	return ERR_OK;
}

static enum err
read_version(void *arg, const struct db_value *row, int n)
{
	(void)n;
	((struct found *)arg)->version = row[0].i;
	return ERR_OK;
}

static enum err
look(struct db_conn *c, struct found *found)
{
	enum err err = db_query_one(c,
	    "SELECT COUNT(*), COUNT(CASE WHEN table_name = 'schema_version'"
	    " THEN 1 END) FROM information_schema.tables"
	    " WHERE table_schema = DATABASE()", NULL, 0, read_counts, found);

	if (err != ERR_OK || found->versioned == 0)
		return err;
	err = db_query_one(c, "SELECT version FROM schema_version WHERE id = 1",
	    NULL, 0, read_version, found);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Is it ours, and not of a later version than we know? */
static int
judge(const struct found *found, const char *name)
{
	if (found->tables > 0 && found->versioned == 0)
		return admin_fail("The database %s holds tables of something "
		    "else. Give LLMSelect one of its own.", name);
	if (found->version > SCHEMA_VERSION || found->version < 0)
		return admin_fail("The database %s has tables of version %lld, "
		    "and this program knows version %d. Install the program "
		    "that made them.", name, (long long)found->version,
		    SCHEMA_VERSION);
	return ADMIN_DONE;
}

static int
check_database(struct db *db, const char *name)
{
	struct found found = { 0 };
	struct db_conn *c;
	int rc;

	if (db_take(db, &c))
		return admin_fail("The database %s cannot be reached.", name);
	if (look(c, &found))
		rc = admin_fail("The database %s: %s", name, db_why(c));
	else
		rc = judge(&found, name);
	db_give(db, c);
	return rc;
}

static int
apply(struct db *db, const char *name, const struct buf *text)
{
	static const char nothing[] = "DO 0";
	char why[CONF_WHY_MAX];
	int rc;

	/* first, for the reason why, where it cannot be reached */
	if (db_script(db, nothing, strlen(nothing), why, sizeof(why)))
		return admin_fail("The database %s: %s", name, why);
	if ((rc = check_database(db, name)) != ADMIN_DONE)
		return rc;
	if (db_script(db, text->p, text->len, why, sizeof(why)))
		return admin_fail("The database %s: %s", name, why);
	printf("The database %s has the tables of version %d.\n", name,
	    SCHEMA_VERSION);
	return ADMIN_DONE;
}

static int
apply_to(const struct conf *conf, const struct buf *text)
{
	struct db *db = NULL;
	char why[CONF_WHY_MAX];
	int rc;

	if (db_open(conf, &db, why, sizeof(why)))
		return admin_fail("%s", why);
	rc = apply(db, conf->database_name, text);
	db_free(db);
	return rc;
}

int
admin_schema(const struct options *o)
{
	struct conf *conf = NULL;
	struct buf text;
	int rc;

	buf_init(&text, SCHEMA_FILE_MAX);
	rc = read_schema(path_of(o), &text);
	if (rc == ADMIN_DONE && o->print)
		fwrite(text.p, 1, text.len, stdout);
	else if (rc == ADMIN_DONE)
		rc = (conf = admin_load_conf(o)) == NULL ? ADMIN_FAILED :
		    apply_to(conf, &text);
	free(conf);
	buf_free(&text);
	return rc;
}
