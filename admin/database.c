#include "admin/admin.h"

#include <stdlib.h>

static int
run_on(struct db *db, const struct options *o, const struct conf *conf,
    admin_db_fn *fn)
{
	struct db_conn *c;
	int rc;

	if (db_take(db, &c))
		return admin_fail("The database %s cannot be reached.",
		    conf->database_name);
	rc = fn(o, conf, c);
	db_give(db, c);
	return rc;
}

int
admin_with_db(const struct options *o, admin_db_fn *fn)
{
	struct conf *conf = admin_load_conf(o);
	struct db *db = NULL;
	char why[CONF_WHY_MAX];
	int rc;

	if (conf == NULL)
		return ADMIN_FAILED;
	if (db_open(conf, &db, why, sizeof(why))) {
		rc = admin_fail("%s", why);
	} else {
		rc = run_on(db, o, conf, fn);
		db_free(db);
	}
	free(conf);
	return rc;
}

int
admin_fail_db(const struct db_conn *c)
{
	return admin_fail("The database: %s", db_why(c)[0] != '\0' ?
	    db_why(c) : "it did not answer in time");
}

int
admin_print_json(json_t *value)
{
	int bad = value == NULL ||
	    json_dumpf(value, stdout, JSON_INDENT(2)) != 0 ||
	    putchar('\n') == EOF;

	json_decref(value);
	return bad ? admin_fail("The answer could not be written.") :
	    ADMIN_DONE;
}
