/*
 * What the files of the settings share, and nobody else includes:
 *
 *     conf.c        files, sections and providers; what a load says of a fault
 *     conf_value.c  a text becomes a value, or does not fit
 *     conf_table.c  the rows of base/conf.h, found and printed
 *
 * A `base` is the struct conf, or the struct conf_provider for a row without a
 * section, that a row's offset counts from.
 */
#ifndef BASE_CONF_PRIVATE_H
#define BASE_CONF_PRIVATE_H

#include "base/conf.h"

/* What a section that makes a provider starts with. */
#define CONF_PROVIDER_PREFIX "provider."

enum conf_type {
	CONF_TEXT, CONF_PATH, CONF_INT, CONF_BOOL, CONF_SECONDS, CONF_SIZE,
	CONF_CHOICE,
};

/* One setting: where it lives in its struct, and what fits it. */
struct conf_setting {
	const char *section; /* NULL: of a provider */
	const char *key;
	enum conf_type type;
	size_t offset;
	const char *text;        /* the default of CONF_TEXT and CONF_PATH */
	long long number;        /* the default of all others */
	long long least, most;   /* of CONF_INT, CONF_SECONDS and CONF_SIZE */
	const char *const *names; /* of CONF_CHOICE, ended by NULL */
	const char *doc;
};

struct conf_table {
	const struct conf_setting *rows;
	size_t n;
};

/* A rule that the types cannot say. */
struct conf_rule {
	const char *section; /* NULL: of a provider */
	const char *key;
	bool (*fits)(const char *value);
	const char *wanted; /* after "must be" */
	/* the value may be a secret in the wrong place: do not repeat it */
	bool hidden;
};

/* conf_table.c */

extern const struct conf_table conf_settings;
extern const struct conf_table conf_provider_settings;

/* NULL, for a provider's, is the same as NULL alone. */
bool
conf_is_same_section(const char *a, const char *b);

/* The row of that name; NULL where there is none.  `section` as in a row. */
const struct conf_setting *
conf_find(const struct conf_table *table, const char *section,
    const char *key);

bool
conf_is_section(const char *name);

/* conf_value.c */

void
conf_set_defaults(const struct conf_table *table, void *base);

/* The rule that a value must keep beside its type; NULL: none. */
const struct conf_rule *
conf_rule_of(const struct conf_setting *s);

/* Put `value` where the setting lives; false where it does not fit.  `file` is
 * where it stands: a relative path is meant from that file's folder. */
bool
conf_set(const struct conf_setting *s, const char *file, const char *value,
    void *base);

/* What would fit, after "must be"; returns `out`. */
const char *
conf_wanted(const struct conf_setting *s, char *out, size_t size);

/* May a provider or a wire be named so? */
bool
conf_is_name(const char *value);

#endif
