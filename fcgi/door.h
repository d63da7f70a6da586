/*
 * The door: connections are let in when all parameters of their request are
 * there and well (fcgi_guard.h), so that reading them never waits.
 *
 * A web server connects and writes in one go.  Who has not written a blink
 * after he came is parked: it takes a descriptor and no thread, one thread
 * looks after all of them, and they have WAIT_MS to write.
 *
 * Threads: any number in door_accept(), one in door_wait().
 */
#ifndef FCGI_DOOR_H
#define FCGI_DOOR_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"
#include "fcgi_guard.h"
#include "parked.h"

struct door {
	int listen_fd; /* the caller's */
	bool is_tcp;
	struct parked parked;
	int slow_max;
	atomic_int n_slow; /* that door_read() waits for */
	_Atomic int64_t stopped_ms; /* when door_stop() was called; 0: not */
	atomic_bool is_closed;
	pthread_mutex_t lock; /* for all that follows */
	long long n_refused; /* that the log was not told of */
	int64_t told_ms;
};

/* A connection that came in, with what was read of it: some of its body too. */
struct door_guest {
	int fd;
	struct guard_found found;
	size_t n;
	unsigned char bytes[GUARD_PARAMS_MAX];
};

/*
 * ERR_INTERNAL for want of descriptors, or where the listening socket is not
 * one that we can guard; told in the log.  `acceptors`: how many threads will
 * be in door_accept().
 */
enum err
door_open(struct door *d, int listen_fd, int acceptors);

/*
 * Wait for the next guest; his descriptor is the caller's.  ERR_UNAVAILABLE:
 * for want of descriptors, most likely; try again.  ERR_INTERRUPTED: the door
 * is closed.
 */
enum err
door_accept(struct door *d, struct door_guest *guest);

/*
 * The same for guests who came late.  After door_stop() those who are parked
 * have a moment more, for they may be of a web server that saw us listen; this
 * ends when door_close() was called and nobody is parked.
 */
enum err
door_wait(struct door *d, struct door_guest *guest);

/*
 * Read more of what a guest sends.  0: that is all, or it does not come before
 * `until_ms`, or half of the acceptors wait for such guests already: the others
 * are for those who have something to say.
 */
size_t
door_read(struct door *d, int fd, unsigned char *bytes, size_t size,
    int64_t until_ms);

/* A connection is closed for this reason: a line in the log, now and then. */
void
door_tell(struct door *d, const char *why);

/*
 * From now on nobody is accepted.  A signal with a handler, without SA_RESTART,
 * brings threads out that wait here; it has to be repeated until they are.
 */
void
door_stop(struct door *d);

/* When all are out of door_accept(), so that nobody is parked any more. */
void
door_close(struct door *d);

/* When nobody is in here any more. */
void
door_free(struct door *d);

#endif
