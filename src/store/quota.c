#include "store/quota.h"

/*
 * Between a minute ago and a minute ahead: clocks of hosts differ, and who
 * waited for the row has looked at his before it began.  What lies further
 * ahead is of a clock that was wrong (F36).
 */
#define IN_MINUTE "began > ? AND began < ?"

/*
 * `counted` tells whether there was room, and a row.  Assignments are made from
 * left to right, so `asked` still sees the old `began`.
 */
static enum err
count_questions(struct db_conn *c, const struct uuid *user, int k,
    int64_t now, int most, bool *counted)
{
	struct db_value since = DB_INT(now - QUOTA_MINUTE_MS);
	struct db_value until = DB_INT(now + QUOTA_MINUTE_MS);
	struct db_value in[] = {
		since, until, DB_INT(k), since, until, DB_INT(now),
		db_uuid(user), DB_INT(most), since, until, DB_INT(k),
		DB_INT(most),
	};
	uint64_t affected = 0;
	enum err err = db_run(c,
	    "UPDATE quotas SET asked = IF(" IN_MINUTE ", asked, 0) + ?,"
	    " began = IF(" IN_MINUTE ", began, ?) WHERE user_id = ?"
	    " AND (? = 0 OR IF(" IN_MINUTE ", asked, 0) + ? <= ?)",
	    in, DB_COUNT(in), &affected);

	*counted = affected == 1;
	return err;
}

/* An INSERT that only failed would share the row with its like, and each would
 * wait for the other to let go. */
static enum err
make_row(struct db_conn *c, const struct uuid *user)
{
	struct db_value in[] = { db_uuid(user) };

	return db_run(c,
	    "INSERT INTO quotas (user_id, began, asked) VALUES (?, 0, 0)"
	    " ON DUPLICATE KEY UPDATE asked = asked", in, DB_COUNT(in), NULL);
}

static enum err
read_int(void *arg, const struct db_value *row, int n)
{
	(void)n;
	*(int64_t *)arg = row[0].i;
	return ERR_OK;
}

static enum err
refuse_questions(struct db_conn *c, const struct uuid *user, int64_t now,
    struct quota_refusal *why)
{
	struct db_value in[] = { db_uuid(user) };
	int64_t began = 0;
	enum err err = db_query_one(c,
	    "SELECT began FROM quotas WHERE user_id = ?", in, DB_COUNT(in),
	    read_int, &began);

	if (err)
		return err; /* ERR_NOT_FOUND: the first question ever */
	*why = (struct quota_refusal){ QUOTA_QUESTIONS,
		began + QUOTA_MINUTE_MS - now };
	if (why->wait_ms < 0 || why->wait_ms > QUOTA_MINUTE_MS)
		why->wait_ms = QUOTA_MINUTE_MS;
	return ERR_RATE_LIMITED;
}

static enum err
take_questions(struct db_conn *c, const struct uuid *user, int k, int64_t now,
    int most, struct quota_refusal *why)
{
	bool counted;
	enum err err = count_questions(c, user, k, now, most, &counted);

	if (err || counted)
		return err;
	if ((err = refuse_questions(c, user, now, why)) != ERR_NOT_FOUND)
		return err;
	if ((err = make_row(c, user)) ||
	    (err = count_questions(c, user, k, now, most, &counted)) || counted)
		return err;
	return refuse_questions(c, user, now, why);
}

/* What is counted after the row is ours is what all others have committed. */
static enum err
check_streams(struct db_conn *c, const struct uuid *user, int k, int most,
    struct quota_refusal *why)
{
	struct db_value in[] = { db_uuid(user) };
	int64_t running = 0;
	enum err err;

	if (most == 0)
		return ERR_OK;
	err = db_query_one(c,
	    "SELECT COUNT(*) FROM messages"
	    " WHERE user_id = ? AND session_id IS NOT NULL", in, DB_COUNT(in),
	    read_int, &running);
	if (err || running + k <= most)
		return err;
	*why = (struct quota_refusal){ QUOTA_STREAMS, QUOTA_STREAMS_RETRY_MS };
	return ERR_RATE_LIMITED;
}

enum err
quota_take(struct db_conn *c, const struct uuid *user, int k, int64_t now,
    const struct quota *most, struct quota_refusal *why)
{
	enum err err;

	if (most->questions_per_minute == 0 && most->streams == 0)
		return ERR_OK;
	err = take_questions(c, user, k, now, most->questions_per_minute, why);
	return err ? err : check_streams(c, user, k, most->streams, why);
}

static struct db_value
own(int most)
{
	return most >= 0 ? DB_INT(most) : DB_NULL;
}

enum err
quota_set_own(struct db_conn *c, const struct uuid *user,
    const struct quota *most)
{
	struct db_value in[] = {
		own(most->questions_per_minute), own(most->streams),
		db_uuid(user),
	};
	uint64_t affected = 0;
	enum err err = db_run(c,
	    "UPDATE users SET questions_per_minute = ?, streams_per_user = ?"
	    " WHERE id = ?", in, DB_COUNT(in), &affected);

	return err == ERR_OK && affected == 0 ? ERR_NOT_FOUND : err;
}

static enum err
read_own(void *arg, const struct db_value *row, int n)
{
	struct quota *out = arg;

	(void)n;
	out->questions_per_minute = (int)db_get_int(&row[0], -1);
	out->streams = (int)db_get_int(&row[1], -1);
	return ERR_OK;
}

enum err
quota_get_own(struct db_conn *c, const struct uuid *user, struct quota *out)
{
	struct db_value in[] = { db_uuid(user) };

	return db_query_one(c,
	    "SELECT questions_per_minute, streams_per_user FROM users"
	    " WHERE id = ?", in, DB_COUNT(in), read_own, out);
}
