/*
 * One process that serves requests: the threads and what they share.
 */
#ifndef FCGI_WORKER_H
#define FCGI_WORKER_H

#include <signal.h>

#include "base/conf.h"

/* The signals that a worker and its master wait for; blocked before threads. */
void
worker_signals(sigset_t *set);

/*
 * Serve `listen_fd` until told to stop.  TERM and USR1: take no more requests,
 * let running answers end for server.drain_max, then end them; a second one:
 * end them at once.  HUP: the same as TERM, for the one that starts workers
 * starts new ones with the new settings.  Returns the exit status.
 *
 * Where `ready_fd` is not -1 a byte is written to it, and it is closed, once
 * requests are served.
 */
int
worker_run(const struct conf *conf, int listen_fd, int ready_fd);

#endif
