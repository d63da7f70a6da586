/*
 * The inside of a call, shared by llm/call.c (the request, and what its owner
 * does with it) and llm/call_answer.c (what comes in, and how it ended).
 */
#ifndef LLM_CALL_PRIVATE_H
#define LLM_CALL_PRIVATE_H

#include "llm/call.h"
#include "llm/wire.h"

struct llm_call {
	const struct llm_provider *provider;
	CURL *easy;
	struct curl_slist *headers; /* hold the key: wiped */
	char *key;                  /* to keep it out of notes: wiped */
	struct buf body;
	struct llm_limits limits;
	struct llm_times times;
	int64_t asked_us;     /* when it was asked for the first time */
	int64_t last_byte_us; /* of the body; 0: none came */
	struct llm_head head;
	struct sse_in sse;
	struct llm_parse parse; /* and in it, how it ended */
	bool is_whole;      /* the answer is one JSON body, not a stream */
	struct buf body_in; /* of that, or of an error */
	llm_delta_fn *on_delta;
	void *arg;
	const char *late; /* the sentence of the limit that passed */
	CURLcode code;
	bool is_settled;
};

/* For curl. */
size_t
llm_call_on_header(char *line, size_t size, size_t n, void *arg);

size_t
llm_call_on_body(char *p, size_t size, size_t n, void *arg);

/* An answer of which nothing has come. */
void
llm_call_expect(struct llm_call *call);

void
llm_call_forget(struct llm_call *call);

/* Something of its end was seen, good or bad. */
bool
llm_call_has_ended(const struct llm_call *call);

/* Nothing more is taken: say how it ended.  Twice is well. */
void
llm_call_settle(struct llm_call *call);

#endif
