/*
 * The two clocks.  Every wait, timeout and measurement uses the monotonic one,
 * which no administrator can turn; what a person reads as a date uses the
 * other.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Microseconds of CLOCK_MONOTONIC. */
int64_t
clock_us(void);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t
clock_ms(void);

/* Milliseconds since 1970-01-01 UTC. */
int64_t
clock_wall_ms(void);

enum { CLOCK_TEXT_SIZE = sizeof("2026-01-02T03:04:05.678Z") };

/* That moment as RFC 3339 in UTC, such as "2026-01-02T03:04:05.678Z". */
const char *
clock_text(int64_t wall_ms, char out[static CLOCK_TEXT_SIZE]);

#endif
