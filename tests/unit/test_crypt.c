/* Cryptography against published vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/crypt.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { PLAIN_MAX = 256 };

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

/* AES-256-GCM from the paper of McGrew and Viega, cases 13 to 16, and from
 * Project Wycheproof, testvectors_v1/aes_gcm_test.json, whose tcId each has. */
static const struct vector {
	const char *name, *key, *nonce, *aad, *plain, *sealed, *tag;
	bool opens;
} vectors[] = {
	{ "13: nothing", "0000000000000000000000000000000000000000000000000000"
	  "000000000000", "000000000000000000000000", "", "", "",
	  "530f8afbc74536b9a963b4f1c4cb738b", true },
	{ "14: a block", "0000000000000000000000000000000000000000000000000000"
	  "000000000000", "000000000000000000000000", "",
	  "00000000000000000000000000000000",
	  "cea7403d4d606b6e074ec5d3baf39d18",
	  "d0d1c8a799996bf0265b98b5d48ab919", true },
	{ "15: four blocks", "feffe9928665731c6d6a8f9467308308"
	  "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
	  "b094dac5d93471bdec1a502270e3cc6c", true },
	{ "16: with more bound to it", "feffe9928665731c6d6a8f9467308308"
	  "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
	  "76fc6ece0f4e1768cddf8853bb2d551b", true },
	{ "tcId 91",
	  "92ace3e348cd821092cd921aa3546374299ab46209691bc28b8752d17f123c20",
	  "00112233445566778899aabb",
	  "00000000ffffffff",
	  "00010203040506070809",
	  "e27abdd2d2a53d2f136b",
	  "9a4a2579529301bcfb71c78d4060f52c", true },
	{ "tcId 92",
	  "29d3a44f8723dc640239100c365423a312934ac80239212ac3df3421a2098123",
	  "00112233445566778899aabb",
	  "aabbccddeeff",
	  "",
	  "",
	  "2a7d77fa526b8250cb296078926b5020", true },
	{ "tcId 128: special case",
	  "00112233445566778899aabbccddeeff102132435465768798a9bacbdcedfe0f",
	  "000000000000000000000000",
	  "",
	  "561008fa07a68f5c61285cd013464eaf",
	  "23293e9b07ca7d1b0cae7cc489a973b3",
	  "ffffffffffffffffffffffffffffffff", true },
	{ "tcId 129: special case",
	  "00112233445566778899aabbccddeeff102132435465768798a9bacbdcedfe0f",
	  "ffffffffffffffffffffffff",
	  "",
	  "c6152244cea1978d3e0bc274cf8c0b3b",
	  "7cb6fc7c6abc009efe9551a99f36a421",
	  "00000000000000000000000000000000", true },
	{ "tcId 130: Flipped bit 0 in tag",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "505152535455565758595a5b",
	  "",
	  "202122232425262728292a2b2c2d2e2f",
	  "b2061457c0759fc1749f174ee1ccadfa",
	  "9de8fef6d8ab1bf1bf887232eab590dd", false },
	{ "tcId 148: Flipped bit 127 in tag",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "505152535455565758595a5b",
	  "",
	  "202122232425262728292a2b2c2d2e2f",
	  "b2061457c0759fc1749f174ee1ccadfa",
	  "9ce8fef6d8ab1bf1bf887232eab5905d", false },
	{ "tcId 151: Flipped bits 63 and 127 in tag",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "505152535455565758595a5b",
	  "",
	  "202122232425262728292a2b2c2d2e2f",
	  "b2061457c0759fc1749f174ee1ccadfa",
	  "9ce8fef6d8ab1b71bf887232eab5905d", false },
	{ "tcId 152: all bits of tag flipped",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "505152535455565758595a5b",
	  "",
	  "202122232425262728292a2b2c2d2e2f",
	  "b2061457c0759fc1749f174ee1ccadfa",
	  "631701092754e40e40778dcd154a6f22", false },
	{ "tcId 153: Tag changed to all zero",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "505152535455565758595a5b",
	  "",
	  "202122232425262728292a2b2c2d2e2f",
	  "b2061457c0759fc1749f174ee1ccadfa",
	  "00000000000000000000000000000000", false },
	{ "tcId 154: tag changed to all 1",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "505152535455565758595a5b",
	  "",
	  "202122232425262728292a2b2c2d2e2f",
	  "b2061457c0759fc1749f174ee1ccadfa",
	  "ffffffffffffffffffffffffffffffff", false },
};

static void
published_vectors(void **state)
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
		if ((crypt_open(&key, aad, aad_len, s, n, &plain) == ERR_OK) !=
		    v->opens || plain.len != (v->opens ? want_len : 0))
			fail_msg("%s", v->name);
		assert_memory_equal(plain.p, want, plain.len);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes),
		cmocka_unit_test(keys_by_label),
		cmocka_unit_test(published_vectors),
		cmocka_unit_test(only_what_was_sealed_opens),
		cmocka_unit_test(base64url_of_rfc_4648),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
