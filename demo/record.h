/*
 * The newest requests as they came, for tests that look at what a provider
 * is sent.  A ring of RECORD_MAX; longer bodies are cut.
 *
 * /requests?tag=X as JSON, oldest first, at most RECORD_SHOWN_MAX:
 *
 *     {"tag": "X", "requests": [{"seq": 1, "at_ns": 1, "tag": "X",
 *      "method": "POST", "path": "/v1/chat/completions", "query": null,
 *      "authorization": "Bearer …", "headers": {"host": "…"},
 *      "body": "…", "body_bytes": 12, "truncated": false}]}
 *
 * Header names are in lower case.  "query" and "authorization" are null when
 * they did not come; "body" is null when it is no UTF-8 (a cut can make it
 * so).
 */
#ifndef DEMO_RECORD_H
#define DEMO_RECORD_H

#include <jansson.h>
#include <stdint.h>

#include "http.h"
#include "script.h"

#define RECORD_MAX 64
#define RECORD_SHOWN_MAX 16
#define RECORD_BODY_MAX 65536

struct recorded {
	int64_t seq, at_ns;
	char tag[SCRIPT_TAG_MAX + 1];
	json_t *about;		/* method, path, authorization, headers */
	struct buf body;
	size_t body_bytes;	/* before the cut */
};

struct record {
	struct recorded ring[RECORD_MAX];
	int64_t seq;		/* of the newest; 0 is none */
};

void
record_add(struct record *r, const char *tag, const struct http_request *rq,
	int64_t now);

/* `tag.p` NULL is all tags.  A new reference. */
json_t *
record_json(const struct record *r, struct slice tag);

void
record_free(struct record *r);

#endif
