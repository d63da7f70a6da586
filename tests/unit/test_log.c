/* The log: whatever a client sends, one thing stays one line of JSON. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/log.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { CAUGHT_MAX = 65536 };

/* Standard error goes to a file between catch() and caught(). */
static int real_stderr;
static int file;

static void
catch(void)
{
	char path[] = "/tmp/test_log.XXXXXX";

	file = mkstemp(path);
	assert_true(file >= 0);
	unlink(path);
	real_stderr = dup(STDERR_FILENO);
	dup2(file, STDERR_FILENO);
}

static const char *
caught(void)
{
	static char text[CAUGHT_MAX];
	ssize_t n;

	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	n = pread(file, text, sizeof(text) - 1, 0);
	close(file);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

/* The only line, as JSON. */
static json_t *
one_line(const char *text)
{
	size_t n = strlen(text);
	json_t *line;

	assert_true(n > 0 && n <= LOG_LINE_MAX);
	assert_ptr_equal(strchr(text, '\n'), text + n - 1);
	line = json_loads(text, 0, NULL);
	assert_non_null(line);
	return line;
}

static const char *
field(const json_t *line, const char *name)
{
	return json_string_value(json_object_get(line, name));
}

static void
a_sentence(void **state)
{
	json_auto_t *line = NULL;

	(void)state;
	catch();
	log_say(LOG_WARN, "relay", "%d readers", 3);
	line = one_line(caught());
	assert_string_equal(field(line, "level"), "warn");
	assert_string_equal(field(line, "part"), "relay");
	assert_string_equal(field(line, "message"), "3 readers");
	assert_int_equal(json_integer_value(json_object_get(line, "pid")),
	    getpid());
	assert_int_equal(strlen(field(line, "time")),
	    strlen("2026-01-02T03:04:05.678Z"));
}

static void
values_stay_in_their_line(void **state)
{
	static const char *const rows[] = {
		"", "two\nlines", "CR\rLF\r\n", "\x1b[31mred", "\"}\n{\"level\": \"x\"",
		"back\\slash", "tab\t", "\xe6\x95\xb0\xe6\x8d\xae", "\x7f",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_auto_t *line = NULL;

		catch();
		log_fields(LOG_ERROR, "request", (struct log_field[]){
			{ "agent", rows[i], 0 },
			{ "status", NULL, 404 },
			{ NULL, NULL, 0 } });
		line = one_line(caught());
		assert_string_equal(field(line, "agent"), rows[i]);
		assert_int_equal(
		    json_integer_value(json_object_get(line, "status")), 404);
	}
}

static void
long_values_are_cut_between_characters(void **state)
{
	static char text[3 * 2000 + 2];

	(void)state;
	for (size_t start = 0; start < 3; start++) {
		json_auto_t *line = NULL;
		size_t n;

		memset(text, 'x', start);
		for (size_t i = start; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe6\x95\xb0", 4);
		catch();
		log_fields(LOG_ERROR, "request", (struct log_field[]){
			{ "agent", text, 0 }, { NULL, NULL, 0 } });
		line = one_line(caught());
		n = strlen(field(line, "agent"));
		assert_true(n > 1000 && n <= 1024);
		assert_int_equal((n - start) % 3, 0);
	}
}

static void
too_many_long_values_still_make_one_line(void **state)
{
	static char text[1001];
	struct log_field fields[LOG_FIELDS_MAX + 1] = { { NULL, NULL, 0 } };
	json_auto_t *line = NULL;

	(void)state;
	memset(text, '\x01', sizeof(text) - 1); /* six bytes each, escaped */
	for (int i = 0; i < LOG_FIELDS_MAX; i++)
		fields[i] = (struct log_field){ "agent", text, 0 };
	catch();
	log_fields(LOG_ERROR, "request", fields);
	line = one_line(caught());
	assert_string_equal(field(line, "part"), "request");
}

static void
levels(void **state)
{
	enum log_level level = LOG_WARN;

	(void)state;
	assert_false(log_level_parse("loud", &level));
	assert_false(log_level_parse("", &level));
	assert_int_equal(level, LOG_WARN);
	assert_true(log_level_parse("error", &level));
	log_level_set(level);
	catch();
	log_say(LOG_WARN, "test", "dropped");
	assert_string_equal(caught(), "");
	assert_true(log_level_parse("debug", &level));
	log_level_set(level);
	catch();
	log_say(LOG_DEBUG, "test", "kept");
	assert_true(strlen(caught()) > 0);
	log_level_set(LOG_INFO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sentence),
		cmocka_unit_test(values_stay_in_their_line),
		cmocka_unit_test(long_values_are_cut_between_characters),
		cmocka_unit_test(too_many_long_values_still_make_one_line),
		cmocka_unit_test(levels),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
