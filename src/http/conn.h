/*
 * The connection to whoever asked, as the rest of the program sees it: bytes
 * go out, or the reader is gone.  The FastCGI library implements it in
 * fcgi/fcgi_io.c; tests implement it in memory.
 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include <stddef.h>

enum { CONN_GONE = -1 };

struct conn {
	/* Becomes readable (EPOLLRDHUP) when the reader goes away; -1: none. */
	int fd;

	/*
	 * Send what can be sent without waiting.  Returns the bytes taken, 0
	 * where none can be taken now, CONN_GONE where nobody reads any more,
	 * and CONN_GONE from then on.
	 */
	int (*write)(struct conn *c, const void *bytes, size_t n);

	/*
	 * What was borrowed from the request is needed no more: its memory may
	 * go before the connection does.  NULL: there is nothing to give back.
	 */
	void (*forget)(struct conn *c);

	/*
	 * End the answer and give up the connection, which is freed.  Never
	 * waits.
	 */
	void (*close)(struct conn *c);
};

#endif
