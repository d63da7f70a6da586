/*
 * FastCGI: taking requests in, sending answers out.  The only user of
 * <fcgiapp.h>.
 *
 * Rules that everything here keeps, because libfcgi's defaults freeze whoever
 * calls them (docs/decisions/0002-libfcgi-without-waiting.md):
 *
 *   - a flush is asked for only when poll(2) says that the socket takes it, and
 *     then at most 4 KB at a time;
 *   - it is given the parameters of a request when they are all there and have
 *     been looked at, in a file of their own, so that it never waits for them;
 *   - the body is read here, to its end, before a request is handed on;
 *   - a connection is detached before it is finished, and never kept open for
 *     another request;
 *   - every request has a FCGX_Request of its own.
 */
#ifndef FCGI_FCGI_IO_H
#define FCGI_FCGI_IO_H

#include "base/err.h"
#include "door.h"
#include "http/request.h"

enum {
	FCGI_BODY_MS = 30000, /* for a whole body; nginx sends it in one go */
};

/* Once, before anything else here. */
enum err
fcgi_init(void);

/* Where a request is waited for: door_accept() or door_wait(). */
typedef enum err fcgi_source(struct door *door, struct door_guest *guest);

/* What a thread needs to take requests, one after the other. */
struct fcgi_taker {
	int file; /* parameters on their way to libfcgi; -1: not made yet */
	struct door_guest guest;
};

/* NULL for want of memory. */
struct fcgi_taker *
fcgi_taker_make(void);

void
fcgi_taker_free(struct fcgi_taker *t);

/*
 * Wait for a request and read it whole.  A body over `body_max` is read but not
 * kept, and the request has failed with ERR_TOO_LARGE.  ERR_UNAVAILABLE: no
 * request; try again.  ERR_INTERRUPTED: this process is shutting down.
 *
 * `rq` is initialised here; it is the caller's to free, after its connection.
 */
enum err
fcgi_accept(struct fcgi_taker *t, struct door *door, fcgi_source *source,
    size_t body_max, struct req *rq);

#endif
