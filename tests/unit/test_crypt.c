/*
 * Cryptography against published vectors, and the gates of the files that hold
 * secrets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { WHY_SIZE = 512, PLAIN_MAX = 256 };

static char folder[] = "/tmp/test_crypt.XXXXXX";
static char why[WHY_SIZE];

/* The bytes of hexadecimal text; returns how many. */
static size_t
bytes_of(const char *hex, unsigned char *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned b = 0;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &b), 1);
		out[i] = (unsigned char)b;
	}
	return n;
}

static void
hashes(void **state)
{
	/* FIPS 180-4; RFC 4231 cases 1 and 2, whose shorter keys HMAC fills
	 * up with zeros, as ours are */
	static const struct {
		const char *key, *data, *want; /* key NULL: SHA-256 */
	} rows[] = {
		{ NULL, "abc", "ba7816bf8f01cfea414140de5dae2223"
		  "b00361a396177a9cb410ff61f20015ad" },
		{ NULL, "", "e3b0c44298fc1c149afbf4c8996fb924"
		  "27ae41e4649b934ca495991b7852b855" },
		{ "\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v", "Hi There",
		  "b0344c61d8db38535ca8afceaf0bf12b"
		  "881dc200c9833da726e9376c2e32cff7" },
		{ "Jefe", "what do ya want for nothing?",
		  "5bdcc146bf60754e6a042426089575c7"
		  "5a003f089d2739839dec58b964ec3843" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct crypt_key key = { { 0 } };
		unsigned char hash[CRYPT_HASH_SIZE];
		char hex[2 * CRYPT_HASH_SIZE + 1];
		size_t n = strlen(rows[i].data);

		if (rows[i].key != NULL) {
			memcpy(key.b, rows[i].key, strlen(rows[i].key));
			assert_int_equal(crypt_hmac(&key, rows[i].data, n,
			    hash), ERR_OK);
		} else {
			assert_int_equal(crypt_sha256(rows[i].data, n, hash),
			    ERR_OK);
		}
		crypt_hex(hash, sizeof(hash), hex);
		assert_string_equal(hex, rows[i].want);
	}
}

static void
keys_by_label(void **state)
{
	/* RFC 5869 over the bytes 0 to 31, done with another HMAC */
	static const struct {
		const char *label, *want;
	} rows[] = {
		{ "session csrf", "1b743e3fdc76ae3cfc42fcc45022c9cc"
		  "c91ac041834e9416012c9f0f882e5e08" },
		{ "provider keys 1", "188dc620797ba221dcc5abe16ce9958d"
		  "45b83f70610d7ac0792ef5f0d15063b8" },
	};
	struct crypt_key master, key;
	char hex[2 * CRYPT_KEY_SIZE + 1];

	(void)state;
	for (int i = 0; i < CRYPT_KEY_SIZE; i++)
		master.b[i] = (unsigned char)i;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(crypt_derive(&master, rows[i].label, &key),
		    ERR_OK);
		crypt_hex(&key, sizeof(key), hex);
		assert_string_equal(hex, rows[i].want);
	}
}

/* AES-256-GCM from the paper of McGrew and Viega, cases 13 to 16. */
static const struct vector {
	const char *name, *key, *nonce, *aad, *plain, *sealed, *tag;
} vectors[] = {
	{ "13: nothing", "0000000000000000000000000000000000000000000000000000"
	  "000000000000", "000000000000000000000000", "", "", "",
	  "530f8afbc74536b9a963b4f1c4cb738b" },
	{ "14: a block", "0000000000000000000000000000000000000000000000000000"
	  "000000000000", "000000000000000000000000", "",
	  "00000000000000000000000000000000",
	  "cea7403d4d606b6e074ec5d3baf39d18",
	  "d0d1c8a799996bf0265b98b5d48ab919" },
	{ "15: four blocks", "feffe9928665731c6d6a8f9467308308"
	  "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
	  "b094dac5d93471bdec1a502270e3cc6c" },
	{ "16: with more bound to it", "feffe9928665731c6d6a8f9467308308"
	  "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
};

static void
opens_published_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct crypt_key key;
		unsigned char aad[PLAIN_MAX], want[PLAIN_MAX], s[PLAIN_MAX];
		size_t aad_len = bytes_of(v->aad, aad);
		size_t want_len = bytes_of(v->plain, want), n;
		struct buf plain;

		bytes_of(v->key, key.b);
		n = bytes_of(v->nonce, s);
		n += bytes_of(v->sealed, s + n);
		n += bytes_of(v->tag, s + n);
		buf_init(&plain, PLAIN_MAX);
		if (crypt_open(&key, aad, aad_len, s, n, &plain) != ERR_OK ||
		    plain.len != want_len)
			fail_msg("%s", v->name);
		assert_memory_equal(plain.p, want, want_len);
		buf_free(&plain);
	}
}

static void
only_what_was_sealed_opens(void **state)
{
	static const struct crypt_key key = { "a key" }, other = { "another" };
	static const char text[] = "sk-example";
	struct buf sealed, again, plain;

	(void)state;
	buf_init(&sealed, PLAIN_MAX);
	buf_init(&again, PLAIN_MAX);
	buf_init(&plain, PLAIN_MAX);
	assert_int_equal(crypt_seal(&key, "ann", 3, text, 10, &sealed), ERR_OK);
	assert_int_equal(crypt_seal(&key, "ann", 3, text, 10, &again), ERR_OK);
	assert_memory_not_equal(sealed.p, again.p, CRYPT_NONCE_SIZE);
	assert_int_equal(sealed.len, CRYPT_NONCE_SIZE + 10 + CRYPT_TAG_SIZE);

	assert_int_equal(crypt_open(&other, "ann", 3, sealed.p, sealed.len,
	    &plain), ERR_INTERNAL);
	assert_int_equal(crypt_open(&key, "bob", 3, sealed.p, sealed.len,
	    &plain), ERR_INTERNAL);
	for (size_t n = 0; n < sealed.len; n++)
		assert_int_equal(crypt_open(&key, "ann", 3, sealed.p, n,
		    &plain), ERR_INTERNAL);
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.p[i] ^= 1;
		assert_int_equal(crypt_open(&key, "ann", 3, sealed.p,
		    sealed.len, &plain), ERR_INTERNAL);
		sealed.p[i] ^= 1;
	}
	assert_int_equal(plain.len, 0);
	assert_int_equal(crypt_open(&key, "ann", 3, sealed.p, sealed.len,
	    &plain), ERR_OK);
	assert_string_equal(plain.p, text);
	buf_free(&sealed);
	buf_free(&again);
	buf_free(&plain);
}

static void
base64url_of_rfc_4648(void **state)
{
	static const struct {
		const char *data, *want;
	} rows[] = {
		{ "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy" }, { "\xFB\xFF", "-_8" },
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		crypt_base64url(rows[i].data, strlen(rows[i].data), out);
		assert_string_equal(out, rows[i].want);
	}
}

static const char *
write_file(const char *name, const char *text, mode_t mode)
{
	static char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
	return path;
}

#define DIGITS "000102030405060708090a0b0c0d0e0f"

static void
which_master_key_is_taken(void **state)
{
	static const struct {
		const char *name, *text;
		mode_t mode;
		bool good;
	} rows[] = {
		{ "64 digits", DIGITS DIGITS, 0600, true },
		{ "and a line end", DIGITS DIGITS "\n", 0600, true },
		{ "read only", DIGITS DIGITS "\n", 0400, true },
		{ "in two lines", DIGITS "\r\n" DIGITS "\n", 0600, true },
		{ "capitals", "ABCDEFABCDEFABCDEFABCDEFABCDEFAB" DIGITS, 0600,
		  true },
		{ "the group reads", DIGITS DIGITS, 0640, false },
		{ "all read", DIGITS DIGITS, 0644, false },
		{ "others write", DIGITS DIGITS, 0602, false },
		{ "empty", "", 0600, false },
		{ "only a line end", "\n", 0600, false },
		{ "a digit short", DIGITS "00112233445566778899aabbccddeef",
		  0600, false },
		{ "a digit more", DIGITS DIGITS "0", 0600, false },
		{ "a letter", DIGITS "00112233445566778899aabbccddeefg", 0600,
		  false },
		{ "something after it", DIGITS DIGITS "\n# key", 0600, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct crypt_key key = { "as it was" };
		const char *path = write_file("key", rows[i].text,
		    rows[i].mode);
		enum err err = crypt_master_load(path, &key, why, sizeof(why));

		if ((err == ERR_OK) != rows[i].good)
			fail_msg("%s: %s", rows[i].name, why);
		if (err == ERR_OK)
			continue;
		assert_non_null(strstr(why, path));
		assert_null(strstr(why, "0001020304"));
		assert_string_equal((char *)key.b, "as it was");
	}
}

static void
what_is_no_file_is_refused(void **state)
{
	struct crypt_key key;
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(crypt_master_load(path, &key, why, sizeof(why)),
	    ERR_INTERNAL); /* and does not wait for a writer */
	assert_int_equal(crypt_master_load(folder, &key, why, sizeof(why)),
	    ERR_INTERNAL);
	assert_int_equal(crypt_master_load("/nonexistent", &key, why,
	    sizeof(why)), ERR_INTERNAL);
}

static void
a_made_master_key_is_taken(void **state)
{
	struct crypt_key one, two;
	struct stat st;
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/made", folder);
	assert_int_equal(crypt_master_create(path, why, sizeof(why)), ERR_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(crypt_master_load(path, &one, why, sizeof(why)),
	    ERR_OK);
	assert_int_equal(crypt_master_create(path, why, sizeof(why)),
	    ERR_INTERNAL);
	assert_int_equal(crypt_master_load(path, &two, why, sizeof(why)),
	    ERR_OK);
	assert_memory_equal(&one, &two, sizeof(one));
}

static void
a_secret_of_one_line(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 16);
	assert_int_equal(crypt_secret_load(write_file("s", " a b \r\n", 0600),
	    &out, why, sizeof(why)), ERR_OK);
	assert_string_equal(out.p, " a b");
	buf_reset(&out);
	assert_int_not_equal(crypt_secret_load(write_file("s",
	    "more than sixteen", 0600), &out, why, sizeof(why)), ERR_OK);
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "key", "fifo", "made", "s" };
	char path[64];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes),
		cmocka_unit_test(keys_by_label),
		cmocka_unit_test(opens_published_vectors),
		cmocka_unit_test(only_what_was_sealed_opens),
		cmocka_unit_test(base64url_of_rfc_4648),
		cmocka_unit_test(which_master_key_is_taken),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(a_made_master_key_is_taken),
		cmocka_unit_test(a_secret_of_one_line),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
