/*
 * The text of running answers, in pieces as they are written down: so a reload
 * shows what there is, and a worker that dies loses a second of text at most.
 * Each piece is written once, so that the cost grows with new text and not with
 * the answer.
 */
#ifndef STORE_SEGMENTS_H
#define STORE_SEGMENTS_H

#include "base/buf.h"
#include "base/uuid.h"
#include "store/db.h"

/* Texts are borrowed. */
struct segment {
	struct uuid message;
	size_t text_at, reasoning_at; /* where it begins, in bytes */
	const char *text, *reasoning;
	size_t text_len, reasoning_len;
};

/* Inside a transaction. */
enum err
segment_add(struct db_conn *c, const struct segment *list, int n);

/*
 * Add what is there of an answer, from a position on, to two empty buffers, up
 * to the first gap, which there is none of unless something was lost.
 */
enum err
segment_join(struct db_conn *c, const struct uuid *message, size_t text_at,
    size_t reasoning_at, struct buf *text, struct buf *reasoning);

enum err
segment_remove(struct db_conn *c, const struct uuid *message);

/* Remove what belongs to no running answer. */
enum err
segment_sweep(struct db_conn *c);

#endif
