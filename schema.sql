-- What LLMSelect remembers.  MariaDB >= 10.6 and MySQL 8.
--
-- Every table has a primary key that is not counted up, so that several hosts
-- and a Galera cluster can write.  Ids are UUIDs (version 7) as BINARY(16).
-- Times are milliseconds since 1970-01-01 UTC.  Names of providers and states
-- are checked by the program against its tables, not by ENUM, so that a new one
-- needs no change here.  Text that is compared is compared byte by byte, but
-- for names of users, where Ann and ann are one.

CREATE TABLE IF NOT EXISTS schema_version (
	id TINYINT NOT NULL PRIMARY KEY,
	version INT NOT NULL
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS users (
	id BINARY(16) NOT NULL PRIMARY KEY,
	username VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci NOT NULL,
	password VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	is_admin TINYINT NOT NULL DEFAULT 0,
	-- 1 for the user who registered first, NULL for all others: the unique
	-- key lets exactly one of any number of sign-ups at once be first.  Whoever
	-- changes administrators locks this row first; when it goes, another
	-- administrator inherits the mark
	is_first TINYINT NULL,
	disabled_at BIGINT NULL,
	created_at BIGINT NOT NULL,
	-- a JSON object (src/api/settings.c)
	settings MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
	-- in place of what the settings say for everybody; NULL: as they say
	questions_per_minute INT NULL,
	streams_per_user INT NULL,
	UNIQUE KEY username (username),
	UNIQUE KEY is_first (is_first)
) ENGINE=InnoDB;

-- A session is found by the SHA-256 of its token; the token itself is nowhere.
CREATE TABLE IF NOT EXISTS sessions (
	token_hash BINARY(32) NOT NULL PRIMARY KEY,
	id BINARY(16) NOT NULL,
	user_id BINARY(16) NOT NULL,
	created_at BIGINT NOT NULL,
	seen_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	address VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	user_agent VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	UNIQUE KEY id (id),
	KEY user_id (user_id),
	KEY expires_at (expires_at),
	CONSTRAINT sessions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- An invitation to register is found by the SHA-256 of its code, which is told
-- once, to the administrator who made it; NULL: llmselect-admin did.
CREATE TABLE IF NOT EXISTS invites (
	id BINARY(16) NOT NULL PRIMARY KEY,
	code_hash BINARY(32) NOT NULL,
	user_id BINARY(16) NULL,
	note VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	uses_left INT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	UNIQUE KEY code_hash (code_hash),
	KEY user_id (user_id),
	KEY expires_at (expires_at),
	CONSTRAINT invites_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- The versions of the master key that something may be sealed with, so that
-- nobody works here with another key, or without one that is needed.  Of the key
-- itself the fingerprint tells nothing (src/base/keyring.h).
CREATE TABLE IF NOT EXISTS master_keys (
	version INT NOT NULL PRIMARY KEY,
	fingerprint CHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
) ENGINE=InnoDB;

-- A user's own provider keys, sealed (src/store/apikeys.h).
CREATE TABLE IF NOT EXISTS api_keys (
	user_id BINARY(16) NOT NULL,
	provider VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	key_version INT NOT NULL,
	sealed VARBINARY(2048) NOT NULL,
	last4 VARCHAR(4) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (user_id, provider),
	CONSTRAINT api_keys_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- The models that a provider listed for the user's key, as a JSON array.
CREATE TABLE IF NOT EXISTS model_lists (
	user_id BINARY(16) NOT NULL,
	provider VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	models MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
	listed_at BIGINT NULL,
	tried_at BIGINT NOT NULL,
	failed TINYINT NOT NULL,
	PRIMARY KEY (user_id, provider),
	CONSTRAINT model_lists_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS conversations (
	id BINARY(16) NOT NULL PRIMARY KEY,
	user_id BINARY(16) NOT NULL,
	title VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	pinned TINYINT NOT NULL DEFAULT 0,
	-- the last message of the branch that is shown
	leaf_id BINARY(16) NULL,
	-- what its questions are asked with until another is given
	system_prompt MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	KEY user_updated (user_id, updated_at),
	CONSTRAINT conversations_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS messages (
	id BINARY(16) NOT NULL PRIMARY KEY,
	conversation_id BINARY(16) NOT NULL,
	user_id BINARY(16) NOT NULL,
	parent_id BINARY(16) NULL,
	-- place in the conversation: a message comes after its parent
	depth INT NOT NULL,
	role VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	content MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	reasoning MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
	state VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	provider VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
	model VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NULL,
	finish_reason VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL,
	error_code VARCHAR(30) CHARACTER SET ascii COLLATE ascii_bin NULL,
	error_message VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
	input_tokens BIGINT NULL,
	output_tokens BIGINT NULL,
	reasoning_tokens BIGINT NULL,
	usage_source VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NULL,
	connect_ms INT NULL,
	ttft_ms INT NULL,
	total_ms INT NULL,
	tokens_per_second DOUBLE NULL,
	cost_usd DOUBLE NULL,
	price_date VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NULL,
	-- messages before this answer that did not go to the model
	left_out INT NOT NULL DEFAULT 0,
	-- while it runs: the worker that writes it, and its conversation once more,
	-- so that a second running answer of a conversation meets the unique key
	owner BINARY(16) NULL,
	running_in BINARY(16) NULL,
	-- and the session that asked, which takes it along when it ends
	session_id BINARY(16) NULL,
	-- the request that made it, so that the same request again finds it
	client_request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
	request_hash BINARY(32) NULL,
	created_at BIGINT NOT NULL,
	ended_at BIGINT NULL,
	UNIQUE KEY running_in (running_in),
	UNIQUE KEY client_request (user_id, client_request_id),
	-- the shape of a conversation is read from this key alone
	KEY conversation (conversation_id, user_id, depth, id, parent_id, role),
	KEY owner (owner),
	-- by user first, so that a user's running answers are counted quickly
	KEY session (user_id, session_id),
	CONSTRAINT messages_conversation FOREIGN KEY (conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- What a running answer has so far, in the pieces in which it was written down;
-- text_at and reasoning_at are where a piece begins, in bytes.  When the answer
-- ends it is written whole into its message, and its pieces go.
CREATE TABLE IF NOT EXISTS segments (
	message_id BINARY(16) NOT NULL,
	text_at INT NOT NULL,
	reasoning_at INT NOT NULL,
	text MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	reasoning MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	PRIMARY KEY (message_id, text_at, reasoning_at)
) ENGINE=InnoDB;

-- A worker lives as long as its beat goes on.  Who finds one without a beat for
-- long enough, by its own clock, marks its running answers as interrupted.
CREATE TABLE IF NOT EXISTS workers (
	id BINARY(16) NOT NULL PRIMARY KEY,
	host VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	pid INT NOT NULL,
	beat BIGINT NOT NULL,
	started_at BIGINT NOT NULL,
	-- the versions of the master key that it has, "2:FINGERPRINT 1:FINGERPRINT",
	-- the one in use first; empty once it neither seals nor opens anything
	master_keys VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
) ENGINE=InnoDB;

-- "Stop this": read by the worker that owns the stream.  lane -1: all of it.
-- lane -2: "let go who joined answers of the user with this id", for each worker.
CREATE TABLE IF NOT EXISTS stops (
	stream_id BINARY(16) NOT NULL,
	lane SMALLINT NOT NULL,
	owner BINARY(16) NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (stream_id, lane, owner),
	KEY owner (owner),
	KEY created_at (created_at)
) ENGINE=InnoDB;

-- "Stop what I am about to ask", by the name that the client gave its request,
-- which may come here before the request does.
CREATE TABLE IF NOT EXISTS early_stops (
	user_id BINARY(16) NOT NULL,
	client_request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (user_id, client_request_id),
	KEY created_at (created_at),
	CONSTRAINT early_stops_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- Tries that are held back when there are too many (src/auth/limit.h).  A name
-- compares as in users, so that Ann and ann are counted as one, whether there is
-- such a user or not.  '' where a name or an address does not matter.
CREATE TABLE IF NOT EXISTS tries (
	what VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	name VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci NOT NULL,
	address VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	n INT NOT NULL,
	-- the next one may be made then
	not_before BIGINT NOT NULL,
	forget_at BIGINT NOT NULL,
	PRIMARY KEY (what, name, address),
	KEY forget_at (forget_at)
) ENGINE=InnoDB;

-- How much a user asked in the minute that began then.  The row is also what the
-- user's claims wait for, one after the other, so that all workers count as one.
CREATE TABLE IF NOT EXISTS quotas (
	user_id BINARY(16) NOT NULL PRIMARY KEY,
	began BIGINT NOT NULL,
	asked INT NOT NULL,
	CONSTRAINT quotas_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB;

INSERT IGNORE INTO schema_version (id, version) VALUES (1, 1);
