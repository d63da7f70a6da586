/*
 * The event stream of a provider: bytes of any cut go in, whole events come
 * out to one function, in order.  The rules are those of WHATWG HTML section
 * 9.2.6: lines end with LF, CR or CRLF, one BOM at the very start is dropped,
 * comments and unknown fields are passed over.  Bytes are not decoded; see
 * llm/text.h for that.
 *
 * Two things go beyond the standard, because providers need them: an event
 * that was cut off by the end of the stream is offered, marked so, and lines
 * that are no field of an event are kept aside, for some providers put a bare
 * JSON error behind or instead of their events.
 *
 * The first failure stays: ERR_TOO_LARGE for an event over its ceiling,
 * ERR_INTERNAL where memory is out.  Bytes after it are passed over, and so
 * the memory of one stream is at most twice the ceiling of an event, in buffers
 * that double, whatever comes in.
 */
#ifndef LLM_SSE_IN_H
#define LLM_SSE_IN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	/* Bytes of one event.  The largest recorded is 12 KB; a host that
	 * gives a whole answer at once needs perhaps 1 MB.  More would let a
	 * bad host make a JSON tree of hundreds of MB. */
	SSE_IN_EVENT_MAX = 2 * 1024 * 1024,
	SSE_IN_NAME_MAX = 4096,       /* bytes of a name or an id */
	SSE_IN_STRAY_MAX = 64 * 1024, /* bytes of other lines; more: dropped */
};

struct sse_event {
	const char *name; /* "message" where none was sent */
	const char *data; /* followed by a NUL, and may hold some */
	size_t len;
	const char *id;   /* the last one that was sent; "" for none */
	bool is_whole;    /* false: the stream ended inside it */
};

/* The event is valid during the call. */
typedef void sse_event_fn(void *arg, const struct sse_event *event);

struct sse_in {
	sse_event_fn *on_event;
	void *arg;
	struct buf line, data, name, id, stray;
	bool after_cr;      /* the line ended with CR; a LF belongs to it */
	bool is_past_start; /* a BOM is only one in the first line */
	enum err err;
};

void
sse_in_init(struct sse_in *in, sse_event_fn *on_event, void *arg);

void
sse_in_free(struct sse_in *in);

enum err
sse_in_bytes(struct sse_in *in, const void *bytes, size_t n);

/* Nothing follows: offer the event that the end cut off, if there is one. */
enum err
sse_in_finish(struct sse_in *in);

/* The lines that were no field, empty ones left out, each with its LF. */
const struct buf *
sse_in_stray(const struct sse_in *in);

#endif
