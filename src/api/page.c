#include "api/page.h"

enum { LIMIT_MAX = 100, LIMIT = 30, PAGE_MAX = 100000 };

enum err
page_read(struct req *rq, struct page *out)
{
	struct page page;
	enum err err;

	if ((err = req_query_text(rq, "search", page.search)) ||
	    (err = req_query_int(rq, "page", 1, PAGE_MAX, 1, &page.number)) ||
	    (err = req_query_int(rq, "limit", 1, LIMIT_MAX, LIMIT,
	    &page.limit)))
		return err;
	page.offset = (page.number - 1) * page.limit;
	*out = page;
	return ERR_OK;
}

const char *
page_search(const struct page *page)
{
	return page->search[0] != '\0' ? page->search : NULL;
}

enum err
page_reply(struct req *rq, const struct page *page, json_t *items,
    int64_t total)
{
	rq->reply = json_pack("{s:O, s:i, s:i, s:I}", "items", items,
	    "page", page->number, "limit", page->limit,
	    "total", (json_int_t)total);
	return rq->reply != NULL ? ERR_OK : ERR_INTERNAL;
}
