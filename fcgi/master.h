/*
 * The first process of several: it owns the socket and starts the workers,
 * again when they die, and never gives that up.  It touches no database, no
 * provider and no request.
 *
 * TERM, INT and USR1 are passed on and wait for the workers to drain; a second
 * one is passed on too and means "now".  HUP reads the settings again: where
 * they are good, new workers are started, and only when all of them serve are
 * the old ones told to drain; where they are not, or a new worker does not
 * start, everything stays as it is and the log says why.
 */
#ifndef FCGI_MASTER_H
#define FCGI_MASTER_H

#include "base/conf.h"

/* What the command line says; it wins over the settings. */
struct options {
	const char *files[CONF_FILES_MAX];
	int n_files;
	int workers;        /* 0: as the settings say; -1: one, without master */
	const char *listen; /* NULL: as the settings say, or fd 0 */
};

/* Settings as files and options say, on the heap; NULL with `why`. */
struct conf *
options_load(const struct options *o, char why[static CONF_WHY_MAX]);

/* Returns the exit status. */
int
master_run(const struct options *o);

#endif
