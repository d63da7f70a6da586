/*
 * The event-stream stage: every row with LF, CR and CRLF as line ends, in one
 * piece, byte by byte, and in every cut in two; then the published cases of
 * the standard, in every cut too.
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

#include "llm/sse_in.h"
#include "llm/text.h"

enum { SEEN_MAX = 4 * 1024 * 1024 };

/* Events written down as "name|data|id\n"; one that was cut off has a "~" in
 * front. */
static void
write_down(void *arg, const struct sse_event *event)
{
	struct buf *seen = arg;

	if (!event->is_whole)
		buf_adds(seen, "~");
	buf_addf(seen, "%s|", event->name);
	buf_add(seen, event->data, event->len);
	buf_addf(seen, "|%s\n", event->id);
	assert_int_equal(event->data[event->len], '\0');
}

/* In `in` a \n is a line end, put in as LF, CR or CRLF. */
static const struct row {
	const char *name, *in, *out;
	const char *stray;
} ROWS[] = {
	{ "one event", "data: a\n\n", "message|a|\n", "" },
	{ "two", "data: a\n\ndata: b\n\n", "message|a|\nmessage|b|\n", "" },
	{ "no blank behind the colon", "data:a\n\n", "message|a|\n", "" },
	{ "two blanks, one is dropped", "data:  a\n\n", "message| a|\n", "" },
	{ "a tab is no blank", "data:\ta\n\n", "message|\ta|\n", "" },
	{ "data of two lines", "data: a\ndata: b\n\n", "message|a\nb|\n", "" },
	{ "empty data", "data:\n\n", "message||\n", "" },
	{ "data without a colon", "data\n\n", "message||\n", "" },
	{ "two empty data lines", "data\ndata\n\n", "message|\n|\n", "" },
	{ "a name", "event: error\ndata: a\n\n", "error|a|\n", "" },
	{ "a name counts once", "event: x\ndata: a\n\ndata: b\n\n",
	    "x|a|\nmessage|b|\n", "" },
	{ "a name without data", "event: x\n\ndata: b\n\n",
	    "message|b|\n", "" },
	{ "the last name counts", "event: x\nevent: y\ndata: b\n\n",
	    "y|b|\n", "" },
	{ "an empty name", "event: x\nevent:\ndata: b\n\n",
	    "message|b|\n", "" },
	{ "an id stays", "id: 7\ndata: a\n\ndata: b\n\n",
	    "message|a|7\nmessage|b|7\n", "" },
	{ "an id is taken back", "id: 7\ndata: a\n\nid\ndata: b\n\n",
	    "message|a|7\nmessage|b|\n", "" },
	{ "a comment", ": x\ndata: a\n:\n\n", "message|a|\n", "" },
	{ "only comments", ": OPENROUTER PROCESSING\n\n: x\n\n", "", "" },
	{ "retry", "retry: 10\n\n", "", "" },
	{ "blank lines", "\n\n\ndata: a\n\n\n\n", "message|a|\n", "" },
	{ "an unknown field", "datum: a\ndata: b\n\n", "message|b|\n",
	    "datum: a\n" },
	{ "a name that begins like one", "data2: a\ndat: b\n\n", "",
	    "data2: a\ndat: b\n" },
	{ "a blank in front", " data: a\n\n", "", " data: a\n" },
	{ "a colon in the data", "data: a: b\n\n", "message|a: b|\n", "" },
	{ "a BOM", "\xef\xbb\xbf" "data: a\n\n", "message|a|\n", "" },
	{ "two BOMs", "\xef\xbb\xbf\xef\xbb\xbf" "data: a\n\ndata: b\n\n",
	    "message|b|\n", "\xef\xbb\xbf" "data: a\n" },
	{ "a BOM later", "data: a\n\n\xef\xbb\xbf" "data: b\n\n",
	    "message|a|\n", "\xef\xbb\xbf" "data: b\n" },
	{ "a BOM and a comment", "\xef\xbb\xbf: x\ndata: a\n\n",
	    "message|a|\n", "" },
	{ "a BOM alone on its line", "\xef\xbb\xbf\ndata: a\n\n",
	    "message|a|\n", "" },
	{ "UTF-8", "data: \xe6\x95\xb0\xf0\x9f\x98\x84\n\n",
	    "message|\xe6\x95\xb0\xf0\x9f\x98\x84|\n", "" },
	{ "no blank line at the end", "data: a\n\ndata: b\n",
	    "message|a|\n~message|b|\n", "" },
	{ "no line end at the end", "data: a\n\ndata: b",
	    "message|a|\n~message|b|\n", "" },
	{ "an error cut off", "event: error\ndata: {\"type\":\"error\"}",
	    "~error|{\"type\":\"error\"}|\n", "" },
	{ "bare JSON", "{\n  \"error\": {\n    \"code\": 400\n  }\n}\n", "",
	    "{\n  \"error\": {\n    \"code\": 400\n  }\n}\n" },
	{ "bare JSON behind events", "data: a\n\n{\"error\": 1}",
	    "message|a|\n", "{\"error\": 1}\n" },
	{ "HTML", "<html>\n<body>x\n", "", "<html>\n<body>x\n" },
	{ "nothing", "", "", "" },
};

static const char *const LINE_ENDS[] = { "\n", "\r", "\r\n" };

static void
with_ends(struct buf *out, const char *in, size_t n, const char *line_end)
{
	for (size_t i = 0; i < n; i++)
		if (in[i] == '\n')
			buf_adds(out, line_end);
		else
			buf_add(out, in + i, 1);
}

/* Pieces of `piece` bytes, or where it is 0, the two around `cut`. */
static void
feed(struct sse_in *in, const char *p, size_t n, size_t piece, size_t cut)
{
	if (piece == 0) {
		sse_in_bytes(in, p, cut);
		sse_in_bytes(in, p + cut, n - cut);
		return;
	}
	for (size_t i = 0; i < n; i += piece)
		sse_in_bytes(in, p + i, n - i < piece ? n - i : piece);
}

static void
check(const struct buf *bytes, size_t piece, size_t cut, bool finish,
    const char *out, const char *stray)
{
	struct sse_in in;
	struct buf seen;

	buf_init(&seen, SEEN_MAX);
	sse_in_init(&in, write_down, &seen);
	feed(&in, bytes->p, bytes->len, piece, cut);
	if (finish)
		assert_int_equal(sse_in_finish(&in), ERR_OK);
	assert_string_equal(seen.p, out);
	if (stray != NULL)
		assert_string_equal(sse_in_stray(&in)->p, stray);
	sse_in_free(&in);
	buf_free(&seen);
}

static void
check_all_cuts(const struct buf *bytes, bool finish, const char *out,
    const char *stray)
{
	check(bytes, 1, 0, finish, out, stray);
	check(bytes, 3, 0, finish, out, stray);
	for (size_t cut = 0; cut <= bytes->len; cut++)
		check(bytes, 0, cut, finish, out, stray);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		print_message("  %s\n", ROWS[i].name);
		for (size_t e = 0; e < 3; e++) {
			struct buf bytes;

			buf_init(&bytes, SEEN_MAX);
			with_ends(&bytes, ROWS[i].in, strlen(ROWS[i].in),
			    LINE_ENDS[e]);
			check_all_cuts(&bytes, true, ROWS[i].out,
			    ROWS[i].stray);
			buf_free(&bytes);
		}
	}
}

static void
test_mixed_ends(void **state)
{
	static const char MIXED[] =
	    "data: a\rdata: b\ndata: c\r\n\rdata: d\r\n\r\ndata: e\n\n";
	struct buf bytes;

	(void)state;
	buf_init(&bytes, SEEN_MAX);
	buf_adds(&bytes, MIXED);
	check_all_cuts(&bytes, true,
	    "message|a\nb\nc|\nmessage|d|\nmessage|e|\n", "");
	buf_free(&bytes);
}

static void
test_nul(void **state)
{
	static const char BYTES[] = "id: 1\0\ndata: a\0b\n\n";
	struct sse_in in;
	struct buf seen;

	(void)state;
	buf_init(&seen, SEEN_MAX);
	sse_in_init(&in, write_down, &seen);
	sse_in_bytes(&in, BYTES, sizeof(BYTES) - 1);
	assert_int_equal(seen.len, sizeof("message|a.b|\n") - 1);
	assert_memory_equal(seen.p, "message|a\0b|\n", seen.len);
	sse_in_free(&in);
	buf_free(&seen);
}

/* ---- ceilings ---- */

static void
count(void *arg, const struct sse_event *event)
{
	size_t *n = arg;

	(void)event;
	(*n)++;
}

static enum err
feed_many(struct sse_in *in, const char *text, size_t times)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < times && err == ERR_OK; i++)
		err = sse_in_bytes(in, text, strlen(text));
	return err;
}

static void
test_endless_line(void **state)
{
	struct sse_in in;
	size_t n = 0;

	(void)state;
	sse_in_init(&in, count, &n);
	assert_int_equal(feed_many(&in, "data: 0123456789", 1 << 20),
	    ERR_TOO_LARGE);
	assert_true(in.line.cap <= 2 * SSE_IN_EVENT_MAX);
	assert_int_equal(sse_in_bytes(&in, "\n\ndata: a\n\n", 11),
	    ERR_TOO_LARGE);
	assert_int_equal(sse_in_finish(&in), ERR_TOO_LARGE);
	assert_int_equal(n, 0);
	sse_in_free(&in);
}

static void
test_endless_event(void **state)
{
	struct sse_in in;
	size_t n = 0;

	(void)state;
	sse_in_init(&in, count, &n);
	assert_int_equal(feed_many(&in, "data: 0123456789\n", 1 << 20),
	    ERR_TOO_LARGE);
	sse_in_free(&in);
	sse_in_init(&in, count, &n);
	assert_int_equal(feed_many(&in, "event: 0123456789", 1 << 20),
	    ERR_TOO_LARGE);
	assert_int_equal(n, 0);
	sse_in_free(&in);
}

static void
test_big_event_is_given_back(void **state)
{
	struct sse_in in;
	size_t n = 0;

	(void)state;
	sse_in_init(&in, count, &n);
	assert_int_equal(feed_many(&in, "data: 0123456789\n", 100000), ERR_OK);
	sse_in_bytes(&in, "\n", 1);
	assert_int_equal(n, 1);
	assert_true(in.data.cap <= 64 * 1024 && in.line.cap <= 64 * 1024);
	sse_in_free(&in);
}

static void
test_tiny_events(void **state)
{
	struct sse_in in;
	size_t n = 0;

	(void)state;
	sse_in_init(&in, count, &n);
	assert_int_equal(feed_many(&in, "data:a\n\n", 1000000), ERR_OK);
	assert_int_equal(n, 1000000);
	assert_int_equal(feed_many(&in, "stray line\n", 100000), ERR_OK);
	assert_true(sse_in_stray(&in)->len <= SSE_IN_STRAY_MAX);
	sse_in_free(&in);
}

/* ---- the cases of the standard ---- */

static int
base64_digit(char c)
{
	static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(DIGITS, c) : NULL;

	return at != NULL ? (int)(at - DIGITS) : -1;
}

static void
from_base64(const char *text, struct buf *out)
{
	unsigned bits = 0;
	int have = 0, digit;

	for (; (digit = base64_digit(*text)) >= 0; text++) {
		bits = bits << 6 | (unsigned)digit;
		if ((have += 6) < 8)
			continue;
		have -= 8;
		buf_add(out, &(char){ (char)(bits >> have & 0xff) }, 1);
	}
}

static void
expected(const json_t *events, struct buf *out)
{
	const json_t *e;
	size_t i;

	json_array_foreach(events, i, e) {
		buf_addf(out, "%s|",
		    json_string_value(json_object_get(e, "event")));
		buf_add(out, json_string_value(json_object_get(e, "data")),
		    json_string_length(json_object_get(e, "data")));
		buf_addf(out, "|%s\n",
		    json_string_value(json_object_get(e, "id")));
	}
}

/* The standard decodes first; we do so behind the stage. */
static void
check_case(const struct buf *bytes, size_t piece, size_t cut,
    const struct buf *want)
{
	struct sse_in in;
	struct buf seen, clean;

	buf_init(&seen, SEEN_MAX);
	buf_init(&clean, SEEN_MAX);
	sse_in_init(&in, write_down, &seen);
	feed(&in, bytes->p, bytes->len, piece, cut);
	assert_int_equal(llm_text_clean(seen.p, seen.len, &clean), ERR_OK);
	assert_int_equal(clean.len, want->len);
	assert_memory_equal(clean.p, want->p, want->len);
	sse_in_free(&in);
	buf_free(&seen);
	buf_free(&clean);
}

static void
run_case(const json_t *c)
{
	struct buf bytes, want;

	print_message("  %s\n", json_string_value(json_object_get(c, "name")));
	buf_init(&bytes, SEEN_MAX);
	buf_init(&want, SEEN_MAX);
	from_base64(json_string_value(json_object_get(c, "bytes_b64")),
	    &bytes);
	expected(json_object_get(c, "expect"), &want);
	check_case(&bytes, 1, 0, &want);
	for (size_t cut = 0; cut <= bytes.len; cut++)
		check_case(&bytes, 0, cut, &want);
	buf_free(&bytes);
	buf_free(&want);
}

static void
test_standard(void **state)
{
	const char *folder = getenv("LLMSELECT_FIXTURES");
	const char *source = getenv("LLMSELECT_SOURCE");
	char path[4096];
	json_auto_t *cases = NULL;
	const json_t *c;
	size_t i;

	(void)state;
	if (folder != NULL)
		snprintf(path, sizeof(path), "%s/sse-format/cases.json",
		    folder);
	else
		snprintf(path, sizeof(path),
		    "%s/../shared/fixtures/sse-format/cases.json",
		    source != NULL ? source : ".");
	cases = json_load_file(path, JSON_ALLOW_NUL, NULL);
	if (cases == NULL) {
		print_message("  skipped: the cases of the standard are not "
		    "here (LLMSELECT_FIXTURES)\n");
		skip();
	}
	assert_true(json_array_size(cases) > 0);
	json_array_foreach(cases, i, c)
		run_case(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_mixed_ends),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_endless_event),
		cmocka_unit_test(test_big_event_is_given_back),
		cmocka_unit_test(test_tiny_events),
		cmocka_unit_test(test_standard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
