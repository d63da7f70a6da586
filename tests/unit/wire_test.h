/*
 * What the tests of the wires look at alike.  A wire's own file has its rows;
 * each function here takes some of them, and fails the test where what the wire
 * of `provider` makes of one is not what the row says.
 */
#ifndef TESTS_WIRE_TEST_H
#define TESTS_WIRE_TEST_H

#include "llm/wire.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { WIRE_BYTES_MAX = 1024 * 1024 };

/* ---- the request ---- */

/* A question of one message, "Hi", and the body that it must have. */
struct wire_ask_row {
	const char *name, *model, *system;
	double temperature; /* -1: none */
	int max_tokens;
	const char *effort;
	const char *body;
};

extern const struct llm_message WIRE_HI;

/* The request, without auth(); to be freed. */
void
wire_ask(const struct llm_provider *provider, const struct llm_request *rq,
    struct llm_ask *out);

void
wire_check_asks(const struct llm_provider *provider,
    const struct wire_ask_row *rows, size_t n);

/* The request's body has this in it. */
void
wire_check_turns(const struct llm_provider *provider,
    const struct llm_message *turns, size_t n, const char *part);

/* ---- errors ---- */

/* The body may have "CANARY" in it, which must not get to people or logs. */
struct wire_error_row {
	const char *name;
	int status;
	const char *body;
	enum err err;
	bool retryable;
};

/* What error_body() says, and what it makes of the body. */
bool
wire_error(const struct llm_provider *provider, int status, const char *body,
    size_t n, struct llm_end *end);

void
wire_check_errors(const struct llm_provider *provider,
    const struct wire_error_row *rows, size_t n);

/* Bodies of the longest size that are deep, no UTF-8, and no text. */
void
wire_check_hostile_bodies(const struct llm_provider *provider);

/* ---- answers ---- */

struct wire_answer {
	struct llm_parse parse; /* ready for events where it was none */
	struct buf text, reasoning;
	bool is_one; /* what whole() said */
};

/* A whole answer, which must be JSON; to be freed. */
void
wire_read_whole(const struct llm_provider *provider, const char *body,
    size_t n, struct wire_answer *out);

void
wire_answer_free(struct wire_answer *a);

/* An event that is this text again and again: ERR_PROTOCOL, in the first. */
void
wire_check_hostile_event(const struct llm_provider *provider,
    const char *name, const char *text);

/* ---- lists of models ---- */

struct wire_list_row {
	const char *name, *body;
	bool is_list;
	const char *models; /* a line each: id|name|context|max_output */
	const char *after;
};

void
wire_check_lists(const struct llm_provider *provider,
    const struct wire_list_row *rows, size_t n);

void
wire_check_list_url(const struct llm_provider *provider, const char *after,
    const char *url);

#endif
