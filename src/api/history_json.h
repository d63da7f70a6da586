/*
 * Conversations and their messages as clients see them, and the text of an
 * answer that still runs.
 */
#ifndef API_HISTORY_JSON_H
#define API_HISTORY_JSON_H

#include <jansson.h>

#include "base/buf.h"
#include "http/request.h"
#include "store/conversations.h"
#include "store/db.h"
#include "store/messages.h"

/* As the list has it.  NULL where memory is out, as below. */
json_t *
history_conv(const struct conv *conv);

/* The same with `leaf_id` and `system`, which is looked up. */
enum err
history_details(struct db_conn *db, struct req *rq, const struct conv *conv,
    json_t **out);

json_t *
history_msg(const struct msg *m);

json_t *
history_id(const struct uuid *id);

/*
 * What is written down of the answer that runs in a conversation.  It is looked
 * up before the messages are read: what ends between the two is then shown from
 * its message, and never empty.  Starts as { 0 }; free takes it in any state.
 */
struct history_running {
	struct uuid id; /* zeros: none runs */
	struct buf text, reasoning;
};

enum err
history_running_load(struct history_running *r, struct db_conn *db,
    const struct uuid *user, const struct uuid *conversation);

/* Give it to the message where it is that answer's; borrowed. */
void
history_running_show(const struct history_running *r, struct msg *m);

void
history_running_free(struct history_running *r);

#endif
