#include "auth/limit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum {
	TRIES_MAX = 1000000, /* more is not counted */
	DOUBLED_MAX = 30,    /* times that a wait doubles */
};

static const char *const names[] = {
	[LIMIT_NAME] = "name",
	[LIMIT_HOME] = "home",
	[LIMIT_ADDRESS] = "address",
	[LIMIT_SIGN_UP] = "sign_up",
	[LIMIT_PASSWORD] = "password",
};

/* Where somebody signed in; that is no count. */
static const char KNOWN[] = "known";

/* ---- counts and times ---- */

static bool
is_void(const struct limit_rule *rule, const struct tries_count *count,
    int64_t now)
{
	return count->forget_at <= now ||
	    count->forget_at > now + rule->window_ms + LIMIT_SKEW_MS;
}

int64_t
limit_wait(const struct limit_rule *rule, const struct tries_count *count,
    int64_t now)
{
	int64_t most = rule->wait_max_ms > 0 ? rule->wait_max_ms :
	    rule->window_ms;
	int64_t wait = count->not_before - now;

	if (rule->free == 0 || wait <= 0 || is_void(rule, count, now))
		return 0;
	return wait < most ? wait : most;
}

/* After `n` tries. */
static int64_t
grown_wait(const struct limit_rule *rule, int n)
{
	int doubled = n - rule->free;
	int64_t wait;

	if (doubled < 0)
		return 0;
	wait = (int64_t)LIMIT_FIRST_WAIT_MS <<
	    (doubled < DOUBLED_MAX ? doubled : DOUBLED_MAX);
	return wait < rule->wait_max_ms ? wait : rule->wait_max_ms;
}

struct tries_count
limit_count(const struct limit_rule *rule, const struct tries_count *count,
    int64_t now)
{
	struct tries_count next = *count;

	if (is_void(rule, count, now))
		next = (struct tries_count){ .forget_at =
			now + rule->window_ms };
	if (next.n < TRIES_MAX)
		next.n++;
	if (rule->wait_max_ms == 0) {
		next.not_before = next.n >= rule->free ? next.forget_at : 0;
		return next;
	}
	next.forget_at = now + rule->window_ms;
	next.not_before = next.n >= rule->free ?
	    now + grown_wait(rule, next.n) : 0;
	return next;
}

/* ---- addresses ---- */

static bool
is_v4_in_v6(const struct in6_addr *a)
{
	static const unsigned char prefix[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->s6_addr, prefix, sizeof(prefix)) == 0;
}

const char *
limit_address(const char *address, char out[static TRIES_ADDRESS_SIZE])
{
	struct in6_addr a;
	char text[INET6_ADDRSTRLEN];

	if (inet_pton(AF_INET6, address, &a) != 1)
		snprintf(out, TRIES_ADDRESS_SIZE, "%s", address);
	else if (is_v4_in_v6(&a))
		inet_ntop(AF_INET, &a.s6_addr[12], out, TRIES_ADDRESS_SIZE);
	else {
		memset(&a.s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, &a, text, sizeof(text));
		snprintf(out, TRIES_ADDRESS_SIZE, "%.*s/64",
		    TRIES_ADDRESS_SIZE - 4, text);
	}
	return out;
}

/* ---- one try ---- */

static struct limit_rule
rule_of(const struct conf *conf, enum limit_what what)
{
	struct limit_rule rule = { conf->limits_sign_in_tries,
		LIMIT_WINDOW_MS, conf->limits_sign_in_wait_max_ms };

	if (what == LIMIT_ADDRESS)
		rule.free = conf->limits_sign_in_tries_per_address;
	if (what == LIMIT_SIGN_UP)
		rule = (struct limit_rule){ conf->limits_sign_ups_per_hour,
			LIMIT_HOUR_MS, 0 };
	/* a wait as long as the window would be forgotten before its end */
	if (rule.window_ms < 2 * rule.wait_max_ms)
		rule.window_ms = 2 * rule.wait_max_ms;
	return rule;
}

/* Where the rule is switched off there is no part. */
static void
add_part(struct limit_try *t, const struct conf *conf, enum limit_what what,
    const char *name, size_t name_len, const char *address)
{
	struct limit_rule rule = rule_of(conf, what);

	if (rule.free == 0)
		return;
	t->parts[t->n++] = (struct limit_part){ .what = what, .rule = rule,
		.key = { names[what], name, name_len, address } };
}

static enum err
check_parts(struct limit_try *t)
{
	for (int i = 0; i < t->n; i++) {
		const struct limit_part *p = &t->parts[i];

		t->held_by = p->what;
		t->wait_ms = limit_wait(&p->rule, &p->was, t->now);
		if (t->wait_ms > 0)
			return ERR_RATE_LIMITED;
	}
	return ERR_OK;
}

static enum err
look(struct db_conn *c, struct limit_try *t)
{
	enum err err = ERR_OK;

	for (int i = 0; i < t->n && err == ERR_OK; i++)
		err = tries_find(c, &t->parts[i].key, &t->parts[i].was);
	return err ? err : check_parts(t);
}

/* Rows are locked in the order of the parts, so that nobody waits in a ring. */
static enum err
count_all(struct db_conn *c, void *arg)
{
	struct limit_try *t = arg;
	enum err err;

	for (int i = 0; i < t->n; i++)
		if ((err = tries_lock(c, &t->parts[i].key, &t->parts[i].was)))
			return err;
	if ((err = check_parts(t)))
		return err;
	for (int i = 0; i < t->n; i++) {
		struct limit_part *p = &t->parts[i];

		p->is = limit_count(&p->rule, &p->was, t->now);
		if ((err = tries_set(c, &p->key, &p->is)))
			return err;
	}
	return ERR_OK;
}

/* One who has to wait costs a look and no lock. */
static enum err
begin(struct db_conn *c, struct limit_try *t)
{
	enum err err;

	if (t->n == 0)
		return ERR_OK;
	if ((err = look(c, t)) == ERR_OK)
		err = db_transaction(c, count_all, t);
	if (err)
		t->n = 0;
	return err;
}

enum err
limit_sign_in(struct db_conn *c, const struct conf *conf, const char *name,
    size_t name_len, const char *address, int64_t now, struct limit_try *out)
{
	struct tries_key known = { KNOWN, name, name_len, out->address };
	struct tries_count since;
	enum err err;

	*out = (struct limit_try){ .now = now };
	limit_address(address, out->address);
	if ((err = tries_find(c, &known, &since)))
		return err;
	add_part(out, conf, LIMIT_ADDRESS, "", 0, out->address);
	if (since.forget_at > now)
		add_part(out, conf, LIMIT_HOME, name, name_len, out->address);
	else
		add_part(out, conf, LIMIT_NAME, name, name_len, "");
	return begin(c, out);
}

enum err
limit_password(struct db_conn *c, const struct conf *conf, const char *name,
    size_t name_len, int64_t now, struct limit_try *out)
{
	*out = (struct limit_try){ .now = now };
	add_part(out, conf, LIMIT_PASSWORD, name, name_len, "");
	return begin(c, out);
}

enum err
limit_sign_up(struct db_conn *c, const struct conf *conf, const char *address,
    int64_t now, struct limit_try *out)
{
	*out = (struct limit_try){ .now = now };
	limit_address(address, out->address);
	add_part(out, conf, LIMIT_SIGN_UP, "", 0, out->address);
	return begin(c, out);
}

/* ---- how it went ---- */

static enum err
take_back(struct db_conn *c, const struct limit_part *p)
{
	return tries_take_back(c, &p->key, p->is.not_before,
	    p->was.not_before);
}

static enum err
pass_part(struct db_conn *c, const struct limit_try *t,
    const struct limit_part *p)
{
	enum err err;

	switch (p->what) {
	case LIMIT_NAME:
	case LIMIT_HOME:
		if ((err = tries_remove(c, &p->key)))
			return err;
		return limit_know(c, p->key.name, p->key.name_len, t->address,
		    t->now);
	case LIMIT_PASSWORD:
		return tries_remove(c, &p->key);
	case LIMIT_ADDRESS:
		return take_back(c, p);
	case LIMIT_SIGN_UP:
		break;
	}
	return ERR_OK;
}

static enum err
pass_all(struct db_conn *c, void *arg)
{
	const struct limit_try *t = arg;
	enum err err = ERR_OK;

	for (int i = 0; i < t->n && err == ERR_OK; i++)
		err = pass_part(c, t, &t->parts[i]);
	return err;
}

enum err
limit_passed(struct db_conn *c, struct limit_try *t)
{
	return t->n > 0 ? db_transaction(c, pass_all, t) : ERR_OK;
}

static enum err
undo_all(struct db_conn *c, void *arg)
{
	const struct limit_try *t = arg;
	enum err err = ERR_OK;

	for (int i = 0; i < t->n && err == ERR_OK; i++)
		err = take_back(c, &t->parts[i]);
	return err;
}

enum err
limit_undo(struct db_conn *c, struct limit_try *t)
{
	return t->n > 0 ? db_transaction(c, undo_all, t) : ERR_OK;
}

enum err
limit_know(struct db_conn *c, const char *name, size_t name_len,
    const char *address, int64_t now)
{
	char counted[TRIES_ADDRESS_SIZE];
	struct tries_key key = { KNOWN, name, name_len,
		limit_address(address, counted) };
	struct tries_count since = { .n = 1,
		.forget_at = now + LIMIT_KNOWN_MS };

	return tries_set(c, &key, &since);
}

enum err
limit_forget(struct db_conn *c, const char *name, size_t name_len)
{
	const char *const whats[] = { KNOWN, names[LIMIT_NAME],
		names[LIMIT_HOME], names[LIMIT_PASSWORD] };
	enum err err = ERR_OK;

	for (int i = 0; i < DB_COUNT(whats) && err == ERR_OK; i++)
		err = tries_remove_name(c, whats[i], name, name_len);
	return err;
}
