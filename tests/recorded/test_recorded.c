/*
 * Recorded answers of providers, through the event-stream stage and the wire:
 * each folder has an index.json that says what is in its streams.  Each stream
 * runs whole, in pieces and in cuts, cut short, and with other line ends.
 *
 * Our own few streams are beside this file, a folder for each wire.  The larger
 * collection is not part of the source; LLMSELECT_FIXTURES says where it is.  A
 * folder of it whose wire is not ours goes through the event stage alone.
 *
 * What ran is said at the end, as comments of TAP.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/recorded/recorded.h"

/* ---- reading the index ---- */

static const char *
string_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static bool
has_tools(const json_t *expected)
{
	return json_array_size(json_object_get(expected, "tool_calls")) > 0;
}

/* What the index calls the end, in our words.  Where it has no word for it, the
 * end marker alone was there. */
static const char *
our_finish(const struct family *f, const json_t *expected)
{
	const char *finish = string_of(expected, "finish");

	if (finish[0] == '\0' &&
	    json_is_true(json_object_get(expected, "done")))
		return has_tools(expected) ? "tool" : "stop";
	for (size_t i = 0; f->finishes[i].theirs != NULL; i++)
		if (strcmp(f->finishes[i].theirs, finish) == 0)
			finish = f->finishes[i].ours;
	if (strcmp(finish, "stop") != 0)
		return finish;
	if (string_of(expected, "refusal")[0] != '\0')
		return "refusal";
	return f->stops_for_tools && has_tools(expected) ? "tool" : finish;
}

static const char *
our_code(const json_t *expected)
{
	const json_t *error = json_object_get(expected, "error");

	if (json_is_string(error))
		return json_string_value(error); /* in our own index */
	return error != NULL && !json_is_null(error) ? "some" : "ok";
}

/* A number at "a.b"; -1 where there is none. */
static int64_t
said(const json_t *usage, const char *path)
{
	const char *dot = strchr(path, '.');
	const json_t *n = dot == NULL ? json_object_get(usage, path) :
	    json_object_get(json_object_getn(usage, path,
	    (size_t)(dot - path)), dot + 1);

	return json_is_integer(n) ? json_integer_value(n) : -1;
}

static int64_t
sum_of(const json_t *usage, const char *const *paths)
{
	int64_t sum = -1, n;

	for (; *paths != NULL; paths++)
		if ((n = said(usage, *paths)) >= 0)
			sum = (sum > 0 ? sum : 0) + n;
	return sum;
}

static int64_t
first_of(const json_t *usage, const char *const *paths)
{
	int64_t n = -1;

	for (; n < 0 && *paths != NULL; paths++)
		n = said(usage, *paths);
	return n;
}

/* The recorder's usage is null where it came in x_groq. */
static void
read_usage(struct stream *s)
{
	const json_t *usage = json_object_get(s->expected, "usage");

	s->has_usage = json_is_object(usage);
	s->usage = (struct llm_usage){
		.input = sum_of(usage, s->family->input),
		.output = sum_of(usage, s->family->output),
		.reasoning = first_of(usage, s->family->reasoning),
		.cached = first_of(usage, s->family->cached),
	};
}

static void
stream_open(struct stream *s, const char *path, const struct family *f,
    const json_t *expected)
{
	*s = (struct stream){
		.name = path, .family = f, .expected = expected,
		.wire = f->wire != NULL ? llm_wire_find(f->wire) : NULL,
		.finish = our_finish(f, expected), .code = our_code(expected),
	};
	s->is_exact = strcmp(s->code, "some") != 0;
	buf_init(&s->bytes, BYTES_MAX);
	buf_init(&s->text, BYTES_MAX);
	buf_init(&s->reasoning, BYTES_MAX);
	files_read(path, &s->bytes);
	buf_adds(&s->text, string_of(expected, "text"));
	buf_adds(&s->text, string_of(expected, "refusal"));
	buf_adds(&s->reasoning, string_of(expected, "reasoning"));
	read_usage(s);
}

static void
stream_free(struct stream *s)
{
	buf_free(&s->bytes);
	buf_free(&s->text);
	buf_free(&s->reasoning);
}

/* ---- the folders ---- */

static void
run_entry(const char *folder, const struct family *f, const json_t *entry,
    struct tally *tally)
{
	const json_t *expected = json_object_get(entry, "expected");
	char path[PATH_SIZE];
	struct stream s;

	snprintf(path, sizeof(path), "%s/%s", folder,
	    string_of(entry, "file"));
	print_message("  %s\n", path);
	stream_open(&s, path, f, expected);
	if (json_is_integer(json_object_get(expected, "events")))
		run_events(&s, tally);
	if (s.wire != NULL)
		run_stream(&s, tally);
	else
		tally->streams++;
	stream_free(&s);
}

static void
say(const char *name, const char *how, const struct tally *t)
{
	print_message("# %s%s: %zu recorded streams, %zu runs, %zu cuts, "
	    "no difference\n", name, how, t->streams, t->runs, t->cuts);
}

static void
add(struct tally *sum, const struct tally *t)
{
	sum->streams += t->streams;
	sum->runs += t->runs;
	sum->cuts += t->cuts;
}

/* Entries of the index that are streams; bodies are tested elsewhere. */
static bool
is_stream(const json_t *entry)
{
	const char *file = string_of(entry, "file");
	size_t n = strlen(file);

	return n > 4 && strcmp(file + n - 4, ".sse") == 0;
}

static void
run_folder(const char *root, const char *name, struct tally *sum)
{
	const struct family *f = family_find(name);
	struct tally tally = { 0 };
	char path[PATH_SIZE];
	json_auto_t *index = NULL;
	const json_t *entry;
	size_t i;

	snprintf(path, sizeof(path), "%s/%s/index.json", root, name);
	index = json_load_file(path, 0, NULL);
	path[strlen(path) - strlen("/index.json")] = '\0';
	json_array_foreach(index, i, entry) {
		if (!is_stream(entry))
			continue;
		if (f->folder == NULL)
			fail_msg("%s has no row in families.c", path);
		run_entry(path, f, entry, &tally);
	}
	if (tally.streams == 0)
		return;
	say(name, f->wire != NULL && llm_wire_find(f->wire) != NULL ? "" :
	    ", events alone", &tally);
	add(sum, &tally);
}

static int
is_folder(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* False where it is not there. */
static bool
run_root(const char *root, struct tally *sum)
{
	struct dirent **names;
	int n = scandir(root, &names, is_folder, alphasort);

	for (int i = 0; i < n; i++) {
		run_folder(root, names[i]->d_name, sum);
		free(names[i]);
	}
	if (n < 0)
		return false;
	free(names);
	return true;
}

static void
test_ours(void **state)
{
	char path[PATH_SIZE];
	struct tally *sum = *state;

	snprintf(path, sizeof(path), "%s/tests/recorded", files_source());
	assert_true(run_root(path, sum));
	assert_true(sum->streams > 0);
}

static void
test_theirs(void **state)
{
	char path[PATH_SIZE];
	struct tally *sum = *state;
	size_t before = sum->streams;

	if (!run_root(files_collection(path), sum))
		files_skip("streams");
	assert_true(sum->streams > before);
}

/* Each wire has a folder of its own in the table. */
static void
test_wires(void **state)
{
#define HAS_FAMILY(name) assert_non_null(family_find(#name)->wire);
	(void)state;
	LLM_WIRE_TABLE(HAS_FAMILY)
#undef HAS_FAMILY
}

int
main(void)
{
	struct tally sum = { 0 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wires),
		cmocka_unit_test_prestate(test_ours, &sum),
		cmocka_unit_test_prestate(test_theirs, &sum),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (failed == 0)
		say("in sum", "", &sum);
	return failed;
}
