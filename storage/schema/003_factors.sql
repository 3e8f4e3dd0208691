-- Version 3: how a second factor was used last, so that nothing that counts once counts twice. What the factors are is
-- sealed in their user's record (field 'factors'). A factor's id is unique among those of its user.
CREATE TABLE factor_uses (
  user BLOB NOT NULL CHECK (length(user) = 16),
  factor BLOB NOT NULL CHECK (length(factor) = 16),
  counter INTEGER NOT NULL CHECK (counter >= 0),
  used_at INTEGER NOT NULL,
  PRIMARY KEY (user, factor)
) STRICT, WITHOUT ROWID;
CREATE INDEX factor_uses_by_factor ON factor_uses (factor);
