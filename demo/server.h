/*
 * The one loop: accepts connections, reads requests, steps the plays when
 * they are due, and notices at once when a client closes, also while nothing
 * is being said.
 *
 * One write per step.  A connection whose client does not read is not
 * stepped, so it holds at most one event.  A client that shuts down its
 * sending half counts as gone, as it does with nginx.
 */
#ifndef DEMO_SERVER_H
#define DEMO_SERVER_H

#include <stdbool.h>

#include "pages.h"
#include "timers.h"

#define SERVER_BACKLOG 4096
#define SERVER_CONNS_MAX 16384

struct server {
	struct pages *pages;	/* borrowed */
	struct timers timers;
	struct conn *conns;	/* all of them, for the end */
	int epoll, listener, signals;
	int conn_count, conn_max;
	bool is_listening;	/* false while conn_max are open */
	bool is_stopping;
};

/* Listens on "HOST:PORT", an IPv4 address; port 0 picks one.  The port, or
 * -1 with errno set. */
int
server_open(struct server *s, struct pages *pages, const char *address);

/* Serves until `signals` (a signalfd) can be read.  0, or -1 with errno. */
int
server_run(struct server *s, int signals);

void
server_free(struct server *s);

#endif
