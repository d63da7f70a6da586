#include "base/conf.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const conf_registration_names[] = {
	"first", "invite", "open", NULL
};

/* One setting: where it lives in its struct, and what fits it. */
struct setting {
	const char *section; /* NULL: of a provider */
	const char *key;
	enum { TEXT, PATH, INT, BOOL, SECONDS, SIZE, CHOICE } type;
	size_t offset;
	const char *text;        /* the default of TEXT and PATH */
	long long number;        /* the default of all others */
	long long least, most;   /* of INT, SECONDS and SIZE */
	const char *const *names; /* of CHOICE, ended by NULL */
	const char *doc;
};

#define AT(s, k) offsetof(struct conf, s##_##k)
#define AT_MS(s, k) offsetof(struct conf, s##_##k##_ms)
#define ROW_TEXT(s, k, d, doc) \
	{ #s, #k, TEXT, AT(s, k), d, 0, 0, 0, NULL, doc },
#define ROW_PATH(s, k, d, doc) \
	{ #s, #k, PATH, AT(s, k), d, 0, 0, 0, NULL, doc },
#define ROW_INT(s, k, d, lo, hi, doc) \
	{ #s, #k, INT, AT(s, k), NULL, d, lo, hi, NULL, doc },
#define ROW_BOOL(s, k, d, doc) \
	{ #s, #k, BOOL, AT(s, k), NULL, d, 0, 0, NULL, doc },
#define ROW_SECONDS(s, k, d, lo, hi, doc) \
	{ #s, #k, SECONDS, AT_MS(s, k), NULL, d, lo, hi, NULL, doc },
#define ROW_SIZE(s, k, d, lo, hi, doc) \
	{ #s, #k, SIZE, AT(s, k), NULL, d, lo, hi, NULL, doc },
#define ROW_CHOICE(s, k, d, names, doc) \
	{ #s, #k, CHOICE, AT(s, k), NULL, d, 0, 0, names, doc },

static const struct setting settings[] = {
	CONF_TABLE(ROW_TEXT, ROW_PATH, ROW_INT, ROW_BOOL, ROW_SECONDS,
	    ROW_SIZE, ROW_CHOICE)
};

#define AT_PROVIDER(k) offsetof(struct conf_provider, k)
#define PROVIDER_ROW_TEXT(k, d, doc) \
	{ NULL, #k, TEXT, AT_PROVIDER(k), d, 0, 0, 0, NULL, doc },
#define PROVIDER_ROW_PATH(k, d, doc) \
	{ NULL, #k, PATH, AT_PROVIDER(k), d, 0, 0, 0, NULL, doc },
#define PROVIDER_ROW_BOOL(k, d, doc) \
	{ NULL, #k, BOOL, AT_PROVIDER(k), NULL, d, 0, 0, NULL, doc },

static const struct setting provider_settings[] = {
	PROVIDER_TABLE(PROVIDER_ROW_TEXT, PROVIDER_ROW_PATH, PROVIDER_ROW_BOOL)
};

enum {
	N_SETTINGS = sizeof(settings) / sizeof(settings[0]),
	N_PROVIDER_SETTINGS =
	    sizeof(provider_settings) / sizeof(provider_settings[0]),
};

static const char PROVIDER_PREFIX[] = "provider.";
enum { PROVIDER_PREFIX_LEN = sizeof(PROVIDER_PREFIX) - 1 };

/* Where something stands. */
struct place {
	const char *file;
	int line;
};

/* One load: the file being read, and the first fault. */
struct load {
	struct conf *out;
	FILE *stream;
	struct place at;
	/* where each provider was last written, for what is checked at the end */
	struct place providers[CONF_PROVIDERS_MAX];
	char *why;
	bool failed;
};

/* Record a fault; the first one wins.  Always false. */
static bool __attribute__((format(printf, 3, 4)))
fault(struct load *load, struct place at, const char *format, ...)
{
	va_list ap;
	int n;

	if (load->failed)
		return false;
	load->failed = true;
	n = snprintf(load->why, CONF_WHY_MAX, "%s:%d: ", at.file, at.line);
	if (n < 0 || n >= CONF_WHY_MAX)
		return false;
	va_start(ap, format);
	vsnprintf(load->why + n, (size_t)(CONF_WHY_MAX - n), format, ap);
	va_end(ap);
	return false;
}

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
	[INT] = { no_units, 1 },
	[SECONDS] = { time_units, 4 },
	[SIZE] = { size_units, 3 },
};

static bool
set_number(const struct setting *s, const char *value, long long *out)
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
store_number(const struct setting *s, void *base, long long v)
{
	char *p = (char *)base + s->offset;

	switch (s->type) {
	case INT:
	case CHOICE:
		*(int *)(void *)p = (int)v;
		break;
	case BOOL:
		*(bool *)(void *)p = v != 0;
		break;
	case SECONDS:
		*(long long *)(void *)p = v * 1000;
		break;
	case SIZE:
		*(size_t *)(void *)p = (size_t)v;
		break;
	case TEXT:
	case PATH:
		break;
	}
}

/* Put `value` where the setting lives; false where it does not fit. */
static bool
set(const struct setting *s, const char *file, const char *value, void *base)
{
	char *p = (char *)base + s->offset;
	long long v = 0;
	int choice;
	bool flag;

	switch (s->type) {
	case TEXT:
		return set_text(value, p);
	case PATH:
		return set_path(value, file, p);
	case BOOL:
		if (!set_bool(value, &flag))
			return false;
		v = flag;
		break;
	case CHOICE:
		if (!set_choice(s->names, value, &choice))
			return false;
		v = choice;
		break;
	case INT:
	case SECONDS:
	case SIZE:
		if (!set_number(s, value, &v))
			return false;
		break;
	}
	store_number(s, base, v);
	return true;
}

/* What would fit, after "must be". */
static const char *
wanted(const struct setting *s, char *out, size_t size)
{
	static const char *const forms[] = {
		[INT] = "a whole number from %lld to %lld",
		[SECONDS] = "a time from %lld to %lld seconds, such as 90, 90s, "
		    "15m or 2h",
		[SIZE] = "a size from %lld to %lld bytes, such as 65536, 64k or 1m",
	};
	size_t n = 0;

	switch (s->type) {
	case TEXT:
	case PATH:
		snprintf(out, size, "at most %d bytes", CONF_TEXT_MAX - 1);
		break;
	case BOOL:
		snprintf(out, size, "yes or no");
		break;
	case CHOICE:
		n = (size_t)snprintf(out, size, "one of");
		for (int i = 0; s->names[i] != NULL && n < size; i++)
			n += (size_t)snprintf(out + n, size - n, "%s %s",
			    i > 0 ? "," : "", s->names[i]);
		break;
	case INT:
	case SECONDS:
	case SIZE:
		snprintf(out, size, forms[s->type], s->least, s->most);
		break;
	}
	return out;
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

static bool
is_name(const char *value)
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

static const struct rule {
	const char *section; /* NULL: of a provider */
	const char *key;
	bool (*fits)(const char *value);
	const char *wanted;
	/* the value may be a secret in the wrong place: do not repeat it */
	bool hidden;
} rules[] = {
	{ "log", "level", is_log_level, "debug, info, warn or error", false },
	{ "server", "public_url", is_empty_or_web_address,
	    "an address that starts with https:// or http://", false },
	{ NULL, "wire", is_name, "the name of a wire, such as openai", false },
	{ NULL, "key_env", is_empty_or_variable,
	    "the name of an environment variable; the key itself goes into "
	    "that variable or into key_file", true },
};

static bool
is_same_section(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const struct rule *
rule_of(const struct setting *s)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (is_same_section(rules[i].section, s->section) &&
		    strcmp(rules[i].key, s->key) == 0)
			return &rules[i];
	return NULL;
}

static bool
set_checked(struct load *load, const struct setting *s, const char *section,
    const char *value, void *base)
{
	const struct rule *rule = rule_of(s);
	char form[256];

	if (rule != NULL && !rule->fits(value))
		return fault(load, load->at, "%s.%s%s%s%s: must be %s", section,
		    s->key, rule->hidden ? "" : " = \"",
		    rule->hidden ? "" : value, rule->hidden ? "" : "\"",
		    rule->wanted);
	if (!set(s, load->at.file, value, base))
		return fault(load, load->at, "%s.%s = \"%s\": must be %s",
		    section, s->key, value, wanted(s, form, sizeof(form)));
	return true;
}

static const struct setting *
find(const struct setting *rows, size_t n, const char *section,
    const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (is_same_section(rows[i].section, section) &&
		    strcmp(rows[i].key, key) == 0)
			return &rows[i];
	return NULL;
}

static bool
is_section(const char *name)
{
	for (size_t i = 0; i < N_SETTINGS; i++)
		if (strcmp(settings[i].section, name) == 0)
			return true;
	return false;
}

static void
set_defaults(const struct setting *rows, size_t n, void *base)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].text != NULL)
			set_text(rows[i].text, (char *)base + rows[i].offset);
		else
			store_number(&rows[i], base, rows[i].number);
}

/* The provider of that name, made where there is none; NULL: no room. */
static struct conf_provider *
provider(struct conf *conf, const char *name)
{
	struct conf_provider *p;

	for (int i = 0; i < conf->n_providers; i++)
		if (strcmp(conf->providers[i].name, name) == 0)
			return &conf->providers[i];
	if (conf->n_providers == CONF_PROVIDERS_MAX)
		return NULL;
	p = &conf->providers[conf->n_providers++];
	memset(p, 0, sizeof(*p));
	memcpy(p->name, name, strlen(name) + 1);
	set_defaults(provider_settings, N_PROVIDER_SETTINGS, p);
	return p;
}

static bool
take_provider(struct load *load, const char *section, const char *key,
    const char *value)
{
	const char *name = section + PROVIDER_PREFIX_LEN;
	const struct setting *s =
	    find(provider_settings, N_PROVIDER_SETTINGS, NULL, key);
	struct conf_provider *p;

	if (!is_name(name))
		return fault(load, load->at, "[%s]: a provider's name is 1 to %d "
		    "of a-z, 0-9, - and _", section, CONF_NAME_MAX - 1);
	if (s == NULL)
		return fault(load, load->at,
		    "%s.%s: providers have no setting of that name", section, key);
	if ((p = provider(load->out, name)) == NULL)
		return fault(load, load->at,
		    "[%s]: there may be at most %d providers", section,
		    CONF_PROVIDERS_MAX);
	load->providers[p - load->out->providers] = load->at;
	return set_checked(load, s, section, value, p);
}

/*
 * A setting that is not there is named without its value: someone may have
 * written a key where no key belongs, and the sentence goes to the log.
 */
static bool
take(struct load *load, const char *section, const char *key,
    const char *value)
{
	const struct setting *s = find(settings, N_SETTINGS, section, key);

	if (strncmp(section, PROVIDER_PREFIX, PROVIDER_PREFIX_LEN) == 0)
		return take_provider(load, section, key, value);
	if (section[0] == '\0')
		return fault(load, load->at,
		    "%s: stands before the first [section]", key);
	if (!is_section(section))
		return fault(load, load->at,
		    "[%s]: there is no section of that name", section);
	if (s == NULL)
		return fault(load, load->at,
		    "%s.%s: there is no setting of that name", section, key);
	return set_checked(load, s, section, value, load->out);
}

/* inih's idea of well is 1. */
static int
on_setting(void *user, const char *section, const char *key, const char *value)
{
	return take(user, section, key, value) ? 1 : 0;
}

/*
 * One line for inih, with what inih would take amiss put right: it cuts a long
 * line into two, goes on with the last key where a line is indented, and does
 * not tell the number of a line.
 */
static char *
read_line(char *out, int size, void *user)
{
	struct load *load = user;
	int n = 0;
	int c;

	if (load->failed)
		return NULL;
	load->at.line++;
	while ((c = getc(load->stream)) != EOF && c != '\n') {
		if (n == 0 && (c == ' ' || c == '\t'))
			continue;
		if (n > 0 && (out[0] == '#' || out[0] == ';'))
			continue;
		if (c == '\0') {
			fault(load, load->at, "the line has a NUL byte");
			return NULL;
		}
		if (n == size - 1) {
			fault(load, load->at,
			    "the line is longer than %d bytes", size - 1);
			return NULL;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return c == EOF && n == 0 ? NULL : out;
}

static bool
read_stream(struct load *load)
{
	int line = ini_parse_stream(read_line, load, on_setting, load);

	/* inih goes on after a line it cannot read, so that line comes first */
	if (line > 0 && (!load->failed || line < load->at.line)) {
		load->failed = false;
		return fault(load, (struct place){ load->at.file, line },
		    "neither a [section] nor a key = value");
	}
	if (load->failed)
		return false;
	if (line < 0 || ferror(load->stream))
		return fault(load, load->at, "cannot be read: %s",
		    strerror(errno));
	return true;
}

static bool
read_file(struct load *load, const char *file)
{
	bool well;

	load->at = (struct place){ file, 0 };
	load->stream = fopen(file, "re");
	if (load->stream == NULL) {
		load->failed = true;
		snprintf(load->why, CONF_WHY_MAX, "%s: cannot be opened: %s",
		    file, strerror(errno));
		return false;
	}
	well = read_stream(load);
	fclose(load->stream);
	return well;
}

/* Does the host of "http://HOST..." name this machine itself? */
static bool
is_loopback(const char *host)
{
	static const char *const names[] = { "127.0.0.1", "localhost", "[::1]" };
	size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == n && strncasecmp(names[i], host, n) == 0)
			return true;
	return false;
}

/* What is wrong with the address, after "must"; NULL: nothing. */
static const char *
base_url_wrong(const struct conf_provider *p)
{
	const char *url = p->base_url;
	const char *host;

	if (url[0] == '\0')
		return "be given, such as https://api.example.com/v1";
	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		return "start with https://";
	host = strstr(url, "//") + 2;
	if (host[strcspn(host, "/?#")] == '?' ||
	    host[strcspn(host, "/?#")] == '#' || strpbrk(host, "?# \t") != NULL)
		return "have no ?, # or space";
	if (memchr(host, '@', strcspn(host, "/")) != NULL)
		return "have no user name before the host";
	if (strcspn(host, ":/") == 0)
		return "name a host";
	if (url[4] == ':' && !p->allow_http && !is_loopback(host))
		return "start with https://, for keys and questions travel on it; "
		    "set allow_http = yes where the network is yours";
	return NULL;
}

/* What can be judged only when every file is read. */
static bool
check_providers(struct load *load)
{
	for (int i = 0; i < load->out->n_providers; i++) {
		const struct conf_provider *p = &load->out->providers[i];
		const char *wrong = base_url_wrong(p);

		if (wrong != NULL)
			return fault(load, load->providers[i],
			    "provider.%s.base_url = \"%s\": must %s", p->name,
			    strchr(p->base_url, '@') ? "…" : p->base_url, wrong);
	}
	return true;
}

enum err
conf_load(const char *const *files, int n, struct conf *out,
    char why[static CONF_WHY_MAX])
{
	struct load load = { .out = out, .why = why };

	why[0] = '\0';
	memset(out, 0, sizeof(*out));
	set_defaults(settings, N_SETTINGS, out);
	for (int i = 0; i < n; i++)
		if (!read_file(&load, files[i]))
			return ERR_VALIDATION;
	return check_providers(&load) ? ERR_OK : ERR_VALIDATION;
}

static void
print_default(const struct setting *s)
{
	printf("# %s\n#%s =", s->doc, s->key);
	if (s->text != NULL)
		printf("%s%s\n\n", s->text[0] != '\0' ? " " : "", s->text);
	else if (s->type == BOOL)
		printf(" %s\n\n", s->number != 0 ? "yes" : "no");
	else if (s->type == CHOICE)
		printf(" %s\n\n", s->names[s->number]);
	else
		printf(" %lld\n\n", s->number);
}

void
conf_print_defaults(void)
{
	const char *section = "";

	for (size_t i = 0; i < N_SETTINGS; i++) {
		if (strcmp(settings[i].section, section) != 0) {
			section = settings[i].section;
			printf("[%s]\n\n", section);
		}
		print_default(&settings[i]);
	}
	printf("# One such section for each provider.\n#[%sNAME]\n\n",
	    PROVIDER_PREFIX);
	for (size_t i = 0; i < N_PROVIDER_SETTINGS; i++)
		print_default(&provider_settings[i]);
}

const struct conf_provider *
conf_provider(const struct conf *conf, const char *name)
{
	for (int i = 0; i < conf->n_providers; i++)
		if (strcmp(conf->providers[i].name, name) == 0)
			return &conf->providers[i];
	return NULL;
}
