/*
 * Invitations to register.  A code is random and told once; its SHA-256 is all
 * that is kept, so the database lets nobody in.  An invitation goes with the
 * administrator who made it, and when that user is no longer one.
 */
#ifndef STORE_INVITES_H
#define STORE_INVITES_H

#include "base/crypt.h"
#include "base/uuid.h"
#include "store/db.h"

enum {
	INVITE_NOTE_MAX = 200, /* characters */
	INVITE_NOTE_SIZE = 801,
	INVITE_CODE_SIZE = 33, /* 32 characters of base64url and the NUL */
	INVITE_USES_MAX = 1000,
	INVITE_EXPIRES_MIN_S = 60,
	INVITE_EXPIRES_MAX_S = 365 * 24 * 3600,
	INVITE_EXPIRES_S = 7 * 24 * 3600, /* where nobody says */
};

struct invite {
	struct uuid id;
	struct uuid maker; /* zeros: llmselect-admin */
	char maker_name[201];
	char note[INVITE_NOTE_SIZE];
	int uses_left;
	int64_t created_at, expires_at; /* wall ms */
};

/*
 * Make one: `note`, `uses_left`, `maker` and `expires_at` are given, id and
 * time are set, and `code` gets what lets people in.  Expired ones go.
 */
enum err
invite_make(struct db_conn *c, struct invite *invite,
    char code[static INVITE_CODE_SIZE]);

/* ERR_OK where that code lets somebody in by `now`, ERR_NOT_FOUND where not:
 * wrong, used up and expired are one. */
enum err
invite_check(struct db_conn *c, const char *code, int64_t now);

/* The same inside a transaction, which then has used it once. */
enum err
invite_use(struct db_conn *c, const char *code, int64_t now);

typedef enum err invite_fn(void *arg, const struct invite *invite);

/* Those that have not expired by `now`, the latest first; used ones too. */
enum err
invite_list(struct db_conn *c, int64_t now, int offset, int limit,
    invite_fn *each, void *arg);

enum err
invite_count(struct db_conn *c, int64_t now, int64_t *out);

/* ERR_NOT_FOUND where there is none. */
enum err
invite_remove(struct db_conn *c, const struct uuid *id);

#endif
