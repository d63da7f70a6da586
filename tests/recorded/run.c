#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/recorded/recorded.h"

enum {
	SMALL = 8 * 1024,  /* up to here, every cut in two */
	AROUND = 3,        /* bytes before and behind an event's end */
	BROKEN_OFF_MAX = 48, /* ends at which a larger one is broken off */
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

static void
check_usage(const struct stream *s, const struct llm_usage *usage)
{
	if (!s->has_usage)
		return;
	assert_int_equal(usage->input, s->usage.input);
	assert_int_equal(usage->output, s->usage.output);
	assert_int_equal(usage->reasoning, s->usage.reasoning);
	assert_int_equal(usage->cached, s->usage.cached);
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
	for (const char *const *m = s->family->markers; *m != NULL; m++)
		if (memmem(s->bytes.p, n, *m, strlen(*m)) != NULL)
			return true;
	return false;
}

/* After the first `n` bytes: nothing wrong, nothing made up, and no end that
 * did not come. */
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
run_pieces(const struct stream *s, const struct buf *bytes, size_t piece,
    struct tally *tally)
{
	struct run run;

	run_init(&run, s->wire);
	for (size_t i = 0; i < bytes->len; i += piece)
		sse_in_bytes(&run.sse, bytes->p + i,
		    bytes->len - i < piece ? bytes->len - i : piece);
	run_end(&run);
	check_end(s, &run);
	run_free(&run);
	tally->runs++;
}

static void
run_whole(const struct stream *s, const struct buf *bytes, struct tally *tally)
{
	run_pieces(s, bytes, bytes->len > 0 ? bytes->len : 1, tally);
}

static void
run_cut(const struct stream *s, const struct buf *bytes, size_t cut,
    struct tally *tally)
{
	struct run run;

	run_init(&run, s->wire);
	sse_in_bytes(&run.sse, bytes->p, cut);
	sse_in_bytes(&run.sse, bytes->p + cut, bytes->len - cut);
	run_end(&run);
	check_end(s, &run);
	run_free(&run);
	tally->runs++;
	tally->cuts++;
}

static void
run_cuts(const struct stream *s, const struct buf *bytes, struct tally *tally)
{
	for (size_t cut = 0; s->bytes.len <= SMALL && cut <= bytes->len; cut++)
		run_cut(s, bytes, cut, tally);
}

/* The stream breaks off after `n` bytes. */
static void
run_broken_off(const struct stream *s, size_t n, struct tally *tally)
{
	struct run run;

	run_init(&run, s->wire);
	sse_in_bytes(&run.sse, s->bytes.p, n);
	run_end(&run);
	check_part(s, &run, n);
	run_free(&run);
	tally->cuts++;
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

static size_t
shifted(const struct buf *b, size_t end, int shift)
{
	size_t cut = end + AROUND > AROUND ?
	    (size_t)((long)end + shift) : end;

	return cut > b->len ? b->len : cut;
}

/* Every event's end, moved by `shift` bytes, is a cut; what has come so far is
 * looked at there. */
static void
run_event_cuts(const struct stream *s, int shift, struct tally *tally)
{
	struct run run;
	size_t done = 0, end = 0, cut;

	run_init(&run, s->wire);
	while (end < s->bytes.len) {
		end = event_end(&s->bytes, end);
		cut = shifted(&s->bytes, end, shift);
		if (cut <= done)
			continue;
		sse_in_bytes(&run.sse, s->bytes.p + done, cut - done);
		check_part(s, &run, cut);
		done = cut;
		tally->cuts++;
	}
	sse_in_bytes(&run.sse, s->bytes.p + done, s->bytes.len - done);
	run_end(&run);
	check_end(s, &run);
	run_free(&run);
	tally->runs++;
}

static size_t
count_events(const struct buf *b)
{
	size_t n = 0;

	for (size_t end = 0; end < b->len; n++)
		end = event_end(b, end);
	return n;
}

/* A small stream breaks off at every byte, a larger one around the ends of some
 * of its events, evenly spread. */
static void
run_breaks(const struct stream *s, struct tally *tally)
{
	size_t every = count_events(&s->bytes) / BROKEN_OFF_MAX + 1;
	size_t end = 0;

	for (size_t n = 0; s->bytes.len <= SMALL && n <= s->bytes.len; n++)
		run_broken_off(s, n, tally);
	for (size_t i = 0; s->bytes.len > SMALL && end < s->bytes.len; i++) {
		end = event_end(&s->bytes, end);
		for (int shift = -AROUND; i % every == 0 && shift <= AROUND;
		    shift++)
			run_broken_off(s, shifted(&s->bytes, end, shift),
			    tally);
	}
}

static void
add_lines(struct buf *out, const char *text, const char *line_end)
{
	for (; *text != '\0'; text++)
		if (*text == '\n')
			buf_adds(out, line_end);
		else
			buf_add(out, text, 1);
}

/* The same stream with other line ends, and `between` behind each event. */
static void
reframe(const struct stream *s, const char *line_end, const char *between,
    struct buf *out)
{
	char last = '\0';

	for (size_t i = 0; i < s->bytes.len; i++) {
		char c = s->bytes.p[i];

		if (c == '\r')
			continue;
		if (c != '\n')
			buf_add(out, &c, 1);
		else
			buf_adds(out, line_end);
		if (c == '\n' && last == '\n')
			add_lines(out, between, line_end);
		last = c;
	}
}

static void
run_reframed(const struct stream *s, const char *line_end,
    struct tally *tally)
{
	const char *between[] = { "", ": comment\n", s->family->ping };

	for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
		struct buf other;

		buf_init(&other, BYTES_MAX);
		reframe(s, line_end, between[i], &other);
		run_whole(s, &other, tally);
		run_pieces(s, &other, 1, tally);
		if (i == 0)
			run_cuts(s, &other, tally);
		buf_free(&other);
	}
}

void
run_stream(const struct stream *s, struct tally *tally)
{
	static const char *const LINE_ENDS[] = { "\n", "\r\n", "\r" };

	run_whole(s, &s->bytes, tally);
	run_pieces(s, &s->bytes, 1, tally);
	run_pieces(s, &s->bytes, 7, tally);
	run_breaks(s, tally);
	for (int shift = -AROUND; shift <= AROUND; shift++)
		run_event_cuts(s, shift, tally);
	for (size_t i = 0; i < sizeof(LINE_ENDS) / sizeof(LINE_ENDS[0]); i++)
		run_reframed(s, LINE_ENDS[i], tally);
	tally->streams++;
}

/* ---- the event stage alone ---- */

struct seen {
	size_t events;
	json_t *types; /* how many of each name */
};

static void
see(void *arg, const struct sse_event *event)
{
	struct seen *seen = arg;
	json_int_t n = json_integer_value(
	    json_object_get(seen->types, event->name));

	seen->events++;
	if (strcmp(event->name, "message") != 0)
		json_object_set_new(seen->types, event->name,
		    json_integer(n + 1));
}

static void
see_pieces(const struct stream *s, const struct buf *bytes, size_t piece)
{
	struct seen seen = { 0, json_object() };
	struct sse_in in;
	const json_t *types = json_object_get(s->expected, "event_types");

	sse_in_init(&in, see, &seen);
	for (size_t i = 0; i < bytes->len; i += piece)
		sse_in_bytes(&in, bytes->p + i,
		    bytes->len - i < piece ? bytes->len - i : piece);
	assert_int_equal(sse_in_finish(&in), ERR_OK);
	assert_int_equal(seen.events, json_integer_value(
	    json_object_get(s->expected, "events")));
	if (json_object_size(types) > 0)
		assert_true(json_equal(seen.types, types));
	json_decref(seen.types);
	sse_in_free(&in);
}

void
run_events(const struct stream *s, struct tally *tally)
{
	static const char *const LINE_ENDS[] = { "\n", "\r\n", "\r" };
	size_t n = s->bytes.len;

	for (size_t i = 0; i < sizeof(LINE_ENDS) / sizeof(LINE_ENDS[0]); i++) {
		struct buf other;

		buf_init(&other, BYTES_MAX);
		reframe(s, LINE_ENDS[i], "", &other);
		see_pieces(s, &other, other.len > 0 ? other.len : 1);
		see_pieces(s, &other, 1);
		buf_free(&other);
	}
	for (size_t cut = 1; n <= SMALL && cut < n; cut++)
		see_pieces(s, &s->bytes, cut);
	tally->runs += 6 + (n <= SMALL && n > 0 ? n - 1 : 0);
	tally->cuts += n <= SMALL && n > 0 ? n - 1 : 0;
}
