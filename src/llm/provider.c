#include "llm/provider.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "llm/wire.h"

enum { MODEL_MAX = 200 };

struct llm_providers {
	int n;
	struct llm_provider at[CONF_PROVIDERS_MAX];
};

/* Where the sentence about a fault goes. */
struct why {
	char *p;
	size_t size;
	const char *section;
};

#define SAY(why, format, ...) (snprintf((why)->p, (why)->size, \
	"[provider.%s] " format, (why)->section, __VA_ARGS__), ERR_VALIDATION)

bool
llm_key_is_plain(const char *key)
{
	size_t n = 0;

	while (key[n] > ' ' && key[n] < 0x7f)
		n++;
	return key[n] == '\0' && n > 0 && n <= LLM_KEY_MAX;
}

bool
llm_model_is_plain(const char *model)
{
	size_t n = strspn(model, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789._:/@-");

	return model[n] == '\0' && n > 0 && n <= MODEL_MAX;
}

/* The text, wiped by the caller; one byte more than a key may have. */
static ssize_t
read_key(int fd, char text[static LLM_KEY_MAX + 3])
{
	ssize_t n, sum = 0;

	while ((n = read(fd, text + sum, LLM_KEY_MAX + 2 - (size_t)sum)) > 0)
		sum += n;
	text[sum] = '\0';
	return n < 0 ? -1 : sum;
}

static enum err
take_key(struct llm_provider *p, char *text, const struct why *why,
    const char *key, const char *from)
{
	text[strcspn(text, "\r\n")] = '\0';
	if (!llm_key_is_plain(text))
		return SAY(why, "%s = %s: there must be one key in it, of "
		    "visible characters and nothing else", key, from);
	p->key = strdup(text);
	return p->key != NULL ? ERR_OK : ERR_INTERNAL;
}

/* Refuse what others could read or what is no file. */
static enum err
check_key_file(int fd, const char *path, const struct why *why)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return SAY(why, "key_file = %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return SAY(why, "key_file = %s: that is not a file", path);
	if (st.st_mode & 077)
		return SAY(why, "key_file = %s: others can read it; "
		    "chmod 600 it", path);
	return ERR_OK;
}

/* A key file holds one line: what follows its line end may be only blank. */
static bool
has_second_line(const char *text)
{
	const char *rest = text + strcspn(text, "\r\n");

	return rest[strspn(rest, "\r\n \t")] != '\0';
}

static enum err
load_key_fd(struct llm_provider *p, int fd, const char *path,
    const struct why *why)
{
	char text[LLM_KEY_MAX + 3];
	enum err err = check_key_file(fd, path, why);

	if (err)
		return err;
	if (read_key(fd, text) < 0)
		err = SAY(why, "key_file = %s: %s", path, strerror(errno));
	else if (has_second_line(text))
		err = SAY(why, "key_file = %s: it has more than one line",
		    path);
	else
		err = take_key(p, text, why, "key_file", path);
	explicit_bzero(text, sizeof(text));
	return err;
}

static enum err
load_key_file(struct llm_provider *p, const char *path, const struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum err err;

	if (fd < 0)
		return SAY(why, "key_file = %s: %s", path, strerror(errno));
	err = load_key_fd(p, fd, path, why);
	close(fd);
	return err;
}

static enum err
load_key_env(struct llm_provider *p, const char *name, const struct why *why)
{
	const char *value = getenv(name);
	char text[LLM_KEY_MAX + 3];
	enum err err;

	if (value == NULL || value[0] == '\0')
		return ERR_OK;
	if (strlen(value) > LLM_KEY_MAX)
		return SAY(why, "key_env = %s: the key is too long", name);
	memcpy(text, value, strlen(value) + 1);
	err = take_key(p, text, why, "key_env", name);
	explicit_bzero(text, sizeof(text));
	return err;
}

static enum err
load_key(struct llm_provider *p, const struct conf_provider *c,
    const struct why *why)
{
	bool has_file = c->key_file[0] != '\0', has_env = c->key_env[0] != '\0';

	if (has_file + has_env + c->keyless > 1)
		return SAY(why, "%s", "has more than one of key_file, key_env "
		    "and keyless; leave one");
	if (c->keyless) {
		p->key = strdup("");
		return p->key != NULL ? ERR_OK : ERR_INTERNAL;
	}
	if (has_file)
		return load_key_file(p, c->key_file, why);
	if (has_env)
		return load_key_env(p, c->key_env, why);
	return ERR_OK;
}

static enum err
copy_url(struct llm_provider *p, const char *url, const struct why *why)
{
	size_t n = strlen(url);

	while (n > 0 && url[n - 1] == '/')
		n--;
	if (n == 0 || n >= sizeof(p->base_url))
		return SAY(why, "%s", "base_url must be set");
	memcpy(p->base_url, url, n);
	p->base_url[n] = '\0';
	return ERR_OK;
}

static enum err
load_one(struct llm_provider *p, const struct conf_provider *c,
    const struct why *why)
{
	const char *label = c->label[0] != '\0' ? c->label : c->name;
	enum err err;

	snprintf(p->name, sizeof(p->name), "%s", c->name);
	p->demo = c->demo;
	if (strlen(label) >= sizeof(p->label))
		return SAY(why, "label: at most %zu bytes",
		    sizeof(p->label) - 1);
	memcpy(p->label, label, strlen(label) + 1);
	memcpy(p->ca_file, c->ca_file, sizeof(p->ca_file));
	memcpy(p->models, c->models, sizeof(p->models));
	/* conf.c has seen to it that they fit */
	snprintf(p->key_header, sizeof(p->key_header), "%.*s",
	    CONF_HEADER_MAX - 1, c->key_header);
	snprintf(p->query, sizeof(p->query), "%.*s", CONF_QUERY_MAX - 1,
	    c->query);
	if ((p->wire = llm_wire_find(c->wire)) == NULL)
		return SAY(why, "wire = %s: there is no such wire; there is %s",
		    c->wire, llm_wire_names());
	if ((err = copy_url(p, c->base_url, why)))
		return err;
	return load_key(p, c, why);
}

enum err
llm_providers_load(const struct conf *conf, struct llm_providers **out,
    char *why, size_t why_size)
{
	struct llm_providers *all = calloc(1, sizeof(*all));
	enum err err = ERR_OK;

	if (all == NULL)
		return ERR_INTERNAL;
	for (int i = 0; i < conf->n_providers && err == ERR_OK; i++) {
		const struct conf_provider *c = &conf->providers[i];

		all->n = i + 1;
		err = load_one(&all->at[i], c,
		    &(struct why){ why, why_size, c->name });
	}
	if (err) {
		llm_providers_free(all);
		return err;
	}
	*out = all;
	return ERR_OK;
}

void
llm_providers_free(struct llm_providers *providers)
{
	if (providers == NULL)
		return;
	for (int i = 0; i < providers->n; i++) {
		char *key = providers->at[i].key;

		if (key != NULL)
			explicit_bzero(key, strlen(key));
		free(key);
	}
	free(providers);
}

int
llm_provider_count(const struct llm_providers *providers)
{
	return providers->n;
}

const struct llm_provider *
llm_provider_at(const struct llm_providers *providers, int i)
{
	return i >= 0 && i < providers->n ? &providers->at[i] : NULL;
}

const struct llm_provider *
llm_provider_find(const struct llm_providers *providers, const char *name)
{
	for (int i = 0; i < providers->n; i++)
		if (strcmp(providers->at[i].name, name) == 0)
			return &providers->at[i];
	return NULL;
}

bool
llm_provider_next_model(const struct llm_provider *provider, size_t *at,
    char name[static LLM_MODEL_NAME_MAX])
{
	const char *p = provider->models + *at;
	size_t n;

	p += strspn(p, " ");
	n = strcspn(p, " ");
	*at = (size_t)(p + n - provider->models);
	if (n == 0)
		return false;
	memcpy(name, p, n);
	name[n] = '\0';
	return true;
}

const char *
llm_provider_wire_name(const struct llm_provider *provider)
{
	return provider->wire->name;
}
