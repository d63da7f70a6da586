/*
 * A conversation as Markdown, for people and for other programs: a heading for
 * each message, its text as it is.
 *
 * A code block that a text leaves open, for it was stopped in the middle, is
 * closed after it, or all that follows would be code.
 */
#ifndef API_MARKDOWN_H
#define API_MARKDOWN_H

#include "base/buf.h"
#include "store/conversations.h"
#include "store/messages.h"

/* Title and, where it has one, the system prompt. */
enum err
markdown_begin(struct buf *out, const struct conv *conv,
    const struct buf *system);

enum err
markdown_message(struct buf *out, const struct msg *m);

/* How many marks close the code block that a text leaves open, and of which
 * kind; 0 where none is open (CommonMark 0.31 section 4.5). */
size_t
markdown_open_fence(const char *text, size_t len, char *mark);

#endif
