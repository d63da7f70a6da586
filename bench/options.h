/* What one run of bench-load does; the options are one table. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <netinet/in.h>
#include <stdint.h>

#define STREAMS_MAX 10000
#define HEADERS_MAX 16
#define TEMPLATE_MAX 65536	/* bytes of a request */

struct options {
	struct sockaddr_in address;
	const char *host;		/* as given, for the Host field */
	const char *path, *body, *tag;
	const char *headers[HEADERS_MAX];
	int header_count;
	int64_t streams, at_once, ramp_ms, tokens, first_ms, timeout_s;
	int64_t stop_tokens, stop_ms;	/* -1: do not stop */
};

/* Exits with a message when something is wrong, and after --help. */
void
options_read(struct options *o, int argc, char **argv);

#endif
