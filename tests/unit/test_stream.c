/* stream/stream and stream/events: what readers get, and how a lane ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "llm/provider.h"
#include "memory_conn.h"
#include "stream/events.h"
#include "stream/settle.h"
#include "stream/stream.h"

enum { ANSWER_MAX = 64 };

struct scene {
	struct stream *s;
	struct memory_conn m;
	struct buf scratch;
};

static void
open_scene(struct scene *t, enum reader_kind kind)
{
	memory_conn_init(&t->m, 1 << 20);
	buf_init(&t->scratch, 1 << 20);
	t->s = stream_new(1, ANSWER_MAX);
	assert_non_null(t->s);
	memcpy(t->s->lanes[0].provider, "demo", sizeof("demo"));
	memcpy(t->s->lanes[0].model, "m", sizeof("m"));
	assert_int_equal(reader_add(t->s, kind, &t->m.conn, "r",
	    (struct position){ 0 }), ERR_OK);
	reader_open(t->s->readers, &t->scratch, 0);
	buf_reset(&t->m.got);
}

static const char *
sent(struct scene *t)
{
	assert_int_not_equal(reader_feed(t->s->readers, &t->scratch, 0),
	    SSE_OUT_GONE);
	return t->m.got.p;
}

static void
close_scene(struct scene *t)
{
	stream_free(t->s);
	buf_free(&t->m.got);
	buf_free(&t->scratch);
}

static void
say(struct scene *t, enum llm_kind kind, const char *text)
{
	struct llm_delta d = { kind, text, strlen(text) };

	stream_append(&t->s->lanes[0], &d, &t->scratch, 0);
}

static void
the_first_event_says_what_was_made(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, READER_EVENTS);
	assert_non_null(strstr(sent(&t), "Content-Type: text/event-stream\r\n"));
	assert_non_null(strstr(t.m.got.p, "\r\n\r\ndata: {\"stream_id\": \""));
	assert_non_null(strstr(t.m.got.p, "\"ignored\": []}\n\n"));
	assert_null(strstr(t.m.got.p, "\nid:"));
	close_scene(&t);
}

static const struct said {
	const char *name;
	enum llm_kind kind;
	const char *text, *event;
} said_rows[] = {
	{ "text", LLM_TEXT, "Hel", "id: 3.0\ndata: {\"content\": \"Hel\"}\n\n" },
	{ "a position counts bytes, not characters", LLM_TEXT, "\xC3\xA4",
		"id: 5.0\ndata: {\"content\": \"\xC3\xA4\"}\n\n" },
	{ "reasoning has a position of its own", LLM_REASONING, "hm",
		"id: 5.2\ndata: {\"reasoning\": \"hm\"}\n\n" },
	{ "a line end cannot end the data line", LLM_TEXT, "a\nb\r\n",
		"id: 10.2\ndata: {\"content\": \"a\\nb\\r\\n\"}\n\n" },
	{ "S27: an event inside the text stays text", LLM_TEXT,
		"\n\nevent: done\ndata:",
		"id: 29.2\ndata: {\"content\": "
		"\"\\n\\nevent: done\\ndata:\"}\n\n" },
	{ "quotes, backslash, control", LLM_TEXT, "\"\\\x01",
		"id: 32.2\ndata: {\"content\": \"\\\"\\\\\\u0001\"}\n\n" },
};

static void
each_piece_is_one_event_with_its_position(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, READER_EVENTS);
	sent(&t);
	for (size_t i = 0; i < sizeof(said_rows) / sizeof(said_rows[0]); i++) {
		buf_reset(&t.m.got);
		say(&t, said_rows[i].kind, said_rows[i].text);
		assert_string_equal(sent(&t), said_rows[i].event);
	}
	close_scene(&t);
}

static void
the_ceiling_of_an_answer_ends_it_and_keeps_what_fits(void **state)
{
	char big[ANSWER_MAX + 1];
	struct scene t;

	(void)state;
	memset(big, 'x', ANSWER_MAX);
	big[ANSWER_MAX] = '\0';
	open_scene(&t, READER_EVENTS);
	say(&t, LLM_TEXT, big + 1);
	assert_false(t.s->lanes[0].overflowed);
	say(&t, LLM_REASONING, "ab");
	assert_true(t.s->lanes[0].overflowed);
	say(&t, LLM_TEXT, "y"); /* would fit, but comes after a hole */
	assert_int_equal(t.s->lanes[0].text.len, ANSWER_MAX - 1);
	assert_int_equal(t.s->lanes[0].reasoning.len, 0);
	settle_lane(&t.s->lanes[0], STREAM_FULL);
	assert_int_equal(t.s->lanes[0].state, STREAM_LENGTH);
	assert_string_equal(t.s->lanes[0].finish_reason, "length");
	close_scene(&t);
}

static const struct ending {
	enum stream_cause cause;
	enum stream_state state;
	enum err err;
	const char *last; /* in the last event */
} ending_rows[] = {
	{ STREAM_STOPPED, STREAM_CANCELLED, ERR_OK,
		"\"finish_reason\": \"cancelled\"" },
	{ STREAM_ABANDONED, STREAM_CANCELLED, ERR_OK,
		"\"finish_reason\": \"abandoned\"" },
	{ STREAM_DRAINED, STREAM_INTERRUPTED, ERR_INTERRUPTED,
		"\"code\": \"interrupted\"" },
};

static void
every_end_is_told_exactly_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ending_rows) / sizeof(ending_rows[0]); i++) {
		struct scene t;
		struct stream_lane *lane;

		open_scene(&t, READER_EVENTS);
		lane = &t.s->lanes[0];
		say(&t, LLM_TEXT, "abc");
		settle_lane(lane, ending_rows[i].cause);
		assert_int_equal(lane->state, ending_rows[i].state);
		assert_int_equal(lane->err, ending_rows[i].err);
		sent(&t);
		buf_reset(&t.m.got);
		stream_finish(t.s, ERR_OK, &t.scratch, 0);
		stream_finish(t.s, ERR_OK, &t.scratch, 0);
		assert_non_null(strstr(sent(&t), ending_rows[i].last));
		assert_int_equal(strncmp(t.m.got.p, "id: 3.0\n", 8), 0);
		assert_ptr_equal(strstr(t.m.got.p, "data:"), t.m.got.p + 8);
		assert_null(strstr(t.m.got.p + 9, "data:"));
		/* nothing is taken after the end */
		say(&t, LLM_TEXT, "d");
		assert_int_equal(lane->text.len, 3);
		close_scene(&t);
	}
}

static void
an_answer_that_could_not_be_saved_says_so(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, READER_EVENTS);
	say(&t, LLM_TEXT, "abc");
	settle_lane(&t.s->lanes[0], STREAM_STOPPED);
	stream_finish(t.s, ERR_UNAVAILABLE, &t.scratch, 0);
	assert_non_null(strstr(sent(&t), "could not be saved"));
	assert_null(strstr(t.m.got.p, "\"done\""));
	close_scene(&t);
}

static void
one_json_answer_for_those_who_did_not_ask_for_events(void **state)
{
	struct scene t;
	json_t *body;

	(void)state;
	open_scene(&t, READER_ANSWER);
	say(&t, LLM_TEXT, "abc");
	assert_string_equal(sent(&t), "");
	settle_lane(&t.s->lanes[0], STREAM_STOPPED);
	stream_finish(t.s, ERR_OK, &t.scratch, 0);
	assert_int_equal(strncmp(sent(&t), "Status: 200 OK\r\n", 16), 0);
	body = json_loads(strstr(t.m.got.p, "\r\n\r\n"), 0, NULL);
	assert_string_equal(json_string_value(json_object_get(body, "response")),
	    "abc");
	json_decref(body);
	close_scene(&t);
}

static const struct place {
	const char *text;
	bool given, bad;
	size_t at, reasoning;
} places[] = {
	{ "", false, false, 0, 0 },
	{ "0.0", true, false, 0, 0 },
	{ "12.34", true, false, 12, 34 },
	{ "12", true, true, 0, 0 },
	{ "12.", true, true, 0, 0 },
	{ ".3", true, true, 0, 0 },
	{ "-1.0", true, true, 0, 0 },
	{ "1.-1", true, true, 0, 0 },
	{ " 1.0", true, true, 0, 0 },
	{ "1.0 ", true, true, 0, 0 },
	{ "1.0.0", true, true, 0, 0 },
	{ "junk", true, true, 0, 0 },
};

static void
positions_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct position p = reader_position(places[i].text);

		assert_int_equal(p.given, places[i].given);
		assert_int_equal(p.bad, places[i].bad);
		if (p.bad)
			continue;
		assert_int_equal(p.text, places[i].at);
		assert_int_equal(p.reasoning, places[i].reasoning);
	}
}

/* A lane with "aä" and "thought", and a reader who comes back to it. */
static const char *
come_back(struct scene *t, struct memory_conn *m, const char *position)
{
	memory_conn_init(m, 1 << 20);
	assert_int_equal(reader_add(t->s, READER_EVENTS, &m->conn, "r",
	    reader_position(position)), ERR_OK);
	reader_open(t->s->readers, &t->scratch, 0);
	assert_int_equal(reader_feed(t->s->readers, &t->scratch, 0),
	    SSE_OUT_EMPTY);
	return strstr(m->got.p, "\"ignored\": []}\n\n") +
	    strlen("\"ignored\": []}\n\n");
}

/* The content of all events in `bytes`, joined. */
static void
join_content(const char *bytes, struct buf *out)
{
	static const char key[] = "data: {\"content\": \"";

	while ((bytes = strstr(bytes, key)) != NULL) {
		const char *end;

		bytes += sizeof(key) - 1;
		end = strchr(bytes, '"');
		assert_int_equal(buf_add(out, bytes, (size_t)(end - bytes)), 0);
	}
}

static void
a_reader_who_pauses_misses_nothing_and_costs_no_more(void **state)
{
	enum { PIECES = 20000, ALL = PIECES * 30 };
	struct buf got;
	struct scene t;

	(void)state;
	open_scene(&t, READER_EVENTS);
	t.s->lanes[0].text.max = ALL;
	sent(&t);
	buf_reset(&t.m.got);
	t.m.got.max = 1 << 24;
	t.m.takes = 0;
	for (int i = 0; i < PIECES; i++) {
		char piece[64];

		snprintf(piece, sizeof(piece), "%029d ", i);
		say(&t, LLM_TEXT, piece);
		assert_true(t.s->readers->out.queue.len <= SSE_OUT_QUEUE_MAX);
		if (i % 1000 == 0) /* now and then it takes a little */
			t.m.takes = 5000;
		assert_int_not_equal(reader_feed(t.s->readers, &t.scratch, 0),
		    SSE_OUT_GONE);
	}
	assert_true(t.s->readers->behind);
	settle_lane(&t.s->lanes[0], STREAM_STOPPED);
	stream_finish(t.s, ERR_OK, &t.scratch, 0);
	t.m.takes = 1 << 24;
	assert_int_equal(reader_feed(t.s->readers, &t.scratch, 0),
	    SSE_OUT_EMPTY);
	assert_true(t.s->readers->ending);
	buf_init(&got, ALL);
	join_content(t.m.got.p, &got);
	assert_int_equal(got.len, ALL);
	assert_memory_equal(got.p, t.s->lanes[0].text.p, ALL);
	assert_non_null(strstr(t.m.got.p, "\"finish_reason\": \"cancelled\""));
	buf_free(&got);
	close_scene(&t);
}

static const struct returning {
	const char *position, *gets;
} returning_rows[] = {
	{ "", "id: 0.7\ndata: {\"reasoning\": \"thought\"}\n\n"
		"id: 3.7\ndata: {\"content\": \"a\xC3\xA4\"}\n\n" },
	{ "3.7", "" },
	{ "1.7", "id: 3.7\ndata: {\"content\": \"\xC3\xA4\"}\n\n" },
	{ "1.2", "id: 1.7\ndata: {\"reasoning\": \"ought\"}\n\n"
		"id: 3.7\ndata: {\"content\": \"\xC3\xA4\"}\n\n" },
	{ "2.7", "data: {\"restart\": true}\n\n"
		"id: 0.7\ndata: {\"reasoning\": \"thought\"}\n\n"
		"id: 3.7\ndata: {\"content\": \"a\xC3\xA4\"}\n\n" },
	{ "4.7", "data: {\"restart\": true}\n\n"
		"id: 0.7\ndata: {\"reasoning\": \"thought\"}\n\n"
		"id: 3.7\ndata: {\"content\": \"a\xC3\xA4\"}\n\n" },
};

static void
who_comes_back_gets_exactly_the_rest(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, READER_EVENTS);
	say(&t, LLM_REASONING, "thought");
	say(&t, LLM_TEXT, "a\xC3\xA4");
	for (size_t i = 0; i < sizeof(returning_rows) / sizeof(returning_rows[0]);
	    i++) {
		struct memory_conn m;
		struct reader *r;

		assert_string_equal(come_back(&t, &m,
		    returning_rows[i].position), returning_rows[i].gets);
		r = t.s->readers;
		t.s->readers = r->next;
		sse_out_free(&r->out);
		free(r);
		buf_free(&m.got);
	}
	close_scene(&t);
}

/* A shadow is behind the stream it follows, and so behind its reader. */
static void
who_is_ahead_of_a_shadow_sees_nothing_twice(void **state)
{
	struct memory_conn m;
	struct scene t;

	(void)state;
	open_scene(&t, READER_EVENTS);
	t.s->is_shadow = true;
	say(&t, LLM_TEXT, "ab");
	assert_string_equal(come_back(&t, &m, "5.0"), "");
	buf_reset(&m.got);
	say(&t, LLM_TEXT, "cd");
	reader_feed(t.s->readers, &t.scratch, 0);
	assert_string_equal(m.got.p, "");
	say(&t, LLM_TEXT, "efg");
	reader_feed(t.s->readers, &t.scratch, 0);
	assert_string_equal(m.got.p,
	    "id: 7.0\ndata: {\"content\": \"fg\"}\n\n");
	close_scene(&t);
	buf_free(&m.got);
}

static void
who_saw_more_than_was_kept_starts_again(void **state)
{
	struct memory_conn m;
	struct scene t;

	(void)state;
	open_scene(&t, READER_EVENTS);
	t.s->is_shadow = true;
	say(&t, LLM_TEXT, "ab");
	come_back(&t, &m, "5.0");
	buf_reset(&m.got);
	settle_lane(&t.s->lanes[0], STREAM_DRAINED);
	stream_finish(t.s, ERR_OK, &t.scratch, 0);
	reader_feed(t.s->readers, &t.scratch, 0);
	assert_int_equal(strncmp(m.got.p, "data: {\"restart\": true}\n\n"
	    "id: 2.0\ndata: {\"content\": \"ab\"}\n\n", 58), 0);
	close_scene(&t);
	buf_free(&m.got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_event_says_what_was_made),
		cmocka_unit_test(each_piece_is_one_event_with_its_position),
		cmocka_unit_test(
		    the_ceiling_of_an_answer_ends_it_and_keeps_what_fits),
		cmocka_unit_test(every_end_is_told_exactly_once),
		cmocka_unit_test(an_answer_that_could_not_be_saved_says_so),
		cmocka_unit_test(
		    one_json_answer_for_those_who_did_not_ask_for_events),
		cmocka_unit_test(positions_are_read),
		cmocka_unit_test(
		    a_reader_who_pauses_misses_nothing_and_costs_no_more),
		cmocka_unit_test(who_comes_back_gets_exactly_the_rest),
		cmocka_unit_test(who_is_ahead_of_a_shadow_sees_nothing_twice),
		cmocka_unit_test(who_saw_more_than_was_kept_starts_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
