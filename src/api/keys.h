/*
 * The provider keys of a user.  A key goes in and is never shown again, but
 * for its last four characters.  The handlers are rows of ROUTE_TABLE.
 */
#ifndef API_KEYS_H
#define API_KEYS_H

#include "api/app.h"
#include "llm/provider.h"
#include "store/db.h"

/* Bytes of a key, the NUL included: one of the settings may be longer than
 * what a user can bring. */
enum { KEYS_SIZE = LLM_KEY_MAX + 1 };

/*
 * The key to ask this provider with: the user's own wherever there is one,
 * else the one for everybody (S21).  ERR_KEY_MISSING where there is neither;
 * ERR_INTERNAL where the user's own does not open, as the other must not
 * stand in for it.  The caller wipes `out`.
 */
enum err
keys_open(const struct app *app, struct db_conn *db, const struct uuid *user,
    const struct llm_provider *provider, char *out, size_t size);

#endif
