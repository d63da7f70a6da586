/*
 * Loaded into the workers (LD_PRELOAD): a name below slow.test takes 12 s to
 * be looked up, and is not known then.  All others are as they are.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS = 12 };

typedef int getaddrinfo_fn(const char *, const char *, const struct addrinfo *,
    struct addrinfo **);

int
getaddrinfo(const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **out)
{
	static const char zone[] = ".slow.test";
	size_t n = node != NULL ? strlen(node) : 0;
	getaddrinfo_fn *real;

	if (n >= sizeof(zone) - 1 &&
	    strcmp(node + n - (sizeof(zone) - 1), zone) == 0) {
		for (unsigned left = SECONDS; left > 0;)
			left = sleep(left);
		return EAI_NONAME;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(node, service, hints, out);
}
