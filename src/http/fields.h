/*
 * Reading a JSON body into a struct by a table, so that a handler says what it
 * takes and nothing else: unknown fields, wrong types and what does not fit
 * are refused, all at once, each with its sentence.
 *
 *     static const struct field FIELDS[] = {
 *             FIELD_TEXT(struct ask, message, 1, 524288, FIELD_MUST),
 *             FIELD_UUID(struct ask, conversation_id, 0),
 *     };
 *
 * A text is borrowed from rq->json and lives as long as the request.
 */
#ifndef HTTP_FIELDS_H
#define HTTP_FIELDS_H

#include <stddef.h>

#include "http/request.h"

enum field_type {
	FIELD_IS_TEXT,   /* struct text; characters counted, no NUL */
	FIELD_IS_BYTES,  /* struct text; bytes counted, NUL allowed */
	FIELD_IS_MODEL,  /* struct text of [A-Za-z0-9._:/@-], no ".." (S20) */
	FIELD_IS_UUID,   /* struct uuid; zeros where it is absent */
	FIELD_IS_INT,    /* struct number: .set, .i */
	FIELD_IS_REAL,   /* struct number: .set, .r */
	FIELD_IS_BOOL,   /* bool */
	FIELD_IS_CHOICE, /* int, index into choices; -1 where it is absent */
	FIELD_IS_ARRAY,  /* json_t *, borrowed; length within limits */
};

enum { FIELD_MUST = 1 }; /* flag: it has to be there */

struct text {
	const char *p; /* NULL where it is absent */
	size_t len;
};

struct number {
	bool set;
	long long i;
	double r;
};

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	double least, most; /* of the number, or of the length */
	const char *const *choices;
	unsigned flags;
};

#define FIELD_OF(kind, strct, member, lo, hi, ch, fl) \
	{ .name = #member, .type = (kind), .offset = offsetof(strct, member), \
	  .least = (lo), .most = (hi), .choices = (ch), .flags = (fl) }
#define FIELD_TEXT(s, m, lo, hi, fl) \
	FIELD_OF(FIELD_IS_TEXT, s, m, lo, hi, 0, fl)
#define FIELD_BYTES(s, m, lo, hi, fl) \
	FIELD_OF(FIELD_IS_BYTES, s, m, lo, hi, 0, fl)
#define FIELD_MODEL(s, m, fl) FIELD_OF(FIELD_IS_MODEL, s, m, 1, 200, 0, fl)
#define FIELD_UUID(s, m, fl) FIELD_OF(FIELD_IS_UUID, s, m, 0, 0, 0, fl)
#define FIELD_INT(s, m, lo, hi, fl) \
	FIELD_OF(FIELD_IS_INT, s, m, lo, hi, 0, fl)
#define FIELD_REAL(s, m, lo, hi, fl) \
	FIELD_OF(FIELD_IS_REAL, s, m, lo, hi, 0, fl)
#define FIELD_BOOL(s, m, fl) FIELD_OF(FIELD_IS_BOOL, s, m, 0, 0, 0, fl)
#define FIELD_CHOICE(s, m, ch, fl) \
	FIELD_OF(FIELD_IS_CHOICE, s, m, 0, 0, ch, fl)
#define FIELD_ARRAY(s, m, lo, hi, fl) \
	FIELD_OF(FIELD_IS_ARRAY, s, m, lo, hi, 0, fl)

/* Read rq->json, which must be an object.  ERR_VALIDATION with details. */
enum err
fields_read(struct req *rq, const struct field *table, size_t n, void *out);

#define FIELDS_READ(rq, table, out) \
	fields_read((rq), (table), sizeof(table) / sizeof((table)[0]), (out))

#endif
