#include "door.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	BLINK_MS = 10,     /* that a thread waits for what comes at once */
	WAIT_MS = 5000,    /* for all parameters */
	LAST_WAIT_MS = 1000, /* the same, when this process ends */
	LOOK_MS = 500,     /* between two looks for those who wait too long */
	TELL_MS = 10000,   /* between two lines of the log */
};

/* ---- refusing ---- */

void
door_tell(struct door *d, const char *why)
{
	int64_t now = clock_ms();
	long long n = 0;

	pthread_mutex_lock(&d->lock);
	d->n_refused++;
	if (d->told_ms == 0 || now - d->told_ms >= TELL_MS) {
		n = d->n_refused;
		d->n_refused = 0;
		d->told_ms = now;
	}
	pthread_mutex_unlock(&d->lock);
	if (n > 0)
		log_say(LOG_WARN, "door", "connections closed that sent no "
		    "usable request: %lld; the last one: %s", n, why);
}

static void
refuse(struct door *d, int fd, const char *why)
{
	close(fd);
	door_tell(d, why);
}

/* ---- looking ---- */

/*
 * Leave the bytes in the socket until all parameters are there: then nothing
 * has to be kept for those who are not.  `has_ended`: known before, so that
 * nothing comes after what is seen here.
 */
static enum guard
look(struct door_guest *guest, bool has_ended)
{
	ssize_t n = recv(guest->fd, guest->bytes, sizeof(guest->bytes),
	    MSG_PEEK | MSG_DONTWAIT);
	enum guard seen;

	guest->found.why = NULL;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return GUARD_MORE;
	if (n <= 0) /* who asks only whether we listen is no fault */
		return GUARD_BAD;
	seen = guard_params(guest->bytes, (size_t)n, &guest->found);
	if (seen == GUARD_MORE && has_ended) {
		guest->found.why = "it ended before its parameters did";
		return GUARD_BAD;
	}
	if (seen == GUARD_WHOLE) {
		n = recv(guest->fd, guest->bytes, (size_t)n, MSG_DONTWAIT);
		guest->n = n > 0 ? (size_t)n : 0;
		return guest->n >= guest->found.end ? GUARD_WHOLE : GUARD_BAD;
	}
	return seen;
}

static enum guard
look_a_blink_long(struct door_guest *guest)
{
	struct pollfd p = {
		.fd = guest->fd, .events = POLLIN | POLLRDHUP,
	};

	if (poll(&p, 1, BLINK_MS) <= 0)
		return GUARD_MORE;
	return look(guest, p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static void
turn_away(struct door *d, const struct door_guest *guest)
{
	close(guest->fd);
	if (guest->found.why != NULL)
		door_tell(d, guest->found.why);
}

/* ---- the door ---- */

/*
 * libfcgi would look at this list of addresses where it accepts over TCP.  It
 * is not for us to do what it says and not to be left out: so neither.
 */
static bool
can_be_guarded(int family)
{
	if (family == AF_UNIX || getenv("FCGI_WEB_SERVER_ADDRS") == NULL)
		return true;
	log_say(LOG_ERROR, "door", "FCGI_WEB_SERVER_ADDRS is set and would not "
	    "be heeded; use a Unix socket");
	return false;
}

enum err
door_open(struct door *d, int listen_fd, int acceptors)
{
	struct sockaddr_storage a = { 0 };
	socklen_t size = sizeof(a);

	d->listen_fd = listen_fd;
	d->slow_max = acceptors > 1 ? acceptors / 2 : 1;
	pthread_mutex_init(&d->lock, NULL);
	if (getsockname(listen_fd, (struct sockaddr *)&a, &size) != 0) {
		log_say(LOG_ERROR, "door", "what was given to listen on is no "
		    "socket: %s", strerror(errno));
		return ERR_INTERNAL;
	}
	if (!can_be_guarded(a.ss_family))
		return ERR_INTERNAL;
	d->is_tcp = a.ss_family != AF_UNIX;
	if (parked_open(&d->parked))
		return ERR_OK;
	log_say(LOG_ERROR, "door", "epoll: %s", strerror(errno));
	return ERR_INTERNAL;
}

/* ERR_OK with somebody, or with -1: to be asked again. */
static enum err
take_next(struct door *d, int *fd)
{
	struct pollfd p = { .fd = d->listen_fd, .events = POLLIN };
	int yes = 1;

	*fd = accept4(d->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (*fd >= 0) {
		if (d->is_tcp)
			setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &yes,
			    sizeof(yes));
		return ERR_OK;
	}
	switch (errno) {
	case EAGAIN: /* who started us made the socket so */
		poll(&p, 1, -1);
		return ERR_OK;
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
		return ERR_OK;
	default:
		return ERR_UNAVAILABLE;
	}
}

enum err
door_accept(struct door *d, struct door_guest *guest)
{
	enum err err = ERR_OK;

	while (err == ERR_OK && atomic_load(&d->stopped_ms) == 0) {
		err = take_next(d, &guest->fd);
		if (guest->fd < 0)
			continue;
		switch (look_a_blink_long(guest)) {
		case GUARD_WHOLE:
			return ERR_OK;
		case GUARD_BAD:
			turn_away(d, guest);
			break;
		case GUARD_MORE:
			if (!parked_add(&d->parked, guest->fd,
			    clock_ms() + WAIT_MS))
				refuse(d, guest->fd,
				    "there is no place to wait");
		}
	}
	return err != ERR_OK ? err : ERR_INTERRUPTED;
}

static void
close_late_ones(struct door *d)
{
	int64_t now = clock_ms();
	int64_t stopped = atomic_load(&d->stopped_ms);
	int fd;

	if (stopped != 0 && now - stopped >= LAST_WAIT_MS)
		now = INT64_MAX;
	while ((fd = parked_late(&d->parked, now)) != PARKED_NOBODY) {
		parked_take(&d->parked, fd);
		refuse(d, fd, "its parameters did not come in time");
	}
}

static bool
comes_in(struct door *d, struct door_guest *guest)
{
	bool has_ended;
	enum guard seen;

	guest->fd = parked_wait(&d->parked, LOOK_MS, &has_ended);
	seen = guest->fd != PARKED_NOBODY ? look(guest, has_ended) : GUARD_MORE;
	if (seen == GUARD_MORE)
		return false;
	parked_take(&d->parked, guest->fd);
	if (seen == GUARD_BAD)
		turn_away(d, guest);
	return seen == GUARD_WHOLE;
}

enum err
door_wait(struct door *d, struct door_guest *guest)
{
	while (!atomic_load(&d->is_closed) || !parked_is_empty(&d->parked)) {
		close_late_ones(d);
		if (comes_in(d, guest))
			return ERR_OK;
	}
	return ERR_INTERRUPTED;
}

static bool
becomes_readable(int fd, int64_t ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return ms > 0 && poll(&p, 1, (int)ms) != 0; /* or EINTR: try again */
}

static bool
wait_for_slow_one(struct door *d, int fd, int64_t until_ms)
{
	bool may_wait = atomic_fetch_add(&d->n_slow, 1) < d->slow_max;
	bool comes = may_wait && becomes_readable(fd, until_ms - clock_ms());

	atomic_fetch_sub(&d->n_slow, 1);
	return comes;
}

size_t
door_read(struct door *d, int fd, unsigned char *bytes, size_t size,
    int64_t until_ms)
{
	ssize_t n;

	do {
		n = recv(fd, bytes, size, MSG_DONTWAIT);
		if (n >= 0)
			return (size_t)n;
	} while ((errno == EAGAIN || errno == EINTR) &&
	    clock_ms() < until_ms && (becomes_readable(fd, BLINK_MS) ||
	    wait_for_slow_one(d, fd, until_ms)));
	return 0;
}

void
door_stop(struct door *d)
{
	atomic_store(&d->stopped_ms, clock_ms());
}

void
door_close(struct door *d)
{
	atomic_store(&d->is_closed, true);
}

void
door_free(struct door *d)
{
	parked_free(&d->parked);
	pthread_mutex_destroy(&d->lock);
}
