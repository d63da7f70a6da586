#include "script.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS 3600000
#define TOKENS_MAX 10000000
#define SIZE_MAX_BYTES 65536
#define LINE_MAX_BYTES (64 * 1024 * 1024)
#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789._:/@-"

enum kind { FLAG, NUMBER, OPTIONAL, WORD };

/* The headings of --help.  ERRORS and FAULTS are what fail-N takes back. */
enum group { WHEN, WHAT, ENDING, WIRE, ERRORS, FAULTS };

static const char *const HEADINGS[] = {
	[WHEN] = "When:",
	[WHAT] = "What the tokens are:",
	[ENDING] = "How the answer ends:",
	[WIRE] = "How the bytes travel:",
	[ERRORS] = "Another answer instead:",
	[FAULTS] = "Faults on the way:",
};

/* OPTIONAL is a number that may be left out; it is 0 then. */
struct part {
	enum group group;
	const char *name;
	enum kind kind;
	size_t where;
	int64_t max;
	const char *value;
	const char *what;
};

#define AT(member) offsetof(struct script, member)
#define FLAG_ROW(group, name, member, what) \
	{ group, name, FLAG, AT(member), 1, "", what }
#define MS_ROW(group, name, member, what) \
	{ group, name, NUMBER, AT(member), HOUR_MS, "-MS", what }
#define N_ROW(group, name, member, what) \
	{ group, name, NUMBER, AT(member), TOKENS_MAX, "-N", what }

static const struct part PARTS[] = {
	MS_ROW(WHEN, "head", head_ms, "delay before the response head"),
	MS_ROW(WHEN, "first", first_ms,
		"delay before the first token; the head goes at once"),
	MS_ROW(WHEN, "pace", pace_ms,
		"time between two tokens; 0 is at full speed"),
	{ WHEN, "pace-us", NUMBER, AT(pace_us), HOUR_MS, "-US",
		"the same in microseconds" },

	N_ROW(WHAT, "tokens", tokens, "how many tokens the answer has"),
	{ WHAT, "size", NUMBER, AT(size), SIZE_MAX_BYTES, "-N",
		"bytes of text per token (stamp and seq are padded)" },
	{ WHAT, "tag", WORD, AT(tag), SCRIPT_TAG_MAX, "-X",
		"label for /stats and /requests" },
	FLAG_ROW(WHAT, "stamp", stamp,
		"a token is its CLOCK_MONOTONIC nanoseconds and a space"),
	FLAG_ROW(WHAT, "seq", seq,
		"a token is its number, from 0, and a space"),
	FLAG_ROW(WHAT, "multibyte", multibyte,
		"tokens of emoji, CJK and combining characters"),
	FLAG_ROW(WHAT, "surrogate", surrogate,
		"tokens are \\ud83d and \\ude00 by turns, half an emoji each"),
	FLAG_ROW(WHAT, "badutf8", badutf8,
		"tokens with bytes that are not UTF-8"),
	{ WHAT, "longline", NUMBER, AT(longline), LINE_MAX_BYTES, "-N",
		"the first token has N bytes of text, in one event" },
	N_ROW(WHAT, "reasoning", reasoning, "N reasoning tokens come first"),
	FLAG_ROW(WHAT, "refusal", refusal, "the text comes as a refusal"),
	FLAG_ROW(WHAT, "empty", empty, "finish reason stop and no text"),

	FLAG_ROW(ENDING, "length", length, "finish reason length"),
	FLAG_ROW(ENDING, "filter", filter, "a stop by the content filter"),
	FLAG_ROW(ENDING, "block", block,
		"no text, for the question is refused (on the Gemini wire)"),
	FLAG_ROW(ENDING, "nodone", nodone,
		"a finish reason but no last event"),
	FLAG_ROW(ENDING, "nofinish", nofinish,
		"a last event but no finish reason"),
	FLAG_ROW(ENDING, "nousage", nousage, "no usage, even when asked for"),

	{ WIRE, "slice", NUMBER, AT(slice), SIZE_MAX_BYTES, "-N",
		"the response goes out in writes of N bytes" },
	MS_ROW(WIRE, "slice-pace", slice_pace, "pause after each such write"),
	FLAG_ROW(WIRE, "crlf", crlf, "CRLF line ends in the events"),
	FLAG_ROW(WIRE, "connclose", connclose, "Connection: close"),
	FLAG_ROW(WIRE, "unchunked", unchunked,
		"no chunked encoding: the close ends the body"),
	FLAG_ROW(WIRE, "norole", norole, "no first event with only the role"),
	FLAG_ROW(WIRE, "whole", whole,
		"one JSON body, though a stream was asked for"),

	{ ERRORS, "status", NUMBER, AT(status), 599, "-N",
		"an error answer with the provider's own body" },
	FLAG_ROW(ERRORS, "quota", quota, "the refusal of an empty account"),
	FLAG_ROW(ERRORS, "html", html,
		"an HTML page as the body; 502 unless a status is given"),
	{ ERRORS, "retry-after", NUMBER, AT(retry_after), HOUR_MS, "-S",
		"Retry-After in seconds (with status)" },
	{ ERRORS, "retry-after-ms", NUMBER, AT(retry_after_ms), HOUR_MS, "-MS",
		"retry-after-ms (with status)" },
	{ ERRORS, "retry-date", NUMBER, AT(retry_date), HOUR_MS, "-S",
		"Retry-After as the HTTP date S seconds from now" },
	FLAG_ROW(ERRORS, "odd", odd,
		"only every other request of a tag, from the first on, does"),
	N_ROW(ERRORS, "fail", fail,
		"only the first N requests of a tag meet errors and faults"),
	{ ERRORS, "redirect", OPTIONAL, AT(redirect), 65535, "[-PORT]",
		"302 to http://localhost:PORT/redirected/TAG (own port)" },

	FLAG_ROW(ERRORS, "no-temperature", no_temperature,
		"400 for a request with a temperature"),
	FLAG_ROW(ERRORS, "no-effort", no_effort,
		"400 for a request with reasoning_effort"),
	FLAG_ROW(ERRORS, "no-system", no_system,
		"400 for a request with a system prompt"),
	FLAG_ROW(ERRORS, "no-options", no_options,
		"400 for a request with stream_options"),
	FLAG_ROW(ERRORS, "new-limit", new_limit,
		"400 for max_tokens, which max_completion_tokens replaced"),
	N_ROW(ERRORS, "context", context,
		"400, too long, for messages of more than N bytes"),

	N_ROW(FAULTS, "badjson", badjson,
		"after N tokens one event that is not JSON, then on"),
	N_ROW(FAULTS, "error", error,
		"after N tokens an error event and a close"),
	FLAG_ROW(FAULTS, "bare", bare,
		"that error is bare JSON and no event"),
	N_ROW(FAULTS, "garbage", garbage,
		"after N tokens bytes that are no events, and a close"),
	N_ROW(FAULTS, "cut", cut,
		"after N tokens FIN in the middle of the body"),
	N_ROW(FAULTS, "end", end,
		"after N tokens the end of the body, but not of the answer"),
	N_ROW(FAULTS, "reset", reset, "after N tokens RST"),
	N_ROW(FAULTS, "stall", stall,
		"after N tokens nothing more, and the connection stays"),
	FLAG_ROW(FAULTS, "mid", mid,
		"cut, end, reset and stall come amid the next event"),
	FLAG_ROW(FAULTS, "silent", silent,
		"reads the request and never answers"),
	FLAG_ROW(FAULTS, "drop", drop, "closes before any byte of an answer"),
};

struct model {
	const char *name;
	enum voice voice;
	int64_t first_ms, pace_us, reasoning;
	const char *what;
	const char *parts;	/* of its script; NULL: none */
};

static const struct model MODELS[] = {
	{ "demo", VOICE_PLAIN, 0, 33000, 0, "canned text, 30 tokens/s",
		NULL },
	{ "demo-fast", VOICE_FAST, 0, 5000, 0, "200 tokens/s", NULL },
	{ "demo-slow", VOICE_SLOW, 2000, 200000, 0,
		"5 tokens/s, 2 s before the first", NULL },
	{ "demo-thinker", VOICE_THINKER, 200, 33000, 40,
		"40 reasoning tokens first", NULL },
	{ "demo-long", VOICE_LONG, 0, 10000, 0, "2000 tokens of Markdown",
		NULL },
	{ "demo-short", VOICE_PLAIN, 0, 33000, 0,
		"comes to its limit after 20 tokens", ":tokens-20:length" },
	{ "demo-refuses", VOICE_PLAIN, 0, 33000, 0, "refuses",
		":tokens-12:refusal" },
	{ "demo-breaks", VOICE_PLAIN, 0, 33000, 0,
		"breaks with an error after 20 tokens", ":error-20" },
	{ "demo-busy", VOICE_PLAIN, 0, 33000, 0,
		"429 every other time, to come again in 2 s",
		":tag-demo-busy:odd:status-429:retry-after-2" },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct model *
find_model(const char *name, size_t n)
{
	for (size_t i = 0; i < COUNT(MODELS); i++)
		if (strlen(MODELS[i].name) == n
		    && memcmp(MODELS[i].name, name, n) == 0)
			return &MODELS[i];
	return NULL;
}

static bool
is_named(const struct part *part, const char *text, size_t n)
{
	size_t len = strlen(part->name);

	if (n < len || memcmp(part->name, text, len) != 0)
		return false;
	if (n == len)
		return part->kind == FLAG || part->kind == OPTIONAL;
	return part->kind != FLAG && text[len] == '-';
}

static const struct part *
find_part(const char *text, size_t n)
{
	const struct part *best = NULL;

	for (size_t i = 0; i < COUNT(PARTS); i++)
		if (is_named(&PARTS[i], text, n)
		    && (!best || strlen(PARTS[i].name) > strlen(best->name)))
			best = &PARTS[i];
	return best;
}

static bool
read_number(const char *text, size_t n, int64_t max, int64_t *number)
{
	int64_t v = 0;

	if (n == 0 || n > 9)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (text[i] - '0');
	}
	if (v > max)
		return false;
	*number = v;
	return true;
}

/* `value` is what follows the name: "" or "-…". */
static bool
set_part(struct script *s, const struct part *part, const char *value,
	size_t n)
{
	char *member = (char *)s + part->where;
	int64_t number = part->kind == FLAG;

	if (part->kind == WORD) {
		if (n < 2 || n - 1 > (size_t)part->max)
			return false;
		memcpy(member, value + 1, n - 1);
		member[n - 1] = '\0';
		return true;
	}
	if (n > 0 && !read_number(value + 1, n - 1, part->max, &number))
		return false;
	memcpy(member, &number, sizeof(number));
	return true;
}

static void
unset(struct script *s, const struct part *part)
{
	const int64_t none =
		part->kind == NUMBER || part->kind == OPTIONAL
		? SCRIPT_UNSET : 0;

	if (part->kind != WORD)
		memcpy((char *)s + part->where, &none, sizeof(none));
}

static void
set_defaults(struct script *s, const struct model *model)
{
	*s = (struct script){ 0 };
	for (size_t i = 0; i < COUNT(PARTS); i++)
		unset(s, &PARTS[i]);
	s->voice = model->voice;
	s->first_ms = model->first_ms;
	s->reasoning = model->reasoning;
	s->head_ms = 0;
}

static enum script_result
parse_parts(struct script *s, const char *p, char why[SCRIPT_WHY_MAX])
{
	while (*p == ':') {
		const char *text = p + 1;
		size_t n = strcspn(text, ":");
		const struct part *part = find_part(text, n);
		size_t len = part ? strlen(part->name) : 0;

		if (!part || !set_part(s, part, text + len, n - len)) {
			snprintf(why, SCRIPT_WHY_MAX,
				"The script part '%.*s' is unknown or its "
				"value is out of range.", (int)n, text);
			return SCRIPT_BAD_PART;
		}
		p = text + n;
	}
	return SCRIPT_OK;
}

enum script_result
script_parse(const char *name, struct script *s, char why[SCRIPT_WHY_MAX])
{
	size_t n = strcspn(name, ":");
	const struct model *model = find_model(name, n);
	enum script_result result;

	set_defaults(s, model ? model : &MODELS[0]);
	if (strlen(name) > SCRIPT_MODEL_MAX
	    || name[strspn(name, ALPHABET)] != '\0') {
		snprintf(why, SCRIPT_WHY_MAX, "A model name has at most %d of "
			"the characters A-Z a-z 0-9 . _ : / @ -",
			SCRIPT_MODEL_MAX);
		return SCRIPT_BAD_PART;
	}
	memcpy(s->model, name, strlen(name) + 1);
	if (!model) {
		snprintf(why, SCRIPT_WHY_MAX, "There is no such model here; "
			"names start with demo.");
		return SCRIPT_UNKNOWN_MODEL;
	}
	result = model->parts ? parse_parts(s, model->parts, why) : SCRIPT_OK;
	if (result == SCRIPT_OK)
		result = parse_parts(s, name + n, why);
	if (s->pace_ms == SCRIPT_UNSET && s->pace_us == SCRIPT_UNSET)
		s->pace_us = model->pace_us;
	return result;
}

void
script_heal(struct script *s)
{
	for (size_t i = 0; i < COUNT(PARTS); i++)
		if (PARTS[i].group >= ERRORS)
			unset(s, &PARTS[i]);
}

int64_t
script_pace_ns(const struct script *s)
{
	if (s->pace_us != SCRIPT_UNSET)
		return s->pace_us * 1000;
	return s->pace_ms * 1000000;
}

const char *
script_model_name(size_t i)
{
	return i < COUNT(MODELS) ? MODELS[i].name : NULL;
}

void
script_help(FILE *out)
{
	char name[40];

	fprintf(out, "Models:\n");
	for (size_t i = 0; i < COUNT(MODELS); i++)
		fprintf(out, "  %-18s %s\n", MODELS[i].name, MODELS[i].what);
	fprintf(out, "\nA model name may go on with any of these parts, each "
		"after a ':', in any order,\nas in "
		"demo:first-300:pace-50:tokens-20:tag-abc\n");
	for (size_t i = 0; i < COUNT(PARTS); i++) {
		if (i == 0 || PARTS[i].group != PARTS[i - 1].group)
			fprintf(out, "\n%s\n", HEADINGS[PARTS[i].group]);
		snprintf(name, sizeof(name), "%s%s", PARTS[i].name,
			PARTS[i].value);
		fprintf(out, "  %-18s %s\n", name, PARTS[i].what);
	}
}
