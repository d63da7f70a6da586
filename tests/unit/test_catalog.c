/*
 * The models' file, the shipped one and faulty ones; and the providers of the
 * settings, with their keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "llm/catalog.h"
#include "llm/provider.h"
#include "llm/wire.h"

/* ---- files ---- */

static char folder[] = "/tmp/llmselect-test-XXXXXX";

static const char *
write_file(const char *name, const char *text, mode_t mode)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
	return path;
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
remove_folder(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/models.json", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/key", folder);
	unlink(path);
	return rmdir(folder);
}

/* ---- models ---- */

static struct catalog *
load_shipped(void)
{
	const char *root = getenv("LLMSELECT_SOURCE");
	char path[512], why[512] = "";
	struct catalog *c = NULL;

	snprintf(path, sizeof(path), "%s/conf/models.json",
	    root != NULL ? root : ".");
	if (catalog_load(path, &c, why, sizeof(why)))
		fail_msg("%s", why);
	return c;
}

static void
test_shipped(void **state)
{
	static const char *const PROVIDERS[] = {
		"demo", "openai", "anthropic", "gemini", "mistral",
	};
	struct catalog *c = load_shipped();
	size_t found = 0;

	(void)state;
	for (size_t p = 0; p < sizeof(PROVIDERS) / sizeof(PROVIDERS[0]); p++) {
		size_t n = 0;

		for (size_t i = 0; i < catalog_count(c); i++)
			n += strcmp(catalog_at(c, i)->provider,
			    PROVIDERS[p]) == 0;
		assert_true(n > 0);
		found += n;
	}
	assert_int_equal(found, catalog_count(c));
	assert_null(catalog_at(c, catalog_count(c)));
	assert_non_null(catalog_find(c, "demo", "demo"));
	assert_null(catalog_find(c, "demo", "gpt-4o"));
	assert_null(catalog_find(c, "openai", "no-such"));
	catalog_free(c);
	catalog_free(NULL);
}

static void
test_cost(void **state)
{
	struct catalog *c = load_shipped();
	const struct catalog_model *m = catalog_find(c, "openai",
	    "gpt-4o-mini");
	const struct llm_usage usage = { 1000000, 500000, 100000, -1 };
	const struct llm_usage warm = { 1000000, 500000, -1, 1000000 };
	const struct llm_usage unsaid = { 1000000, -1, -1, -1 };
	double usd = 7;

	(void)state;
	assert_non_null(m);
	assert_true(m->takes_temperature && !m->has_reasoning);
	assert_int_equal(m->context, 128000);
	assert_int_equal(m->max_output, 0);
	assert_true(catalog_cost(m, &usage, &usd));
	assert_true(usd > 0.4499 && usd < 0.4501);
	assert_true(catalog_cost(m, &warm, &usd));
	assert_true(usd > 0.3749 && usd < 0.3751);
	usd = 7;
	assert_false(catalog_cost(m, &unsaid, &usd));
	assert_false(catalog_cost(catalog_find(c, "demo", "demo"), &usage,
	    &usd));
	assert_false(catalog_cost(NULL, &usage, &usd));
	assert_true(usd == 7);
	catalog_free(c);
}

#define FILE_OF(models) "{\"date\": \"2026-08-22\", \"models\": [" models "]}"
#define M "\"id\": \"m\", \"provider\": \"p\", \"name\": \"M\""
#define PRICE "\"source\": \"s\", \"date\": \"d\", \"currency\": \"USD\""

static const struct models_row {
	const char *name, *text;
	const char *why; /* part of it; NULL: it is well */
} MODELS[] = {
	{ "the least", FILE_OF("{" M "}"), NULL },
	{ "none", FILE_OF(""), NULL },
	{ "nulls", FILE_OF("{" M ", \"context\": null, \"max_output\": null, "
	    "\"price\": null}"), NULL },
	{ "a price", FILE_OF("{" M ", \"price\": {\"input\": 1, \"output\": "
	    "2.5, " PRICE "}}"), NULL },
	{ "no JSON", "{\n\"date\":", "line 2" },
	{ "empty", "", "line 1" },
	{ "a list", "[]", "\"date\" must be text" },
	{ "no date", "{\"models\": []}", "\"date\" must be text" },
	{ "no models", "{\"date\": \"x\"}", "\"models\" must be a list" },
	{ "a number", FILE_OF("7"), "model 1 (without an id): must be an "
	    "object" },
	{ "no id", FILE_OF("{}"), "model 1 (without an id): \"id\" must be "
	    "text" },
	{ "no provider", FILE_OF("{\"id\": \"m\"}"),
	    "model 1 (m): \"provider\" must be text" },
	{ "a key that is not known", FILE_OF("{" M ", \"contxt\": 5}"),
	    "model 1 (m): \"contxt\" is not known here" },
	{ "a context of text", FILE_OF("{" M ", \"context\": \"5\"}"),
	    "\"context\" must be a number of tokens or null" },
	{ "a context of 0", FILE_OF("{" M ", \"context\": 0}"),
	    "\"context\" must be a number of tokens or null" },
	{ "capabilities: a word", FILE_OF("{" M ", \"capabilities\": \"x\"}"),
	    "\"capabilities\" must be an object" },
	{ "capabilities: not yes or no", FILE_OF("{" M
	    ", \"capabilities\": {\"system\": 1}}"),
	    "\"system\" must be true or false" },
	{ "a price without output", FILE_OF("{" M ", \"price\": {\"input\": "
	    "1, " PRICE "}}"), "\"output\" must be an amount of money" },
	{ "a price below 0", FILE_OF("{" M ", \"price\": {\"input\": -1, "
	    "\"output\": 1, " PRICE "}}"),
	    "\"input\" must be an amount of money" },
	{ "a price of nobody", FILE_OF("{" M ", \"price\": {\"input\": 1, "
	    "\"output\": 1, \"currency\": \"USD\"}}"),
	    "\"source\" must be text" },
	{ "another currency", FILE_OF("{" M ", \"price\": {\"input\": 1, "
	    "\"output\": 1, \"source\": \"s\", \"date\": \"d\", "
	    "\"currency\": \"EUR\"}}"), "\"currency\" must be USD" },
	{ "twice", FILE_OF("{" M "}, {" M "}"),
	    "model 2 (m): is there twice" },
	{ "a key twice", "{\"date\": \"x\", \"date\": \"y\"}",
	    "duplicate object key" },
};

static void
test_models(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(MODELS) / sizeof(MODELS[0]); i++) {
		const char *path = write_file("models.json", MODELS[i].text,
		    0644);
		struct catalog *c = NULL;
		char why[512] = "";

		print_message("  %s\n", MODELS[i].name);
		assert_int_equal(catalog_load(path, &c, why, sizeof(why)),
		    MODELS[i].why != NULL ? ERR_VALIDATION : ERR_OK);
		if (MODELS[i].why != NULL) {
			assert_null(c);
			assert_non_null(strstr(why, path));
			if (strstr(why, MODELS[i].why) == NULL)
				fail_msg("%s", why);
		}
		catalog_free(c);
	}
}

static void
test_no_file(void **state)
{
	struct catalog *c = NULL;
	char why[512] = "";

	(void)state;
	assert_int_equal(catalog_load("/no/such/file", &c, why, sizeof(why)),
	    ERR_VALIDATION);
	assert_string_equal(why, "/no/such/file: No such file or directory");
	assert_int_equal(catalog_load("/tmp", &c, why, sizeof(why)),
	    ERR_VALIDATION);
	assert_null(c);
}

/* ---- providers ---- */

static struct conf conf; /* big */

static struct conf_provider *
one_provider(const char *wire, const char *label)
{
	struct conf_provider *p = &conf.providers[0];

	memset(&conf, 0, sizeof(conf));
	conf.n_providers = 1;
	strcpy(p->name, "one");
	strcpy(p->wire, wire);
	strcpy(p->label, label);
	strcpy(p->base_url, "https://api.example.org/v1//");
	return p;
}

static void
test_provider(void **state)
{
	struct llm_providers *all = NULL;
	const struct llm_provider *p;
	char why[512];

	(void)state;
	one_provider("openai", "");
	assert_int_equal(llm_providers_load(&conf, &all, why, sizeof(why)),
	    ERR_OK);
	assert_int_equal(llm_provider_count(all), 1);
	p = llm_provider_find(all, "one");
	assert_ptr_equal(p, llm_provider_at(all, 0));
	assert_null(llm_provider_at(all, 1));
	assert_null(llm_provider_at(all, -1));
	assert_null(llm_provider_find(all, "two"));
	assert_string_equal(p->label, "one");
	assert_string_equal(p->base_url, "https://api.example.org/v1");
	assert_string_equal(llm_provider_wire_name(p), "openai");
	assert_null(p->key);
	llm_providers_free(all);
	llm_providers_free(NULL);
}

static void
test_unknown_wire(void **state)
{
	struct llm_providers *all = NULL;
	char why[512];

	(void)state;
	one_provider("telex", "");
	assert_int_equal(llm_providers_load(&conf, &all, why, sizeof(why)),
	    ERR_VALIDATION);
	assert_non_null(strstr(why, "[provider.one] wire = telex: "));
	assert_non_null(strstr(why, "openai"));
	assert_null(all);
}

static const struct key_row {
	const char *name, *text;
	mode_t mode;
	const char *key; /* NULL: refused */
} KEYS[] = {
	{ "one line", "sk-1\n", 0600, "sk-1" },
	{ "no line end", "sk-1", 0400, "sk-1" },
	{ "CRLF", "sk-1\r\n", 0600, "sk-1" },
	{ "blank lines behind", "sk-1\n\n \n", 0600, "sk-1" },
	{ "others can read it", "sk-1\n", 0644, NULL },
	{ "the group can read it", "sk-1\n", 0640, NULL },
	{ "empty", "", 0600, NULL },
	{ "only a line end", "\n", 0600, NULL },
	{ "a blank inside", "sk-1 1\n", 0600, NULL },
	{ "a blank in front", " sk-1\n", 0600, NULL },
	{ "two lines", "sk-1\nsk-2\n", 0600, NULL },
	{ "a control character", "sk-\x01\n", 0600, NULL },
	{ "not ASCII", "sk-\xc3\xa4\n", 0600, NULL },
};

static void
check_key(const struct key_row *row)
{
	struct conf_provider *c = one_provider("openai", "One");
	struct llm_providers *all = NULL;
	char why[512] = "";

	strcpy(c->key_file, write_file("key", row->text, row->mode));
	if (row->key != NULL) {
		assert_int_equal(llm_providers_load(&conf, &all, why,
		    sizeof(why)), ERR_OK);
		assert_string_equal(llm_provider_at(all, 0)->key, row->key);
	} else {
		assert_int_equal(llm_providers_load(&conf, &all, why,
		    sizeof(why)), ERR_VALIDATION);
		assert_non_null(strstr(why, "[provider.one] key_file = "));
		assert_null(strstr(why, "sk-"));
	}
	llm_providers_free(all);
	unlink(c->key_file);
}

static void
test_key_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
		print_message("  %s\n", KEYS[i].name);
		check_key(&KEYS[i]);
	}
}

static void
test_key_env(void **state)
{
	struct conf_provider *c = one_provider("openai", "One");
	struct llm_providers *all = NULL;
	char why[512];

	(void)state;
	strcpy(c->key_env, "LLMSELECT_TEST_KEY");
	unsetenv("LLMSELECT_TEST_KEY");
	assert_int_equal(llm_providers_load(&conf, &all, why, sizeof(why)),
	    ERR_OK);
	assert_null(llm_provider_at(all, 0)->key);
	llm_providers_free(all);
	setenv("LLMSELECT_TEST_KEY", "sk-2", 1);
	assert_int_equal(llm_providers_load(&conf, &all, why, sizeof(why)),
	    ERR_OK);
	assert_string_equal(llm_provider_at(all, 0)->key, "sk-2");
	llm_providers_free(all);
	strcpy(c->key_file, "/no/such/file");
	assert_int_equal(llm_providers_load(&conf, &all, why, sizeof(why)),
	    ERR_VALIDATION);
	assert_non_null(strstr(why, "more than one of"));
	unsetenv("LLMSELECT_TEST_KEY");
}

static void
test_keyless(void **state)
{
	struct conf_provider *c = one_provider("openai", "One");
	struct llm_providers *all = NULL;
	char why[512];

	(void)state;
	c->keyless = true;
	assert_int_equal(llm_providers_load(&conf, &all, why, sizeof(why)),
	    ERR_OK);
	assert_string_equal(llm_provider_at(all, 0)->key, "");
	llm_providers_free(all);
	strcpy(c->key_env, "LLMSELECT_TEST_KEY");
	assert_int_equal(llm_providers_load(&conf, &all, why, sizeof(why)),
	    ERR_VALIDATION);
	assert_non_null(strstr(why, "keyless"));
}

/* ---- what every request has ---- */

static const struct {
	const char *name, *query, *key_header, *key;
	const char *url, *want_url, *headers; /* each header ended by | */
} REQUESTS[] = {
	{ "nothing of its own", "", "", "sk-1", "https://h/v1/x",
	    "https://h/v1/x", "Authorization: Bearer sk-1|" },
	{ "a query", "api-version=v1", "", "sk-1", "https://h/v1/x",
	    "https://h/v1/x?api-version=v1", "Authorization: Bearer sk-1|" },
	{ "a query behind another", "a=1&b=2", "", "sk-1", "https://h/x?n=9",
	    "https://h/x?n=9&a=1&b=2", "Authorization: Bearer sk-1|" },
	{ "a header for the key", "", "api-key", "sk-1", "https://h/x",
	    "https://h/x", "api-key: sk-1|" },
	{ "no key", "", "api-key", NULL, "https://h/x", "https://h/x", "" },
};

static void
check_request(size_t i)
{
	struct conf_provider *c = one_provider("openai", "One");
	struct llm_providers *all = NULL;
	struct llm_ask ask;
	char why[512];

	strcpy(c->query, REQUESTS[i].query);
	strcpy(c->key_header, REQUESTS[i].key_header);
	assert_int_equal(llm_providers_load(&conf, &all, why, sizeof(why)),
	    ERR_OK);
	llm_ask_init(&ask);
	assert_int_equal(buf_adds(&ask.url, REQUESTS[i].url), ERR_OK);
	assert_int_equal(llm_ask_complete(&ask, llm_provider_at(all, 0),
	    REQUESTS[i].key), ERR_OK);
	for (size_t at = 0; at < ask.headers.len; at++)
		if (ask.headers.p[at] == '\0')
			ask.headers.p[at] = '|';
	assert_string_equal(ask.url.p, REQUESTS[i].want_url);
	assert_string_equal(ask.headers.p, REQUESTS[i].headers);
	llm_ask_free(&ask);
	llm_providers_free(all);
}

static void
test_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(REQUESTS) / sizeof(REQUESTS[0]); i++) {
		print_message("  %s\n", REQUESTS[i].name);
		check_request(i);
	}
}

static void
test_named_models(void **state)
{
	struct llm_provider p = { .models = "  a/b:c  d " };
	char name[LLM_MODEL_NAME_MAX];
	size_t at = 0;

	(void)state;
	assert_true(llm_provider_next_model(&p, &at, name));
	assert_string_equal(name, "a/b:c");
	assert_true(llm_provider_next_model(&p, &at, name));
	assert_string_equal(name, "d");
	assert_false(llm_provider_next_model(&p, &at, name));
	assert_false(llm_provider_next_model(&p, &at, name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_provider),
		cmocka_unit_test(test_unknown_wire),
		cmocka_unit_test(test_key_files),
		cmocka_unit_test(test_key_env),
		cmocka_unit_test(test_keyless),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_named_models),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
