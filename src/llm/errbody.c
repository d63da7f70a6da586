#include "llm/errbody.h"

#include <stdio.h>

#include "llm/text.h"
#include "llm/wire.h"

enum {
	STATUS_TEXT_SIZE = 16,
	GROWTH = 3, /* a bad byte becomes U+FFFD, three */
};

json_t *
llm_errbody_load(const char *body, size_t n)
{
	struct buf clean;
	json_t *root = NULL;

	buf_init(&clean, (size_t)GROWTH * LLM_WHOLE_BODY_MAX);
	if (llm_text_clean(body, n, &clean) == ERR_OK)
		root = json_loadb(clean.p, clean.len, 0, NULL);
	buf_free(&clean);
	return root;
}

void
llm_errbody_note_status(struct llm_end *end, int status)
{
	char text[STATUS_TEXT_SIZE];

	snprintf(text, sizeof(text), "%d", status);
	llm_fault_note(end, "http", text);
}

void
llm_errbody_unknown(struct llm_end *end, const struct llm_provider *provider,
    int status)
{
	if (status == 404)
		llm_fault_say(end, provider, ERR_PROTOCOL, "%s has nothing at "
		    "the address asked. Check its base_url.");
	else if (status >= 200 && status < 300)
		llm_fault_say(end, provider, ERR_PROTOCOL,
		    "%s answered with something that is not a stream. Check "
		    "its base_url.");
	else
		llm_fault_status(end, provider, status);
	llm_fault_note(end, "body", "unknown");
}
