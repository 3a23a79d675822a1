-- Requests of programs that are answered once, by who asked and the key they gave. Kept for a day.
CREATE TABLE once (
    user   TEXT NOT NULL,
    key    TEXT NOT NULL,
    print  TEXT NOT NULL,                -- hash of what was asked
    at     INTEGER NOT NULL,
    status INTEGER,                      -- NULL while it is under way
    body   BLOB,
    PRIMARY KEY (user, key)
) WITHOUT ROWID;
CREATE INDEX once_at ON once (at);
