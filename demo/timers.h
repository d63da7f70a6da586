/*
 * Who is due when: a binary heap of timers that live inside other structs.
 * A timer that starts as { 0 } is not set.
 */
#ifndef DEMO_TIMERS_H
#define DEMO_TIMERS_H

#include <stddef.h>
#include <stdint.h>

struct timer {
	int64_t due;		/* CLOCK_MONOTONIC nanoseconds */
	size_t place;		/* in the heap, from 1; 0 is not set */
};

struct timers {
	struct timer **heap;	/* heap[0] is not used */
	size_t count, room;
};

/* Sets a timer, or moves one that is set. */
void
timers_set(struct timers *ts, struct timer *t, int64_t due);

/* Does nothing to a timer that is not set. */
void
timers_unset(struct timers *ts, struct timer *t);

/* The timer that is due first, or NULL. */
struct timer *
timers_first(const struct timers *ts);

void
timers_free(struct timers *ts);

#endif
