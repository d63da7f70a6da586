/* Settings: what files say, what wins, and the sentence about each fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char folder[] = "/tmp/test_conf.XXXXXX";
static struct conf conf;
static char why[CONF_WHY_MAX];

static const char *
path(const char *name)
{
	static char paths[2][64];
	static int turn;
	char *p = paths[turn++ % 2];

	snprintf(p, sizeof(paths[0]), "%s/%s", folder, name);
	return p;
}

static const char *
write_file(const char *name, const char *text, size_t n)
{
	const char *p = path(name);
	FILE *f = fopen(p, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	return p;
}

static enum err
load(const char *text)
{
	const char *file = write_file("a.conf", text, strlen(text));

	return conf_load(&file, 1, &conf, why);
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink(path("a.conf"));
	unlink(path("b.conf"));
	return rmdir(folder);
}

static void
defaults(void **state)
{
	(void)state;
	assert_int_equal(conf_load(NULL, 0, &conf, why), ERR_OK);
	assert_string_equal(conf.server_socket, "/run/llmselect/llmselect.sock");
	assert_int_equal(conf.server_workers, 2);
	assert_int_equal(conf.server_body_max, 1048576);
	assert_int_equal(conf.server_drain_max_ms, 120000);
	assert_int_equal(conf.server_registration, CONF_REGISTER_FIRST);
	assert_string_equal(conf.log_level, "info");
	assert_int_equal(conf.n_providers, 0);
}

static void
values(void **state)
{
	static const struct {
		const char *name, *text;
		const void *at;
		long long want;
	} rows[] = {
		{ "an integer", "[server]\nworkers = 7\n",
		    &conf.server_workers, 7 },
		{ "its least", "[server]\nworkers=1\n", &conf.server_workers, 1 },
		{ "its most", "[server]\nworkers=64\n", &conf.server_workers, 64 },
		{ "the last line has no newline", "[server]\nworkers = 9",
		    &conf.server_workers, 9 },
		{ "CR LF", "[server]\r\nworkers = 8\r\n",
		    &conf.server_workers, 8 },
		{ "an indented key does not go on with the line before",
		    "[log]\nlevel = warn\n[server]\nsocket = /s\n  workers = 6\n",
		    &conf.server_workers, 6 },
		{ "a comment behind a value", "[server]\nworkers = 5 ; five\n",
		    &conf.server_workers, 5 },
		{ "a later line wins", "[server]\nworkers = 3\nworkers = 4\n",
		    &conf.server_workers, 4 },
		{ "a choice", "[server]\nregistration = open\n",
		    &conf.server_registration, CONF_REGISTER_OPEN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (load(rows[i].text) != ERR_OK)
			fail_msg("%s: %s", rows[i].name, why);
		if (*(const int *)rows[i].at != rows[i].want)
			fail_msg("%s: %d", rows[i].name,
			    *(const int *)rows[i].at);
	}
}

static void
times_and_sizes(void **state)
{
	static const struct {
		const char *value;
		long long seconds, bytes; /* 0: does not fit */
	} rows[] = {
		{ "1200", 1200, 1200 },
		{ "1200s", 1200, 0 },
		{ "2m", 120, 2097152 },
		{ "1h", 3600, 0 },
		{ "64k", 0, 65536 },
		{ "61m", 0, 63963136 },
		{ "65m", 0, 0 },
		{ "2 m", 0, 0 },
		{ "2mm", 0, 0 },
		{ "1.5m", 0, 0 },
		{ "-1", 0, 0 },
		{ "+5", 0, 0 },
		{ "m", 0, 0 },
		{ "", 0, 0 },
		{ "99999999999999999999", 0, 0 },
		{ "9223372036854775807h", 0, 0 },
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "[server]\ndrain_max = %s\n",
		    rows[i].value);
		if ((load(text) == ERR_OK) != (rows[i].seconds > 0))
			fail_msg("drain_max = %s: %s", rows[i].value, why);
		if (rows[i].seconds > 0)
			assert_int_equal(conf.server_drain_max_ms,
			    rows[i].seconds * 1000);
		snprintf(text, sizeof(text), "[server]\nbody_max = %s\n",
		    rows[i].value);
		if ((load(text) == ERR_OK) != (rows[i].bytes > 0))
			fail_msg("body_max = %s: %s", rows[i].value, why);
		if (rows[i].bytes > 0)
			assert_int_equal(conf.server_body_max, rows[i].bytes);
	}
}

static void
faults(void **state)
{
	static const struct {
		const char *name, *text, *want; /* after "folder/a.conf:" */
	} rows[] = {
		{ "not a number", "[server]\n\nworkers = many\n",
		    "3: server.workers = \"many\": "
		    "must be a whole number from 1 to 64" },
		{ "too much", "[server]\nworkers = 65\n",
		    "2: server.workers = \"65\": "
		    "must be a whole number from 1 to 64" },
		{ "a time", "[timeouts]\nconnect = 2m\n",
		    "2: timeouts.connect = \"2m\": must be a time from 1 to 60 "
		    "seconds, such as 90, 90s, 15m or 2h" },
		{ "a size", "[limits]\nmessage_max = 9g\n",
		    "2: limits.message_max = \"9g\": must be a size from 1 to "
		    "4194304 bytes, such as 65536, 64k or 1m" },
		{ "a choice", "[server]\nregistration = all\n",
		    "2: server.registration = \"all\": "
		    "must be one of first, invite, open" },
		{ "a level", "[log]\nlevel = loud\n",
		    "2: log.level = \"loud\": "
		    "must be debug, info, warn or error" },
		{ "an address for people", "[server]\npublic_url = example.org\n",
		    "2: server.public_url = \"example.org\": must be an address "
		    "that starts with https:// or http://" },
		{ "an unknown key, its value kept out of the log",
		    "[server]\nworker = 2\n",
		    "2: server.worker: there is no setting of that name" },
		{ "an unknown section", "[servers]\nworkers = 2\n",
		    "2: [servers]: there is no section of that name" },
		{ "no section", "workers = 2\n",
		    "1: workers: stands before the first [section]" },
		{ "no sense", "[server]\nworkers\n",
		    "2: neither a [section] nor a key = value" },
		{ "no sense comes before a later fault",
		    "[server]\nworkers\nworkers = x\n",
		    "2: neither a [section] nor a key = value" },
		{ "an open section", "[server\nworkers = 2\n",
		    "1: neither a [section] nor a key = value" },
		{ "a provider's name", "[provider.My AI]\nwire = openai\n",
		    "2: [provider.My AI]: a provider's name is 1 to 32 of a-z, "
		    "0-9, - and _" },
		{ "a provider's key in the wrong place",
		    "[provider.x]\nkey = sk-secret\n",
		    "2: provider.x.key: providers have no setting of that name" },
		{ "a secret where a variable's name belongs",
		    "[provider.x]\nkey_env = sk-secret\n",
		    "2: provider.x.key_env: must be the name of an environment "
		    "variable; the key itself goes into that variable or into "
		    "key_file" },
		{ "a header that every request has",
		    "[provider.x]\nkey_header = Host\n",
		    "2: provider.x.key_header: must be the name of a header, "
		    "such as api-key, and none that every request has" },
		{ "a header's name with a line's end in it",
		    "[provider.x]\nkey_header = api-key: x\n",
		    "2: provider.x.key_header: must be the name of a header, "
		    "such as api-key, and none that every request has" },
		{ "a key in a URL", "[provider.x]\nquery = key=sk-secret\n",
		    "2: provider.x.query: must be the end of a URL, such as "
		    "api-version=2024-10-21; a key goes into key_file" },
		{ "a query with a blank", "[provider.x]\nquery = a=b c\n",
		    "2: provider.x.query: must be the end of a URL, such as "
		    "api-version=2024-10-21; a key goes into key_file" },
		{ "models with a comma", "[provider.x]\nmodels = a,b\n",
		    "2: provider.x.models = \"a,b\": must be names of models "
		    "with spaces between them" },
		{ "no wire", "[provider.x]\nwire =\n",
		    "2: provider.x.wire = \"\": "
		    "must be the name of a wire, such as openai" },
		{ "yes or no", "[provider.x]\ndemo = maybe\n",
		    "2: provider.x.demo = \"maybe\": must be yes or no" },
		{ "no address", "[provider.x]\nlabel = X\n",
		    "2: provider.x.base_url = \"\": must be given, such as "
		    "https://api.example.com/v1" },
	};
	char want[CONF_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(load(rows[i].text), ERR_VALIDATION);
		snprintf(want, sizeof(want), "%s/a.conf:%s", folder, rows[i].want);
		if (strcmp(why, want) != 0)
			fail_msg("%s: %s", rows[i].name, why);
	}
}

static void
addresses_of_providers(void **state)
{
	static const struct {
		const char *url, *more, *want; /* NULL: it fits */
	} rows[] = {
		{ "https://api.openai.com/v1", "", NULL },
		{ "http://127.0.0.1:8000/v1", "", NULL },
		{ "http://localhost/v1", "", NULL },
		{ "http://[::1]:80/v1", "", NULL },
		{ "http://LOCALHOST:9", "", NULL },
		{ "http://10.0.0.7/v1", "allow_http = yes", NULL },
		{ "http://10.0.0.7/v1", "", "allow_http" },
		{ "http://localhost.evil.org/v1", "", "allow_http" },
		{ "http://127.0.0.1.evil.org/v1", "", "allow_http" },
		{ "http://127.0.0.1@evil.org/v1", "", "user name" },
		{ "https://me:secret@host/v1", "", "user name" },
		{ "ftp://host/", "", "start with https://" },
		{ "//host/", "", "start with https://" },
		{ "https:///v1", "", "name a host" },
		{ "https://host/v1?key=1", "", "have no ?" },
		{ "https://host/v1#x", "", "have no ?" },
		{ "https://host/a b", "", "have no ?" },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "[provider.x]\nbase_url = %s\n%s\n",
		    rows[i].url, rows[i].more);
		if (rows[i].want == NULL && load(text) != ERR_OK)
			fail_msg("%s: %s", rows[i].url, why);
		if (rows[i].want != NULL && (load(text) == ERR_OK ||
		    strstr(why, rows[i].want) == NULL))
			fail_msg("%s: %s", rows[i].url, why);
		assert_null(strstr(why, "secret"));
	}
}

static void
a_later_file_wins_key_by_key(void **state)
{
	static const char a[] = "[server]\nworkers = 3\nacceptors = 4\n"
	    "[provider.x]\nbase_url = https://a/\nlabel = A\n";
	static const char b[] = "[server]\nworkers = 5\n"
	    "[provider.x]\nlabel = B\n[provider.y]\nbase_url = https://y/\n";
	const char *files[2];

	(void)state;
	files[0] = write_file("a.conf", a, sizeof(a) - 1);
	files[1] = write_file("b.conf", b, sizeof(b) - 1);
	assert_int_equal(conf_load(files, 2, &conf, why), ERR_OK);
	assert_int_equal(conf.server_workers, 5);
	assert_int_equal(conf.server_acceptors, 4);
	assert_int_equal(conf.n_providers, 2);
	assert_string_equal(conf_provider(&conf, "x")->label, "B");
	assert_string_equal(conf_provider(&conf, "x")->base_url, "https://a/");
	assert_string_equal(conf_provider(&conf, "x")->wire, "openai");
	assert_string_equal(conf_provider(&conf, "y")->base_url, "https://y/");
	assert_null(conf_provider(&conf, "z"));
}

static void
a_key_does_not_move_to_another_address(void **state)
{
#define KEY "key_file = /k\n"
#define URL(u) "base_url = https://" u "/v1\n"
	static const struct {
		const char *name, *a, *b;
		int line; /* of b.conf, where it is refused; 0: it is taken */
	} rows[] = {
		{ "another address under a key", URL("a") KEY, URL("b"), 2 },
		{ "the key comes before the address", KEY URL("a"), URL("b"),
		  2 },
		{ "a key from the environment", URL("a") "key_env = K\n",
		  "label = B\n" URL("b"), 3 },
		{ "another path", URL("a") KEY, "base_url = https://a/v2\n",
		  2 },
		{ "the same address", URL("a") KEY, URL("a"), 0 },
		{ "there and back again", URL("a") KEY, URL("b") URL("a"), 3 },
		{ "with its own key", URL("a") KEY, URL("b") "key_file = /b\n",
		  0 },
		{ "its own key comes first", URL("a") KEY, "key_file = /b\n"
		  URL("b"), 0 },
		{ "with the same key, said again", URL("a") KEY, URL("b") KEY,
		  0 },
		{ "without a key", URL("a") KEY, URL("b") "key_file =\n", 0 },
		{ "there never was a key", URL("a"), URL("b"), 0 },
		{ "there was no address", KEY, URL("b"), 0 },
		{ "a key for the address of before", URL("a"), KEY, 0 },
		{ "something else", URL("a") KEY, "label = B\n", 0 },
	};
	char text[256], want[128];
	const char *files[2];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "[provider.x]\n%s", rows[i].a);
		files[0] = write_file("a.conf", text, strlen(text));
		snprintf(text, sizeof(text), "[provider.x]\n%s", rows[i].b);
		files[1] = write_file("b.conf", text, strlen(text));
		if ((conf_load(files, 2, &conf, why) == ERR_OK) !=
		    (rows[i].line == 0))
			fail_msg("%s: %s", rows[i].name, why);
		snprintf(want, sizeof(want), "%s/b.conf:%d: provider.x.base_url "
		    "is another one than that which the key of %s/a.conf:",
		    folder, rows[i].line, folder);
		if (rows[i].line != 0 && strncmp(why, want, strlen(want)) != 0)
			fail_msg("%s: %s", rows[i].name, why);
	}
}

static void
paths_are_meant_from_the_folder_of_their_file(void **state)
{
	char want[128];

	(void)state;
	assert_int_equal(load("[server]\nmaster_key = keys/m\nmodels = /m.json\n"
	    "[database]\nsocket =\n"), ERR_OK);
	snprintf(want, sizeof(want), "%s/keys/m", folder);
	assert_string_equal(conf.server_master_key, want);
	assert_string_equal(conf.server_models, "/m.json");
	assert_string_equal(conf.database_socket, "");
}

static void
too_much(void **state)
{
	char text[8192] = "";
	size_t n = 0;

	(void)state;
	n += (size_t)snprintf(text, sizeof(text), "# ");
	memset(text + n, 'x', 2000);
	n += 2000;
	snprintf(text + n, sizeof(text) - n, "\n[server]\nworkers = 2\n");
	assert_int_equal(load(text), ERR_OK); /* a long comment is none */

	snprintf(text, sizeof(text), "[server]\nsocket = ");
	n = strlen(text);
	memset(text + n, 'x', 2000);
	text[n + 2000] = '\0';
	assert_int_equal(load(text), ERR_VALIDATION);
	assert_non_null(strstr(why, "a.conf:2: the line is longer than"));

	n = 0;
	for (int i = 0; i <= CONF_PROVIDERS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "[provider.p%d]\nbase_url = https://h/\n", i);
	assert_int_equal(load(text), ERR_VALIDATION);
	assert_non_null(strstr(why, "there may be at most 32 providers"));
}

static void
files_that_cannot_be_read(void **state)
{
	const char *missing = "/nowhere/x.conf";
	const char *nul;

	(void)state;
	assert_int_equal(conf_load(&missing, 1, &conf, why), ERR_VALIDATION);
	assert_string_equal(why,
	    "/nowhere/x.conf: cannot be opened: No such file or directory");
	assert_int_equal(conf_load((const char *const[]){ "/" }, 1, &conf, why),
	    ERR_VALIDATION);
	nul = write_file("a.conf", "[server]\nworkers = 2\0\n", 22);
	assert_int_equal(conf_load(&nul, 1, &conf, why), ERR_VALIDATION);
	assert_non_null(strstr(why, "a.conf:2: the line has a NUL byte"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(values),
		cmocka_unit_test(times_and_sizes),
		cmocka_unit_test(faults),
		cmocka_unit_test(addresses_of_providers),
		cmocka_unit_test(a_later_file_wins_key_by_key),
		cmocka_unit_test(a_key_does_not_move_to_another_address),
		cmocka_unit_test(paths_are_meant_from_the_folder_of_their_file),
		cmocka_unit_test(too_much),
		cmocka_unit_test(files_that_cannot_be_read),
	};

	return cmocka_run_group_tests_name("conf", tests, make_folder,
	    remove_folder);
}
