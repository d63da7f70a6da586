#include "fcgi_guard.h"

/* Section 8 of the specification. */
enum {
	FCGI_1 = 1,
	TYPE_BEGIN = 1,
	TYPE_PARAMS = 4,
	TYPE_STDIN = 5,
	BEGIN_SIZE = 8,
	RESPONDER = 1,
	WIDE = 0x80, /* in a length's first byte: it has four */
	WIDE_REST = 3,
};

struct head {
	unsigned char version, type;
	uint16_t id;
	size_t content, padding;
};

static struct head
read_head(const unsigned char *b)
{
	return (struct head){
		.version = b[0], .type = b[1],
		.id = (uint16_t)(b[2] << 8 | b[3]),
		.content = (size_t)(b[4] << 8 | b[5]), .padding = b[6],
	};
}

/* ---- the pairs of names and values, across all records ---- */

struct pairs {
	size_t skip;     /* bytes of the name and the value to come */
	uint32_t length; /* that is being read */
	int rest;        /* bytes of it to come */
	bool has_name;   /* the name's length is read, the value's is next */
	size_t sum;      /* of the two */
};

static bool
take_length(struct pairs *p, unsigned char byte)
{
	if (p->rest > 0) {
		p->length = p->length << 8 | byte;
		p->rest--;
	} else if (byte & WIDE) {
		p->length = byte & (WIDE - 1);
		p->rest = WIDE_REST;
	} else {
		p->length = byte;
	}
	if (p->rest > 0)
		return true;
	if (p->length > GUARD_PARAMS_MAX)
		return false;
	p->sum += p->length;
	if (p->has_name) {
		p->skip = p->sum;
		p->sum = 0;
	}
	p->has_name = !p->has_name;
	return true;
}

/* False where a length is more than all parameters may be together. */
static bool
take_pairs(struct pairs *p, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t part = p->skip < n - i ? p->skip : n - i;

		if (part > 0) {
			p->skip -= part;
			i += part;
		} else if (!take_length(p, bytes[i++])) {
			return false;
		}
	}
	return true;
}

static bool
are_whole(const struct pairs *p)
{
	return p->skip == 0 && p->rest == 0 && !p->has_name;
}

/* ---- the records up to the end of the parameters ---- */

static enum guard
bad(struct guard_found *found, const char *why)
{
	found->why = why;
	return GUARD_BAD;
}

static enum guard
look_at_begin(const unsigned char *bytes, size_t n, struct guard_found *found)
{
	struct head h;

	if (n < GUARD_HEAD_SIZE)
		return GUARD_MORE;
	h = read_head(bytes);
	if (h.version != FCGI_1)
		return bad(found, "this is not FastCGI 1.0");
	if (h.type != TYPE_BEGIN || h.id == 0 || h.content != BEGIN_SIZE)
		return bad(found, "it does not begin with a request");
	if (h.padding != 0) /* libfcgi 2.4.2 would take it for records */
		return bad(found, "there is padding where there may be none");
	if (n < GUARD_HEAD_SIZE + BEGIN_SIZE)
		return GUARD_MORE;
	bytes += GUARD_HEAD_SIZE;
	if (bytes[0] != 0 || bytes[1] != RESPONDER)
		return bad(found, "it asks for a role other than responder");
	found->id = h.id;
	found->end = GUARD_HEAD_SIZE + BEGIN_SIZE;
	return GUARD_WHOLE;
}

/* The record of parameters at `found->end`, which moves on behind it. */
static enum guard
look_at_record(const unsigned char *bytes, size_t n, struct pairs *pairs,
    struct guard_found *found)
{
	size_t left = n - found->end;
	struct head h;

	if (left < GUARD_HEAD_SIZE)
		return GUARD_MORE;
	bytes += found->end;
	left -= GUARD_HEAD_SIZE;
	h = read_head(bytes);
	if (h.version != FCGI_1)
		return bad(found, "a record is not of FastCGI 1.0");
	if (h.type != TYPE_PARAMS || h.id != found->id)
		return bad(found, "a record stands between parameters");
	if (h.content == 0 && !are_whole(pairs))
		return bad(found, "the last parameter is cut");
	if (!take_pairs(pairs, bytes + GUARD_HEAD_SIZE,
	    left < h.content ? left : h.content))
		return bad(found, "a parameter is too long");
	if (left < h.content + h.padding)
		return GUARD_MORE;
	found->end += GUARD_HEAD_SIZE + h.content + h.padding;
	return h.content == 0 ? GUARD_WHOLE : GUARD_MORE;
}

static enum guard
look_at_all(const unsigned char *bytes, size_t n, struct guard_found *found)
{
	struct pairs pairs = { 0 };
	enum guard seen = look_at_begin(bytes, n, found);
	size_t at = 0;

	if (seen != GUARD_WHOLE)
		return seen;
	do {
		at = found->end;
		seen = look_at_record(bytes, n, &pairs, found);
	} while (seen == GUARD_MORE && found->end > at);
	return seen;
}

enum guard
guard_params(const unsigned char *bytes, size_t n, struct guard_found *found)
{
	size_t seen_max = n < GUARD_PARAMS_MAX ? n : GUARD_PARAMS_MAX;
	enum guard seen;

	*found = (struct guard_found){ 0 };
	seen = look_at_all(bytes, seen_max, found);
	if (seen == GUARD_MORE && n >= GUARD_PARAMS_MAX)
		return bad(found, "the parameters are too many");
	return seen;
}

/* ---- the records of the body ---- */

static enum guard
begin_record(struct guard_body *g)
{
	struct head h = read_head(g->head);

	g->n_head = 0;
	if (h.version != FCGI_1 || h.type != TYPE_STDIN || h.id != g->id)
		return GUARD_BAD;
	g->content = h.content;
	g->padding = h.padding;
	g->is_whole = h.content == 0;
	return g->is_whole ? GUARD_WHOLE : GUARD_MORE;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

enum guard
guard_body(struct guard_body *g, const unsigned char *bytes, size_t n,
    void (*take)(void *arg, const unsigned char *bytes, size_t n), void *arg)
{
	enum guard seen = g->is_whole ? GUARD_WHOLE : GUARD_MORE;

	for (size_t i = 0, part; i < n && seen == GUARD_MORE; i += part) {
		if (g->content > 0) {
			part = smaller(g->content, n - i);
			take(arg, bytes + i, part);
			g->content -= part;
		} else if (g->padding > 0) {
			part = smaller(g->padding, n - i);
			g->padding -= part;
		} else {
			part = 1;
			g->head[g->n_head++] = bytes[i];
			if (g->n_head == GUARD_HEAD_SIZE)
				seen = begin_record(g);
		}
	}
	return seen;
}
