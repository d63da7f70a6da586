/*
 * What every request may use.  Made once at the start, before any thread; it
 * does not change after that, so no lock guards it.  The parts lock for
 * themselves.
 */
#ifndef API_APP_H
#define API_APP_H

#include "base/conf.h"
#include "base/keyring.h"
#include "base/uuid.h"

struct db;
struct llm_providers;
struct catalog;
struct relay;
struct journal;
struct tail;
struct lister;

struct app {
	const struct conf *conf;
	struct db *db;
	struct llm_providers *providers;
	struct catalog *catalog;
	struct relay *relay;
	struct journal *journal;
	struct tail *tail;
	struct lister *lister;
	struct uuid worker;           /* this process, as owner of streams */
	/* each in all versions of the master key */
	struct keyring csrf_key;    /* signs CSRF tokens */
	struct keyring sealing_key; /* seals provider keys */
	struct keyring pepper;      /* goes into password hashes */
};

#endif
