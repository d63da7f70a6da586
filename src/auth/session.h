/*
 * Who is asking: the token of a session, the cookie that carries it, and the
 * proof that a request with the cookie came from our page.
 *
 * A token is 256 random bits as 43 characters of base64url; its SHA-256 is all
 * that is stored (store/sessions.h), so the database opens no session, and a
 * look-up by the hash tells nothing through its time.  A request carries the
 * token as "Authorization: Bearer", or as our cookie; where there is a Bearer,
 * the cookie does not count.
 *
 * Here are texts and bytes alone; api/account.h puts them together.
 */
#ifndef AUTH_SESSION_H
#define AUTH_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/keyring.h"
#include "base/err.h"

enum {
	SESSION_TOKEN_SIZE = 44,   /* 43 characters and the NUL */
	SESSION_CSRF_SIZE = 44,    /* the same */
	SESSION_COOKIE_SIZE = 256, /* a "Set-Cookie: …" line and the NUL */
	SESSION_SEEN_MS = 600000,  /* a session is prolonged at most so often */
};

struct session_token {
	char text[SESSION_TOKEN_SIZE];
	unsigned char hash[CRYPT_HASH_SIZE];
};

/* A new one. */
enum err
session_make(struct session_token *out);

/*
 * The token of a request by its two headers ("" where they are not there).
 * ERR_UNAUTHENTICATED where there is none or none of that shape.  With
 * `secure` the cookie is the one of https.
 */
enum err
session_read(const char *authorization, const char *cookie, bool secure,
    struct session_token *out, bool *by_cookie);

/* Are people told to come by https? */
bool
session_is_secure(const char *public_url);

/* The header that sets the cookie; a token of "" takes it away. */
const char *
session_cookie(bool secure, const char *token, int64_t lifetime_ms,
    char out[static SESSION_COOKIE_SIZE]);

/* Has so much passed since it was last prolonged that it is time again? */
bool
session_is_due(int64_t now, int64_t seen_at, int64_t lifetime_ms);

/* What our page sends as X-CSRF-Token: HMAC of the hash of its session, by the
 * version of the key that is in use. */
enum err
session_csrf(const struct keyring *key,
    const unsigned char hash[static CRYPT_HASH_SIZE],
    char out[static SESSION_CSRF_SIZE]);

/* One of any version is good: a page has its token for as long as it is open,
 * and other hosts may use another version already, or still. */
bool
session_csrf_matches(const struct keyring *key,
    const unsigned char hash[static CRYPT_HASH_SIZE], const char *csrf);

/*
 * Did the page that sends this come from us?  Sec-Fetch-Site, which no page
 * can set, decides where it is there; else Origin has to be that of
 * public_url, or, where that is not set, that of the Host header.  Neither of
 * them: no.
 */
bool
session_is_same_origin(const char *public_url, const char *sec_fetch_site,
    const char *origin, const char *host);

#endif
