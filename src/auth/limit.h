/*
 * Who has tried too often has to wait: names in, verdict out.
 *
 * A try is counted before anything is done for it, in the database, under the
 * lock of its row; so however many workers, hosts and requests at once, no more
 * of them go on than the rule says.  Whoever called says afterwards how it went:
 * limit_passed(), limit_undo(), or nothing at all, for a wrong password.
 *
 *   what         is counted by        how often     then
 *   sign-in      name, or             5 in a row    1, 2, 4 … 60 s
 *                name and address
 *   sign-in      address              50            1, 2, 4 … 60 s
 *   password     name                 5 in a row    1, 2, 4 … 60 s
 *   sign-up      address              30 an hour    to the end of that hour
 *
 * The figures are settings of [limits].  A count of wrong passwords is forgotten
 * LIMIT_WINDOW_MS after its last try; a try that came too early is none.
 *
 * Strangers who try a name must not keep its user out: he who comes from where
 * he signed in within LIMIT_KNOWN_MS has a count of his own.
 *
 * An address is counted as IPv4, or as the /64 of IPv6 that one customer has.
 */
#ifndef AUTH_LIMIT_H
#define AUTH_LIMIT_H

#include "base/conf.h"
#include "store/tries.h"

enum {
	LIMIT_WINDOW_MS = 900000, /* 15 min */
	LIMIT_HOUR_MS = 3600000,
	LIMIT_FIRST_WAIT_MS = 1000,
	LIMIT_SKEW_MS = 60000, /* by which clocks of hosts may differ */
	LIMIT_PARTS_MAX = 2,   /* counts that one try goes into */
};

#define LIMIT_KNOWN_MS (90LL * 24 * LIMIT_HOUR_MS)

enum limit_what {
	LIMIT_NAME,     /* wrong passwords for a name */
	LIMIT_HOME,     /* the same, from where its user has signed in */
	LIMIT_ADDRESS,  /* wrong passwords from an address */
	LIMIT_SIGN_UP,  /* accounts asked for from an address */
	LIMIT_PASSWORD, /* wrong old passwords of one who is signed in */
};

struct limit_rule {
	int free;            /* tries that need not wait; 0: none has to */
	int64_t window_ms;   /* how long a count is kept */
	int64_t wait_max_ms; /* waits grow to this, and the window begins anew
	                      * with each try; 0: to the end of the window */
};

struct limit_part {
	enum limit_what what;
	struct limit_rule rule;
	struct tries_key key;
	struct tries_count was, is; /* before this try, and with it */
};

/* One try.  Starts as { 0 }; the name is borrowed.  It points into itself, so it
 * is not to be copied. */
struct limit_try {
	struct limit_part parts[LIMIT_PARTS_MAX];
	int n;
	char address[TRIES_ADDRESS_SIZE];
	int64_t now; /* wall ms */
	/* after ERR_RATE_LIMITED: what has to wait, and how long */
	enum limit_what held_by;
	int64_t wait_ms;
};

/* Count a try and say whether it may go on: ERR_OK, or ERR_RATE_LIMITED, and
 * then it was not counted.  `address` is REMOTE_ADDR. */
enum err
limit_sign_in(struct db_conn *c, const struct conf *conf, const char *name,
    size_t name_len, const char *address, int64_t now, struct limit_try *out);

enum err
limit_password(struct db_conn *c, const struct conf *conf, const char *name,
    size_t name_len, int64_t now, struct limit_try *out);

enum err
limit_sign_up(struct db_conn *c, const struct conf *conf, const char *address,
    int64_t now, struct limit_try *out);

/*
 * The password was right: its name starts from nothing, its address gets this
 * try back, and is known.  A sign-up stays counted.
 */
enum err
limit_passed(struct db_conn *c, struct limit_try *t);

/* It came to no verdict: as if it had not been. */
enum err
limit_undo(struct db_conn *c, struct limit_try *t);

/* The user of this name has come in from there. */
enum err
limit_know(struct db_conn *c, const char *name, size_t name_len,
    const char *address, int64_t now);

/* Forget a name and where it came from, when its user goes (S41). */
enum err
limit_forget(struct db_conn *c, const char *name, size_t name_len);

/* The parts that need no database, for its tests. */

/* Milliseconds until the next try; 0: now.  A count from a future that this
 * clock does not know counts as none (F36). */
int64_t
limit_wait(const struct limit_rule *rule, const struct tries_count *count,
    int64_t now);

/* One more. */
struct tries_count
limit_count(const struct limit_rule *rule, const struct tries_count *count,
    int64_t now);

/* What an address is counted as. */
const char *
limit_address(const char *address, char out[static TRIES_ADDRESS_SIZE]);

#endif
