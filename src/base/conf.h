/*
 * The settings.  CONF_TABLE names every one: section, key, type, what it is
 * when nobody sets it, its limits, and a sentence.  The files are INI (inih);
 * a later file wins over an earlier one, key by key.  Each
 *
 *     [provider.NAME]
 *
 * section makes a provider, so a further one needs no code: see PROVIDER_TABLE.
 *
 * After conf_load() nothing in a struct conf changes.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/log.h"

/* Where the build installs its data. */
#ifndef LLMSELECT_DATADIR
#define LLMSELECT_DATADIR "/usr/local/share/llmselect"
#endif

enum {
	CONF_TEXT_MAX = 512,     /* bytes of one value, NUL included */
	CONF_PROVIDERS_MAX = 32, /* provider sections */
	CONF_NAME_MAX = 33,      /* a provider's name, NUL included */
	CONF_FILES_MAX = 16,     /* files of one start */
	CONF_HEADER_MAX = 65,    /* a header's name, NUL included */
	CONF_QUERY_MAX = 257,    /* a query, NUL included */
	CONF_WHY_MAX = 1024,     /* the sentence about a fault */
};

enum conf_registration {
	CONF_REGISTER_FIRST,  /* only the first, who is the administrator */
	CONF_REGISTER_INVITE, /* the first, then those with an invitation */
	CONF_REGISTER_OPEN,   /* anyone */
};

/* TEXT(section, key, default, sentence) · PATH the same, a file or folder,
 * where a relative one is meant from the folder of the file that sets it ·
 * INT(section, key, default, least, most, sentence) · BOOL(…) ·
 * SECONDS(section, key, default, least, most, sentence), a whole number with an
 * optional s, m or h · SIZE(…), bytes with an optional k or m */
#define CONF_TABLE(TEXT, PATH, INT, BOOL, SECONDS, SIZE, CHOICE) \
PATH(server, socket, "/run/llmselect/llmselect.sock", \
	"the Unix socket that the web server talks to") \
PATH(server, run_dir, "/run/llmselect", \
	"where each worker keeps its wake-up socket") \
PATH(server, master_key, "/etc/llmselect/master.key", \
	"the file of the master key, mode 0600") \
PATH(server, models, LLMSELECT_DATADIR "/models.json", \
	"the models with their limits and prices") \
TEXT(server, public_url, "", \
	"the address people use, such as https://chat.example.org; " \
	"with https, cookies are Secure") \
INT(server, workers, 2, 1, 64, "processes that serve requests") \
INT(server, acceptors, 16, 1, 64, "threads that take requests, in a process") \
INT(server, streams_max, 4000, 1, 20000, \
	"answers that may run at once in a process") \
SIZE(server, body_max, 1048576, 1024, 67108864, "a request's largest body") \
BOOL(server, core_dumps, false, \
	"a crash may leave a core file, in which there are keys") \
SECONDS(server, drain_max, 120, 0, 3600, \
	"how long running answers may go on after a stop is asked for") \
CHOICE(server, registration, CONF_REGISTER_FIRST, conf_registration_names, \
	"who may register: first, invite or open") \
TEXT(log, level, "info", "debug, info, warn or error") \
PATH(database, socket, "", "the database's Unix socket; empty: use host") \
TEXT(database, host, "127.0.0.1", "the database's host") \
INT(database, port, 3306, 1, 65535, "the database's port") \
TEXT(database, user, "llmselect", "the database account") \
PATH(database, password_file, "", \
	"a file with its password, mode 0600; empty: none") \
TEXT(database, name, "llmselect", "the database") \
INT(database, pool, 15, 6, 64, \
	"connections of a process, five of them for its own threads") \
SECONDS(timeouts, connect, 5, 1, 60, \
	"until a provider is connected, name look-up included") \
SECONDS(timeouts, first_byte, 300, 1, 3600, "until its first byte") \
SECONDS(timeouts, idle, 120, 1, 3600, "between two bytes of an answer") \
SECONDS(timeouts, total, 1800, 1, 86400, "for a whole answer") \
SIZE(limits, answer_max, 4194304, 1024, 15728640, "an answer's largest text") \
INT(limits, retries, 2, 0, 5, \
	"how often a question is asked again when a provider is too busy") \
SIZE(limits, message_max, 524288, 1, 4194304, "a question's largest text") \
INT(limits, questions_per_minute, 120, 0, 1000000, \
	"questions of a user in a minute; 0: any number") \
INT(limits, streams_per_user, 50, 0, 20000, \
	"answers of a user that may run at once; 0: any number") \
INT(limits, sign_in_tries, 5, 0, 1000, \
	"wrong passwords for a name before one has to wait; 0: any number") \
INT(limits, sign_in_tries_per_address, 50, 0, 1000000, \
	"the same for an address, whatever the name") \
SECONDS(limits, sign_in_wait_max, 60, 1, 3600, \
	"the longest wait between two tries to sign in") \
INT(limits, sign_ups_per_hour, 30, 0, 1000000, \
	"accounts asked for from an address in an hour; 0: any number") \
SECONDS(session, lifetime, 604800, 60, 31536000, \
	"a session ends after so long without a request")

/* TEXT(key, default, sentence) · PATH · BOOL, of one [provider.NAME] */
#define PROVIDER_TABLE(TEXT, PATH, BOOL) \
TEXT(wire, "openai", "how it is spoken to: the name of a wire") \
TEXT(base_url, "", "its address, version path included; https, or http to " \
	"loopback, or allow_http = yes") \
TEXT(label, "", "its name for people; empty: the section's name") \
PATH(key_file, "", "a file with a key for everybody, mode 0600") \
TEXT(key_env, "", "an environment variable with a key for everybody") \
TEXT(key_header, "", \
	"the header that the key goes in, such as api-key; empty: the wire's") \
TEXT(query, "", \
	"what every URL of it ends with, such as api-version=2024-10-21") \
TEXT(models, "", "names of models to offer, where its list does not tell") \
PATH(ca_file, "", "certificates to trust for it, in place of the system's") \
BOOL(keyless, false, "it wants no key; who has one may bring it all the " \
	"same") \
BOOL(allow_http, false, "http to other hosts than loopback is allowed") \
BOOL(demo, false, "a stand-in that gives canned text; the page says so")

struct conf_provider {
	char name[CONF_NAME_MAX];
#define PROVIDER_TEXT(key, def, doc) char key[CONF_TEXT_MAX];
#define PROVIDER_BOOL(key, def, doc) bool key;
	PROVIDER_TABLE(PROVIDER_TEXT, PROVIDER_TEXT, PROVIDER_BOOL)
#undef PROVIDER_TEXT
#undef PROVIDER_BOOL
};

/* Fields are named section_key: conf.server_workers, in ms for SECONDS: _ms. */
struct conf {
#define CONF_F_TEXT(s, k, d, doc) char s##_##k[CONF_TEXT_MAX];
#define CONF_F_INT(s, k, d, lo, hi, doc) int s##_##k;
#define CONF_F_BOOL(s, k, d, doc) bool s##_##k;
#define CONF_F_SECONDS(s, k, d, lo, hi, doc) long long s##_##k##_ms;
#define CONF_F_SIZE(s, k, d, lo, hi, doc) size_t s##_##k;
#define CONF_F_CHOICE(s, k, d, names, doc) int s##_##k;
	CONF_TABLE(CONF_F_TEXT, CONF_F_TEXT, CONF_F_INT, CONF_F_BOOL,
	    CONF_F_SECONDS, CONF_F_SIZE, CONF_F_CHOICE)
#undef CONF_F_TEXT
#undef CONF_F_INT
#undef CONF_F_BOOL
#undef CONF_F_SECONDS
#undef CONF_F_SIZE
#undef CONF_F_CHOICE
	struct conf_provider providers[CONF_PROVIDERS_MAX];
	int n_providers;
};

/* "first", "invite", "open", NULL; the index is the enum. */
extern const char *const conf_registration_names[];

/*
 * Read `n` files in order into `*out` (big: not for a small stack).  Where a
 * file cannot be read, a section or key is unknown, or a value does not fit,
 * `why` gets one sentence with file, line, key and value, and `*out` is not to
 * be used.  Checks what can be checked without looking at other files: ranges,
 * base_url (S23: https, or http to loopback, or allow_http; S22: no later file
 * moves it away under a key), log level,
 * provider names ([a-z0-9_-], at most 32), that a wire is named.
 */
enum err
conf_load(const char *const *files, int n, struct conf *out,
    char why[static CONF_WHY_MAX]);

/* All settings with their defaults and sentences, as a commented INI file. */
void
conf_print_defaults(void);

/* The provider of that name; NULL where there is none. */
const struct conf_provider *
conf_provider(const struct conf *conf, const char *name);

#endif
