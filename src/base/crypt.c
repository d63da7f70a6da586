#include "base/crypt.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SEAL_MAX = 65536 }; /* bytes that are sealed at once */

enum err
crypt_derive(const struct crypt_key *master, const char *label,
    struct crypt_key *out)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
		    (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
		    (void *)master->b, sizeof(master->b)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
		    (void *)label, strlen(label)),
		OSSL_PARAM_construct_end(),
	};
	struct crypt_key key;
	bool made = ctx != NULL &&
	    EVP_KDF_derive(ctx, key.b, sizeof(key.b), params) == 1;

	if (made)
		*out = key;
	crypt_wipe(&key, sizeof(key));
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return made ? ERR_OK : ERR_INTERNAL;
}

void
crypt_random(void *out, size_t n)
{
	unsigned char *p = out;

	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno != EINTR)
			abort(); /* nothing secret can be made without it */
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
}

enum err
crypt_sha256(const void *data, size_t n,
    unsigned char out[static CRYPT_HASH_SIZE])
{
	unsigned char hash[EVP_MAX_MD_SIZE];

	if (EVP_Digest(data, n, hash, NULL, EVP_sha256(), NULL) != 1)
		return ERR_INTERNAL;
	memcpy(out, hash, CRYPT_HASH_SIZE);
	return ERR_OK;
}

enum err
crypt_hmac(const struct crypt_key *key, const void *data, size_t n,
    unsigned char out[static CRYPT_HASH_SIZE])
{
	unsigned char mac[CRYPT_HASH_SIZE];
	size_t len;

	if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key->b,
	    sizeof(key->b), data, n, mac, sizeof(mac), &len) == NULL)
		return ERR_INTERNAL;
	memcpy(out, mac, CRYPT_HASH_SIZE);
	return ERR_OK;
}

/* The steps of sealing; `out` has room for nonce, text and tag. */
static bool
seal(EVP_CIPHER_CTX *ctx, const struct crypt_key *key, const void *aad,
    int aad_len, const void *plain, int n, unsigned char *out)
{
	unsigned char *text = out + CRYPT_NONCE_SIZE;
	int len;

	crypt_random(out, CRYPT_NONCE_SIZE);
	return ctx != NULL &&
	    EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->b, out) &&
	    EVP_EncryptUpdate(ctx, NULL, &len, aad, aad_len) &&
	    EVP_EncryptUpdate(ctx, text, &len, plain, n) &&
	    EVP_EncryptFinal_ex(ctx, text + len, &len) &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CRYPT_TAG_SIZE,
	    text + n);
}

enum err
crypt_seal(const struct crypt_key *key, const void *aad, size_t aad_len,
    const void *plain, size_t n, struct buf *sealed)
{
	size_t size = CRYPT_NONCE_SIZE + n + CRYPT_TAG_SIZE;
	unsigned char *out;
	EVP_CIPHER_CTX *ctx;
	enum err err;

	if (n > SEAL_MAX || aad_len > SEAL_MAX)
		return ERR_TOO_LARGE;
	if ((out = malloc(size)) == NULL)
		return ERR_INTERNAL;
	ctx = EVP_CIPHER_CTX_new();
	err = seal(ctx, key, aad, (int)aad_len, plain, (int)n, out) ?
	    buf_add(sealed, out, size) : ERR_INTERNAL;
	EVP_CIPHER_CTX_free(ctx);
	free(out);
	return err;
}

/* The steps of opening `n` bytes of text between nonce and tag. */
static bool
unseal(EVP_CIPHER_CTX *ctx, const struct crypt_key *key, const void *aad,
    int aad_len, const unsigned char *sealed, int n, unsigned char *out)
{
	const unsigned char *text = sealed + CRYPT_NONCE_SIZE;
	unsigned char tag[CRYPT_TAG_SIZE];
	int len;

	memcpy(tag, text + n, sizeof(tag));
	return ctx != NULL &&
	    EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->b, sealed) &&
	    EVP_DecryptUpdate(ctx, NULL, &len, aad, aad_len) &&
	    EVP_DecryptUpdate(ctx, out, &len, text, n) &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) &&
	    EVP_DecryptFinal_ex(ctx, out + len, &len) == 1;
}

enum err
crypt_open(const struct crypt_key *key, const void *aad, size_t aad_len,
    const void *sealed, size_t n, struct buf *plain)
{
	unsigned char *out;
	EVP_CIPHER_CTX *ctx;
	enum err err;

	if (n < CRYPT_NONCE_SIZE + CRYPT_TAG_SIZE || aad_len > SEAL_MAX)
		return ERR_INTERNAL;
	n -= CRYPT_NONCE_SIZE + CRYPT_TAG_SIZE;
	if (n > SEAL_MAX || (out = malloc(n + 1)) == NULL)
		return ERR_INTERNAL;
	ctx = EVP_CIPHER_CTX_new();
	err = unseal(ctx, key, aad, (int)aad_len, sealed, (int)n, out) ?
	    buf_add(plain, out, n) : ERR_INTERNAL;
	EVP_CIPHER_CTX_free(ctx);
	crypt_wipe(out, n);
	free(out);
	return err;
}

bool
crypt_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void
crypt_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}

void
crypt_base64url(const void *data, size_t n, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *p = data;
	unsigned bits = 0;
	int waiting = 0; /* bits not yet written */

	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | p[i];
		for (waiting += 8; waiting >= 6; waiting -= 6)
			*out++ = digits[bits >> (waiting - 6) & 0x3F];
	}
	if (waiting > 0)
		*out++ = digits[bits << (6 - waiting) & 0x3F];
	*out = '\0';
}

void
crypt_hex(const void *data, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 0x0F];
	}
	*out = '\0';
}
