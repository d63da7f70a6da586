/*
 * Recorded bodies that are no streams: what each error means, what the person
 * is told, what a whole answer has in it, and which models a list names.  They
 * are of the collection that LLMSELECT_FIXTURES names; every error and answer
 * of a wire of ours must have a row.
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

#include "llm/errbody.h"
#include "tests/recorded/recorded.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	SAME_MAX = 14, /* a run of the body this long is no accident, for it
	                * is more than one word: " temperature " has 13 */
};

/* How the collection's names of hosts are spoken to. */
static const struct {
	const char *host, *wire;
} HOSTS[] = {
	{ "anthropic", "anthropic" },
	{ "azure", "openai" },
	{ "deepseek", "openai" },
	{ "gemini", "gemini" },
	{ "groq", "openai" },
	{ "mistral", "mistral" },
	{ "ollama", "openai" },
	{ "openai", "openai" },
	{ "openai-responses", "openai" }, /* the same errors */
	{ "openrouter", "openai" },
	{ "perplexity", "openai" },
	{ "vertex", "gemini" },
};

static const struct {
	const char *file;
	enum err err;
} ERRORS[] = {
	{ "anthropic-400-07.body", ERR_PROVIDER_REJECTED },
	{ "anthropic-400-31.body", ERR_CONTEXT_LENGTH },
	{ "anthropic-401-23.body", ERR_PROVIDER_AUTH },
	{ "anthropic-404-02.body", ERR_MODEL_NOT_FOUND },
	{ "anthropic-404-06.body", ERR_MODEL_NOT_FOUND },
	{ "anthropic-404-50.body", ERR_MODEL_NOT_FOUND },
	{ "azure-401-42.body", ERR_PROVIDER_AUTH },
	{ "azure-404-41.body", ERR_MODEL_NOT_FOUND },
	{ "deepseek-400-08.body", ERR_PROVIDER_REJECTED },
	{ "deepseek-400-32.body", ERR_CONTEXT_LENGTH },
	{ "deepseek-401-24.body", ERR_PROVIDER_AUTH },
	{ "gemini-400-25.body", ERR_PROVIDER_AUTH },
	{ "gemini-404-03.body", ERR_MODEL_NOT_FOUND },
	{ "gemini-404-51.body", ERR_MODEL_NOT_FOUND },
	{ "gemini-429-33.body", ERR_PROVIDER_RATE },
	{ "groq-400-10.body", ERR_PROVIDER_REJECTED },
	{ "groq-400-11.body", ERR_PROVIDER_REJECTED },
	{ "groq-404-04.body", ERR_MODEL_NOT_FOUND },
	{ "groq-404-09.body", ERR_MODEL_NOT_FOUND },
	{ "mistral-401-26.body", ERR_PROVIDER_AUTH },
	{ "ollama-400-34.body", ERR_CONTEXT_LENGTH },
	{ "ollama-401-27.body", ERR_PROVIDER_AUTH },
	{ "openai-400-13.body", ERR_PROVIDER_REJECTED },
	{ "openai-400-17.body", ERR_PROVIDER_REJECTED },
	{ "openai-400-18.body", ERR_PROVIDER_REJECTED },
	{ "openai-400-19.body", ERR_PROVIDER_REJECTED },
	{ "openai-400-43.body", ERR_PROVIDER_REJECTED },
	{ "openai-400-44.body", ERR_PROVIDER_REJECTED },
	{ "openai-404-05.body", ERR_MODEL_NOT_FOUND },
	{ "openai-404-40.body", ERR_MODEL_NOT_FOUND },
	{ "openai-404-45.body", ERR_MODEL_NOT_FOUND },
	{ "openai-404-52.body", ERR_MODEL_NOT_FOUND },
	{ "openai-responses-400-01.body", ERR_MODEL_NOT_FOUND },
	{ "openai-responses-400-14.body", ERR_PROVIDER_REJECTED },
	{ "openai-responses-400-15.body", ERR_PROVIDER_REJECTED },
	{ "openai-responses-400-16.body", ERR_PROVIDER_REJECTED },
	{ "openai-responses-400-20.body", ERR_PROVIDER_REJECTED },
	{ "openai-responses-400-21.body", ERR_PROVIDER_REJECTED },
	{ "openai-responses-400-35.body", ERR_CONTEXT_LENGTH },
	{ "openai-responses-400-46.body", ERR_MODEL_NOT_FOUND },
	{ "openai-responses-401-28.body", ERR_PROVIDER_AUTH },
	{ "openai-responses-401-39.body", ERR_PROVIDER_AUTH },
	{ "openrouter-400-36.body", ERR_CONTEXT_LENGTH },
	{ "openrouter-401-29.body", ERR_PROVIDER_AUTH },
	{ "openrouter-429-22.body", ERR_PROVIDER_RATE },
	{ "perplexity-400-37.body", ERR_CONTEXT_LENGTH },
	{ "perplexity-401-30.body", ERR_PROVIDER_AUTH },
	{ "vertex-400-12.body", ERR_PROVIDER_REJECTED },
	{ "vertex-400-38.body", ERR_CONTEXT_LENGTH },
	{ "vertex-400-47.body", ERR_PROVIDER_REJECTED },
	{ "vertex-400-48.body", ERR_PROVIDER_REJECTED },
	{ "vertex-404-49.body", ERR_MODEL_NOT_FOUND },
};

/* The one body of these that tells how long to wait. */
#define DELAYED "gemini-429-33.body"
enum { DELAYED_MS = 48000 };

/* Whole answers, in bytes of text and tokens. */
static const struct whole {
	const char *file, *finish;
	size_t text, reasoning;
	int64_t input, output, thought;
} WHOLES[] = {
	{ "anthropic-redacted-1.json", "stop", 341, 0, 92, 196, -1 },
	{ "anthropic-redacted-2.json", "stop", 500, 0, 168, 232, -1 },
	{ "anthropic-thinking-1.json", "stop", 3, 98, 48, 42, -1 },
	{ "anthropic-thinking-2.json", "stop", 79, 189, 51, 162, 112 },
	{ "anthropic-thinking-3.json", "stop", 2, 84, 107, 31, 24 },
	{ "azure-content-filter-1.json", "content_filter", 0, 0, 15, 19, -1 },
	{ "gemini-max-tokens-1.json", "length", 24, 0, 15, 5, -1 },
	{ "gemini-max-tokens-2.json", "length", 0, 0, 15, 2, 2 },
	{ "gemini-max-tokens-3.json", "length", 194, 0, 30, 50, -1 },
	{ "gemini-promptfeedback-block-1.json", "content_filter", 0, 0,
	    -1, -1, -1 },
	{ "gemini-safety-1.json", "content_filter", 0, 0, 14, -1, -1 },
	{ "gemini-thought-1.json", "stop", 3019, 2242, 29, 1737, 1001 },
	{ "gemini-thought-2.json", "stop", 3850, 2787, 1280, 2073, 1115 },
	{ "gemini-thought-3.json", "stop", 3291, 2538, 1106, 1867, 1089 },
	{ "mistral-thinking-1.json", "stop", 1, 121, 28, 35, -1 },
	{ "mistral-thinking-2.json", "stop", 1282, 2379, 664, 747, -1 },
	{ "mistral-thinking-3.json", "stop", 3, 174, 31, 66, -1 },
	{ "openai-length-1.json", "length", 79, 0, 438, 16, -1 },
	{ "openai-length-2.json", "length", 73, 0, 438, 16, -1 },
	{ "openai-length-3.json", "length", 935, 0, 11, 200, 0 },
	{ "openai-refusal-1.json", "refusal", 53, 0, 65, 13, 0 },
	{ "openai-refusal-2.json", "refusal", 48, 0, 65, 12, 0 },
	{ "openai-refusal-3.json", "refusal", 53, 0, 65, 13, 0 },
};

static const struct llm_provider PROVIDER = {
	.name = "recorded", .label = "Recorded",
};

/* ---- files ---- */

static void
path_of(char out[static PATH_SIZE], const char *folder, const char *file)
{
	char root[PATH_SIZE];

	if (snprintf(out, PATH_SIZE, "%s/%s/%s", files_collection(root),
	    folder, file) >= PATH_SIZE)
		fail_msg("%s is too long", root);
}

static void
read_body(const char *folder, const char *file, struct buf *out)
{
	char path[PATH_SIZE];

	path_of(path, folder, file);
	buf_init(out, BYTES_MAX);
	files_read(path, out);
}

static json_t *
index_of(const char *folder)
{
	char path[PATH_SIZE];
	json_t *index;

	path_of(path, folder, "index.json");
	if ((index = json_load_file(path, 0, NULL)) == NULL)
		files_skip("bodies");
	return index;
}

/* The wire of a file, by the last host whose name it begins with (there is
 * "openai" and "openai-responses"); NULL: none of ours. */
static const struct llm_wire *
wire_of(const char *file)
{
	const char *wire = NULL;

	for (size_t i = 0; i < COUNT(HOSTS); i++) {
		size_t n = strlen(HOSTS[i].host);

		if (strncmp(HOSTS[i].host, file, n) == 0 && file[n] == '-')
			wire = HOSTS[i].wire;
	}
	if (wire == NULL)
		fail_msg("%s is of a host without a row", file);
	return llm_wire_find(wire);
}

static const char *
file_of(const json_t *entry)
{
	return json_string_value(json_object_get(entry, "file"));
}

/* ---- errors ---- */

/* The status is in the name: openai-404-05.body. */
static int
status_of(const char *file)
{
	return atoi(strpbrk(file, "0123456789"));
}

static bool
repeats(const char *sentence, const struct buf *body)
{
	size_t n = strlen(sentence);

	for (size_t i = 0; i + SAME_MAX <= n; i++)
		if (memmem(body->p, body->len, sentence + i, SAME_MAX))
			return true;
	return false;
}

/* The last of its sentences tells what to do. */
static bool
tells_what_to_do(const char *sentence)
{
	static const char *const DOING[] = {
		". Add ", ". Ask ", ". Begin ", ". Change ", ". Check ",
		". Choose ", ". Leave ", ". Try ",
	};

	for (size_t i = 0; i < COUNT(DOING); i++)
		if (strstr(sentence, DOING[i]) != NULL)
			return true;
	return false;
}

static enum err
expected_of(const char *file)
{
	for (size_t i = 0; i < COUNT(ERRORS); i++)
		if (strcmp(ERRORS[i].file, file) == 0)
			return ERRORS[i].err;
	fail_msg("%s has no row", file);
	return ERR_OK;
}

static void
check_error(const struct llm_wire *wire, const char *file)
{
	struct llm_head head;
	struct llm_end end;
	struct buf body;

	print_message("  %s\n", file);
	read_body("errors", file, &body);
	llm_head_init(&head);
	head.status = status_of(file);
	llm_end_init(&end);
	assert_true(wire->error_body(&PROVIDER, &head, body.p, body.len,
	    &end));
	assert_string_equal(err_code(end.err), err_code(expected_of(file)));
	assert_int_equal(end.retry_after_ms,
	    strcmp(file, DELAYED) == 0 ? DELAYED_MS : -1);
	if (!tells_what_to_do(end.message))
		fail_msg("%s", end.message);
	assert_non_null(strstr(end.message, PROVIDER.label));
	if (repeats(end.message, &body))
		fail_msg("%s", end.message);
	buf_free(&body);
}

static void
test_errors(void **state)
{
	json_auto_t *index = index_of("errors");
	const json_t *entry;
	size_t i, n = 0;

	(void)state;
	json_array_foreach(index, i, entry) {
		const struct llm_wire *wire = wire_of(file_of(entry));

		if (wire == NULL)
			continue;
		check_error(wire, file_of(entry));
		n++;
	}
	assert_true(n > 0);
	print_message("# %zu recorded errors of %zu\n", n,
	    json_array_size(index));
}

/* ---- whole answers ---- */

static void
count_bytes(void *arg, const struct llm_delta *delta)
{
	size_t *n = arg;

	n[delta->kind] += delta->len;
}

static void
check_whole(const struct whole *row)
{
	json_auto_t *root = NULL;
	struct llm_parse parse;
	struct buf body;
	size_t n[2] = { 0 };

	print_message("  %s\n", row->file);
	read_body("nonstream", row->file, &body);
	root = llm_errbody_load(body.p, body.len);
	llm_parse_init(&parse, &PROVIDER, count_bytes, n);
	assert_true(wire_of(row->file)->whole(&parse, root));
	llm_parse_over(&parse);
	assert_int_equal(parse.end.err, ERR_OK);
	assert_string_equal(llm_finish_name(parse.end.finish), row->finish);
	assert_int_equal(n[LLM_TEXT], row->text);
	assert_int_equal(n[LLM_REASONING], row->reasoning);
	assert_int_equal(parse.end.usage.input, row->input);
	assert_int_equal(parse.end.usage.output, row->output);
	assert_int_equal(parse.end.usage.reasoning, row->thought);
	llm_parse_free(&parse);
	buf_free(&body);
}

static void
test_wholes(void **state)
{
	json_decref(index_of("nonstream"));
	(void)state;
	for (size_t i = 0; i < COUNT(WHOLES); i++)
		check_whole(&WHOLES[i]);
}

static void
test_no_whole_is_left_out(void **state)
{
	json_auto_t *index = index_of("nonstream");
	const json_t *entry;
	size_t i;

	(void)state;
	json_array_foreach(index, i, entry) {
		size_t row = 0;

		if (wire_of(file_of(entry)) == NULL)
			continue;
		while (row < COUNT(WHOLES) &&
		    strcmp(WHOLES[row].file, file_of(entry)) != 0)
			row++;
		if (row == COUNT(WHOLES))
			fail_msg("%s has no row", file_of(entry));
	}
}

/* ---- a list of models ---- */

static void
note_model(void *arg, const struct llm_listed *m)
{
	buf_addf(arg, "%s|%s|%lld|%lld\n", m->id, m->name,
	    (long long)m->context, (long long)m->max_output);
}

static void
test_list(void **state)
{
	json_auto_t *root = NULL;
	struct buf body, models, after;

	(void)state;
	json_decref(index_of("models-list"));
	read_body("models-list", "generativelanguage.googleapis.com.json",
	    &body);
	root = json_loadb(body.p, body.len, 0, NULL);
	buf_init(&models, BYTES_MAX);
	buf_init(&after, LLM_URL_MAX);
	assert_true(llm_wire_gemini.models(root, note_model, &models, &after));
	assert_non_null(strstr(models.p,
	    "gemini-2.5-flash|Gemini 2.5 Flash|1048576|65536\n"));
	assert_null(strstr(models.p, "embedding"));
	assert_null(strstr(models.p, "models/"));
	assert_true(after.len > 0);
	buf_free(&body);
	buf_free(&models);
	buf_free(&after);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_wholes),
		cmocka_unit_test(test_no_whole_is_left_out),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
