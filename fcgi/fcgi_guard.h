/*
 * What a peer sends us over FastCGI (specification 1.0, sections 3.3 and 3.4),
 * looked at before libfcgi reads it.  For libfcgi 2.4.2 lengths of parameters
 * that cannot be added end the process, and so does a question about values
 * that names one too often (docs/decisions/0015-a-guard-before-libfcgi.md).
 *
 * Two stages without I/O: the records up to the end of the parameters, as a
 * whole, and those of the body, in any cut.  Let through is what web servers
 * send: one request as a responder, its parameters, its body, every record
 * with its id.  Management records, other roles and multiplexing are not.
 */
#ifndef FCGI_FCGI_GUARD_H
#define FCGI_FCGI_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/*
	 * Bytes up to the end of the parameters.  nginx puts them into one
	 * record of at most 65,535; twice that for servers that use several,
	 * and a socket still holds it (208 KB by default), for it has to lie
	 * there whole.
	 */
	GUARD_PARAMS_MAX = 128 * 1024,
	GUARD_HEAD_SIZE = 8, /* of a record */
};

enum guard {
	GUARD_MORE,  /* well so far, but not the end */
	GUARD_WHOLE,
	GUARD_BAD,
};

/* What guard_params() finds: `id` and `end` where it is whole, else `why`. */
struct guard_found {
	uint16_t id;     /* of the request */
	size_t end;      /* bytes up to the end of the parameters */
	const char *why; /* a few words on what is wrong */
};

/* Look at the first `n` bytes of a connection. */
enum guard
guard_params(const unsigned char *bytes, size_t n, struct guard_found *found);

/* The body's stage: its `id` given, all else 0. */
struct guard_body {
	uint16_t id;
	bool is_whole;
	unsigned char head[GUARD_HEAD_SIZE];
	size_t n_head;
	size_t content, padding; /* bytes of the record still to come */
};

/*
 * Take some more bytes.  What of them is content is given to `take`, in pieces.
 * What stands behind the end is not looked at.
 */
enum guard
guard_body(struct guard_body *g, const unsigned char *bytes, size_t n,
    void (*take)(void *arg, const unsigned char *bytes, size_t n), void *arg);

#endif
