/*
 * llmselect-admin: what an administrator does beside the running program.  Each
 * subcommand is a row of the table in main.c and a function here.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include <jansson.h>
#include <stdbool.h>

#include "base/conf.h"
#include "store/db.h"

/* How the program ends. */
enum { ADMIN_DONE = 0, ADMIN_FAILED = 1, ADMIN_MISUSED = 2 };

/* The command line after the subcommand. */
struct options {
	const char *confs[CONF_FILES_MAX];
	int n_confs;
	const char *file;    /* --file */
	bool print;          /* --print */
	bool force;          /* --force */
	bool json;           /* --json */
	int pid;             /* --pid; 0: none */
	int wait_s;          /* --wait */
	const char *note;    /* --note, --uses, --expires-in; NULL: absent */
	const char *uses, *expires_in;
	const char *operand; /* what is no option */
};

/* Say on standard error what went wrong; returns ADMIN_FAILED. */
int
admin_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a value that an option does not take; ADMIN_MISUSED. */
int
admin_misused(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The settings that the options name, to be freed; NULL after saying why. */
struct conf *
admin_load_conf(const struct options *o);

typedef int admin_db_fn(const struct options *o, const struct conf *conf,
    struct db_conn *c);

/* Run it with the settings and a connection; returns what it does, or
 * ADMIN_FAILED after saying why it could not be run. */
int
admin_with_db(const struct options *o, admin_db_fn *fn);

/* Say what the database said. */
int
admin_fail_db(const struct db_conn *c);

/* Print a value, which is used up; NULL, for memory is out, is a failure. */
int
admin_print_json(json_t *value);

int
admin_keygen(const struct options *o);

int
admin_rotate_key(const struct options *o);

int
admin_schema(const struct options *o);

int
admin_check_conf(const struct options *o);

int
admin_defaults(const struct options *o);

int
admin_models_check(const struct options *o);

int
admin_users_list(const struct options *o);

int
admin_users_disable(const struct options *o);

int
admin_users_enable(const struct options *o);

int
admin_users_promote(const struct options *o);

int
admin_users_demote(const struct options *o);

int
admin_users_password(const struct options *o);

int
admin_invites_create(const struct options *o);

int
admin_invites_list(const struct options *o);

int
admin_invites_revoke(const struct options *o);

#endif
