/*
 * llmselect-admin: what an administrator does beside the running program.  Each
 * subcommand is a row of the table in main.c and a function here.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include <stdbool.h>

#include "base/conf.h"

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
	const char *operand; /* what is no option */
};

/* Say on standard error what went wrong; returns ADMIN_FAILED. */
int
admin_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The settings that the options name, to be freed; NULL after saying why. */
struct conf *
admin_load_conf(const struct options *o);

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

#endif
