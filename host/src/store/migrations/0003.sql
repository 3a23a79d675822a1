-- Evidence: where each answer lies, and which post came from which. Files of evidence are
-- named from the evidence folder.

CREATE TABLE evidence_file (
    id     INTEGER PRIMARY KEY,
    path   TEXT NOT NULL UNIQUE,
    newest INTEGER NOT NULL              -- of its captures
);
CREATE TABLE capture (
    id     INTEGER PRIMARY KEY,
    file   INTEGER NOT NULL REFERENCES evidence_file (id),
    at     INTEGER NOT NULL,             -- on the clock that posts are shown by
    date   INTEGER NOT NULL,             -- as the record says; differs when a recording was replayed
    start  INTEGER NOT NULL,
    length INTEGER NOT NULL,
    status INTEGER NOT NULL,
    digest BLOB NOT NULL,                -- SHA-256 of the body
    url    TEXT NOT NULL,
    sweep  INTEGER,                      -- not a foreign key: old sweeps may be deleted cheaply
    watch  TEXT
);
CREATE INDEX capture_file ON capture (file, start);
CREATE INDEX capture_url ON capture (url, at);
CREATE TABLE post_capture (
    row     INTEGER NOT NULL,
    version INTEGER NOT NULL,
    capture INTEGER NOT NULL,
    PRIMARY KEY (row, version, capture)
) WITHOUT ROWID;
CREATE INDEX post_capture_capture ON post_capture (capture);

-- What became of posts: counts, looks, and when to look again.

CREATE TABLE reading (
    row     INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    views   INTEGER,
    likes   INTEGER,
    replies INTEGER,
    shares  INTEGER,
    PRIMARY KEY (row, at)
) WITHOUT ROWID;
CREATE TABLE look (
    row     INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    found   TEXT NOT NULL,               -- there, gone, unclear
    detail  TEXT,
    capture INTEGER,
    PRIMARY KEY (row, at)
) WITHOUT ROWID;
CREATE TABLE revisit (
    row   INTEGER PRIMARY KEY,
    due   INTEGER NOT NULL,
    looks INTEGER NOT NULL DEFAULT 0,
    there INTEGER NOT NULL,              -- when it was last seen
    gone  INTEGER,                       -- first look since then that did not find it
    sure  INTEGER                        -- second such look: it was deleted between there and gone
);
CREATE INDEX revisit_due ON revisit (due);
INSERT INTO revisit (row, due, there) SELECT p.row, p.captured + 900, p.captured FROM mention m JOIN post p ON p.row = m.row;

-- What was deleted: keys that events name, and what must not come back because a site still lists it.

CREATE TABLE buried (
    row INTEGER PRIMARY KEY
);
CREATE TABLE forgotten (
    hash INTEGER PRIMARY KEY,            -- of source, id and content
    at   INTEGER NOT NULL
);
