#include "parked.h"

#include <sys/epoll.h>
#include <unistd.h>

bool
parked_open(struct parked *p)
{
	for (int i = 0; i < PARKED_MAX; i++)
		p->places[i].fd = PARKED_NOBODY;
	p->n = 0;
	pthread_mutex_init(&p->lock, NULL);
	p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return p->epoll_fd >= 0;
}

static int
find(const struct parked *p, int fd)
{
	for (int i = 0; i < PARKED_MAX; i++)
		if (p->places[i].fd == fd)
			return i;
	return PARKED_NOBODY;
}

/*
 * Edge-triggered, for what is there already would wake without end.  What came
 * before it is added counts as an edge.
 */
static bool
watch(struct parked *p, int fd)
{
	struct epoll_event e = {
		.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = fd,
	};

	return epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, fd, &e) == 0;
}

bool
parked_add(struct parked *p, int fd, int64_t until_ms)
{
	bool is_in;
	int i;

	pthread_mutex_lock(&p->lock);
	i = find(p, PARKED_NOBODY);
	is_in = i != PARKED_NOBODY && watch(p, fd);
	if (is_in) {
		p->places[i].fd = fd;
		p->places[i].until_ms = until_ms;
		p->n++;
	}
	pthread_mutex_unlock(&p->lock);
	return is_in;
}

int
parked_wait(struct parked *p, int ms, bool *has_ended)
{
	struct epoll_event e;

	if (epoll_wait(p->epoll_fd, &e, 1, ms) != 1)
		return PARKED_NOBODY;
	*has_ended = e.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
	return e.data.fd;
}

int
parked_late(struct parked *p, int64_t now_ms)
{
	int late = PARKED_NOBODY;

	pthread_mutex_lock(&p->lock);
	for (int i = 0; i < PARKED_MAX && late == PARKED_NOBODY; i++)
		if (p->places[i].until_ms <= now_ms)
			late = p->places[i].fd;
	pthread_mutex_unlock(&p->lock);
	return late;
}

void
parked_take(struct parked *p, int fd)
{
	pthread_mutex_lock(&p->lock);
	epoll_ctl(p->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	p->places[find(p, fd)].fd = PARKED_NOBODY;
	p->n--;
	pthread_mutex_unlock(&p->lock);
}

bool
parked_is_empty(struct parked *p)
{
	bool is;

	pthread_mutex_lock(&p->lock);
	is = p->n == 0;
	pthread_mutex_unlock(&p->lock);
	return is;
}

void
parked_free(struct parked *p)
{
	if (p->epoll_fd >= 0)
		close(p->epoll_fd);
	pthread_mutex_destroy(&p->lock);
}
