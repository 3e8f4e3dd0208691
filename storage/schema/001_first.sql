-- Version 1 of the store. Times are microseconds since 1970 UTC, ids 16 random bytes, hashes 32 bytes.
-- What is secret is sealed before it comes here (storage/SEAL_FORMAT.md).

CREATE TABLE schema_version (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  version INTEGER NOT NULL
) STRICT;
INSERT INTO schema_version VALUES (1, 1);

-- generation: counts the commits that others must follow. definitions: the last of them that changed resources or keys.
-- admin_seq, admin_head: the newest entry of the chain in admin_events.
CREATE TABLE installation (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  id BLOB NOT NULL CHECK (length(id) = 16),
  salt_fingerprint BLOB CHECK (length(salt_fingerprint) = 32),
  generation INTEGER NOT NULL DEFAULT 0,
  definitions INTEGER NOT NULL DEFAULT 0,
  admin_seq INTEGER NOT NULL DEFAULT 0,
  admin_head BLOB NOT NULL CHECK (length(admin_head) = 32)
) STRICT;

-- version: the generation that wrote the row. mac covers the row, its secrets and their epochs.
CREATE TABLE resources (
  id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  spec TEXT NOT NULL,
  version INTEGER NOT NULL,
  applied INTEGER NOT NULL CHECK (applied IN (0, 1)),
  mac BLOB NOT NULL,
  UNIQUE (kind, name)
) STRICT;
CREATE INDEX resources_by_version ON resources (version);

CREATE TABLE secrets (
  resource BLOB NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
  field TEXT NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (resource, field)
) STRICT, WITHOUT ROWID;

-- How often a field of a record was written; field '' is the row itself. Outlives the record and only rises, so an older
-- row or value that is put back does not fit any more.
CREATE TABLE epochs (
  record BLOB NOT NULL CHECK (length(record) = 16),
  field TEXT NOT NULL,
  epoch INTEGER NOT NULL CHECK (epoch > 0),
  mac BLOB NOT NULL,
  PRIMARY KEY (record, field)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER epochs_rise BEFORE UPDATE ON epochs WHEN new.epoch <= old.epoch
BEGIN
  SELECT RAISE(ABORT, 'an epoch only rises');
END;
CREATE TRIGGER epochs_stay BEFORE DELETE ON epochs
BEGIN
  SELECT RAISE(ABORT, 'an epoch stays');
END;

-- What is gone, for those who follow. at: when the sweep first saw it.
CREATE TABLE tombstones (
  kind TEXT NOT NULL CHECK (kind IN ('resource', 'session', 'token')),
  id BLOB NOT NULL CHECK (length(id) = 16),
  generation INTEGER NOT NULL,
  at INTEGER,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_by_generation ON tombstones (generation);

CREATE TABLE sessions (
  id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  id_hash BLOB NOT NULL UNIQUE CHECK (length(id_hash) = 32),
  family BLOB NOT NULL CHECK (length(family) = 16),
  user BLOB NOT NULL CHECK (length(user) = 16),
  host TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  absolute_end INTEGER NOT NULL,
  idle_seconds INTEGER NOT NULL,
  strength INTEGER NOT NULL CHECK (strength IN (1, 2)),
  factor_at INTEGER,
  client TEXT NOT NULL,
  user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_family ON sessions (family);
CREATE INDEX sessions_by_user ON sessions (user);

CREATE TABLE tokens (
  id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  user BLOB NOT NULL CHECK (length(user) = 16),
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  last_used_at INTEGER,
  strength INTEGER NOT NULL CHECK (strength IN (1, 2)),
  scope TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX tokens_by_version ON tokens (version);

CREATE TABLE flows (
  key_hash BLOB PRIMARY KEY NOT NULL CHECK (length(key_hash) = 32),
  kind TEXT NOT NULL,
  sealed BLOB NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX flows_by_end ON flows (expires_at);

-- Ids are never reused and rows never deleted.
CREATE TABLE data_keys (
  id INTEGER PRIMARY KEY NOT NULL CHECK (id > 0),
  wrapped BLOB NOT NULL,
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX data_keys_one_active ON data_keys (active) WHERE active = 1;

CREATE TABLE named_keys (
  id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  purpose TEXT NOT NULL,
  sealed BLOB NOT NULL,
  public_key BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  retired INTEGER NOT NULL CHECK (retired IN (0, 1))
) STRICT;
CREATE INDEX named_keys_by_purpose ON named_keys (purpose, created_at);

-- Each entry's hash covers the one before (storage/admin_chain.h).
CREATE TABLE admin_events (
  seq INTEGER PRIMARY KEY NOT NULL,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  actor TEXT NOT NULL,
  object TEXT NOT NULL,
  client TEXT NOT NULL,
  detail TEXT NOT NULL,
  previous BLOB NOT NULL CHECK (length(previous) = 32),
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
