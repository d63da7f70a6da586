/*
 * The ways to speak to a provider, one row and one file each.  A wire turns a
 * question into an HTTP request, and the events of the answer into deltas and
 * an end.  It knows nothing of connections.
 */
#ifndef LLM_WIRE_H
#define LLM_WIRE_H

#include "base/buf.h"
#include "llm/head.h"
#include "llm/llm.h"
#include "llm/parse.h"
#include "llm/sse_in.h"

/* The name in the settings; llm/NAME.c has its struct llm_wire_NAME. */
#define LLM_WIRE_TABLE(X) \
X(openai)

enum {
	LLM_URL_MAX = 1024,
	LLM_HEADERS_MAX = 16 * 1024,
	LLM_BODY_MAX = 32 * 1024 * 1024, /* more than any context window */
	LLM_ERROR_BODY_MAX = 64 * 1024,  /* of an answer that is an error */
};

/* An HTTP request: always POST, always JSON. */
struct llm_ask {
	struct buf url;
	struct buf headers; /* lines "Name: value", each ended by a NUL; the
	                     * key's is the last, so that no copy of it is left
	                     * behind where the buffer grows */
	struct buf body;
};

struct llm_wire {
	const char *name;

	/* Write the request.  `key` is NULL where there is none. */
	enum err (*ask)(const struct llm_provider *provider, const char *key,
	    const struct llm_request *request, struct llm_ask *ask);

	/*
	 * One event of the answer.  Bad JSON is ERR_PROTOCOL, but for an event
	 * that the end of the stream cut off, which is passed over.
	 */
	void (*event)(struct llm_parse *parse, const struct sse_event *event);

	/*
	 * An answer that is not a stream.  True: the body is an error of this
	 * wire, and `end` says which.  False: it is not, and `end` says what
	 * the status alone means.  The body may be anything.
	 */
	bool (*error_body)(const struct llm_provider *provider,
	    const struct llm_head *head, const char *body, size_t n,
	    struct llm_end *end);
};

#define LLM_WIRE_EXTERN(name) extern const struct llm_wire llm_wire_##name;
LLM_WIRE_TABLE(LLM_WIRE_EXTERN)
#undef LLM_WIRE_EXTERN

/* The wire of that name; NULL where there is none. */
const struct llm_wire *
llm_wire_find(const char *name);

/* All names, "a, b, c", for the sentence about one that is none of them. */
const char *
llm_wire_names(void);

void
llm_ask_init(struct llm_ask *ask);

/* The headers are wiped: they hold the key. */
void
llm_ask_free(struct llm_ask *ask);

/* One header line; ERR_TOO_LARGE over the ceiling. */
enum err
llm_ask_header(struct llm_ask *ask, const char *name, const char *value);

#endif
