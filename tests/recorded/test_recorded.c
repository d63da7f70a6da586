/*
 * Recorded answers of providers, through the event-stream stage and the wire:
 * each folder has an index.json that says what is in its streams.  Each stream
 * runs whole, in pieces and in cuts, cut short, and with other line ends.
 *
 * Our own few streams are beside this file, a folder for each wire.  The larger
 * collection is not part of the source; LLMSELECT_FIXTURES says where it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/wire.h"

enum {
	BYTES_MAX = 16 * 1024 * 1024,
	SMALL = 8 * 1024, /* up to here, every cut in two */
	AROUND = 3,       /* bytes before and behind an event's end */
};

/* A stream as the index has it. */
struct stream {
	char name[512];
	const struct llm_wire *wire;
	struct buf bytes;
	struct buf text, reasoning; /* as they must come out */
	const char *finish;         /* ours: "stop"; "" for none */
	const char *code;           /* ours: "provider_auth"; "ok" for none */
	bool is_exact;              /* not only that there is some code */
	const json_t *usage;
};

/* One run of a stream. */
struct run {
	struct sse_in sse;
	struct llm_parse parse;
	struct buf text, reasoning;
	const struct llm_wire *wire;
};

static const struct llm_provider PROVIDER = {
	.name = "recorded", .label = "Recorded",
};

static void
take_delta(void *arg, const struct llm_delta *delta)
{
	struct run *run = arg;

	assert_true(delta->len > 0);
	buf_add(delta->kind == LLM_TEXT ? &run->text : &run->reasoning,
	    delta->text, delta->len);
}

static void
take_event(void *arg, const struct sse_event *event)
{
	struct run *run = arg;

	run->wire->event(&run->parse, event);
}

static void
run_init(struct run *run, const struct llm_wire *wire)
{
	*run = (struct run){ .wire = wire };
	sse_in_init(&run->sse, take_event, run);
	llm_parse_init(&run->parse, &PROVIDER, take_delta, run);
	buf_init(&run->text, BYTES_MAX);
	buf_init(&run->reasoning, BYTES_MAX);
}

static void
run_free(struct run *run)
{
	sse_in_free(&run->sse);
	llm_parse_free(&run->parse);
	buf_free(&run->text);
	buf_free(&run->reasoning);
}

static void
run_end(struct run *run)
{
	assert_int_equal(sse_in_finish(&run->sse), ERR_OK);
	llm_parse_over(&run->parse);
}

/* ---- what must come out ---- */

/* How a wire names what the indexes tell of it. */
static const struct family {
	const struct llm_wire *wire;
	const char *markers[4]; /* of an end, in the bytes */
	const char *input[4], *output[3], *reasoning[2]; /* to be summed up */
	const char *details; /* where the reasoning may be instead */
} FAMILIES[] = {
	{ &llm_wire_openai,
	    { "\"finish_reason\":\"", "\"finish_reason\": \"", "[DONE]" },
	    { "prompt_tokens" }, { "completion_tokens" },
	    { "reasoning_tokens" }, "completion_tokens_details" },
	{ &llm_wire_anthropic,
	    { "\"stop_reason\":\"", "message_stop",
	    "content filtering policy" },
	    { "input_tokens", "cache_creation_input_tokens",
	    "cache_read_input_tokens" }, { "output_tokens" },
	    { "thinking_tokens" }, "output_tokens_details" },
	{ &llm_wire_gemini, { "\"finishReason\":", "\"blockReason\":" },
	    { "promptTokenCount", "toolUsePromptTokenCount" },
	    { "candidatesTokenCount", "thoughtsTokenCount" },
	    { "thoughtsTokenCount" }, NULL },
};

static const struct family *
family_of(const struct stream *s)
{
	size_t i = 0;

	while (FAMILIES[i].wire != s->wire)
		i++;
	return &FAMILIES[i];
}

static int64_t
said(const json_t *object, const char *name)
{
	const json_t *n = json_object_get(object, name);

	return json_is_integer(n) ? json_integer_value(n) : -1;
}

static int64_t
said_by(const json_t *usage, const char *const *names)
{
	int64_t sum = -1;

	for (; *names != NULL; names++) {
		int64_t n = said(usage, *names);

		if (n >= 0)
			sum = (sum > 0 ? sum : 0) + n;
	}
	return sum;
}

static void
check_usage(const struct stream *s, const struct llm_usage *usage)
{
	const struct family *f = family_of(s);
	int64_t reasoning = f->details == NULL ? -1 :
	    said_by(json_object_get(s->usage, f->details), f->reasoning);

	if (s->usage == NULL)
		return;
	if (reasoning < 0)
		reasoning = said_by(s->usage, f->reasoning);
	assert_int_equal(usage->input, said_by(s->usage, f->input));
	assert_int_equal(usage->output, said_by(s->usage, f->output));
	assert_int_equal(usage->reasoning, reasoning);
}

static void
check_err(const struct stream *s, const struct llm_end *end)
{
	if (s->is_exact)
		assert_string_equal(err_code(end->err), s->code);
	else
		assert_int_equal(end->err != ERR_OK,
		    strcmp(s->code, "ok") != 0);
	if (end->err != ERR_OK)
		assert_non_null(strstr(end->message, PROVIDER.label));
}

static void
check_end(const struct stream *s, const struct run *run)
{
	assert_string_equal(run->text.p, s->text.p);
	assert_string_equal(run->reasoning.p, s->reasoning.p);
	assert_string_equal(llm_finish_name(run->parse.end.finish), s->finish);
	check_err(s, &run->parse.end);
	check_usage(s, &run->parse.end.usage);
}

static bool
is_prefix(const struct buf *part, const struct buf *whole)
{
	return part->len <= whole->len &&
	    memcmp(part->p, whole->p, part->len) == 0;
}

/* Something in these bytes says that the answer is at its end. */
static bool
has_marker(const struct stream *s, size_t n)
{
	const char *const *marker = family_of(s)->markers;

	for (; *marker != NULL; marker++)
		if (memmem(s->bytes.p, n, *marker, strlen(*marker)) != NULL)
			return true;
	return false;
}

/* After the first `n` bytes: nothing wrong, nothing made up. */
static void
check_part(const struct stream *s, const struct run *run, size_t n)
{
	const struct llm_end *end = &run->parse.end;

	assert_true(is_prefix(&run->text, &s->text));
	assert_true(is_prefix(&run->reasoning, &s->reasoning));
	if (end->finish != LLM_FINISH_NONE)
		assert_true(has_marker(s, n));
	if (strcmp(s->code, "ok") == 0)
		assert_int_equal(end->err, ERR_OK);
}

/* ---- the ways to run it ---- */

static void
run_pieces(const struct stream *s, const struct buf *bytes, size_t piece)
{
	struct run run;

	run_init(&run, s->wire);
	for (size_t i = 0; i < bytes->len; i += piece)
		sse_in_bytes(&run.sse, bytes->p + i,
		    bytes->len - i < piece ? bytes->len - i : piece);
	run_end(&run);
	check_end(s, &run);
	run_free(&run);
}

static void
run_cut(const struct stream *s, size_t cut)
{
	struct run run;

	run_init(&run, s->wire);
	sse_in_bytes(&run.sse, s->bytes.p, cut);
	sse_in_bytes(&run.sse, s->bytes.p + cut, s->bytes.len - cut);
	run_end(&run);
	check_end(s, &run);
	run_free(&run);
}

static void
run_truncated(const struct stream *s, size_t n)
{
	struct run run;

	run_init(&run, s->wire);
	sse_in_bytes(&run.sse, s->bytes.p, n);
	run_end(&run);
	check_part(s, &run, n);
	run_free(&run);
}

/* Where the event that begins at `from` ends, its blank line included. */
static size_t
event_end(const struct buf *b, size_t from)
{
	const char *p = b->p + from;
	const char *lf = strstr(p, "\n\n"), *crlf = strstr(p, "\r\n\r\n");

	if (crlf != NULL && (lf == NULL || crlf < lf))
		return (size_t)(crlf - b->p) + 4;
	return lf != NULL ? (size_t)(lf - b->p) + 2 : b->len;
}

/* Every event's end, moved by `shift` bytes, is a cut; what has come so far is
 * looked at there. */
static void
run_event_cuts(const struct stream *s, int shift)
{
	struct run run;
	size_t done = 0, end = 0, cut;

	run_init(&run, s->wire);
	while (end < s->bytes.len) {
		end = event_end(&s->bytes, end);
		cut = (size_t)((long)end + shift);
		cut = cut > s->bytes.len ? s->bytes.len : cut;
		if (cut <= done)
			continue;
		sse_in_bytes(&run.sse, s->bytes.p + done, cut - done);
		check_part(s, &run, cut);
		done = cut;
	}
	sse_in_bytes(&run.sse, s->bytes.p + done, s->bytes.len - done);
	run_end(&run);
	check_end(s, &run);
	run_free(&run);
}

/* The same stream with other line ends, and a comment behind each event. */
static void
run_reframed(const struct stream *s, const char *line_end, const char *comment)
{
	struct buf other;
	char last = '\0';

	buf_init(&other, BYTES_MAX);
	for (size_t i = 0; i < s->bytes.len; i++) {
		char c = s->bytes.p[i];

		if (c == '\r')
			continue;
		if (c != '\n')
			buf_add(&other, &c, 1);
		else
			buf_adds(&other, line_end);
		if (c == '\n' && last == '\n') {
			buf_adds(&other, comment);
			buf_adds(&other, line_end);
		}
		last = c;
	}
	run_pieces(s, &other, other.len > 0 ? other.len : 1);
	run_pieces(s, &other, 1);
	buf_free(&other);
}

static void
run_stream(const struct stream *s)
{
	static const char *const LINE_ENDS[] = { "\n", "\r\n", "\r" };

	print_message("  %s\n", s->name);
	run_pieces(s, &s->bytes, s->bytes.len > 0 ? s->bytes.len : 1);
	run_pieces(s, &s->bytes, 1);
	run_pieces(s, &s->bytes, 7);
	for (size_t cut = 0; s->bytes.len <= SMALL && cut <= s->bytes.len;
	    cut++) {
		run_cut(s, cut);
		run_truncated(s, cut);
	}
	for (int shift = -AROUND; shift <= AROUND; shift++)
		run_event_cuts(s, shift);
	for (size_t i = 0; i < 3; i++) {
		run_reframed(s, LINE_ENDS[i], "");
		run_reframed(s, LINE_ENDS[i], ": comment");
	}
}

/* ---- reading the index ---- */

static bool
read_file(const char *path, struct buf *out)
{
	char chunk[4096];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return false;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		assert_int_equal(buf_add(out, chunk, n), ERR_OK);
	fclose(f);
	return true;
}

static const char *
string_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

/* What the index calls the end, in our words. */
static const char *
our_finish(const json_t *expected)
{
	static const struct {
		const char *theirs, *ours;
	} WORDS[] = {
		{ "stop", "stop" }, { "length", "length" },
		{ "tool_calls", "tool" },
		{ "content_filter", "content_filter" },
		{ "end_turn", "stop" }, { "stop_sequence", "stop" },
		{ "max_tokens", "length" }, { "pause_turn", "length" },
		{ "model_context_window_exceeded", "length" },
		{ "tool_use", "tool" },
		{ "STOP", "stop" }, { "MAX_TOKENS", "length" },
		{ "SAFETY", "content_filter" },
		{ "RECITATION", "content_filter" },
		{ "PROHIBITED_CONTENT", "content_filter" },
	};
	const char *finish = string_of(expected, "finish");

	if (finish[0] == '\0' && json_is_true(json_object_get(expected,
	    "done")))
		finish = json_array_size(json_object_get(expected,
		    "tool_calls")) > 0 ? "tool_calls" : "stop";
	if (strcmp(finish, "STOP") == 0 && json_array_size(
	    json_object_get(expected, "tool_calls")) > 0)
		finish = "tool_calls";
	if (strcmp(finish, "stop") == 0 &&
	    string_of(expected, "refusal")[0] != '\0')
		return "refusal";
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++)
		if (strcmp(WORDS[i].theirs, finish) == 0)
			return WORDS[i].ours;
	return finish;
}

static const char *
our_code(const json_t *expected)
{
	const json_t *error = json_object_get(expected, "error");

	if (json_is_string(error))
		return json_string_value(error); /* in our own index */
	return error != NULL && !json_is_null(error) ? "some" : "ok";
}

/* The recorder's usage is null where it came in x_groq. */
static const json_t *
usage_of(const json_t *expected)
{
	const json_t *usage = json_object_get(expected, "usage");

	return json_is_object(usage) ? usage : NULL;
}

static void
run_entry(const char *folder, const json_t *entry, const struct llm_wire *wire)
{
	const json_t *expected = json_object_get(entry, "expected");
	struct stream s = { .wire = wire };

	snprintf(s.name, sizeof(s.name), "%s/%s", folder,
	    string_of(entry, "file"));
	buf_init(&s.bytes, BYTES_MAX);
	buf_init(&s.text, BYTES_MAX);
	buf_init(&s.reasoning, BYTES_MAX);
	if (!read_file(s.name, &s.bytes))
		fail_msg("%s cannot be read", s.name);
	buf_adds(&s.text, string_of(expected, "text"));
	buf_adds(&s.text, string_of(expected, "refusal"));
	buf_adds(&s.reasoning, string_of(expected, "reasoning"));
	s.finish = our_finish(expected);
	s.code = our_code(expected);
	s.is_exact = strcmp(s.code, "some") != 0;
	s.usage = usage_of(expected);
	run_stream(&s);
	buf_free(&s.bytes);
	buf_free(&s.text);
	buf_free(&s.reasoning);
}

/* False where the folder is not there. */
static bool
run_folder(const char *folder, const struct llm_wire *wire)
{
	char path[1024];
	json_auto_t *index = NULL;
	const json_t *entry;
	size_t i;

	snprintf(path, sizeof(path), "%s/index.json", folder);
	index = json_load_file(path, 0, NULL);
	if (index == NULL)
		return false;
	assert_true(json_array_size(index) > 0);
	json_array_foreach(index, i, entry)
		run_entry(folder, entry, wire);
	return true;
}

/* ---- the folders ---- */

/* Our own, by wire. */
static const struct {
	const char *folder;
	const struct llm_wire *wire;
} OURS[] = {
	{ "tests/recorded/openai", &llm_wire_openai },
	{ "tests/recorded/anthropic", &llm_wire_anthropic },
	{ "tests/recorded/gemini", &llm_wire_gemini },
};

/* Of the larger collection. */
static const struct {
	const char *folder;
	const struct llm_wire *wire;
} THEIRS[] = {
	{ "openai", &llm_wire_openai },
	{ "compat", &llm_wire_openai },
	{ "azure", &llm_wire_openai },
	{ "anthropic", &llm_wire_anthropic },
	{ "gemini", &llm_wire_gemini },
};

static const char *
source_root(void)
{
	const char *root = getenv("LLMSELECT_SOURCE");

	return root != NULL ? root : ".";
}

static void
test_ours(void **state)
{
	char path[512];

	(void)state;
	for (size_t i = 0; i < sizeof(OURS) / sizeof(OURS[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", source_root(),
		    OURS[i].folder);
		if (!run_folder(path, OURS[i].wire))
			fail_msg("%s has no index.json", path);
	}
}

static void
test_theirs(void **state)
{
	const char *folder = getenv("LLMSELECT_FIXTURES");
	char root[256], path[512];
	size_t found = 0;

	(void)state;
	snprintf(root, sizeof(root), "%s/../shared/fixtures", source_root());
	for (size_t i = 0; i < sizeof(THEIRS) / sizeof(THEIRS[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s",
		    folder != NULL ? folder : root, THEIRS[i].folder);
		found += run_folder(path, THEIRS[i].wire);
	}
	if (found == 0) {
		print_message("  skipped: the recorded streams are not here "
		    "(LLMSELECT_FIXTURES)\n");
		skip();
	}
	assert_int_equal(found, sizeof(THEIRS) / sizeof(THEIRS[0]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours),
		cmocka_unit_test(test_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
