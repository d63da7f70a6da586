/*
 * A connection for tests: what is written lies in memory, and a reader who
 * takes only so much at a time, or nothing, or has left, can be played.
 */
#ifndef TESTS_MEMORY_CONN_H
#define TESTS_MEMORY_CONN_H

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "http/conn.h"

struct memory_conn {
	struct conn conn; /* first: one is cast to the other */
	struct buf got;
	size_t takes; /* bytes it takes before it takes no more */
	bool gone;
	int closed;   /* times */
};

static inline int
memory_write(struct conn *conn, const void *bytes, size_t n)
{
	struct memory_conn *m = (struct memory_conn *)conn;

	if (m->gone)
		return CONN_GONE;
	if (n > m->takes)
		n = m->takes;
	m->takes -= n;
	buf_add(&m->got, bytes, n);
	return (int)n;
}

static inline void
memory_close(struct conn *conn)
{
	((struct memory_conn *)conn)->closed++;
}

static inline void
memory_conn_init(struct memory_conn *m, size_t takes)
{
	*m = (struct memory_conn){
		.conn = { -1, memory_write, NULL, memory_close }, .takes = takes,
	};
	buf_init(&m->got, 1 << 20);
}

#endif
