/*
 * The users, for who has a shell on the server and perhaps no account.  What
 * runs for a user whose sessions end is stopped by the worker that owns it, at
 * its next look into the database.
 */
#include "admin/admin.h"

#include <stdio.h>
#include <string.h>

#include "auth/password.h"
#include "store/admins_json.h"
#include "store/messages.h"
#include "store/sessions.h"
#include "store/stops.h"

enum { AT_ONCE = 100 }; /* users that are read at once */

/* ---- the list ---- */

static enum err
add_user(void *arg, const struct admin_entry *e)
{
	return json_array_append_new(arg, admins_json_user(e)) == 0 ?
	    ERR_OK : ERR_INTERNAL;
}

static const char *
text_of(const json_t *user, const char *name)
{
	const char *text = json_string_value(json_object_get(user, name));

	return text != NULL ? text : "never";
}

static void
print_user(const json_t *user)
{
	bool is_admin = json_is_true(json_object_get(user, "is_admin"));
	bool disabled = json_is_true(json_object_get(user, "disabled"));

	printf("%s  %-13s  %-8s  seen %-24s  %s\n",
	    text_of(user, "created_at"), is_admin ? "administrator" : "",
	    disabled ? "disabled" : "", text_of(user, "last_seen_at"),
	    text_of(user, "username"));
}

static int
list(const struct options *o, const struct conf *conf, struct db_conn *c)
{
	json_auto_t *users = json_array();
	size_t i, n;
	json_t *user;

	(void)conf;
	do {
		n = json_array_size(users);
		if (admins_list_users(c, NULL, (int)n, AT_ONCE, add_user,
		    users))
			return admin_fail_db(c);
	} while (json_array_size(users) == n + AT_ONCE);
	if (o->json)
		return admin_print_json(json_incref(users));
	json_array_foreach(users, i, user)
		print_user(user);
	return ADMIN_DONE;
}

int
admin_users_list(const struct options *o)
{
	return admin_with_db(o, list);
}

/* ---- one of them ---- */

static int
find(struct db_conn *c, const char *name, struct user_row *u)
{
	enum err err = user_by_name(c, name, strlen(name), u);

	if (err == ERR_NOT_FOUND)
		return admin_fail("There is no user %s.", name);
	return err ? admin_fail_db(c) : ADMIN_DONE;
}

static int
tell(const struct options *o, struct db_conn *c, const struct user_row *u,
    const char *what)
{
	struct admin_entry entry;

	if (!o->json) {
		printf("%s %s\n", u->username, what);
		return ADMIN_DONE;
	}
	if (admins_get_user(c, &u->id, &entry))
		return admin_fail_db(c);
	return admin_print_json(admins_json_user(&entry));
}

struct running {
	struct msg_status list[MSG_RUNNING_MAX];
	int n;
};

static enum err
note_running(void *arg, const struct msg_status *status)
{
	struct running *r = arg;

	r->list[r->n++] = *status;
	return ERR_OK;
}

static enum err
stop_all(struct db_conn *c, const struct uuid *user)
{
	struct uuid after = { { 0 } };
	struct running r;
	enum err err;

	do {
		r.n = 0;
		err = msg_running_all(c, user, NULL, &after, note_running, &r);
		for (int i = 0; i < r.n && err == ERR_OK; i++)
			err = stop_add(c, &r.list[i].id, STOP_ALL_LANES,
			    &r.list[i].owner);
		if (r.n > 0)
			after = r.list[r.n - 1].id;
	} while (err == ERR_OK && r.n == MSG_RUNNING_MAX);
	return err;
}

static int
change(const struct options *o, struct db_conn *c, const bool *disabled,
    const bool *is_admin, const char *what)
{
	struct user_row u;
	enum err err;
	int rc;

	if ((rc = find(c, o->operand, &u)) != ADMIN_DONE)
		return rc;
	err = admins_change_user(c, &u.id, disabled, is_admin);
	if (err == ERR_CONFLICT)
		return admin_fail("%s is the only administrator. "
		    "Make another user one first.", u.username);
	if (err || (disabled != NULL && *disabled && stop_all(c, &u.id)))
		return admin_fail_db(c);
	return tell(o, c, &u, what);
}

static const bool yes = true, no = false;

static int
disable(const struct options *o, const struct conf *conf, struct db_conn *c)
{
	(void)conf;
	return change(o, c, &yes, NULL,
	    "is disabled, and all sessions have ended.");
}

static int
enable(const struct options *o, const struct conf *conf, struct db_conn *c)
{
	(void)conf;
	return change(o, c, &no, NULL, "may sign in.");
}

static int
promote(const struct options *o, const struct conf *conf, struct db_conn *c)
{
	(void)conf;
	return change(o, c, NULL, &yes, "is an administrator.");
}

static int
demote(const struct options *o, const struct conf *conf, struct db_conn *c)
{
	(void)conf;
	return change(o, c, NULL, &no, "is no administrator.");
}

int
admin_users_disable(const struct options *o)
{
	return admin_with_db(o, disable);
}

int
admin_users_enable(const struct options *o)
{
	return admin_with_db(o, enable);
}

int
admin_users_promote(const struct options *o)
{
	return admin_with_db(o, promote);
}

int
admin_users_demote(const struct options *o)
{
	return admin_with_db(o, demote);
}

/* ---- another password ---- */

struct password {
	char bytes[PASSWORD_MAX + 3]; /* a line end, and one too many */
	size_t len;
};

/* All of standard input; the line end that echo puts behind it is not meant. */
static int
read_password(struct password *p)
{
	const char *fault;

	p->len = fread(p->bytes, 1, sizeof(p->bytes), stdin);
	if (p->len > 0 && p->bytes[p->len - 1] == '\n')
		p->len--;
	fault = password_fault(p->bytes, p->len);
	return fault != NULL ? admin_fail("%s", fault) : ADMIN_DONE;
}

static int
hash_password(const struct conf *conf, const struct password *p,
    char hash[static PASSWORD_HASH_SIZE])
{
	struct keyring master, pepper;
	char why[CONF_WHY_MAX];
	enum err err;

	if (keyring_load(conf->server_master_key, SECRET_MINE_OR_ROOTS, &master,
	    why, sizeof(why)))
		return admin_fail("%s", why);
	err = keyring_derive(&master, PASSWORD_PEPPER, &pepper);
	if (err == ERR_OK)
		err = password_hash(&pepper, p->bytes, p->len, hash);
	keyring_wipe(&master);
	keyring_wipe(&pepper);
	return err ? admin_fail("The password could not be hashed.") :
	    ADMIN_DONE;
}

struct reset {
	const struct uuid *user;
	const char *hash;
};

static enum err
write_reset(struct db_conn *c, void *arg)
{
	const struct reset *r = arg;
	enum err err = sessions_end_all(c, r->user, NULL);

	return err ? err : user_set_password(c, r->user, NULL, r->hash);
}

static int
set_password(const struct options *o, const struct conf *conf,
    struct db_conn *c)
{
	struct password p;
	struct user_row u;
	char hash[PASSWORD_HASH_SIZE];
	struct reset r = { &u.id, hash };
	int rc;

	if ((rc = find(c, o->operand, &u)) != ADMIN_DONE)
		return rc;
	rc = read_password(&p);
	if (rc == ADMIN_DONE)
		rc = hash_password(conf, &p, hash);
	crypt_wipe(&p, sizeof(p));
	if (rc != ADMIN_DONE)
		return rc;
	if (db_transaction(c, write_reset, &r) || stop_all(c, &u.id))
		return admin_fail_db(c);
	return tell(o, c, &u, "has the new password, and all sessions have "
	    "ended.");
}

int
admin_users_password(const struct options *o)
{
	return admin_with_db(o, set_password);
}
