#include "store/db_private.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <string.h>

enum {
	DROPS = 1,  /* the connection is of no further use */
	QUOTES = 2, /* the message quotes values, so it is not for the log */
};

/* What an error of the server or the library means; any other is
 * ERR_INTERNAL.  Numbers are those that one of the two servers lacks. */
static const struct failure {
	unsigned number;
	enum err err;
	unsigned flags;
} failures[] = {
	{ ER_DUP_ENTRY, ERR_CONFLICT, QUOTES },
	{ ER_LOCK_DEADLOCK, ERR_BUSY, 0 },
	{ ER_LOCK_WAIT_TIMEOUT, ERR_BUSY, 0 },
	{ ER_CHECKREAD, ERR_BUSY, 0 }, /* changed since it was read */
	{ CR_CONNECTION_ERROR, ERR_UNAVAILABLE, DROPS },
	{ CR_CONN_HOST_ERROR, ERR_UNAVAILABLE, DROPS },
	{ CR_UNKNOWN_HOST, ERR_UNAVAILABLE, DROPS },
	{ CR_SERVER_GONE_ERROR, ERR_UNAVAILABLE, DROPS },
	{ CR_SERVER_HANDSHAKE_ERR, ERR_UNAVAILABLE, DROPS },
	{ CR_SERVER_LOST, ERR_UNAVAILABLE, DROPS },
	{ CR_SERVER_LOST_EXTENDED, ERR_UNAVAILABLE, DROPS },
	{ ER_CON_COUNT_ERROR, ERR_UNAVAILABLE, DROPS },
	{ ER_TOO_MANY_USER_CONNECTIONS, ERR_UNAVAILABLE, DROPS },
	{ ER_SERVER_SHUTDOWN, ERR_UNAVAILABLE, DROPS },
	{ ER_NORMAL_SHUTDOWN, ERR_UNAVAILABLE, DROPS },
	{ ER_QUERY_INTERRUPTED, ERR_UNAVAILABLE, DROPS },
	{ 1927, ERR_UNAVAILABLE, DROPS }, /* MariaDB: connection was killed */
	{ 3169, ERR_UNAVAILABLE, DROPS }, /* MySQL: session was killed */
	{ 4031, ERR_UNAVAILABLE, DROPS }, /* MySQL: idle for too long */
	{ ER_UNKNOWN_STMT_HANDLER, ERR_UNAVAILABLE, DROPS },
	{ ER_MAX_PREPARED_STMT_COUNT_REACHED, ERR_UNAVAILABLE, DROPS },
	{ ER_UNKNOWN_COM_ERROR, ERR_UNAVAILABLE, 0 }, /* Galera: not ready */
	{ ER_OPTION_PREVENTS_STATEMENT, ERR_UNAVAILABLE, 0 }, /* read only */
	{ ER_DISK_FULL, ERR_UNAVAILABLE, 0 },
	{ ER_RECORD_FILE_FULL, ERR_UNAVAILABLE, 0 },
	{ CR_COMMANDS_OUT_OF_SYNC, ERR_INTERNAL, DROPS },
	{ CR_MALFORMED_PACKET, ERR_INTERNAL, DROPS },
	{ CR_OUT_OF_MEMORY, ERR_INTERNAL, DROPS },
	{ ER_TRUNCATED_WRONG_VALUE, ERR_INTERNAL, QUOTES },
	{ ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ERR_INTERNAL, QUOTES },
	{ ER_INVALID_CHARACTER_STRING, ERR_INTERNAL, QUOTES },
};

static const struct failure *
find_failure(unsigned number)
{
	static const struct failure other = { 0, ERR_INTERNAL, 0 };

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (failures[i].number == number)
			return &failures[i];
	return &other;
}

/* The name at the end of "… for key 'name'" or "… for key 'table.name'". */
static void
read_conflict_key(struct db_conn *c, const char *message)
{
	const char *end = strrchr(message, '\'');
	const char *p = end;

	if (end == NULL)
		return;
	while (p > message && p[-1] != '\'' && p[-1] != '.')
		p--;
	snprintf(c->conflict_key, sizeof(c->conflict_key), "%.*s",
	    (int)(end - p), p);
}

enum err
db_fail(struct db_conn *c, unsigned number, const char *state,
    const char *message)
{
	const struct failure *f = find_failure(number);

	snprintf(c->why, sizeof(c->why), "%u (%s)%s%s", number, state,
	    f->flags & QUOTES ? "" : " ", f->flags & QUOTES ? "" : message);
	if (f->err == ERR_CONFLICT)
		read_conflict_key(c, message);
	if (f->flags & DROPS)
		db_conn_close(c);
	return f->err;
}

enum err
db_fail_here(struct db_conn *c, enum err err, const char *why)
{
	snprintf(c->why, sizeof(c->why), "%s", why);
	return err;
}

const char *
db_why(const struct db_conn *c)
{
	return c->why;
}

const char *
db_conflict_key(const struct db_conn *c)
{
	return c->conflict_key;
}
