-- Searches that people keep, for themselves or for everybody at the desk: the query of an address, which asks for nobody.
CREATE TABLE kept_search (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,  -- the record names it: never used twice
    user   TEXT NOT NULL REFERENCES user (id),
    name   TEXT NOT NULL,
    wanted TEXT NOT NULL,
    shared INTEGER NOT NULL,
    kept   INTEGER NOT NULL,
    UNIQUE (user, name)
);
CREATE INDEX kept_search_shared ON kept_search (shared);

-- When somebody last opened one.
CREATE TABLE opened_search (
    search INTEGER NOT NULL REFERENCES kept_search (id) ON DELETE CASCADE,
    user   TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (search, user)
) WITHOUT ROWID;
