-- Version 2: where a token was last used from.

ALTER TABLE tokens ADD COLUMN last_used_from TEXT NOT NULL DEFAULT '';
