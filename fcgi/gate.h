/*
 * The gate in front of the database: at most so many requests inside at once.
 * A request that finds it full is laid in a line, of bounded length, and its
 * thread goes on accepting; whoever comes out takes the next one in.  So there
 * is always a thread left to answer what needs no database.
 */
#ifndef FCGI_GATE_H
#define FCGI_GATE_H

#include <pthread.h>

#include "api/dispatch.h"
#include "http/request.h"

enum {
	GATE_LINE_MAX = 1024, /* requests that wait, in a process */
};

/* A request on its way through the process; made by malloc(). */
struct job {
	struct job *next;
	const struct route *route;
	struct req rq;
};

struct gate {
	pthread_mutex_t lock;
	int inside, inside_max;
	struct job *first, **last;
	int waiting;
};

enum gate_answer {
	GATE_IN,      /* go ahead; gate_leave() afterwards */
	GATE_WAITS,   /* it is in the line, and no longer the caller's */
	GATE_TOO_MANY /* the line is full; it is still the caller's */
};

void
gate_init(struct gate *g, int inside_max);

enum gate_answer
gate_enter(struct gate *g, struct job *job);

/*
 * Leave, or take the place over for the next in the line: where it returns a
 * job, that one is to be run, and gate_leave() called again after it.
 */
struct job *
gate_leave(struct gate *g);

void
gate_free(struct gate *g);

#endif
