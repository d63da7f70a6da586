/*
 * Connections that are waited for without a thread: a set of bounded size,
 * each with a time at which its wait is over.
 *
 * Threads: any number in parked_add(), one in all else.
 */
#ifndef FCGI_PARKED_H
#define FCGI_PARKED_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	PARKED_MAX = 256,
	PARKED_NOBODY = -1,
};

struct parked {
	int epoll_fd;
	pthread_mutex_t lock; /* for all that follows */
	struct {
		int fd; /* PARKED_NOBODY: free */
		int64_t until_ms;
	} places[PARKED_MAX];
	int n;
};

/* False for want of descriptors; parked_free() all the same. */
bool
parked_open(struct parked *p);

/*
 * From now on `fd` is the set's.  False where there is no place: then it is
 * still the caller's.
 */
bool
parked_add(struct parked *p, int fd, int64_t until_ms);

/*
 * Wait for one of which there is news.  It stays where it is until it is taken.
 * `has_ended`: its peer sends no more.  PARKED_NOBODY: none, or a signal came.
 */
int
parked_wait(struct parked *p, int ms, bool *has_ended);

/* One whose time was over at `now_ms`, or PARKED_NOBODY. */
int
parked_late(struct parked *p, int64_t now_ms);

/* Take this one out: it is the caller's. */
void
parked_take(struct parked *p, int fd);

bool
parked_is_empty(struct parked *p);

void
parked_free(struct parked *p);

#endif
