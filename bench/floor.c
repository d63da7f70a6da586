/*
 * bench-floor: the smallest FastCGI relay we can think of, the floor of
 * LLMSelect's architecture.  It knows no users, no database and no libcurl:
 * what the web server hands over goes to the provider on a plain socket, and
 * the provider's events go back as they are.
 *
 * One thread accepts (FCGX_Accept_r, the body read to its end); one thread
 * runs all streams in an epoll loop.  The loop never blocks: it writes at
 * most WRITE_MAX bytes and only after poll() said that there is room, detaches
 * before it finishes, and reads no further from the provider while a reader
 * has not taken what was read.
 */
#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net.h"
#include "reply.h"

#define BACKLOG 4096
#define EVENTS_MAX 256
#define WRITE_MAX 4096		/* fits the room that poll() promises */
#define BODY_MAX (1024 * 1024)
#define HEAD_ROOM 512
#define RETRY_US 10000		/* after a failed accept, such as EMFILE */
#define PAUSED EPOLLPRI		/* never comes; a close would come on and on */

/* The comment goes out in the same write, or nginx holds the head back. */
static const char HEAD[] =
	"Content-Type: text/event-stream\r\n"
	"Cache-Control: no-store\r\n"
	"X-Accel-Buffering: no\r\n\r\n"
	": hello\n\n";

struct relay;

/* One of the two connections of a relay; what epoll hands back. */
struct side {
	struct relay *relay;
	void (*handle)(struct relay *r, uint32_t events);
	int fd;
	uint32_t events;
};

struct relay {
	struct relay *next;		/* in the queue, or among the dead */
	FCGX_Request request;
	struct side reader, provider;
	struct reply reply;
	char *ask;			/* the provider's request */
	size_t ask_n, ask_at;
	char *out;			/* what the reader could not take */
	size_t out_n;
	bool is_over;			/* the provider has said all */
	bool is_dead;
};

struct floor {
	struct sockaddr_in provider;
	int listener, epoll, wake;
	pthread_mutex_t lock;
	struct relay *queue;		/* accepted; under the lock */
	struct relay *dead;		/* freed after a round of events */
	char bytes[WRITE_MAX];		/* on their way to a reader */
	size_t bytes_n;
};

static struct floor floor_app;

static void
watch(struct side *side, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = side };
	int op = side->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (side->events == events)
		return;
	side->events = events;
	epoll_ctl(floor_app.epoll, op, side->fd, &ev);
}

static void
bury(struct relay *r)
{
	r->is_dead = true;
	if (r->provider.fd >= 0)
		close(r->provider.fd);
	free(r->ask);
	free(r->out);
	reply_free(&r->reply);
	r->next = floor_app.dead;
	floor_app.dead = r;
}

/* The reader is gone, or its connection broke. */
static void
drop(struct relay *r)
{
	epoll_ctl(floor_app.epoll, EPOLL_CTL_DEL, r->reader.fd, NULL);
	FCGX_Free(&r->request, 1);
	bury(r);
}

/* Undetached, it would wait until the web server closes. */
static void
finish(struct relay *r)
{
	epoll_ctl(floor_app.epoll, EPOLL_CTL_DEL, r->reader.fd, NULL);
	r->request.keepConnection = 0;
	FCGX_Detach(&r->request);
	FCGX_Finish_r(&r->request);
	bury(r);
}

static bool
has_room(const struct relay *r)
{
	struct pollfd p = { .fd = r->reader.fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

/* Keeps what is on its way until the reader has room for it. */
static void
keep(struct relay *r)
{
	watch(&r->reader, EPOLLRDHUP | EPOLLOUT);
	if (!r->is_over)
		watch(&r->provider, PAUSED);
	if (floor_app.bytes_n == 0)
		return;
	r->out = malloc(floor_app.bytes_n);
	if (!r->out)
		abort();
	memcpy(r->out, floor_app.bytes, floor_app.bytes_n);
	r->out_n = floor_app.bytes_n;
	floor_app.bytes_n = 0;
}

/* False when the reader is gone. */
static bool
write_out(struct relay *r, const char *bytes, size_t n)
{
	if (n == 0)
		return true;
	FCGX_PutStr(bytes, (int)n, r->request.out);
	return FCGX_FFlush(r->request.out) == 0;
}

/* Hands over what is there: either kept from before, or on its way now. */
static void
push(struct relay *r)
{
	bool is_written;

	if ((r->out || floor_app.bytes_n > 0 || r->is_over) && !has_room(r)) {
		keep(r);
		return;
	}
	is_written = write_out(r, r->out, r->out_n)
		&& write_out(r, floor_app.bytes, floor_app.bytes_n);
	floor_app.bytes_n = 0;
	free(r->out);
	r->out = NULL;
	r->out_n = 0;
	if (!is_written)
		drop(r);
	else if (r->is_over && has_room(r))
		finish(r);
	else if (r->is_over)
		keep(r);
	else {
		watch(&r->reader, EPOLLRDHUP);
		watch(&r->provider, r->ask ? EPOLLOUT : EPOLLIN);
	}
}

static void
handle_reader(struct relay *r, uint32_t events)
{
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		drop(r);
	else
		push(r);
}

static void
take_body(void *who, const char *bytes, size_t n)
{
	(void)who;
	memcpy(floor_app.bytes + floor_app.bytes_n, bytes, n);
	floor_app.bytes_n += n;
}

static void
send_ask(struct relay *r)
{
	ssize_t n = send(r->provider.fd, r->ask + r->ask_at,
		r->ask_n - r->ask_at, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN) {
		r->is_over = true;
	} else if (n > 0) {
		r->ask_at += (size_t)n;
		if (r->ask_at == r->ask_n) {
			free(r->ask);
			r->ask = NULL;
		}
	}
}

/* The body of so many bytes is never longer than they are. */
static void
receive(struct relay *r)
{
	char bytes[WRITE_MAX];
	ssize_t n = recv(r->provider.fd, bytes, sizeof(bytes), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0)
		reply_feed(&r->reply, bytes, (size_t)n, take_body, NULL);
	if (n <= 0 || r->reply.state >= REPLY_END)
		r->is_over = true;
}

static void
handle_provider(struct relay *r, uint32_t events)
{
	(void)events;
	if (r->out)
		return;
	if (r->ask)
		send_ask(r);
	else
		receive(r);
	if (r->is_over) {
		close(r->provider.fd);
		r->provider.fd = -1;
	}
	push(r);
}

static void
start(struct relay *r)
{
	const struct sockaddr *to = (struct sockaddr *)&floor_app.provider;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		0);

	r->reader = (struct side){ r, handle_reader, r->request.ipcFd, 0 };
	r->provider = (struct side){ r, handle_provider, fd, 0 };
	take_body(NULL, HEAD, sizeof(HEAD) - 1);
	if (fd < 0 || (connect(fd, to, sizeof(floor_app.provider)) != 0
			&& errno != EINPROGRESS))
		r->is_over = true;
	push(r);
}

static void
start_queued(void)
{
	struct relay *r, *next;
	uint64_t count;

	if (read(floor_app.wake, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&floor_app.lock);
	r = floor_app.queue;
	floor_app.queue = NULL;
	pthread_mutex_unlock(&floor_app.lock);
	for (; r; r = next) {
		next = r->next;
		start(r);
	}
}

/* Not before the round is over: its other side may have an event in it. */
static void
free_dead(void)
{
	struct relay *next;

	for (struct relay *r = floor_app.dead; r; r = next) {
		next = r->next;
		free(r);
	}
	floor_app.dead = NULL;
}

static void *
run_loop(void *unused)
{
	struct epoll_event events[EVENTS_MAX];

	for (;;) {
		int n = epoll_wait(floor_app.epoll, events, EVENTS_MAX, -1);

		for (int i = 0; i < n; i++) {
			struct side *side = events[i].data.ptr;

			if (!side)
				start_queued();
			else if (!side->relay->is_dead)
				side->handle(side->relay, events[i].events);
		}
		free_dead();
	}
	return unused;
}

/* Reads the request to its end and makes the provider's of it. */
static bool
read_ask(struct relay *r)
{
	const char *uri = FCGX_GetParam("REQUEST_URI", r->request.envp);
	const char *length = FCGX_GetParam("CONTENT_LENGTH", r->request.envp);
	size_t n = length ? strtoul(length, NULL, 10) : 0;
	size_t uri_n = uri ? strlen(uri) : 0;
	int head, body;

	if (uri_n == 0 || n > BODY_MAX)
		return false;
	r->ask = malloc(HEAD_ROOM + uri_n + n);
	if (!r->ask)
		return false;
	head = snprintf(r->ask, HEAD_ROOM + uri_n, "POST %s HTTP/1.1\r\n"
		"Host: provider\r\nContent-Type: application/json\r\n"
		"Connection: close\r\nContent-Length: %zu\r\n\r\n", uri, n);
	body = FCGX_GetStr(r->ask + head, (int)n, r->request.in);
	r->ask_n = (size_t)(head + body);
	return (size_t)body == n && FCGX_GetChar(r->request.in) == EOF;
}

static void
hand_over(struct relay *r)
{
	uint64_t one = 1;

	pthread_mutex_lock(&floor_app.lock);
	r->next = floor_app.queue;
	floor_app.queue = r;
	pthread_mutex_unlock(&floor_app.lock);
	if (write(floor_app.wake, &one, sizeof(one)) < 0)
		abort();
}

static void *
run_acceptor(void *unused)
{
	for (;;) {
		struct relay *r = calloc(1, sizeof(*r));

		if (!r || FCGX_InitRequest(&r->request, floor_app.listener,
				0) != 0)
			abort();
		if (FCGX_Accept_r(&r->request) != 0) {
			free(r);
			usleep(RETRY_US);
		} else if (read_ask(r)) {
			hand_over(r);
		} else {
			FCGX_Free(&r->request, 1);
			free(r->ask);
			free(r);
		}
	}
	return unused;
}

static bool
open_all(const char *path)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };

	net_raise_file_limit();
	umask(0);	/* the web server may run as another user */
	pthread_mutex_init(&floor_app.lock, NULL);
	floor_app.epoll = epoll_create1(EPOLL_CLOEXEC);
	floor_app.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	floor_app.listener = FCGX_Init() == 0
		? FCGX_OpenSocket(path, BACKLOG) : -1;
	return floor_app.listener >= 0 && epoll_ctl(floor_app.epoll,
		EPOLL_CTL_ADD, floor_app.wake, &ev) == 0;
}

int
main(int argc, char **argv)
{
	pthread_t loop, acceptor;
	sigset_t set;
	int number;

	if (argc != 3 || !net_read_address(argv[2], &floor_app.provider)) {
		fprintf(stderr, "Usage: bench-floor SOCKET HOST:PORT\n\n"
			"A FastCGI relay on the unix socket SOCKET to the "
			"provider at HOST:PORT.\n");
		return 2;
	}
	if (!open_all(argv[1])) {
		fprintf(stderr, "bench-floor: cannot listen on %s\n", argv[1]);
		return 1;
	}
	/* An interrupted write counts as failed in libfcgi: no thread but
	 * this one gets a signal. */
	sigfillset(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (pthread_create(&loop, NULL, run_loop, NULL) != 0
	    || pthread_create(&acceptor, NULL, run_acceptor, NULL) != 0)
		return 1;
	printf("listening on %s\n", argv[1]);
	fflush(stdout);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigwait(&set, &number);
	unlink(argv[1]);
	/* Streams that still run are of no use to a measurement. */
	_exit(0);
}
