-- Posts. `row` is the time of publication (else of capture) in seconds << 20, plus a
-- sequence number: row order is time order, and full text can be asked for a span of time.

CREATE TABLE source (
    id     INTEGER PRIMARY KEY,
    plugin TEXT NOT NULL,
    site   TEXT NOT NULL,
    UNIQUE (plugin, site)
);

CREATE TABLE post (
    row       INTEGER PRIMARY KEY,
    source    INTEGER NOT NULL REFERENCES source (id),
    id        TEXT NOT NULL,
    content   BLOB NOT NULL,             -- what a new version is recognised by
    version   INTEGER NOT NULL DEFAULT 1,
    captured  INTEGER NOT NULL,          -- first capture
    revised   INTEGER NOT NULL,          -- capture of this version
    sweep     INTEGER,                   -- not a foreign key: old sweeps may be deleted cheaply
    kind      INTEGER NOT NULL,
    published INTEGER,
    day_only  INTEGER NOT NULL,
    edited    INTEGER,
    views     INTEGER,
    likes     INTEGER,
    replies   INTEGER,
    shares    INTEGER,
    url       TEXT NOT NULL,
    parent    TEXT,
    author    TEXT,                      -- a pseudonym
    publisher TEXT,
    language  TEXT,
    title     TEXT,
    text      TEXT NOT NULL,
    labels    TEXT,                      -- JSON, NULL for none
    extra     TEXT                       -- JSON {media, extra}, NULL for neither
);
CREATE UNIQUE INDEX post_key ON post (source, id);

-- What a post said before it was changed.
CREATE TABLE post_version (
    row      INTEGER NOT NULL REFERENCES post (row) ON DELETE CASCADE,
    version  INTEGER NOT NULL,
    captured INTEGER NOT NULL,
    title    TEXT,
    text     TEXT NOT NULL,
    PRIMARY KEY (row, version)
) WITHOUT ROWID;

CREATE VIRTUAL TABLE post_text USING fts5 (
    tokens, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

-- Incidents. The truth is in `event`; the other tables are what the events come to. Those that
-- are only looked things up in have no foreign keys: each would cost every post another search.

CREATE TABLE event (
    seq      INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    incident INTEGER NOT NULL,
    actor    TEXT NOT NULL,              -- JSON, as hashed
    body     TEXT NOT NULL,              -- JSON, as hashed
    hash     BLOB NOT NULL
);
CREATE INDEX event_incident ON event (incident);
CREATE TRIGGER event_is_appended BEFORE INSERT ON event
WHEN new.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM event)
BEGIN SELECT raise(ABORT, 'events are append-only'); END;
CREATE TRIGGER event_is_not_changed BEFORE UPDATE ON event
BEGIN SELECT raise(ABORT, 'events are append-only'); END;
CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event
BEGIN SELECT raise(ABORT, 'events are append-only'); END;

-- What people wrote: events only point here, so that it can be deleted.
CREATE TABLE note (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    salt BLOB NOT NULL,
    text TEXT NOT NULL
);

CREATE TABLE incident (
    id           INTEGER PRIMARY KEY,
    state        TEXT NOT NULL,
    opened       INTEGER NOT NULL,
    latest       INTEGER NOT NULL,
    posts        INTEGER NOT NULL,
    sites        INTEGER NOT NULL,
    suggested    TEXT,
    suggested_by TEXT,
    assessed     TEXT,
    assessed_by  TEXT,
    level        TEXT,
    algorithm    TEXT NOT NULL,          -- the rules that grouped it
    title        TEXT,
    opinion      TEXT                    -- JSON: votes of its posts, NULL for none
);
CREATE INDEX incident_latest ON incident (latest);

CREATE TABLE incident_site (
    incident INTEGER NOT NULL,
    source   INTEGER NOT NULL,
    PRIMARY KEY (incident, source)
) WITHOUT ROWID;

-- A post that mentions a topic, and the incident it belongs to.
CREATE TABLE mention (
    row       INTEGER PRIMARY KEY REFERENCES post (row),
    incident  INTEGER NOT NULL REFERENCES incident (id),
    topics    TEXT,                      -- JSON, NULL for none
    why       TEXT,                      -- JSON, NULL for the post that opened it
    signature BLOB
);
CREATE INDEX mention_incident ON mention (incident);

CREATE TABLE topic (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE topic_post (
    topic INTEGER NOT NULL,
    row   INTEGER NOT NULL,
    PRIMARY KEY (topic, row)
) WITHOUT ROWID;

-- Which incidents name an address: first 8 bytes of its SHA-256, and the newest post that does.
CREATE TABLE link (
    hash     INTEGER NOT NULL,
    incident INTEGER NOT NULL,
    row      INTEGER NOT NULL,
    PRIMARY KEY (hash, incident)
) WITHOUT ROWID;

-- Watches and the record of having looked.

CREATE TABLE watch (
    id      TEXT PRIMARY KEY,
    body    TEXT NOT NULL,               -- JSON
    due     INTEGER,
    halted  TEXT,
    last    INTEGER,                     -- newest sweep that ended
    heard   INTEGER,
    failing INTEGER NOT NULL DEFAULT 0,
    posts   INTEGER NOT NULL DEFAULT 0,
    retired INTEGER NOT NULL DEFAULT 0   -- left the configuration; its sweeps and posts stay
) WITHOUT ROWID;

CREATE TABLE sweep (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    watch    TEXT NOT NULL REFERENCES watch (id),
    started  INTEGER NOT NULL,
    ended    INTEGER,
    requests INTEGER NOT NULL DEFAULT 0,
    bytes    INTEGER NOT NULL DEFAULT 0,
    seen     INTEGER NOT NULL DEFAULT 0,
    new      INTEGER NOT NULL DEFAULT 0,
    changed  INTEGER NOT NULL DEFAULT 0,
    matched  INTEGER NOT NULL DEFAULT 0,
    skipped  INTEGER NOT NULL DEFAULT 0,
    failures TEXT                        -- JSON, NULL for none
);
CREATE INDEX sweep_watch ON sweep (watch, id);

-- Counted as they change: counting rows would take longer with every post.
CREATE TABLE figure (
    name TEXT PRIMARY KEY,
    n    INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO figure VALUES ('open', 0), ('new', 0), ('posts', 0), ('mentions', 0);
