#include "timers.h"

#include <stdlib.h>

#define ROOM_FIRST 64

static void
put(struct timers *ts, struct timer *t, size_t place)
{
	ts->heap[place] = t;
	t->place = place;
}

static void
rise(struct timers *ts, struct timer *t)
{
	size_t i = t->place;

	for (; i > 1 && ts->heap[i / 2]->due > t->due; i /= 2)
		put(ts, ts->heap[i / 2], i);
	put(ts, t, i);
}

static void
sink(struct timers *ts, struct timer *t)
{
	size_t i = t->place;

	while (i * 2 <= ts->count) {
		size_t child = i * 2;

		if (child < ts->count
		    && ts->heap[child + 1]->due < ts->heap[child]->due)
			child++;
		if (ts->heap[child]->due >= t->due)
			break;
		put(ts, ts->heap[child], i);
		i = child;
	}
	put(ts, t, i);
}

static void
append(struct timers *ts, struct timer *t)
{
	if (ts->count + 2 > ts->room) {
		ts->room = ts->room ? ts->room * 2 : ROOM_FIRST;
		ts->heap = realloc(ts->heap,
			ts->room * sizeof(struct timer *));
		if (!ts->heap)
			abort();
	}
	put(ts, t, ++ts->count);
}

void
timers_set(struct timers *ts, struct timer *t, int64_t due)
{
	t->due = due;
	if (t->place == 0)
		append(ts, t);
	rise(ts, t);
	sink(ts, t);
}

void
timers_unset(struct timers *ts, struct timer *t)
{
	size_t place = t->place;
	struct timer *last;

	if (place == 0)
		return;
	t->place = 0;
	last = ts->heap[ts->count--];
	if (last == t)
		return;
	put(ts, last, place);
	rise(ts, last);
	sink(ts, last);
}

struct timer *
timers_first(const struct timers *ts)
{
	return ts->count > 0 ? ts->heap[1] : NULL;
}

void
timers_free(struct timers *ts)
{
	free(ts->heap);
	*ts = (struct timers){ 0 };
}
