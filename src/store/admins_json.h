/*
 * Users and invitations as JSON, for administrators: the API and llmselect-admin
 * show the same.  NULL where memory is out.
 */
#ifndef STORE_ADMINS_JSON_H
#define STORE_ADMINS_JSON_H

#include <jansson.h>

#include "store/admins.h"
#include "store/invites.h"

json_t *
admins_json_user(const struct admin_entry *entry);

json_t *
admins_json_invite(const struct invite *invite);

#endif
