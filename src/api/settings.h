/*
 * A user's own settings.  The handlers are rows of ROUTE_TABLE.
 */
#ifndef API_SETTINGS_H
#define API_SETTINGS_H

#include <jansson.h>

#include "store/db.h"

/* All of them, with what holds where the user set none; owned by the caller. */
enum err
settings_load(struct db_conn *db, const struct uuid *user, json_t **out);

#endif
