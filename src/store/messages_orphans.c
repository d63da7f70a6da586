#include "store/messages.h"

#include "base/clock.h"
#include "store/segments.h"

enum {
	ORPHANS_MAX = 64,                 /* looked up at once */
	ORPHAN_BYTES_MAX = 16 * 1024 * 1024, /* of one's text */
};

/* The sentence kept with an answer whose worker died. */
#define ORPHAN_SENTENCE \
	"The server process that wrote this answer ended. What came is kept."

struct orphans {
	struct uuid ids[ORPHANS_MAX];
	int n;
};

static enum err
read_orphan(void *arg, const struct db_value *row, int n)
{
	struct orphans *o = arg;

	(void)n;
	o->ids[o->n++] = db_get_uuid(&row[0]);
	return ERR_OK;
}

struct orphan {
	struct uuid id, owner;
	struct buf text, reasoning;
};

static enum err
end_orphan(struct db_conn *c, void *arg)
{
	struct orphan *o = arg;
	struct msg_end end = {
		.id = o->id, .owner = o->owner,
		.state = "interrupted", .has_segments = true,
		.error_code = err_code(ERR_INTERRUPTED),
		.error_message = ORPHAN_SENTENCE,
		.figures = msg_figures_none(),
		.left_out = -1, .ended_at = clock_wall_ms(),
	};
	enum err err;

	buf_reset(&o->text);
	buf_reset(&o->reasoning);
	if ((err = segment_join(c, &o->id, 0, 0, &o->text,
	    &o->reasoning)))
		return err;
	end.text = o->text.p;
	end.text_len = o->text.len;
	end.reasoning = o->reasoning.p;
	end.reasoning_len = o->reasoning.len;
	err = msg_end(c, &end);
	return err == ERR_NOT_FOUND ? ERR_OK : err; /* somebody was faster */
}

static enum err
end_orphan_alone(struct db_conn *c, const struct uuid *id,
    const struct uuid *owner)
{
	struct orphan o = { .id = *id, .owner = *owner };
	enum err err;

	buf_init(&o.text, ORPHAN_BYTES_MAX);
	buf_init(&o.reasoning, ORPHAN_BYTES_MAX);
	err = db_transaction(c, end_orphan, &o);
	buf_free(&o.text);
	buf_free(&o.reasoning);
	return err;
}

enum err
msg_orphans_end(struct db_conn *c, const struct uuid *owner, int *n)
{
	struct db_value in[] = { db_uuid(owner), DB_INT(ORPHANS_MAX) };
	struct orphans o;
	enum err err;

	*n = 0;
	do {
		o.n = 0;
		err = db_query(c,
		    "SELECT id FROM messages"
		    " WHERE owner = ? AND state = 'running' LIMIT ?",
		    in, DB_COUNT(in), read_orphan, &o);
		for (int i = 0; i < o.n && err == ERR_OK; i++)
			err = end_orphan_alone(c, &o.ids[i], owner);
		*n += o.n;
	} while (err == ERR_OK && o.n == ORPHANS_MAX);
	return err;
}
