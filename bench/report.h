/*
 * Sums up the streams of a run as one JSON object on one line.
 *
 * "lost" are tokens that never came, of the streams that were not stopped;
 * "repeated" stamps a stream had before, "out_of_order" ones older than the
 * one before, "foreign" ones that two streams got.  The provider never writes
 * a stamp twice.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdio.h>

#include "stream.h"

void
report_write(FILE *out, const struct options *o, const struct stream *streams,
	int64_t wall_ns);

#endif
