#include "auth/session.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	TOKEN_BYTES = 32,
	SEEN_PARTS = 100, /* of a short lifetime, that part instead */
};

static const char cookie_name[] = "llmselect_session";
/* A browser takes __Host- only by https, for Path=/ and without a Domain, so
 * no other host of the domain can set it (RFC 6265bis section 4.1.3.2). */
static const char secure_cookie_name[] = "__Host-llmselect_session";

static const char *
name_of(bool secure)
{
	return secure ? secure_cookie_name : cookie_name;
}

static enum err
hash_token(struct session_token *t)
{
	return crypt_sha256(t->text, SESSION_TOKEN_SIZE - 1, t->hash);
}

enum err
session_make(struct session_token *out)
{
	unsigned char bytes[TOKEN_BYTES];
	struct session_token t;
	enum err err;

	crypt_random(bytes, sizeof(bytes));
	crypt_base64url(bytes, sizeof(bytes), t.text);
	crypt_wipe(bytes, sizeof(bytes));
	if ((err = hash_token(&t)))
		return err;
	*out = t;
	return ERR_OK;
}

static bool
is_token(const char *text, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";

	return len == SESSION_TOKEN_SIZE - 1 && strspn(text, digits) >= len;
}

/* What follows "Bearer ", whose case is free (RFC 9110 section 11.1); NULL
 * for other schemes, which may be there for a proxy's own sign-in. */
static const char *
bearer(const char *authorization, size_t *len)
{
	static const char scheme[] = "bearer";
	const char *p = authorization + strlen(scheme);

	if (strncasecmp(authorization, scheme, strlen(scheme)) != 0 ||
	    (*p != ' ' && *p != '\t' && *p != '\0'))
		return NULL;
	p += strspn(p, " \t");
	*len = strcspn(p, " \t");
	return p;
}

/* The value of a cookie; NULL where it is not there. */
static const char *
find_cookie(const char *cookie, const char *name, size_t *len)
{
	size_t n = strlen(name);

	while (*cookie != '\0') {
		cookie += strspn(cookie, "; \t");
		if (strncmp(cookie, name, n) == 0 && cookie[n] == '=') {
			*len = strcspn(cookie + n + 1, "; \t");
			return cookie + n + 1;
		}
		cookie += strcspn(cookie, ";");
	}
	return NULL;
}

enum err
session_read(const char *authorization, const char *cookie, bool secure,
    struct session_token *out, bool *by_cookie)
{
	struct session_token t = { "", { 0 } };
	size_t len = 0;
	const char *p = bearer(authorization, &len);
	bool from_cookie = p == NULL;
	enum err err;

	if (from_cookie)
		p = find_cookie(cookie, name_of(secure), &len);
	if (p == NULL || !is_token(p, len))
		return ERR_UNAUTHENTICATED;
	memcpy(t.text, p, len);
	if ((err = hash_token(&t)))
		return err;
	*out = t;
	*by_cookie = from_cookie;
	return ERR_OK;
}

bool
session_is_secure(const char *public_url)
{
	return strncasecmp(public_url, "https://", 8) == 0;
}

const char *
session_cookie(bool secure, const char *token, int64_t lifetime_ms,
    char out[static SESSION_COOKIE_SIZE])
{
	long long age = token[0] != '\0' ? (long long)lifetime_ms / 1000 : 0;

	snprintf(out, SESSION_COOKIE_SIZE,
	    "Set-Cookie: %s=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s",
	    name_of(secure), token, age, secure ? "; Secure" : "");
	return out;
}

bool
session_is_due(int64_t now, int64_t seen_at, int64_t lifetime_ms)
{
	int64_t step = lifetime_ms / SEEN_PARTS;

	if (step > SESSION_SEEN_MS)
		step = SESSION_SEEN_MS;
	return now - seen_at >= step;
}

static enum err
make_csrf(const struct crypt_key *key,
    const unsigned char hash[static CRYPT_HASH_SIZE],
    char out[static SESSION_CSRF_SIZE])
{
	unsigned char mac[CRYPT_HASH_SIZE];
	enum err err;

	if ((err = crypt_hmac(key, hash, CRYPT_HASH_SIZE, mac)))
		return err;
	crypt_base64url(mac, sizeof(mac), out);
	return ERR_OK;
}

enum err
session_csrf(const struct keyring *key,
    const unsigned char hash[static CRYPT_HASH_SIZE],
    char out[static SESSION_CSRF_SIZE])
{
	return make_csrf(&key->at[0].key, hash, out);
}

bool
session_csrf_matches(const struct keyring *key,
    const unsigned char hash[static CRYPT_HASH_SIZE], const char *csrf)
{
	char want[SESSION_CSRF_SIZE];

	if (strlen(csrf) != SESSION_CSRF_SIZE - 1)
		return false;
	for (int i = 0; i < key->n; i++)
		if (make_csrf(&key->at[i].key, hash, want) == ERR_OK &&
		    crypt_equal(want, csrf, SESSION_CSRF_SIZE))
			return true;
	return false;
}

/* A scheme with its "://" and the port that an origin leaves out. */
static const struct scheme {
	const char *prefix, *port;
} schemes[] = {
	{ "http://", ":80" },
	{ "https://", ":443" },
};

static const struct scheme *
scheme_of(const char *url)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncasecmp(url, schemes[i].prefix,
		    strlen(schemes[i].prefix)) == 0)
			return &schemes[i];
	return NULL;
}

/* Bytes of host and port, without a port that goes without saying. */
static size_t
authority_len(const char *authority, const struct scheme *s)
{
	size_t n = strcspn(authority, "/?#");
	size_t port = strlen(s->port);

	if (n > port && memcmp(authority + n - port, s->port, port) == 0)
		n -= port;
	return n;
}

/* Is `authority` (at scheme `s`) the host and port that `origin` names? */
static bool
same_authority(const char *origin, const char *authority,
    const struct scheme *s)
{
	const char *mine = origin + strlen(s->prefix);
	size_t n = authority_len(authority, s);

	/* an origin has no path, so it is taken to its end */
	return n > 0 && strcspn(mine, "/?#") == strlen(mine) &&
	    authority_len(mine, s) == n && strncasecmp(mine, authority, n) == 0;
}

bool
session_is_same_origin(const char *public_url, const char *sec_fetch_site,
    const char *origin, const char *host)
{
	const struct scheme *s = scheme_of(origin);

	if (sec_fetch_site[0] != '\0')
		return strcmp(sec_fetch_site, "same-origin") == 0 ||
		    strcmp(sec_fetch_site, "none") == 0;
	if (s == NULL)
		return false; /* "", "null" and whatever else there is */
	if (public_url[0] == '\0')
		return same_authority(origin, host, s);
	return scheme_of(public_url) == s &&
	    same_authority(origin, public_url + strlen(s->prefix), s);
}
