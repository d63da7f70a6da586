/*
 * Invitations to register; where everybody needs one, the first is made here.
 */
#include "admin/admin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/admins_json.h"

enum { AT_ONCE = 100 }; /* that are read at once */

/* A whole number of an option within limits; left alone where it is absent. */
static bool
read_number(const char *text, long least, long most, long *out)
{
	char *end;
	long n;

	if (text == NULL)
		return true;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < least || n > most)
		return false;
	*out = n;
	return true;
}

/* Characters, as the database counts them. */
static size_t
characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static int
read_wish(const struct options *o, struct invite *i)
{
	long uses = 1, seconds = INVITE_EXPIRES_S;

	if (!read_number(o->uses, 1, INVITE_USES_MAX, &uses))
		return admin_misused("--uses takes a number from 1 to %d.",
		    INVITE_USES_MAX);
	if (!read_number(o->expires_in, INVITE_EXPIRES_MIN_S,
	    INVITE_EXPIRES_MAX_S, &seconds))
		return admin_misused("--expires-in takes seconds, from %d to "
		    "%d.", INVITE_EXPIRES_MIN_S, INVITE_EXPIRES_MAX_S);
	if (o->note != NULL && characters(o->note) > INVITE_NOTE_MAX)
		return admin_misused("--note takes at most %d characters.",
		    INVITE_NOTE_MAX);
	*i = (struct invite){ .uses_left = (int)uses,
		.expires_at = clock_wall_ms() + 1000 * (int64_t)seconds };
	snprintf(i->note, sizeof(i->note), "%s",
	    o->note != NULL ? o->note : "");
	return ADMIN_DONE;
}

static int
create(const struct options *o, const struct conf *conf, struct db_conn *c)
{
	char code[INVITE_CODE_SIZE], until[CLOCK_TEXT_SIZE];
	struct invite i;
	json_t *answer;
	int rc;

	(void)conf;
	if ((rc = read_wish(o, &i)) != ADMIN_DONE)
		return rc;
	if (invite_make(c, &i, code))
		return admin_fail_db(c);
	if (!o->json) {
		printf("%s\nThis admits %d, until %s. It is not shown again.\n",
		    code, i.uses_left, clock_text(i.expires_at, until));
		return ADMIN_DONE;
	}
	answer = admins_json_invite(&i);
	json_object_set_new(answer, "code", json_string(code));
	return admin_print_json(answer);
}

int
admin_invites_create(const struct options *o)
{
	return admin_with_db(o, create);
}

static enum err
add_invite(void *arg, const struct invite *i)
{
	return json_array_append_new(arg, admins_json_invite(i)) == 0 ?
	    ERR_OK : ERR_INTERNAL;
}

/* A note is whatever somebody wrote: nothing in it may steer a terminal. */
static void
print_clean(const char *text)
{
	for (; *text != '\0'; text++)
		putchar((unsigned char)*text < ' ' || *text == 0x7f ?
		    '?' : *text);
}

static void
print_invite(const json_t *i)
{
	const char *by = json_string_value(json_object_get(i, "created_by"));

	printf("%s  %4lld left  until %s  by %s  ",
	    json_string_value(json_object_get(i, "id")),
	    (long long)json_integer_value(json_object_get(i, "uses_left")),
	    json_string_value(json_object_get(i, "expires_at")),
	    by != NULL ? by : "llmselect-admin");
	print_clean(json_string_value(json_object_get(i, "note")));
	putchar('\n');
}

static int
list(const struct options *o, const struct conf *conf, struct db_conn *c)
{
	json_auto_t *invites = json_array();
	int64_t now = clock_wall_ms();
	size_t i, n;
	json_t *invite;

	(void)conf;
	do {
		n = json_array_size(invites);
		if (invite_list(c, now, (int)n, AT_ONCE, add_invite, invites))
			return admin_fail_db(c);
	} while (json_array_size(invites) == n + AT_ONCE);
	if (o->json)
		return admin_print_json(json_incref(invites));
	json_array_foreach(invites, i, invite)
		print_invite(invite);
	return ADMIN_DONE;
}

int
admin_invites_list(const struct options *o)
{
	return admin_with_db(o, list);
}

static int
revoke(const struct options *o, const struct conf *conf, struct db_conn *c)
{
	struct uuid id;
	enum err err;

	(void)conf;
	if (strlen(o->operand) != UUID_TEXT_SIZE - 1 ||
	    !uuid_parse(o->operand, &id))
		return admin_misused("%s is not the id of an invitation.",
		    o->operand);
	err = invite_remove(c, &id);
	if (err == ERR_NOT_FOUND)
		return admin_fail("There is no invitation %s.", o->operand);
	if (err)
		return admin_fail_db(c);
	if (o->json)
		return admin_print_json(json_pack("{s:s}", "revoked",
		    o->operand));
	printf("%s admits nobody any more.\n", o->operand);
	return ADMIN_DONE;
}

int
admin_invites_revoke(const struct options *o)
{
	return admin_with_db(o, revoke);
}
