/*
 * Counts of tries, kept for all workers and hosts: what they mean is in
 * auth/limit.h.  A row is made by the first try and removed by tries_sweep()
 * some time after it means nothing any more.
 */
#ifndef STORE_TRIES_H
#define STORE_TRIES_H

#include "store/db.h"

enum {
	TRIES_ADDRESS_SIZE = 46, /* an address or a network, NUL included */
	TRIES_SWEEP_MAX = 10000, /* rows that one sweep removes */
};

/* What is counted.  Borrowed texts. */
struct tries_key {
	const char *what;
	const char *name; /* as somebody typed it; "": whatever the name */
	size_t name_len;
	const char *address; /* "": whatever the address */
};

struct tries_count {
	int n;
	int64_t not_before; /* wall ms: the next may be made then; 0: at once */
	int64_t forget_at;  /* wall ms: then the count means nothing */
};

/* Zeros where there is none. */
enum err
tries_find(struct db_conn *c, const struct tries_key *key,
    struct tries_count *out);

/* The same inside a transaction, until whose end nobody else gets it. */
enum err
tries_lock(struct db_conn *c, const struct tries_key *key,
    struct tries_count *out);

enum err
tries_set(struct db_conn *c, const struct tries_key *key,
    const struct tries_count *count);

/*
 * One try less.  Its wait `is` becomes what it `was` before, unless a later try
 * has set another.
 */
enum err
tries_take_back(struct db_conn *c, const struct tries_key *key, int64_t is,
    int64_t was);

enum err
tries_remove(struct db_conn *c, const struct tries_key *key);

/* Whatever the address. */
enum err
tries_remove_name(struct db_conn *c, const char *what, const char *name,
    size_t name_len);

/* Remove what is to be forgotten by `now`. */
enum err
tries_sweep(struct db_conn *c, int64_t now_wall_ms);

#endif
