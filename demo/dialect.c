#include "dialect.h"

static const struct dialect *const DIALECTS[] = {
	&DIALECT_OPENAI,
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

const struct dialect *
dialect_by_models_path(struct slice path)
{
	for (size_t i = 0; i < COUNT(DIALECTS); i++)
		if (slice_is(path, DIALECTS[i]->models_path))
			return DIALECTS[i];
	return NULL;
}
