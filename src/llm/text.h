/*
 * What providers send as text, made into what we promise: valid UTF-8, whole
 * characters.
 *
 * JSON may write a character beyond U+FFFF as two escapes, and some providers
 * send the two in two events.  jansson refuses half a pair, so the halves go
 * through it as marks (llm_text_clean) and are joined behind it, where it is
 * known which text they belong to (struct llm_join).
 *
 * A mark is U+FDD0, a noncharacter (Unicode 23.7), and a private character for
 * the half; a U+FDD0 that was sent goes through doubled, so nothing is lost.
 */
#ifndef LLM_TEXT_H
#define LLM_TEXT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Add JSON text to `out`, made fit for jansson: bad UTF-8 becomes U+FFFD, one
 * for each maximal part (Unicode 3.9, as WHATWG Encoding does), and so does an
 * escaped NUL, which would end a C string somewhere; half a pair becomes a
 * mark.
 */
enum err
llm_text_clean(const char *json, size_t n, struct buf *out);

/* The texts of one kind, one after the other.  Zeros are the beginning. */
struct llm_join {
	unsigned high; /* the first half of a pair whose second is to come */
};

/*
 * Add a string that came out of jansson to `out`, marks resolved.  Half a pair
 * at its end is held back; half a pair alone becomes U+FFFD.
 */
enum err
llm_text_join(struct llm_join *join, const char *text, size_t n,
    struct buf *out);

/* Nothing follows: what was held back was half a pair alone. */
enum err
llm_text_end(struct llm_join *join, struct buf *out);

#endif
