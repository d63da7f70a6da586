#include "llm/fault.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
	WORD_MAX = 48,         /* characters of a word in a note */
	DIGITS_MAX = 5,        /* digits of a word: a status, a code */
	WITH_DIGITS_MAX = 16,  /* longer words with digits may be keys */
};

static const struct row {
	enum err err;
	bool retryable;
	const char *sentence;
} ROWS[] = {
	{ ERR_PROVIDER_AUTH, false,
	    "%s refused the API key. Check it in Keys." },
	{ ERR_PROVIDER_QUOTA, false,
	    "The account at %s has no credit left. Add some there, or use "
	    "another key." },
	{ ERR_PROVIDER_REJECTED, false,
	    "%s did not accept the request. Choose other settings or another "
	    "model." },
	{ ERR_MODEL_NOT_FOUND, false,
	    "%s does not know this model, or the API key may not use it. "
	    "Choose another." },
	{ ERR_CONTEXT_LENGTH, false,
	    "The conversation does not fit into this model of %s. Begin a new "
	    "one, or choose a model with more room." },
	{ ERR_PROVIDER_RATE, true,
	    "%s is limiting requests. Try again later." },
	{ ERR_PROVIDER_UNAVAILABLE, true,
	    "%s has a problem of its own. Try again later." },
	{ ERR_NETWORK, true,
	    "The connection to %s broke. Try again." },
	{ ERR_PROTOCOL, false,
	    "%s sent something that is not an answer. Try again, or choose "
	    "another model." },
	{ ERR_TIMEOUT, true,
	    "%s took too long. Try again." },
	{ ERR_INTERNAL, false,
	    "Something went wrong here while %s was answering. Try again." },
};

/* The first row that holds the status. */
static const struct {
	int first, last;
	enum err err;
	const char *sentence; /* NULL: the usual one */
} STATUSES[] = {
	{ 0, 0, ERR_PROVIDER_UNAVAILABLE, NULL },
	{ 300, 399, ERR_PROTOCOL,
	    "%s answered with a redirect, which is not followed. Check its "
	    "base_url." },
	{ 401, 401, ERR_PROVIDER_AUTH, NULL },
	{ 402, 402, ERR_PROVIDER_QUOTA, NULL },
	{ 403, 403, ERR_PROVIDER_AUTH,
	    "%s does not let this API key do that. Check its rights, or use "
	    "another in Keys." },
	{ 404, 404, ERR_MODEL_NOT_FOUND, NULL },
	{ 408, 409, ERR_PROVIDER_UNAVAILABLE, NULL },
	{ 413, 413, ERR_CONTEXT_LENGTH, NULL },
	{ 429, 429, ERR_PROVIDER_RATE, NULL },
	{ 400, 499, ERR_PROVIDER_REJECTED, NULL },
	{ 500, 599, ERR_PROVIDER_UNAVAILABLE, NULL },
};

void
llm_end_init(struct llm_end *end)
{
	*end = (struct llm_end){
		.usage = { -1, -1, -1, -1 },
		.retry_after_ms = -1,
	};
}

static const struct row *
find_row(enum err err)
{
	size_t n = sizeof(ROWS) / sizeof(ROWS[0]);

	for (size_t i = 0; i < n; i++)
		if (ROWS[i].err == err)
			return &ROWS[i];
	return &ROWS[n - 1];
}

void
llm_fault_say(struct llm_end *end, const struct llm_provider *provider,
    enum err err, const char *sentence)
{
	end->err = err;
	end->retryable = find_row(err)->retryable;
	snprintf(end->message, sizeof(end->message), sentence,
	    provider->label);
}

void
llm_fault_set(struct llm_end *end, const struct llm_provider *provider,
    enum err err)
{
	llm_fault_say(end, provider, err, find_row(err)->sentence);
}

void
llm_fault_status(struct llm_end *end, const struct llm_provider *provider,
    int status)
{
	enum err err = ERR_PROTOCOL;
	const char *sentence = NULL;

	for (size_t i = 0; i < sizeof(STATUSES) / sizeof(STATUSES[0]); i++) {
		if (status < STATUSES[i].first || status > STATUSES[i].last)
			continue;
		err = STATUSES[i].err;
		sentence = STATUSES[i].sentence;
		break;
	}
	llm_fault_say(end, provider, err,
	    sentence != NULL ? sentence : find_row(err)->sentence);
}

void
llm_fault_head(struct llm_end *end, const struct llm_head *head)
{
	end->provider_status = head->status;
	end->retry_after_ms = head->retry_after_ms;
	/* An empty account stays empty, whatever the header says. */
	if (head->should_retry >= 0 && end->err != ERR_PROVIDER_QUOTA)
		end->retryable = head->should_retry;
}

static bool
may_be_shown(const char *word)
{
	size_t digits = 0, n = 0;

	for (; word[n] != '\0'; n++) {
		unsigned char c = (unsigned char)word[n];

		if (!isascii(c) || (!isalnum(c) && strchr("_.[]", c) == NULL))
			return false;
		digits += isdigit(c) != 0;
	}
	return n <= WORD_MAX && digits <= DIGITS_MAX &&
	    (digits == 0 || n <= WITH_DIGITS_MAX);
}

void
llm_fault_note(struct llm_end *end, const char *name, const char *word)
{
	size_t n = strlen(end->note);

	if (word == NULL || word[0] == '\0')
		return;
	snprintf(end->note + n, sizeof(end->note) - n, "%s%s %s",
	    n > 0 ? ", " : "", name, may_be_shown(word) ? word : "?");
}
