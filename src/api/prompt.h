/*
 * What a model is to see: the branch of the conversation so far and the
 * question, first message first, in the shape that every provider takes.
 *
 * Answers without text are left out, and where two texts of the user stand side
 * by side for that they become one.  A question that is to be answered once
 * more is the last one of the branch; what came after it is left out.
 *
 * A prompt starts as { 0 }; its texts are copies, and its own.  After a failure
 * it holds part of it all and is good for prompt_free() only.
 */
#ifndef API_PROMPT_H
#define API_PROMPT_H

#include "api/ask.h"
#include "base/uuid.h"
#include "http/request.h"
#include "llm/llm.h"
#include "store/conversations.h"
#include "store/db.h"

enum {
	PROMPT_MESSAGES_MAX = 10000,
	PROMPT_BYTES_MAX = 16 * 1024 * 1024, /* of their text */
};

struct prompt {
	struct llm_message *messages;
	size_t n, cap;
	size_t bytes; /* of text, as it was said */

	/* where the question stands in the conversation */
	struct uuid question; /* a new id, or the one to answer once more */
	int depth;
};

/*
 * Load the branch that ends in `conv`'s leaf, NULL where the conversation
 * begins now, and put the question at its end.
 *
 * ERR_BUSY while an answer of the branch is running, ERR_CONTEXT_LENGTH above
 * the ceilings, ERR_CONFLICT where there is no question to answer once more.
 */
enum err
prompt_load(struct prompt *p, struct db_conn *db, struct req *rq,
    const struct ask *ask, const struct conv *conv);

/* Its messages belong to somebody else now. */
void
prompt_give(struct prompt *p);

void
prompt_free(struct prompt *p);

#endif
