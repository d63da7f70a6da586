#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/recorded/recorded.h"

const char *
files_source(void)
{
	const char *root = getenv("LLMSELECT_SOURCE");

	return root != NULL ? root : ".";
}

const char *
files_collection(char out[static PATH_SIZE])
{
	const char *folder = getenv("LLMSELECT_FIXTURES");

	if (folder != NULL)
		snprintf(out, PATH_SIZE, "%s", folder);
	else
		snprintf(out, PATH_SIZE, "%s/../shared/fixtures",
		    files_source());
	return out;
}

void
files_skip(const char *what)
{
	print_message("# skipped: the recorded %s are not here "
	    "(LLMSELECT_FIXTURES)\n", what);
	skip();
}

void
files_read(const char *path, struct buf *out)
{
	char chunk[4096];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		fail_msg("%s cannot be read", path);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		assert_int_equal(buf_add(out, chunk, n), ERR_OK);
	fclose(f);
}
