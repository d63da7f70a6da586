/*
 * FastCGI: taking requests in, sending answers out.  The only user of
 * <fcgiapp.h>.
 *
 * Rules that everything here keeps, because libfcgi's defaults freeze whoever
 * calls them (docs/decisions/0002-libfcgi-without-waiting.md):
 *
 *   - a flush is asked for only when poll(2) says that the socket takes it, and
 *     then at most 4 KB at a time;
 *   - the body is read to its end before a request is handed on;
 *   - a connection is detached before it is finished, and never kept open for
 *     another request;
 *   - every request has a FCGX_Request of its own.
 */
#ifndef FCGI_FCGI_IO_H
#define FCGI_FCGI_IO_H

#include "base/err.h"
#include "http/request.h"

enum {
	FCGI_BACKLOG = 4096, /* a full one is a 502 from nginx at once */
};

/* Once, before anything else here. */
enum err
fcgi_init(void);

/*
 * A listening Unix socket, mode 0660; one that is left over from a process that
 * is gone is replaced.  -1 with a sentence in `why`.
 */
int
fcgi_listen(const char *path, char *why, size_t why_size);

/*
 * Wait for a request and read it whole.  A body over `body_max` is read but not
 * kept, and the request has failed with ERR_TOO_LARGE.  ERR_UNAVAILABLE: no
 * request; try again.  ERR_INTERRUPTED: this process is shutting down.
 *
 * `rq` is initialised here; it is the caller's to free, after its connection.
 */
enum err
fcgi_accept(int listen_fd, size_t body_max, struct req *rq);

/* From now on fcgi_accept() answers ERR_INTERRUPTED. */
void
fcgi_shut_down(void);

#endif
