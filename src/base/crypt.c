#include "base/crypt.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MASTER_TEXT_MAX = 256,  /* bytes of the master key file */
	SECRET_FILE_MAX = 4096, /* bytes of any file with a secret */
	SEAL_MAX = 65536,       /* bytes that are sealed at once */
};

/* Closes a file that is open, at the end of its scope. */
static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static enum err __attribute__((format(printf, 3, 4)))
explain(char *why, size_t size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, size, format, ap);
	va_end(ap);
	return ERR_INTERNAL;
}

/* Gates that a file with a secret has to pass, looked at after it is opened,
 * so that it cannot be exchanged in between. */
static enum err
check_file(int fd, const char *path, char *why, size_t size)
{
	struct stat st;
	mode_t mode;

	if (fstat(fd, &st))
		return explain(why, size, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return explain(why, size, "%s is not a regular file.", path);
	mode = st.st_mode & 07777;
	if (mode != 0600 && mode != 0400)
		return explain(why, size, "%s has mode %04o, so others can "
		    "get at it. Run: chmod 600 %s", path, (unsigned)mode, path);
	if (st.st_uid != geteuid())
		return explain(why, size, "%s belongs to user %lu, but this "
		    "program runs as user %lu.", path,
		    (unsigned long)st.st_uid, (unsigned long)geteuid());
	if (st.st_size > SECRET_FILE_MAX)
		return explain(why, size, "%s is too long.", path);
	return ERR_OK;
}

/* Up to `max` bytes of the file; *n is max + 1 where there are more. */
static enum err
read_file(int fd, char *p, size_t max, size_t *n, const char *path, char *why,
    size_t size)
{
	ssize_t got;

	for (*n = 0; *n <= max; *n += (size_t)got) {
		got = read(fd, p + *n, max + 1 - *n);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got < 0)
			return explain(why, size, "%s: %s", path,
			    strerror(errno));
		else if (got == 0)
			return ERR_OK;
	}
	return ERR_OK;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

enum err
crypt_secret_load(const char *path, struct buf *out, char *why,
    size_t why_size)
{
	char text[SECRET_FILE_MAX + 1];
	size_t n;
	enum err err;
	/* NONBLOCK: a FIFO in its place must not hold up the start */
	__attribute__((cleanup(close_fd))) int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return explain(why, why_size, "%s: %s", path, strerror(errno));
	if ((err = check_file(fd, path, why, why_size)) ||
	    (err = read_file(fd, text, SECRET_FILE_MAX, &n, path, why,
	    why_size)))
		return err;
	while (n > 0 && is_space(text[n - 1]))
		n--;
	if (n == 0)
		err = explain(why, why_size, "%s is empty.", path);
	else if ((err = buf_add(out, text, n)))
		err = explain(why, why_size, "%s is too long.", path);
	crypt_wipe(text, sizeof(text));
	return err;
}

/* The value of a hexadecimal digit; -1 for anything else. */
static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 64 digits with white space anywhere; false for anything else. */
static bool
parse_master(const char *p, size_t len, struct crypt_key *master)
{
	struct crypt_key key = { { 0 } };
	size_t n = 0; /* digits so far */

	for (size_t i = 0; i < len; i++) {
		int d = digit(p[i]);

		if (is_space(p[i]))
			continue;
		if (d < 0 || n == 2 * sizeof(key.b))
			return false;
		key.b[n / 2] = (unsigned char)(key.b[n / 2] << 4 | d);
		n++;
	}
	if (n != 2 * sizeof(key.b))
		return false;
	*master = key;
	crypt_wipe(&key, sizeof(key));
	return true;
}

enum err
crypt_master_load(const char *path, struct crypt_key *master, char *why,
    size_t why_size)
{
	struct buf text;
	enum err err;

	buf_init(&text, MASTER_TEXT_MAX);
	err = crypt_secret_load(path, &text, why, why_size);
	if (err == ERR_OK && !parse_master(text.p, text.len, master))
		err = explain(why, why_size,
		    "%s does not hold 64 hexadecimal digits.", path);
	crypt_wipe(text.p, text.len);
	buf_free(&text);
	return err;
}

static bool
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno != EINTR)
			return false;
		if (put > 0) {
			p += put;
			n -= (size_t)put;
		}
	}
	return true;
}

enum err
crypt_master_create(const char *path, char *why, size_t why_size)
{
	struct crypt_key key;
	char text[2 * CRYPT_KEY_SIZE + 2];
	bool written;
	__attribute__((cleanup(close_fd))) int fd =
	    open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return explain(why, why_size, "%s: %s", path, strerror(errno));
	crypt_random(&key, sizeof(key));
	crypt_hex(&key, sizeof(key), text);
	memcpy(text + 2 * CRYPT_KEY_SIZE, "\n", 2);
	/* fchmod: a umask such as 0277 would leave a file of no use */
	written = fchmod(fd, 0600) == 0 &&
	    write_all(fd, text, sizeof(text) - 1) && fsync(fd) == 0;
	crypt_wipe(&key, sizeof(key));
	crypt_wipe(text, sizeof(text));
	if (written)
		return ERR_OK;
	explain(why, why_size, "%s: %s", path, strerror(errno));
	unlink(path); /* half a key is worse than none */
	return ERR_INTERNAL;
}

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
