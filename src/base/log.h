/*
 * The log: one line of JSON a thing that happened, on standard error, each
 * written by one write(2) so that lines of several processes do not mix.
 * Values are escaped, so nothing that a client sends can start a line of its
 * own.  Never handed in: a key, a cookie, a password, a question, an answer.
 *
 * Library code does not log; the dispatcher, the background threads and main
 * do.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* A field of a line: text, or a number where text is NULL. */
struct log_field {
	const char *name;
	const char *text;
	long long number;
};

enum { LOG_FIELDS_MAX = 24 }; /* fields of one line */
enum { LOG_LINE_MAX = 8192 }; /* bytes of one line; longer values are cut */

/* Lines below `level` are dropped.  Set once, before threads start. */
void
log_level_set(enum log_level level);

/* The level by its name ("info"); false where there is none. */
bool
log_level_parse(const char *name, enum log_level *level);

/* A sentence about `part` ("relay", "database"). */
void
log_say(enum log_level level, const char *part, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A line of fields, ended by one whose name is NULL. */
void
log_fields(enum log_level level, const char *part,
    const struct log_field *fields);

#endif
