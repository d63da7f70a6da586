/*
 * What is at which path: the dialects' own paths, which begin a play, and the
 * pages about the provider itself, which are one table in pages.c.
 */
#ifndef DEMO_PAGES_H
#define DEMO_PAGES_H

#include "play.h"
#include "record.h"
#include "stats.h"

struct pages {
	struct stats stats;
	struct record record;
	const char *key;	/* borrowed; NULL takes every key */
	int port;		/* ours, for redirects */
	uint64_t requests;	/* answers are numbered */
};

/*
 * Answers a request.  Either a play begins, which the caller steps, ends with
 * stats_complete() or stats_early() of `handle`, and frees; or NULL, and the
 * whole answer is in `out`.
 */
struct play *
pages_answer(struct pages *pg, const struct http_request *rq, int64_t now,
	struct buf *out, int *handle);

void
pages_free(struct pages *pg);

#endif
