/*
 * What a model is to see: the branch of the conversation so far and the
 * question, first message first, in the shape that every provider takes.
 *
 * Answers without text are left out, and where two texts of the user stand side
 * by side for that they become one.  A question that is to be answered once
 * more is the last one of the branch; what came after it is left out.  A
 * question that replaces another stands where that one stood.
 *
 * What the model cannot take is left out in whole turns, oldest first (see
 * llm/turns.h); the system prompt and the question always stay.  The branch is
 * read from its end, and no further than the model can take, so that no length
 * of a conversation makes it unusable.
 *
 * A prompt starts as { 0 }; its texts are copies, and its own.  After a failure
 * it holds part of it all and is good for prompt_free() only.
 */
#ifndef API_PROMPT_H
#define API_PROMPT_H

#include "api/ask.h"
#include "base/buf.h"
#include "base/uuid.h"
#include "http/request.h"
#include "llm/catalog.h"
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
	size_t bytes; /* of their texts, as they were said */
	int left_out; /* messages of the branch before the first that goes */

	const char *system_given; /* in this request; NULL: none was */
	struct buf system;        /* as it was stored, where none was given */

	/* where the question stands in the conversation */
	struct uuid question; /* a new id, or the one to answer once more */
	struct uuid parent;   /* zeros: it is a first message */
	int depth;
};

/*
 * Load the branch that ends in `conv`'s leaf, NULL where the conversation
 * begins now, and put the question at its end.  `ask->system` becomes the
 * system prompt that counts, the prompt's own where it was stored.  `model` may
 * be NULL: then nothing is known of what it can take.
 *
 * ERR_BUSY while an answer of the branch is running, ERR_CONFLICT where there
 * is no question to answer once more or the conversation is full,
 * ERR_NOT_FOUND or ERR_VALIDATION where the question to replace is none.
 */
enum err
prompt_load(struct prompt *p, struct db_conn *db, struct req *rq,
    struct ask *ask, const struct catalog_model *model,
    const struct conv *conv);

/*
 * A step of it: where an answer was left out two questions stand side by side,
 * which some providers refuse.  They become one text, with empty lines between.
 */
enum err
prompt_join(struct prompt *p);

/* Its messages belong to somebody else now. */
void
prompt_give(struct prompt *p);

void
prompt_free(struct prompt *p);

#endif
