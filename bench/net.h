/* What both programs need before they can connect. */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include <netinet/in.h>
#include <stdbool.h>

/* Reads "HOST:PORT", where HOST is an IPv4 address. */
bool
net_read_address(const char *text, struct sockaddr_in *address);

/* As many descriptors as we may have. */
void
net_raise_file_limit(void);

#endif
