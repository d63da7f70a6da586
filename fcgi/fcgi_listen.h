/*
 * The socket that web servers connect to.
 */
#ifndef FCGI_FCGI_LISTEN_H
#define FCGI_FCGI_LISTEN_H

#include <stddef.h>

enum {
	FCGI_BACKLOG = 4096, /* a full one is a 502 from nginx at once */
};

/*
 * A listening Unix socket, mode 0660; one that is left over from a process that
 * is gone is replaced.  -1 with a sentence in `why`.
 */
int
fcgi_listen(const char *path, char *why, size_t why_size);

#endif
