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
X(openai) \
X(anthropic) \
X(gemini) \
X(mistral)

enum {
	LLM_URL_MAX = 2048, /* base_url, and a model with each byte as %XX */
	LLM_HEADERS_MAX = 16 * 1024,
	LLM_BODY_MAX = 32 * 1024 * 1024, /* more than any context window */
	LLM_ERROR_BODY_MAX = 64 * 1024,  /* of an answer that is an error */
	LLM_WHOLE_BODY_MAX = SSE_IN_EVENT_MAX, /* of one that did not stream */
	LLM_LIST_BODY_MAX = 4 * 1024 * 1024, /* a page of a list of models */
};

/* An HTTP request; a question is a POST of JSON, a list a GET. */
struct llm_ask {
	struct buf url;
	struct buf headers; /* lines "Name: value", each ended by a NUL; the
	                     * key's is the last, so that no copy of it is left
	                     * behind where the buffer grows */
	struct buf body;
};

/* A model as a provider's own list has it; "" and 0 for what it does not say. */
struct llm_listed {
	const char *id, *name;
	int64_t context, max_output; /* tokens */
};

typedef void llm_listed_fn(void *arg, const struct llm_listed *model);

struct llm_wire {
	const char *name;

	/* The URL, the body, and the headers but for those of auth(). */
	enum err (*ask)(const struct llm_provider *provider,
	    const struct llm_request *request, struct llm_ask *ask);

	/*
	 * The headers that every request of this wire carries, lists too: the
	 * key's, last, and what goes with it.  `key` is NULL where there is
	 * none, for a host of one's own may want none.
	 */
	enum err (*auth)(const struct llm_provider *provider, const char *key,
	    struct llm_ask *ask);

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

	/*
	 * A body of status 200 that came as JSON: the whole answer at once, of
	 * a host that does not stream.  Its texts are handed on and the end is
	 * set, as after the last event.  False: it is no answer, and nothing
	 * was done.
	 */
	bool (*whole)(struct llm_parse *parse, const json_t *root);

	/* Where the list of models is; `after` is what models() said of the
	 * page before, "" for the first. */
	enum err (*models_url)(const struct llm_provider *provider,
	    const char *after, struct buf *url);

	/*
	 * A page of the list: calls `each` for every model that can chat, as
	 * far as the list tells, and adds to `after` what names the next page,
	 * nothing at the last.  False: it is no such list.
	 */
	bool (*models)(const json_t *root, llm_listed_fn *each, void *arg,
	    struct buf *after);
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

/*
 * What every request has, whatever its wire, once its URL and other headers are
 * there: the query of the settings behind the URL, and the headers of auth();
 * where the settings name a header for the key, it goes there instead.  Lists
 * of models go through here too.
 */
enum err
llm_ask_complete(struct llm_ask *ask, const struct llm_provider *provider,
    const char *key);

/* One header line; ERR_TOO_LARGE over the ceiling. */
enum err
llm_ask_header(struct llm_ask *ask, const char *name, const char *value);

#endif
