#include "api/prompt.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* How many messages from `i` on are of one role, and how long they are as one
 * text with empty lines between them. */
static size_t
count_run(const struct prompt *p, size_t i, size_t *len)
{
	size_t n = 1;

	*len = p->messages[i].len;
	while (i + n < p->n && p->messages[i + n].role == p->messages[i].role)
		*len += 2 + p->messages[i + n++].len;
	return n;
}

static char *
join(const struct llm_message *run, size_t n, size_t len)
{
	char *text = malloc(len + 1);
	char *end = text;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			end = mempcpy(end, "\n\n", 2);
		end = mempcpy(end, run[i].text, run[i].len);
	}
	*end = '\0';
	return text;
}

enum err
prompt_join(struct prompt *p)
{
	size_t kept = 0, n, len;

	for (size_t i = 0; i < p->n; i += n) {
		struct llm_message *run = &p->messages[i];
		struct llm_message one = *run;

		n = count_run(p, i, &len);
		if (n > 1) {
			if ((one.text = join(run, n, len)) == NULL)
				return ERR_INTERNAL;
			one.len = len;
		}
		for (size_t k = 0; k < n; k++) {
			if (n > 1)
				free((void *)(uintptr_t)run[k].text);
			run[k] = (struct llm_message){ 0 };
		}
		p->messages[kept++] = one;
	}
	p->n = kept;
	return ERR_OK;
}
