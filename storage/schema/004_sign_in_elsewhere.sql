-- Version 4: signing in at identity providers.

-- What counts once (an assertion, a logout request) and must be remembered as long as it could be shown again.
CREATE TABLE used_once (
  key BLOB PRIMARY KEY NOT NULL CHECK (length(key) = 32),
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_once_by_end ON used_once (until);

-- Where a gate session came from: what a logout there or here has to name. sealed: its words (storage/SEAL_FORMAT.md).
CREATE TABLE session_origins (
  session BLOB PRIMARY KEY NOT NULL CHECK (length(session) = 16) REFERENCES sessions (id) ON DELETE CASCADE,
  provider BLOB NOT NULL CHECK (length(provider) = 16),
  subject_hash BLOB NOT NULL CHECK (length(subject_hash) = 32),
  index_hash BLOB CHECK (length(index_hash) = 32),
  sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_origins_by_subject ON session_origins (provider, subject_hash);
CREATE INDEX session_origins_by_index ON session_origins (provider, index_hash);

-- The flight recorder: the last sign-ins at each provider. checks: JSON.
CREATE TABLE sign_in_attempts (
  seq INTEGER PRIMARY KEY NOT NULL,
  provider TEXT NOT NULL,
  at INTEGER NOT NULL,
  reference TEXT NOT NULL,
  outcome TEXT NOT NULL,
  user TEXT NOT NULL,
  client TEXT NOT NULL,
  reason TEXT NOT NULL,
  checks TEXT NOT NULL
) STRICT;
CREATE INDEX sign_in_attempts_by_provider ON sign_in_attempts (provider, seq);

-- The last good answer of a provider (metadata, discovery, keys), for when it cannot be asked.
CREATE TABLE provider_documents (
  provider BLOB NOT NULL CHECK (length(provider) = 16),
  what TEXT NOT NULL,
  source TEXT NOT NULL,
  body TEXT NOT NULL,
  fetched_at INTEGER NOT NULL,
  PRIMARY KEY (provider, what)
) STRICT, WITHOUT ROWID;
