-- By whom a token is kept decides how it is used: a person's file (commands), a browser (a session, which ends by itself) or
-- a program (the API, within its scopes).
ALTER TABLE token ADD COLUMN kept TEXT NOT NULL DEFAULT 'person' CHECK (kept IN ('person', 'browser', 'program'));
ALTER TABLE token ADD COLUMN ends INTEGER;             -- when it ends whatever is done with it
ALTER TABLE token ADD COLUMN label TEXT;               -- what its owner knows it by
ALTER TABLE token ADD COLUMN scopes TEXT;              -- JSON; only a program's
