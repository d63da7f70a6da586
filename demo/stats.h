/*
 * What happened: sums, sums per tag, and a ring of the connections that
 * their clients closed before the script's end.
 *
 * /stats as JSON, the same with ?tag=X but of that tag:
 *
 *     {"tag": null, "now_ns": 1, "requests": 1, "streams_open": 0, "open": 0,
 *      "tokens_sent": 20, "completed": 1, "early_closed": 0,
 *      "connections": 1, "connections_open": 1,
 *      "early": [{"seq": 1, "tag": "x", "model": "demo:tag-x", "at_ns": 1,
 *                 "tokens_sent": 3, "first_token_sent": true}]}
 *
 * "open" and "streams_open" are one number; connections count for all tags.
 * "completed" is every script that came to its end, errors and faults too.
 */
#ifndef DEMO_STATS_H
#define DEMO_STATS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http.h"
#include "script.h"

#define STATS_EARLY_MAX 4096
#define STATS_TAGS_MAX 1024	/* the longest unused one gives way */
#define STATS_NO_TAG (-1)

struct counts {
	int64_t requests, open, tokens_sent, completed, early_closed;
};

struct tag_counts {
	char tag[SCRIPT_TAG_MAX + 1];
	struct counts counts;
	int64_t used;		/* serial number of its last request */
	bool is_taken;
};

struct early {
	int64_t seq, at_ns, tokens_sent;
	char tag[SCRIPT_TAG_MAX + 1];
	char model[SCRIPT_MODEL_MAX + 1];
};

struct stats {
	struct counts all;
	struct tag_counts tags[STATS_TAGS_MAX];
	struct early early[STATS_EARLY_MAX];
	int64_t early_seq;	/* of the newest; 0 is none */
	int64_t serial;
	int64_t connections, connections_open;
};

/* A request begins.  The handle is for the calls below; the tag's counts
 * stay where they are as long as one of its requests is open. */
int
stats_open(struct stats *st, const char *tag);

/* Which request of its tag the newest one is, from 1. */
int64_t
stats_ordinal(const struct stats *st, int handle);

void
stats_tokens(struct stats *st, int handle, int64_t tokens);

/* It ended as its script says. */
void
stats_complete(struct stats *st, int handle);

/* Its client closed before that. */
void
stats_early(struct stats *st, int handle, const struct script *s,
	int64_t at_ns, int64_t tokens_sent);

/* Begins anew; what is open stays open. */
void
stats_reset(struct stats *st);

/* `tag.p` NULL is all tags.  A new reference. */
json_t *
stats_json(const struct stats *st, struct slice tag);

#endif
