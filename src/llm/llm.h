/*
 * The words in which the rest of the program asks a model and hears its
 * answer, whatever the provider.  This layer knows nothing of users, HTTP
 * requests of ours, or SQL.
 */
#ifndef LLM_LLM_H
#define LLM_LLM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Where a provider is and how it is spoken to; from the settings. */
struct llm_provider {
	char name[33];
	char label[128];
	char base_url[512]; /* no slash at its end */
	char ca_file[512];  /* whom to trust; "": whom the system trusts */
	char key_header[65]; /* where the key goes; "": where the wire says */
	char query[257];    /* what every URL ends with; "": nothing */
	char models[512];   /* names to offer, with spaces between; or "" */
	const struct llm_wire *wire;
	bool demo;
	char *key; /* a key for everybody, "" where none is wanted; NULL: each user
	            * brings one; owned */
};

enum llm_role { LLM_USER, LLM_ASSISTANT };

struct llm_message {
	enum llm_role role;
	const char *text;
	size_t len;
};

/* A question, ready to be put into a wire's shape.  All texts are borrowed. */
struct llm_request {
	const char *model;
	const char *system; /* NULL: none */
	const struct llm_message *messages;
	size_t n_messages;
	bool has_temperature;
	double temperature;
	int max_tokens;               /* 0: the model's own */
	int64_t max_output;           /* which is this, where it is known; 0 */
	const char *reasoning_effort; /* NULL: the model's own */

	/* what a host of the wire turned out not to take */
	bool renames_limit;     /* the token limit goes by its other name */
	bool no_stream_options; /* usage is not asked for */
};

/* What of a request a provider may reject alone. */
enum llm_param {
	LLM_PARAM_NONE,
	LLM_PARAM_TEMPERATURE,
	LLM_PARAM_MAX_TOKENS,
	LLM_PARAM_LIMIT_NAME,     /* the name of the token limit */
	LLM_PARAM_EFFORT,
	LLM_PARAM_SYSTEM,         /* a message with that role */
	LLM_PARAM_STREAM_OPTIONS,
};

/* As those who asked call it; NULL for what they did not ask for. */
const char *
llm_param_name(enum llm_param param);

enum llm_kind { LLM_TEXT, LLM_REASONING };

/* A piece of the answer: valid UTF-8, whole characters, never empty, without
 * U+0000 (which becomes U+FFFD). */
struct llm_delta {
	enum llm_kind kind;
	const char *text;
	size_t len;
};

/* Called for every delta, in order. */
typedef void llm_delta_fn(void *arg, const struct llm_delta *delta);

/* Tokens; -1: not said. */
struct llm_usage {
	int64_t input;     /* all that was read */
	int64_t output;    /* all that was written, reasoning included */
	int64_t reasoning; /* of the output */
	int64_t cached;    /* of the input, read from the provider's cache */
};

/* Why a model stopped, whatever words its wire has for it. */
enum llm_finish {
	LLM_FINISH_NONE, /* no end marker was seen */
	LLM_FINISH_STOP,
	LLM_FINISH_TOOL,
	LLM_FINISH_LENGTH,
	LLM_FINISH_REFUSAL,
	LLM_FINISH_FILTER,
};

/* "stop", "tool", "length", "refusal", "content_filter"; "" for none. */
const char *
llm_finish_name(enum llm_finish finish);

enum { LLM_WHY_MAX = 256 };

/* How an answer ended. */
struct llm_end {
	enum err err; /* ERR_OK: `finish` tells */
	enum llm_finish finish;
	struct llm_usage usage;
	int provider_status;    /* HTTP; 0: there was none */
	int64_t retry_after_ms; /* -1: not said */
	bool retryable;         /* the same request may work later */
	enum llm_param rejected; /* without this it may work at once */
	char message[LLM_WHY_MAX]; /* for the person: what happened, what to do;
	                            * never the provider's own text */
	char note[LLM_WHY_MAX];    /* for the log: codes and types, no text of
	                            * the provider that could hold a key */
};

#endif
