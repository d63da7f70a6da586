#include "base/conf_private.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PREFIX_LEN = sizeof(CONF_PROVIDER_PREFIX) - 1 };

/* Where something stands. */
struct place {
	const char *file;
	int line;
};

/* Where a provider was written, for what is checked at the end. */
struct places {
	struct place last;  /* anything of it */
	struct place key;   /* its key_file or key_env */
	struct place moved; /* its base_url, away from the one its key was set
				for in an earlier file; file NULL: not so */
};

/* One load: the file being read, and the first fault. */
struct load {
	struct conf *out;
	FILE *stream;
	struct place at;
	struct places providers[CONF_PROVIDERS_MAX];
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

static bool
set_checked(struct load *load, const struct conf_setting *s,
    const char *section, const char *value, void *base)
{
	const struct conf_rule *rule = conf_rule_of(s);
	char form[256];

	if (rule != NULL && !rule->fits(value))
		return fault(load, load->at, "%s.%s%s%s%s: must be %s", section,
		    s->key, rule->hidden ? "" : " = \"",
		    rule->hidden ? "" : value, rule->hidden ? "" : "\"",
		    rule->wanted);
	if (!conf_set(s, load->at.file, value, base))
		return fault(load, load->at, "%s.%s = \"%s\": must be %s",
		    section, s->key, value, conf_wanted(s, form, sizeof(form)));
	return true;
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
	conf_set_defaults(&conf_provider_settings, p);
	return p;
}

static bool
has_key(const struct conf_provider *p)
{
	return p->key_file[0] != '\0' || p->key_env[0] != '\0';
}

/*
 * Files are laid over each other key by key, and a key for everybody must not
 * go along to an address that it was not meant for (S22): where a later file
 * changes the address, it has to say what the key is as well.
 */
static void
note_place(struct load *load, const struct conf_provider *p, const char *key,
    bool has_moved)
{
	struct places *at = &load->providers[p - load->out->providers];

	at->last = load->at;
	if (strcmp(key, "key_file") == 0 || strcmp(key, "key_env") == 0) {
		at->key = load->at;
		at->moved.file = NULL;
	} else if (has_moved && has_key(p) && at->key.file != load->at.file) {
		at->moved = load->at;
	}
}

static bool
take_provider(struct load *load, const char *section, const char *key,
    const char *value)
{
	const char *name = section + PREFIX_LEN;
	char url[CONF_TEXT_MAX];
	const struct conf_setting *s =
	    conf_find(&conf_provider_settings, NULL, key);
	struct conf_provider *p;

	if (!conf_is_name(name))
		return fault(load, load->at, "[%s]: a provider's name is 1 to %d "
		    "of a-z, 0-9, - and _", section, CONF_NAME_MAX - 1);
	if (s == NULL)
		return fault(load, load->at,
		    "%s.%s: providers have no setting of that name", section, key);
	if ((p = provider(load->out, name)) == NULL)
		return fault(load, load->at,
		    "[%s]: there may be at most %d providers", section,
		    CONF_PROVIDERS_MAX);
	memcpy(url, p->base_url, sizeof(url));
	if (!set_checked(load, s, section, value, p))
		return false;
	note_place(load, p, key,
	    url[0] != '\0' && strcmp(url, p->base_url) != 0);
	return true;
}

/*
 * A setting that is not there is named without its value: someone may have
 * written a key where no key belongs, and the sentence goes to the log.
 */
static bool
take(struct load *load, const char *section, const char *key,
    const char *value)
{
	const struct conf_setting *s = conf_find(&conf_settings, section, key);

	if (strncmp(section, CONF_PROVIDER_PREFIX, PREFIX_LEN) == 0)
		return take_provider(load, section, key, value);
	if (section[0] == '\0')
		return fault(load, load->at,
		    "%s: stands before the first [section]", key);
	if (!conf_is_section(section))
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
		const struct places *at = &load->providers[i];
		const char *wrong = base_url_wrong(p);

		if (wrong != NULL)
			return fault(load, at->last,
			    "provider.%s.base_url = \"%s\": must %s", p->name,
			    strchr(p->base_url, '@') ? "…" : p->base_url, wrong);
		if (at->moved.file != NULL && has_key(p))
			return fault(load, at->moved, "provider.%s.base_url is "
			    "another one than that which the key of %s:%d is "
			    "for. Set key_file or key_env beside it as well; "
			    "key_file = with nothing after it means none",
			    p->name, at->key.file, at->key.line);
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
	conf_set_defaults(&conf_settings, out);
	for (int i = 0; i < n; i++)
		if (!read_file(&load, files[i]))
			return ERR_VALIDATION;
	return check_providers(&load) ? ERR_OK : ERR_VALIDATION;
}

const struct conf_provider *
conf_provider(const struct conf *conf, const char *name)
{
	for (int i = 0; i < conf->n_providers; i++)
		if (strcmp(conf->providers[i].name, name) == 0)
			return &conf->providers[i];
	return NULL;
}
