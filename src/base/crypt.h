/*
 * All cryptography of the program, and the only user of OpenSSL.
 *
 * Signing and sealing keys are made from a master key of 32 random bytes by
 * HKDF-SHA-256 (RFC 5869) with a label each, so that no key serves two ends.
 * Where the master key comes from: base/keyring.h.
 */
#ifndef BASE_CRYPT_H
#define BASE_CRYPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	CRYPT_KEY_SIZE = 32,
	CRYPT_HASH_SIZE = 32,
	CRYPT_NONCE_SIZE = 12,
	CRYPT_TAG_SIZE = 16,
};

struct crypt_key {
	unsigned char b[CRYPT_KEY_SIZE];
};

/* The key for one end, by its label ("session csrf", "provider keys 1"). */
enum err
crypt_derive(const struct crypt_key *master, const char *label,
    struct crypt_key *out);

/* Random bytes from the operating system; it does not return without them. */
void
crypt_random(void *out, size_t n);

enum err
crypt_sha256(const void *data, size_t n,
    unsigned char out[static CRYPT_HASH_SIZE]);

enum err
crypt_hmac(const struct crypt_key *key, const void *data, size_t n,
    unsigned char out[static CRYPT_HASH_SIZE]);

/*
 * AES-256-GCM.  `sealed` gets nonce, ciphertext and tag one after the other;
 * `aad` is bound to it and must be given again to open it.  crypt_open()
 * answers ERR_INTERNAL for anything that was not sealed so.
 */
enum err
crypt_seal(const struct crypt_key *key, const void *aad, size_t aad_len,
    const void *plain, size_t n, struct buf *sealed);

enum err
crypt_open(const struct crypt_key *key, const void *aad, size_t aad_len,
    const void *sealed, size_t n, struct buf *plain);

/* Compare in a time that does not depend on what differs. */
bool
crypt_equal(const void *a, const void *b, size_t n);

/* Overwrite memory that held a secret. */
void
crypt_wipe(void *p, size_t n);

/* base64url without padding (RFC 4648 section 5): 4n/3 rounded up + NUL. */
void
crypt_base64url(const void *data, size_t n, char *out);

/* Lower-case hexadecimal: 2n characters and the NUL. */
void
crypt_hex(const void *data, size_t n, char *out);

#endif
