#include "base/conf_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Values by type: each says false where the text does not fit. */

static bool
set_text(const char *value, char *out)
{
	size_t n = strlen(value);

	if (n >= CONF_TEXT_MAX)
		return false;
	memcpy(out, value, n + 1);
	return true;
}

/* A relative path is meant from the folder of the file that sets it. */
static bool
set_path(const char *value, const char *file, char *out)
{
	const char *slash = strrchr(file, '/');
	int n;

	if (value[0] == '\0' || value[0] == '/' || slash == NULL)
		return set_text(value, out);
	n = snprintf(out, CONF_TEXT_MAX, "%.*s/%s", (int)(slash - file), file,
	    value);
	return n > 0 && n < CONF_TEXT_MAX;
}

/* A whole number and, where `units` has a row for it, a letter after it. */
struct unit {
	char letter;
	long long times;
};

static const struct unit no_units[] = { { 0, 1 } };
static const struct unit time_units[] = {
	{ 0, 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 3600 }
};
static const struct unit size_units[] = {
	{ 0, 1 }, { 'k', 1024 }, { 'm', 1048576 }
};

static const struct units {
	const struct unit *rows;
	size_t n;
} units_of[] = {
	[CONF_INT] = { no_units, 1 },
	[CONF_SECONDS] = { time_units, 4 },
	[CONF_SIZE] = { size_units, 3 },
};

static bool
set_number(const struct conf_setting *s, const char *value, long long *out)
{
	const struct units *units = &units_of[s->type];
	char *end;
	long long v;

	if (strspn(value, "0123456789") == 0)
		return false;
	errno = 0;
	v = strtoll(value, &end, 10);
	if (errno != 0 || (end[0] != '\0' && end[1] != '\0'))
		return false;
	for (size_t i = 0; i < units->n; i++) {
		long long times = units->rows[i].times;

		if (end[0] != units->rows[i].letter)
			continue;
		if (v > s->most / times || v * times < s->least)
			return false;
		*out = v * times;
		return true;
	}
	return false;
}

static bool
set_bool(const char *value, bool *out)
{
	static const struct {
		const char *word;
		bool means;
	} words[] = {
		{ "yes", true }, { "no", false }, { "true", true },
		{ "false", false }, { "on", true }, { "off", false },
		{ "1", true }, { "0", false },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i].word, value) == 0) {
			*out = words[i].means;
			return true;
		}
	return false;
}

static bool
set_choice(const char *const *names, const char *value, int *out)
{
	for (int i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], value) == 0) {
			*out = i;
			return true;
		}
	return false;
}

static void
store_number(const struct conf_setting *s, void *base, long long v)
{
	char *p = (char *)base + s->offset;

	switch (s->type) {
	case CONF_INT:
	case CONF_CHOICE:
		*(int *)(void *)p = (int)v;
		break;
	case CONF_BOOL:
		*(bool *)(void *)p = v != 0;
		break;
	case CONF_SECONDS:
		*(long long *)(void *)p = v * 1000;
		break;
	case CONF_SIZE:
		*(size_t *)(void *)p = (size_t)v;
		break;
	case CONF_TEXT:
	case CONF_PATH:
		break;
	}
}

bool
conf_set(const struct conf_setting *s, const char *file, const char *value,
    void *base)
{
	char *p = (char *)base + s->offset;
	long long v = 0;
	int choice;
	bool flag;

	switch (s->type) {
	case CONF_TEXT:
		return set_text(value, p);
	case CONF_PATH:
		return set_path(value, file, p);
	case CONF_BOOL:
		if (!set_bool(value, &flag))
			return false;
		v = flag;
		break;
	case CONF_CHOICE:
		if (!set_choice(s->names, value, &choice))
			return false;
		v = choice;
		break;
	case CONF_INT:
	case CONF_SECONDS:
	case CONF_SIZE:
		if (!set_number(s, value, &v))
			return false;
		break;
	}
	store_number(s, base, v);
	return true;
}

const char *
conf_wanted(const struct conf_setting *s, char *out, size_t size)
{
	static const char *const forms[] = {
		[CONF_INT] = "a whole number from %lld to %lld",
		[CONF_SECONDS] = "a time from %lld to %lld seconds, such as "
		    "90, 90s, 15m or 2h",
		[CONF_SIZE] = "a size from %lld to %lld bytes, such as 65536, "
		    "64k or 1m",
	};
	size_t n = 0;

	switch (s->type) {
	case CONF_TEXT:
	case CONF_PATH:
		snprintf(out, size, "at most %d bytes", CONF_TEXT_MAX - 1);
		break;
	case CONF_BOOL:
		snprintf(out, size, "yes or no");
		break;
	case CONF_CHOICE:
		n = (size_t)snprintf(out, size, "one of");
		for (int i = 0; s->names[i] != NULL && n < size; i++)
			n += (size_t)snprintf(out + n, size - n, "%s %s",
			    i > 0 ? "," : "", s->names[i]);
		break;
	case CONF_INT:
	case CONF_SECONDS:
	case CONF_SIZE:
		snprintf(out, size, forms[s->type], s->least, s->most);
		break;
	}
	return out;
}

void
conf_set_defaults(const struct conf_table *table, void *base)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct conf_setting *s = &table->rows[i];

		if (s->text != NULL)
			set_text(s->text, (char *)base + s->offset);
		else
			store_number(s, base, s->number);
	}
}

/* Rules that the types cannot say, checked as each value is read. */

static bool
is_log_level(const char *value)
{
	enum log_level level;

	return log_level_parse(value, &level);
}

static bool
is_empty_or_web_address(const char *value)
{
	return value[0] == '\0' || strncmp(value, "http://", 7) == 0 ||
	    strncmp(value, "https://", 8) == 0;
}

bool
conf_is_name(const char *value)
{
	size_t n = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return n > 0 && n < CONF_NAME_MAX && value[n] == '\0';
}

static bool
is_empty_or_variable(const char *value)
{
	size_t n = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_");

	return value[n] == '\0' && (value[0] < '0' || value[0] > '9');
}

/* Headers of ours, and those that say where the body ends. */
static const char *const taken_headers[] = {
	"accept", "connection", "content-length", "content-type", "expect",
	"host", "transfer-encoding",
};

static bool
is_empty_or_header(const char *value)
{
	size_t n = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-");

	for (size_t i = 0;
	    i < sizeof(taken_headers) / sizeof(taken_headers[0]); i++)
		if (strcasecmp(value, taken_headers[i]) == 0)
			return false;
	return value[n] == '\0' && n < CONF_HEADER_MAX;
}

/* URLs get into logs of others: a key must not be in one. */
static bool
is_empty_or_query(const char *value)
{
	size_t n = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-._~%=&");

	return value[n] == '\0' && n < CONF_QUERY_MAX && value[0] != '&' &&
	    strcasestr(value, "key") == NULL &&
	    strcasestr(value, "token") == NULL;
}

/* As a model's name may be that is asked for. */
static bool
is_list_of_models(const char *value)
{
	return value[strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789._:/@- ")] == '\0';
}

static const struct conf_rule rules[] = {
	{ "log", "level", is_log_level, "debug, info, warn or error", false },
	{ "server", "public_url", is_empty_or_web_address,
	    "an address that starts with https:// or http://", false },
	{ NULL, "wire", conf_is_name, "the name of a wire, such as openai",
	    false },
	{ NULL, "key_env", is_empty_or_variable,
	    "the name of an environment variable; the key itself goes into "
	    "that variable or into key_file", true },
	{ NULL, "key_header", is_empty_or_header,
	    "the name of a header, such as api-key, and none that every "
	    "request has", true },
	{ NULL, "query", is_empty_or_query,
	    "the end of a URL, such as api-version=2024-10-21; a key goes "
	    "into key_file", true },
	{ NULL, "models", is_list_of_models,
	    "names of models with spaces between them", false },
};

const struct conf_rule *
conf_rule_of(const struct conf_setting *s)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (conf_is_same_section(rules[i].section, s->section) &&
		    strcmp(rules[i].key, s->key) == 0)
			return &rules[i];
	return NULL;
}
