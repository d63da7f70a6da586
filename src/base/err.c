#include "base/err.h"

#include <string.h>

static const struct row {
	const char *code;
	int status;
	const char *sentence;
} rows[ERR_COUNT] = {
#define ERR_ROW(name, code, status, sentence) { code, status, sentence },
	ERR_TABLE(ERR_ROW)
#undef ERR_ROW
};

const char *
err_code(enum err err)
{
	return rows[err].code;
}

int
err_status(enum err err)
{
	return rows[err].status;
}

const char *
err_sentence(enum err err)
{
	return rows[err].sentence;
}

enum err
err_by_code(const char *code)
{
	for (int i = 0; i < ERR_COUNT; i++)
		if (strcmp(rows[i].code, code) == 0)
			return (enum err)i;
	return ERR_INTERNAL;
}
