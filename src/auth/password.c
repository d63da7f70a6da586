#include "auth/password.h"

#include <crypt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	SALT_SIZE = 16,  /* bytes of randomness (S1) */
	WAIT_S = 1,      /* for a place among those that hash */
	VERSION_DIGITS = 6, /* at most, as KEYRING_VERSION_MAX */
	/* HMAC as base64url text, the NUL included */
	MAC_TEXT_SIZE = (CRYPT_HASH_SIZE * 4 + 2) / 3 + 1,
};

/* The most common ones that are long enough, in lower case and sorted. */
static const char *const common[] = {
	"00000000", "000000000", "0123456789", "11111111", "111111111",
	"1111111111", "11223344", "1122334455", "123123123", "123321123",
	"12341234", "12344321", "1234512345", "123454321", "12345678",
	"123456789", "1234567890", "12345678910", "1234qwer", "123qwe123",
	"123qweasd", "147258369", "159753456", "1q2w3e4r", "1q2w3e4r5t",
	"1qaz2wsx", "1qazxsw2", "22222222", "33333333", "55555555",
	"66666666", "77777777", "87654321", "88888888", "987654321",
	"9876543210", "99999999", "a1234567", "a12345678", "a123456789",
	"a1b2c3d4", "aa123456", "aa12345678", "abc12345", "abc123456",
	"abcd1234", "abcdefg1", "abcdefgh", "abcdefghi", "admin123",
	"admin1234", "adminadmin", "administrator", "alexander", "arsenal1",
	"asdf1234", "asdfasdf", "asdfghjk", "asdfghjkl", "baseball",
	"baseball1", "basketball", "batman123", "benjamin", "blink182",
	"butterfly", "changeme", "changeme1", "changeme123", "charlie1",
	"chelsea1", "chocolate", "computer", "corvette", "danielle",
	"december", "default1", "dragon123", "elizabeth", "football",
	"football1", "fuckyou1", "hello123", "hellohello", "ilovegod",
	"iloveyou", "iloveyou1", "internet", "jennifer", "jordan23",
	"letmein1", "letmein123", "letmeinn", "liverpool", "llmselect",
	"llmselect1", "lovelove", "loveyou1", "master123", "mercedes",
	"metallica", "michael1", "midnight", "monkey123", "mustang1",
	"nicholas", "november", "p@ssw0rd", "p@ssw0rd1", "p@ssword",
	"passw0rd", "passw0rd1", "password", "password1", "password12",
	"password123", "password1234", "pokemon1", "pokemon123", "princess",
	"princess1", "q1w2e3r4", "q1w2e3r4t5", "qazwsx123", "qazwsxedc",
	"qweasdzxc", "qweqweqwe", "qwer1234", "qwerqwer", "qwerty12",
	"qwerty123", "qwerty1234", "qwertyui", "qwertyuiop", "rootroot",
	"samantha", "samsung1", "secret123", "september", "shadow123",
	"slipknot", "spiderman", "spring2026", "starwars", "strawberry",
	"summer2024", "summer2025", "summer2026", "sunshine", "sunshine1",
	"superman", "test1234", "testing1", "testing123", "testtest",
	"toor1234", "trustno1", "victoria", "welcome1", "welcome123",
	"whatever", "winter2025", "winter2026", "zaq12wsx", "zxcvbnm,",
	"zxcvbnm1", "zxcvbnm123",
};

static int
compare(const void *key, const void *row)
{
	return strcmp(key, *(const char *const *)row);
}

/* Password is no better than password, so case is not looked at. */
static bool
is_common(const char *password, size_t n)
{
	char lower[PASSWORD_MAX + 1];

	for (size_t i = 0; i < n; i++) {
		char c = password[i];

		lower[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	lower[n] = '\0';
	return strlen(lower) == n && bsearch(lower, common,
	    sizeof(common) / sizeof(common[0]), sizeof(common[0]),
	    compare) != NULL;
}

const char *
password_fault(const char *password, size_t n)
{
	if (n < PASSWORD_MIN)
		return "A password has at least 8 bytes.";
	if (n > PASSWORD_MAX)
		return "A password has at most 128 bytes.";
	if (is_common(password, n))
		return "That is one of the most used passwords. "
		    "Choose another one.";
	return NULL;
}

/* Places for those that hash; of the process, as the memory is. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t freed = PTHREAD_COND_INITIALIZER;
static int hashing, waiting;

static bool
wait_for_place(void)
{
	struct timespec end;

	if (waiting >= PASSWORD_WAITING_MAX)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += WAIT_S;
	waiting++;
	while (hashing >= PASSWORD_AT_ONCE &&
	    pthread_cond_clockwait(&freed, &lock, CLOCK_MONOTONIC, &end) == 0)
		;
	waiting--;
	return hashing < PASSWORD_AT_ONCE;
}

static bool
take_place(void)
{
	bool taken;

	pthread_mutex_lock(&lock);
	taken = hashing < PASSWORD_AT_ONCE || wait_for_place();
	if (taken)
		hashing++;
	pthread_mutex_unlock(&lock);
	return taken;
}

static void
give_place(void)
{
	pthread_mutex_lock(&lock);
	hashing--;
	pthread_cond_signal(&freed);
	pthread_mutex_unlock(&lock);
}

/* "$y$", the cost and `salt`, as crypt() takes them. */
static enum err
make_setting(const char salt[static SALT_SIZE],
    char out[static PASSWORD_HASH_SIZE])
{
	return crypt_gensalt_rn("$y$", PASSWORD_COST, salt, SALT_SIZE, out,
	    PASSWORD_HASH_SIZE) != NULL ? ERR_OK : ERR_INTERNAL;
}

/* The work itself.  struct crypt_data has 32 KB, too much for a stack. */
static enum err
run_crypt(const char *text, const char *setting,
    char out[static PASSWORD_HASH_SIZE])
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *hash = data != NULL ? crypt_r(text, setting, data) : NULL;
	enum err err = ERR_INTERNAL;

	/* "*0" is how crypt() says that it failed */
	if (hash != NULL && hash[0] == '$' &&
	    strlen(hash) < PASSWORD_HASH_SIZE) {
		memcpy(out, hash, strlen(hash) + 1);
		err = ERR_OK;
	}
	if (data != NULL)
		crypt_wipe(data, sizeof(*data));
	free(data);
	return err;
}

static enum err
hash_with(const struct crypt_key *pepper, const char *password, size_t n,
    const char *setting, char out[static PASSWORD_HASH_SIZE])
{
	unsigned char mac[CRYPT_HASH_SIZE];
	char text[MAC_TEXT_SIZE];
	enum err err;

	if ((err = crypt_hmac(pepper, password, n, mac)))
		return err;
	if (!take_place())
		return ERR_UNAVAILABLE;
	crypt_base64url(mac, sizeof(mac), text);
	err = run_crypt(text, setting, out);
	give_place();
	crypt_wipe(mac, sizeof(mac));
	crypt_wipe(text, sizeof(text));
	return err;
}

/* The version of the pepper in front of what is kept; *hash is what follows
 * it.  0 where that is no number. */
static int
split_version(const char *kept, const char **hash)
{
	int version = 0;
	size_t n = strspn(kept, "0123456789");

	*hash = kept;
	if (kept[n] != ':')
		return 1;
	*hash = kept + n + 1;
	for (size_t i = 0; i < n && n <= VERSION_DIGITS; i++)
		version = version * 10 + (kept[i] - '0');
	return version;
}

enum err
password_hash(const struct keyring *pepper, const char *password, size_t n,
    char out[static PASSWORD_HASH_SIZE])
{
	const struct keyring_key *k = &pepper->at[0];
	char salt[SALT_SIZE];
	char setting[PASSWORD_HASH_SIZE], hash[PASSWORD_HASH_SIZE];
	int len;
	enum err err;

	crypt_random(salt, sizeof(salt));
	if ((err = make_setting(salt, setting)) ||
	    (err = hash_with(&k->key, password, n, setting, hash)))
		return err;
	if (k->version == 1)
		len = snprintf(out, PASSWORD_HASH_SIZE, "%s", hash);
	else
		len = snprintf(out, PASSWORD_HASH_SIZE, "%d:%s", k->version,
		    hash);
	return len < PASSWORD_HASH_SIZE ? ERR_OK : ERR_INTERNAL;
}

enum err
password_check(const struct keyring *pepper, const char *password, size_t n,
    const char *kept)
{
	static const char salt[SALT_SIZE];
	const struct crypt_key *key = NULL;
	const char *hash = NULL;
	char setting[PASSWORD_HASH_SIZE];
	char again[PASSWORD_HASH_SIZE];
	enum err err;

	if (kept != NULL)
		key = keyring_find(pepper, split_version(kept, &hash));
	if (key == NULL) {
		key = &pepper->at[0].key;
		hash = NULL;
	}
	if (hash == NULL && (err = make_setting(salt, setting)))
		return err;
	err = hash_with(key, password, n, hash != NULL ? hash : setting,
	    again);
	if (err)
		return err;
	if (hash == NULL || strlen(hash) != strlen(again) ||
	    !crypt_equal(hash, again, strlen(hash)))
		return ERR_UNAUTHENTICATED;
	return ERR_OK;
}

/* Bytes of "$y$j9T$" and the like, the parameters, at the front. */
static size_t
parameters_len(const char *hash)
{
	size_t n = 0;

	for (int dollars = 0; hash[n] != '\0' && dollars < 3; n++)
		dollars += hash[n] == '$';
	return n;
}

bool
password_needs_rehash(const struct keyring *pepper, const char *kept)
{
	static const char salt[SALT_SIZE];
	char setting[PASSWORD_HASH_SIZE];
	const char *hash;

	if (split_version(kept, &hash) < pepper->at[0].version)
		return true;
	if (make_setting(salt, setting))
		return false;
	return strncmp(hash, setting, parameters_len(setting)) != 0;
}
