/*
 * Lists in pages: ?page= and ?limit= of a request, and the answer around the
 * items.
 */
#ifndef API_PAGE_H
#define API_PAGE_H

#include <jansson.h>

#include "http/request.h"

struct page {
	char search[REQ_QUERY_MAX]; /* "": nothing is searched for */
	int number, limit;          /* from 1; items of a page */
	int offset;                 /* items before this page */
};

/* ERR_VALIDATION where one of the three cannot be. */
enum err
page_read(struct req *rq, struct page *out);

/* What is searched for; NULL: nothing. */
const char *
page_search(const struct page *page);

/* The reply: these items, of `total`.  `items` is borrowed. */
enum err
page_reply(struct req *rq, const struct page *page, json_t *items,
    int64_t total);

#endif
