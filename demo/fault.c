#include "fault.h"

#include <string.h>

#define GARBAGE "\x01\x02\xfe\xff<<< these bytes are no event >>>\n{\"x\":\n"

/* With `mid`, the first half of the event that would have come. */
static void
write_half(struct play *p, struct buf *out)
{
	size_t start = out->n;

	if (!p->answer.script.mid)
		return;
	if (play_is_all_said(p))
		p->dialect->write_end(&p->answer, out);
	else
		play_write_token(p, out);
	out->n = start + (out->n - start) / 2;
	play_frame(p, out, start);
}

static enum play_next
cut(struct play *p, struct buf *out)
{
	write_half(p, out);
	return PLAY_CLOSE;
}

static enum play_next
reset(struct play *p, struct buf *out)
{
	write_half(p, out);
	return PLAY_RESET;
}

static enum play_next
stall(struct play *p, struct buf *out)
{
	write_half(p, out);
	return PLAY_HOLD;
}

static enum play_next
end_early(struct play *p, struct buf *out)
{
	write_half(p, out);
	play_end_body(p, out);
	return PLAY_DONE;
}

static enum play_next
fail(struct play *p, struct buf *out)
{
	size_t start = out->n;

	if (p->answer.script.bare)
		p->dialect->write_refusal(&(struct refusal){ .status = 503,
			.retry_ms = -1, .model = p->answer.script.model }, out);
	else
		p->dialect->write_error(&p->answer, out);
	play_frame(p, out, start);
	play_end_body(p, out);
	return PLAY_CLOSE;
}

static enum play_next
write_garbage(struct play *p, struct buf *out)
{
	size_t start = out->n;

	buf_add(out, GARBAGE, sizeof(GARBAGE) - 1);
	play_frame(p, out, start);
	play_end_body(p, out);
	return PLAY_CLOSE;
}

/* The only one after which the answer goes on. */
static enum play_next
write_bad_json(struct play *p, struct buf *out)
{
	size_t start = out->n;

	p->answer.script.badjson = SCRIPT_UNSET;
	if (p->dialect->write_bad)
		p->dialect->write_bad(&p->answer, out);
	else
		buf_adds(out, p->answer.script.crlf
			? "data: {\"id\":\"chatcmpl-\",,}\r\n\r\n"
			: "data: {\"id\":\"chatcmpl-\",,}\n\n");
	play_frame(p, out, start);
	return PLAY_WAIT;
}

struct fault {
	size_t after;		/* the script's member that says when */
	play_step_fn *happen;
};

#define AFTER(member) offsetof(struct script, member)

static const struct fault FAULTS[] = {
	{ AFTER(badjson), write_bad_json },
	{ AFTER(error), fail },
	{ AFTER(garbage), write_garbage },
	{ AFTER(cut), cut },
	{ AFTER(end), end_early },
	{ AFTER(reset), reset },
	{ AFTER(stall), stall },
};

#define FAULT_COUNT (sizeof(FAULTS) / sizeof(FAULTS[0]))

play_step_fn *
fault_due(const struct play *p)
{
	for (size_t i = 0; i < FAULT_COUNT; i++) {
		int64_t after;

		memcpy(&after, (const char *)&p->answer.script
			+ FAULTS[i].after, sizeof(after));
		if (after == play_tokens(p))
			return FAULTS[i].happen;
	}
	return NULL;
}
