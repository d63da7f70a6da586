/*
 * The model name is the script: `demo` and then any number of `:name-value`
 * parts in any order, for example
 *
 *     demo:first-300:pace-50:tokens-20:tag-abc
 *
 * One table in script.c holds every part there is; `--help` prints it.  The
 * longest name that fits wins, so `pace-us-2000` is the part `pace-us`.
 *
 * "After N tokens" counts every token written so far, reasoning included.
 */
#ifndef DEMO_SCRIPT_H
#define DEMO_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SCRIPT_MODEL_MAX 255
#define SCRIPT_TAG_MAX 63
#define SCRIPT_WHY_MAX 160
#define SCRIPT_UNSET (-1)

/* What the canned text is about. */
enum voice { VOICE_PLAIN, VOICE_FAST, VOICE_SLOW, VOICE_THINKER, VOICE_LONG };

/* Numbers are SCRIPT_UNSET when not given; flags are 0 or 1. */
struct script {
	char model[SCRIPT_MODEL_MAX + 1];
	char tag[SCRIPT_TAG_MAX + 1];
	enum voice voice;

	/* when */
	int64_t head_ms, first_ms, pace_ms, pace_us;
	/* what */
	int64_t tokens, size, reasoning, longline;
	int64_t stamp, seq, multibyte, surrogate, badutf8, refusal, empty;
	/* how it ends */
	int64_t length, filter, block, nodone, nofinish, nousage;
	/* the wire */
	int64_t slice, slice_pace, crlf, connclose, unchunked, norole, whole;
	/* errors instead of an answer */
	int64_t status, quota, html, retry_after, retry_after_ms, retry_date;
	int64_t fail, odd, redirect;
	/* what it does not take: see picky.h */
	int64_t no_temperature, no_effort, no_system, no_options, new_limit;
	int64_t context;
	/* faults in the middle, each after N tokens */
	int64_t badjson, error, bare, garbage, cut, end, reset, stall, mid;
	/* no answer at all */
	int64_t silent, drop;
};

enum script_result {
	SCRIPT_OK,
	SCRIPT_UNKNOWN_MODEL,	/* the name before the first ':' */
	SCRIPT_BAD_PART		/* an unknown part, or a value out of range */
};

/* Reads a model name.  `why` gets a sentence when it is not SCRIPT_OK. */
enum script_result
script_parse(const char *model, struct script *s, char why[SCRIPT_WHY_MAX]);

/* Takes every error and fault out of the script: what fail-N does after N. */
void
script_heal(struct script *s);

/* Nanoseconds between two tokens. */
int64_t
script_pace_ns(const struct script *s);

/* The model names without parts, in order; NULL after the last. */
const char *
script_model_name(size_t i);

/* Lists the models and the parts for --help. */
void
script_help(FILE *out);

#endif
