/*
 * The head of a provider's answer, line by line: the little of it that says
 * anything to us.  A stage without I/O.
 */
#ifndef LLM_HEAD_H
#define LLM_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct llm_head {
	int status;             /* 0: no status line yet */
	bool is_whole;          /* the empty line behind it came */
	bool is_stream;         /* Content-Type: text/event-stream */
	bool is_json;           /* Content-Type: application/json */
	int64_t retry_after_ms; /* retry-after-ms, else retry-after; -1: none */
	int should_retry;       /* x-should-retry: 1 or 0; -1: not said */
};

void
llm_head_init(struct llm_head *head);

/*
 * One line, with or without its end.  A status line begins anew, for there
 * may be a 1xx head in front.  `wall_ms` is now: Retry-After may be a date.
 */
void
llm_head_line(struct llm_head *head, const char *line, size_t n,
    int64_t wall_ms);

#endif
