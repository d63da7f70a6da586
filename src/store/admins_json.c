#include "store/admins_json.h"

#include "base/clock.h"

json_t *
admins_json_user(const struct admin_entry *entry)
{
	const struct user_row *u = &entry->user;
	char id[UUID_TEXT_SIZE], created[CLOCK_TEXT_SIZE],
	    seen[CLOCK_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:b, s:b, s:s, s:s?}",
	    "id", uuid_text(&u->id, id), "username", u->username,
	    "is_admin", (int)u->is_admin, "disabled", (int)u->is_disabled,
	    "created_at", clock_text(u->created_at, created),
	    "last_seen_at", entry->seen_at == 0 ? NULL :
	    clock_text(entry->seen_at, seen));
}

json_t *
admins_json_invite(const struct invite *invite)
{
	char id[UUID_TEXT_SIZE], created[CLOCK_TEXT_SIZE],
	    expires[CLOCK_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:i, s:s, s:s, s:s?}",
	    "id", uuid_text(&invite->id, id), "note", invite->note,
	    "uses_left", invite->uses_left,
	    "created_at", clock_text(invite->created_at, created),
	    "expires_at", clock_text(invite->expires_at, expires),
	    "created_by",
	    invite->maker_name[0] != '\0' ? invite->maker_name : NULL);
}
