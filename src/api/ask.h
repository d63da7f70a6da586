/*
 * The body of POST /chat and /chat/stream: what may be asked, within which
 * limits, and what the rest of the turn takes from it.
 *
 * Its texts are borrowed from rq->json and live as long as the request.
 */
#ifndef API_ASK_H
#define API_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/crypt.h"
#include "base/uuid.h"
#include "http/fields.h"
#include "http/request.h"
#include "llm/catalog.h"
#include "llm/llm.h"

enum {
	ASK_TOKENS_MAX = 10000000,
};

/* What reasoning_effort and on_disconnect may be; NULL ends each. */
extern const char *const ask_efforts[];
extern const char *const ask_on_disconnects[];

struct ask {
	struct text message; /* absent with `regenerate` */
	bool regenerate;     /* answer the last question once more */
	struct uuid edit_message_id; /* the question that `message` replaces;
	                              * zeros: none */
	struct text provider, model;
	struct uuid conversation_id; /* zeros: a new one */
	struct text system; /* absent: as before; "": none from now on */
	struct number temperature, max_tokens;
	int reasoning_effort, on_disconnect; /* -1: absent */
	struct text client_request_id; /* absent: the request has no name */
};

/*
 * Read the body; a message has at most `message_max` bytes.  ERR_VALIDATION
 * with all that is wrong at once; `out` is of no use then.
 */
enum err
ask_read(struct req *rq, size_t message_max, struct ask *out);

/* Is the answer stopped when its reader goes away? */
bool
ask_stops_on_leave(const struct ask *ask);

/*
 * By this two requests of one name are known to be the same: the same fields
 * with the same values, whatever their order.
 */
enum err
ask_hash(const struct req *rq, unsigned char out[CRYPT_HASH_SIZE]);

/*
 * What of it is put to a model: all but the messages, see api/prompt.h.  What
 * the model is known not to take is left out, and its name added to the array
 * `ignored`.  `model` NULL: nothing is known.  Its texts are `ask`'s.
 */
struct llm_request
ask_request(const struct ask *ask, const struct catalog_model *model,
    json_t *ignored);

#endif
