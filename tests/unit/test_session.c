/* Who is asking: names, tokens, cookies, CSRF tokens and origins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "auth/session.h"
#include "auth/username.h"

#define A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB-_"
#define OURS "llmselect_session="
#define HOST "__Host-llmselect_session="

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
which_token_counts(void **state)
{
	static const struct {
		const char *name, *authorization, *cookie;
		bool secure;
		const char *token; /* NULL: unauthenticated */
		bool by_cookie;
	} rows[] = {
		{ "nothing", "", "", false, NULL, false },
		{ "Bearer", "Bearer " A, "", false, A, false },
		{ "bearer in small letters", "bearer " A, "", false, A, false },
		{ "two spaces", "Bearer  " A, "", false, A, false },
		{ "a space at the end", "Bearer " A " ", "", false, A, false },
		{ "cookie", "", OURS A, false, A, true },
		{ "cookie among others", "", "a=b; " OURS B "; c=d", false, B,
		  true },
		{ "cookies without space", "", "a=b;" OURS B ";c=d", false, B,
		  true },
		{ "the first of two", "", OURS A "; " OURS B, false, A, true },
		{ "Bearer wins", "Bearer " A, OURS B, false, A, false },
		{ "a bad Bearer hides the cookie", "Bearer x", OURS B, false,
		  NULL, false },
		{ "an empty Bearer hides the cookie", "Bearer ", OURS B, false,
		  NULL, false },
		{ "Bearer alone hides the cookie", "Bearer", OURS B, false,
		  NULL, false },
		{ "Basic is not looked at", "Basic " A, "", false, NULL,
		  false },
		{ "Basic beside the cookie", "Basic abc", OURS B, false, B,
		  true },
		{ "no scheme", A, "", false, NULL, false },
		{ "a scheme that begins so", "Bearers " A, "", false, NULL,
		  false },
		{ "a token too short", "Bearer " "AAAA", "", false, NULL,
		  false },
		{ "a token too long", "Bearer " A "A", "", false, NULL,
		  false },
		{ "a character that is none", "Bearer AAAAAAAAAAAAAAAAAAAAAA"
		  "AAAAAAAAAAAAAAAAAAAA=", "", false, NULL, false },
		{ "two tokens", "Bearer " A "," A, "", false, NULL, false },
		{ "a name that ends so", "", "x" OURS A, false, NULL, false },
		{ "a name that begins so", "", "llmselect_session2=" A, false,
		  NULL, false },
		{ "as a value", "", "x=" OURS A, false, NULL, false },
		{ "quoted", "", OURS "\"" A "\"", false, NULL, false },
		{ "https takes __Host-", "", HOST A, true, A, true },
		{ "https takes no other", "", OURS A, true, NULL, false },
		{ "http takes no __Host-", "", HOST A, false, NULL, false },
		{ "semicolons", "", ";;; ;" OURS A, false, A, true },
		{ "a name alone", "", "llmselect_session", false, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct session_token t = { "", { 0 } };
		bool by_cookie = false;
		enum err err = session_read(rows[i].authorization,
		    rows[i].cookie, rows[i].secure, &t, &by_cookie);
		bool good = rows[i].token == NULL ? err == ERR_UNAUTHENTICATED :
		    err == ERR_OK && strcmp(t.text, rows[i].token) == 0;

		if (!good || by_cookie != rows[i].by_cookie)
			fail_msg("%s", rows[i].name);
	}
}

static void
a_made_token_is_read_again(void **state)
{
	struct session_token made, other, read;
	char authorization[64] = "Bearer ";
	bool by_cookie;

	(void)state;
	assert_int_equal(session_make(&made), ERR_OK);
	assert_int_equal(session_make(&other), ERR_OK);
	assert_string_not_equal(made.text, other.text);
	memcpy(authorization + 7, made.text, sizeof(made.text));
	assert_int_equal(session_read(authorization, "", true, &read,
	    &by_cookie), ERR_OK);
	assert_memory_equal(read.hash, made.hash, sizeof(made.hash));
	assert_memory_not_equal(made.hash, made.text, sizeof(made.hash));
}

static void
cookies_as_they_are_set(void **state)
{
	char out[SESSION_COOKIE_SIZE];

	(void)state;
	assert_string_equal(session_cookie(false, A, 604800000, out),
	    "Set-Cookie: " OURS A "; Path=/; Max-Age=604800; HttpOnly; "
	    "SameSite=Lax");
	assert_string_equal(session_cookie(true, A, 604800000, out),
	    "Set-Cookie: " HOST A "; Path=/; Max-Age=604800; HttpOnly; "
	    "SameSite=Lax; Secure");
	assert_string_equal(session_cookie(true, "", 604800000, out),
	    "Set-Cookie: " HOST "; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; "
	    "Secure");
	assert_true(session_is_secure("https://a"));
	assert_true(session_is_secure("HTTPS://a"));
	assert_false(session_is_secure("http://a"));
	assert_false(session_is_secure(""));
}

static void
when_it_is_prolonged(void **state)
{
	static const struct {
		int64_t passed, lifetime;
		bool due;
	} rows[] = {
		{ 0, 604800000, false },
		{ 599999, 604800000, false },
		{ 600000, 604800000, true },
		{ 599, 60000, false },
		{ 600, 60000, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(session_is_due(5000 + rows[i].passed, 5000,
		    rows[i].lifetime), rows[i].due);
}

static void
csrf_tokens_belong_to_a_session(void **state)
{
	static const struct keyring key = { 1, { { 1, { "a key" } } } };
	static const struct keyring other = { 1, { { 1, { "another" } } } };
	/* one that is in use, and that of before */
	static const struct keyring both = { 2, {
		{ 2, { "another" } }, { 1, { "a key" } },
	} };
	static const unsigned char hash[CRYPT_HASH_SIZE] = "a hash";
	static const unsigned char stranger[CRYPT_HASH_SIZE] = "another hash";
	char csrf[SESSION_CSRF_SIZE];

	(void)state;
	assert_int_equal(session_csrf(&key, hash, csrf), ERR_OK);
	assert_true(session_csrf_matches(&key, hash, csrf));
	assert_false(session_csrf_matches(&key, stranger, csrf));
	assert_false(session_csrf_matches(&other, hash, csrf));
	assert_true(session_csrf_matches(&both, hash, csrf));
	assert_false(session_csrf_matches(&both, stranger, csrf));
	assert_false(session_csrf_matches(&key, hash, ""));
	assert_false(session_csrf_matches(&key, hash, A));
	assert_int_equal(session_csrf(&both, hash, csrf), ERR_OK);
	assert_true(session_csrf_matches(&other, hash, csrf));
	assert_false(session_csrf_matches(&key, hash, csrf));
	assert_int_equal(session_csrf(&key, hash, csrf), ERR_OK);
	csrf[SESSION_CSRF_SIZE - 2] ^= 1;
	assert_false(session_csrf_matches(&key, hash, csrf));
	csrf[SESSION_CSRF_SIZE - 2] = '\0';
	assert_false(session_csrf_matches(&key, hash, csrf));
}

static void
where_a_request_comes_from(void **state)
{
	static const struct {
		const char *name, *url, *site, *origin, *host;
		bool ours;
	} rows[] = {
		{ "nothing is said", "", "", "", "a:8080", false },
		{ "same-origin", "", "same-origin", "", "a", true },
		{ "typed by a person", "", "none", "", "a", true },
		{ "same-site is not ours", "", "same-site", "http://a", "a",
		  false },
		{ "cross-site", "", "cross-site", "http://a", "a", false },
		{ "a site unheard of", "", "Same-Origin", "http://a", "a",
		  false },
		{ "the Host", "", "", "http://a", "a", true },
		{ "the Host by https", "", "", "https://a", "a", true },
		{ "the Host with its port", "", "", "http://a:8080", "a:8080",
		  true },
		{ "another port", "", "", "http://a:8080", "a:8081", false },
		{ "no port", "", "", "http://a:8080", "a", false },
		{ "a port that goes without saying", "", "", "http://a", "a:80",
		  true },
		{ "that of the other scheme", "", "", "https://a", "a:80",
		  false },
		{ "an address", "", "", "http://[::1]:8080", "[::1]:8080",
		  true },
		{ "in capitals", "", "", "http://A", "a", true },
		{ "a longer host", "", "", "http://ab", "a", false },
		{ "a shorter host", "", "", "http://a", "ab", false },
		{ "a host that begins so", "", "", "http://a.evil", "a",
		  false },
		{ "a path", "", "", "http://a/", "a", false },
		{ "an empty host", "", "", "http://", "", false },
		{ "null", "", "", "null", "a", false },
		{ "null as host", "", "", "null", "null", false },
		{ "another scheme", "", "", "file://a", "a", false },
		{ "public_url", "https://a", "", "https://a", "b", true },
		{ "public_url with a path", "https://a/chat/", "", "https://a",
		  "b", true },
		{ "public_url with a port", "https://a:444", "",
		  "https://a:444", "a", true },
		{ "its usual port", "https://a:443/", "", "https://a", "b",
		  true },
		{ "the Host does not help", "https://a", "", "https://b", "b",
		  false },
		{ "public_url by http", "https://a", "", "http://a", "a",
		  false },
		{ "null and public_url", "https://a", "", "null", "a", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (session_is_same_origin(rows[i].url, rows[i].site,
		    rows[i].origin, rows[i].host) != rows[i].ours)
			fail_msg("%s", rows[i].name);
}

static void
which_names_may_be_taken(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} rows[] = {
		{ "ann", true }, { "Ann O'Brien", true }, { "a.b-c_d@e", true },
		{ "Zo\xC3\xAB", true }, { "\xE6\x95\xB0\xE6\x8D\xAE", true },
		{ "\xF0\x9F\x98\x80\xF0\x9F\x98\x80", true },
		{ "<script>", true }, { "' OR 1=1 --", true },
		{ " ann", false }, { "ann ", false }, { "an\tn", false },
		{ "an\nn", false }, { "an\x1B[31mn", false },
		{ "ann\x7F", false }, { "an\xC2\x85n", false },
		{ "an\xC2\xA0n", false }, { "an\xC2\xADn", false },
		{ "an\xE2\x80\x8Bn", false },   /* U+200B */
		{ "an\xE2\x80\xAEn", false },   /* U+202E turns around */
		{ "an\xE2\x81\xA6n", false },   /* U+2066 */
		{ "an\xEF\xBB\xBFn", false },   /* U+FEFF */
		{ "an\xF3\xA0\x81\x81n", false }, /* U+E0041 */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if ((username_fault(rows[i].name, strlen(rows[i].name)) ==
		    NULL) != rows[i].good)
			fail_msg("%s", rows[i].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_token_counts),
		cmocka_unit_test(a_made_token_is_read_again),
		cmocka_unit_test(cookies_as_they_are_set),
		cmocka_unit_test(when_it_is_prolonged),
		cmocka_unit_test(csrf_tokens_belong_to_a_session),
		cmocka_unit_test(where_a_request_comes_from),
		cmocka_unit_test(which_names_may_be_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
