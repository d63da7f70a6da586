/*
 * What the tests of recorded answers share:
 *
 *     files.c          where the files are
 *     families.c       how each family words what an index tells
 *     run.c            one stream, whole and in every cut
 *     test_recorded.c  the folders, the indexes, and the sums at the end
 *     test_bodies.c    what is no stream
 */
#ifndef TESTS_RECORDED_H
#define TESTS_RECORDED_H

#include <jansson.h>

#include "llm/wire.h"

enum {
	BYTES_MAX = 16 * 1024 * 1024, /* of a stream */
	PATH_SIZE = 1024,
};

/* The folder of the source. */
const char *
files_source(void);

/* The folder of the larger collection, which may not be there. */
const char *
files_collection(char out[static PATH_SIZE]);

/* Skip the test, for the collection is not there; `what` is told. */
void
files_skip(const char *what);

/* Add the file to `out`; the test fails where it cannot be read. */
void
files_read(const char *path, struct buf *out);

/* Streams that are told alike: a folder of the collection. */
struct family {
	const char *folder;
	const char *wire; /* NULL: no wire of ours; events are counted */

	/* In the bytes: one of these says that the answer is at its end. */
	const char *markers[5];

	/* What the index calls the end, in our words; what is not here is
	 * the same word. */
	struct {
		const char *theirs, *ours;
	} finishes[8];
	bool stops_for_tools; /* a tool that is asked for ends with its stop */

	/* Members of usage, "a.b" where one is in another: the sum of those
	 * that are there, or, of the reasoning, the first. */
	const char *input[4], *output[3], *reasoning[3], *cached[3];

	/* What may stand between two events at any place. */
	const char *ping;
};

/* Of the folder; the row of NULL where it has none. */
const struct family *
family_find(const char *folder);

/* How many streams ran, how often, and at how many places they were cut. */
struct tally {
	size_t streams, runs, cuts;
};

/* A stream as the index has it. */
struct stream {
	const char *name;
	const struct family *family;
	const struct llm_wire *wire;
	struct buf bytes;
	struct buf text, reasoning; /* as they must come out */
	const char *finish;         /* ours: "stop"; "" for none */
	const char *code;           /* ours: "provider_auth"; "ok" for none */
	bool is_exact;              /* not only that there is some code */
	struct llm_usage usage;
	bool has_usage;
	const json_t *expected;
};

/* Through the event stage and its wire: the same comes out of every cut. */
void
run_stream(const struct stream *s, struct tally *tally);

/* Through the event stage alone: the events are those of the index. */
void
run_events(const struct stream *s, struct tally *tally);

#endif
