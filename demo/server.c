#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "conn.h"

#define EVENTS_MAX 256
#define ACCEPTS_MAX 64		/* in one go */
#define OTHER_FILES 32		/* descriptors that are not connections */

static bool
parse_address(const char *text, struct sockaddr_in *address)
{
	const char *colon = strrchr(text, ':');
	char host[INET_ADDRSTRLEN];
	char *end;
	long port;

	if (!colon || (size_t)(colon - text) >= sizeof(host))
		return false;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	port = strtol(colon + 1, &end, 10);
	*address = (struct sockaddr_in){ .sin_family = AF_INET };
	address->sin_port = htons((uint16_t)port);
	return colon[1] != '\0' && *end == '\0' && port >= 0 && port <= 65535
		&& inet_pton(AF_INET, host, &address->sin_addr) == 1;
}

static int
raise_file_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return 0;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	return files.rlim_cur < SERVER_CONNS_MAX + OTHER_FILES
		? (int)files.rlim_cur - OTHER_FILES : SERVER_CONNS_MAX;
}

static int
open_listener(const char *text)
{
	struct sockaddr_in address;
	int one = 1, fd;

	if (!parse_address(text, &address)) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0
	    || listen(fd, SERVER_BACKLOG) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
find_port(int fd)
{
	struct sockaddr_in address;
	socklen_t n = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &n) != 0)
		return -1;
	return ntohs(address.sin_port);
}

/* Where an event belongs is told by the address of one of these members. */
static int
watch(struct server *s, int fd, void *who)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = who };

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev);
}

int
server_open(struct server *s, struct pages *pages, const char *address)
{
	*s = (struct server){ .pages = pages, .epoll = -1, .listener = -1 };
	s->conn_max = raise_file_limit();
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->listener = open_listener(address);
	if (s->epoll < 0 || s->listener < 0
	    || watch(s, s->listener, &s->listener) != 0) {
		int error = errno;

		server_free(s);
		errno = error;
		return -1;
	}
	s->is_listening = true;
	return find_port(s->listener);
}

/* With as many connections as may be, further ones wait in the backlog. */
static void
balance_listening(struct server *s)
{
	bool wanted = s->conn_count < s->conn_max;

	if (wanted == s->is_listening)
		return;
	s->is_listening = wanted;
	if (wanted)
		watch(s, s->listener, &s->listener);
	else
		epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->listener, NULL);
}

static void
accept_some(struct server *s)
{
	for (int i = 0; i < ACCEPTS_MAX && s->conn_count < s->conn_max; i++) {
		int fd = accept4(s->listener, NULL, NULL,
			SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		conn_open(s, fd);
	}
}

static void
handle_conn(struct conn *c, uint32_t events)
{
	if (events & (EPOLLHUP | EPOLLERR))
		conn_gone(c);
	else if (events & EPOLLIN)
		conn_readable(c);
	else if (events & EPOLLRDHUP)
		conn_gone(c);
	else if (events & EPOLLOUT)
		conn_writable(c);
}

static void
handle(struct server *s, const struct epoll_event *ev)
{
	if (ev->data.ptr == &s->listener)
		accept_some(s);
	else if (ev->data.ptr == &s->signals)
		s->is_stopping = true;
	else
		handle_conn(ev->data.ptr, ev->events);
}

/* Each timer at most once, or a play at full speed would keep the others
 * from their turn. */
static void
run_timers(struct server *s)
{
	int64_t now = clock_ns();
	struct timer *t;

	for (size_t n = s->timers.count; n > 0; n--) {
		t = timers_first(&s->timers);
		if (!t || t->due > now)
			return;
		timers_unset(&s->timers, t);
		conn_due((struct conn *)t);
	}
}

/* Waits in nanoseconds: a pace of 2 ms is no number of milliseconds away. */
static int
wait_for_events(const struct server *s, struct epoll_event *events)
{
	const struct timer *first = timers_first(&s->timers);
	struct timespec wait = { 0, 0 };
	int64_t left = first ? first->due - clock_ns() : 0;

	if (left > 0) {
		wait.tv_sec = left / 1000000000;
		wait.tv_nsec = left % 1000000000;
	}
	return epoll_pwait2(s->epoll, events, EVENTS_MAX,
		first ? &wait : NULL, NULL);
}

int
server_run(struct server *s, int signals)
{
	struct epoll_event events[EVENTS_MAX];

	s->signals = signals;
	if (watch(s, signals, &s->signals) != 0)
		return -1;
	while (!s->is_stopping) {
		int n = wait_for_events(s, events);

		if (n < 0 && errno != EINTR)
			return -1;
		for (int i = 0; i < n; i++)
			handle(s, &events[i]);
		run_timers(s);
		balance_listening(s);
	}
	return 0;
}

void
server_free(struct server *s)
{
	while (s->conns)
		conn_close(s->conns);
	timers_free(&s->timers);
	if (s->listener >= 0)
		close(s->listener);
	if (s->epoll >= 0)
		close(s->epoll);
	s->listener = s->epoll = -1;
}
