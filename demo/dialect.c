#include "dialect.h"

static const struct dialect *const DIALECTS[] = {
	&DIALECT_ANTHROPIC, /* before the one with the same list's path */
	&DIALECT_OPENAI,
	&DIALECT_GEMINI,
	&DIALECT_MISTRAL,
	&DIALECT_AZURE,
	&DIALECT_DEEPSEEK,
	&DIALECT_GROQ,
	&DIALECT_OLLAMA,
	&DIALECT_OPENROUTER,
	&DIALECT_PERPLEXITY,
	&DIALECT_VLLM,
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const struct dialect *
dialect_by_path(struct slice path)
{
	for (size_t i = 0; i < COUNT(DIALECTS); i++)
		if (DIALECTS[i]->is_ask(path))
			return DIALECTS[i];
	return NULL;
}

static bool
is_list_of(const struct dialect *d, const struct http_request *rq)
{
	return slice_is(rq->path, d->models_path)
		&& (!d->models_header || http_header(rq, d->models_header).p);
}

const struct dialect *
dialect_by_models(const struct http_request *rq)
{
	for (size_t i = 0; i < COUNT(DIALECTS); i++)
		if (is_list_of(DIALECTS[i], rq))
			return DIALECTS[i];
	return NULL;
}
