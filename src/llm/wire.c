#include "llm/wire.h"

#include <string.h>

static const struct llm_wire *const WIRES[] = {
#define ROW(name) &llm_wire_##name,
	LLM_WIRE_TABLE(ROW)
#undef ROW
};

const struct llm_wire *
llm_wire_find(const char *name)
{
	for (size_t i = 0; i < sizeof(WIRES) / sizeof(WIRES[0]); i++)
		if (strcmp(WIRES[i]->name, name) == 0)
			return WIRES[i];
	return NULL;
}

const char *
llm_wire_names(void)
{
#define NAME(name) ", " #name
	return LLM_WIRE_TABLE(NAME) + 2;
#undef NAME
}

void
llm_ask_init(struct llm_ask *ask)
{
	buf_init(&ask->url, LLM_URL_MAX);
	buf_init(&ask->headers, LLM_HEADERS_MAX);
	buf_init(&ask->body, LLM_BODY_MAX);
}

void
llm_ask_free(struct llm_ask *ask)
{
	if (ask->headers.cap > 0)
		explicit_bzero(ask->headers.p, ask->headers.cap);
	buf_free(&ask->url);
	buf_free(&ask->headers);
	buf_free(&ask->body);
}

static enum err
add_query(struct buf *url, const char *query)
{
	if (query[0] == '\0')
		return ERR_OK;
	return buf_addf(url, "%c%s", strchr(url->p, '?') != NULL ? '&' : '?',
	    query);
}

enum err
llm_ask_complete(struct llm_ask *ask, const struct llm_provider *provider,
    const char *key)
{
	bool has_own_header = provider->key_header[0] != '\0';
	enum err err;

	if ((err = add_query(&ask->url, provider->query)) ||
	    (err = provider->wire->auth(provider,
	    has_own_header ? NULL : key, ask)))
		return err;
	return has_own_header && key != NULL ?
	    llm_ask_header(ask, provider->key_header, key) : ERR_OK;
}

enum err
llm_ask_header(struct llm_ask *ask, const char *name, const char *value)
{
	enum err err = buf_addf(&ask->headers, "%s: %s", name, value);

	return err ? err : buf_add(&ask->headers, "", 1);
}
