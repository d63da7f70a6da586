/*
 * One connection: the request being read, the play being given, the bytes
 * that are not sent yet.
 *
 * It is idle (reading), playing, or ending (the play is over, bytes are
 * left).  It frees itself when it closes; so after conn_readable(),
 * conn_writable(), conn_due() and conn_gone() it may be no more.
 */
#ifndef DEMO_CONN_H
#define DEMO_CONN_H

#include "server.h"

struct conn {
	struct timer timer;	/* first, so that a timer is its connection */
	struct conn *prev, *next;
	struct server *server;
	int fd;
	uint32_t events;	/* what epoll was asked for */
	struct buf in, out;
	size_t out_at;		/* bytes of `out` that are sent */
	struct play *play;
	int handle;		/* of the play, for stats */
	enum play_next then;	/* what comes after the last step */
	bool is_continued;	/* 100 Continue was sent */
	bool is_blocked;	/* waits until it can write */
};

/* Takes over `fd`.  False when it could not, and then `fd` is closed. */
bool
conn_open(struct server *s, int fd);

void
conn_readable(struct conn *c);

void
conn_writable(struct conn *c);

/* Its timer is due. */
void
conn_due(struct conn *c);

/* The client closed. */
void
conn_gone(struct conn *c);

void
conn_close(struct conn *c);

#endif
