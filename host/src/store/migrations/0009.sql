-- Early warning. `kind` is 'incident' or 'topic'; `subject` the incident, or the row of `topic`. Counts hold no text and
-- no author, and stay when the posts go.

-- What is counted of a subject, by hour since 1970: posts by when they were published, the rest by when it was gained.
CREATE TABLE tally (
    kind    TEXT NOT NULL,
    subject INTEGER NOT NULL,
    hour    INTEGER NOT NULL,
    posts   INTEGER NOT NULL DEFAULT 0,
    views   INTEGER NOT NULL DEFAULT 0,
    shares  INTEGER NOT NULL DEFAULT 0,
    replies INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, subject, hour)
) WITHOUT ROWID;

-- Where an incident is told: a medium of the register, else a site.
CREATE TABLE carrier (
    incident INTEGER NOT NULL,
    place    TEXT NOT NULL,
    tier     TEXT,                       -- NULL where the register has none
    first    INTEGER NOT NULL,           -- publication
    posts    INTEGER NOT NULL,
    PRIMARY KEY (incident, place)
) WITHOUT ROWID;

-- Which watches bring a subject: their gaps are its gaps.
CREATE TABLE feeder (
    kind    TEXT NOT NULL,
    subject INTEGER NOT NULL,
    watch   TEXT NOT NULL,
    posts   INTEGER NOT NULL,
    PRIMARY KEY (kind, subject, watch)
) WITHOUT ROWID;

-- Where a subject stands.
CREATE TABLE standing (
    kind     TEXT NOT NULL,
    subject  INTEGER NOT NULL,
    first    INTEGER NOT NULL,           -- publication of its first post
    stage    TEXT NOT NULL DEFAULT 'quiet',
    severity TEXT,                       -- the most that was told in this episode
    body     TEXT,                       -- JSON, NULL before it was judged
    due      INTEGER,                    -- when it is judged next; NULL until something is counted
    PRIMARY KEY (kind, subject)
) WITHOUT ROWID;
CREATE INDEX standing_due ON standing (due) WHERE due IS NOT NULL;
CREATE INDEX standing_up ON standing (stage) WHERE stage <> 'quiet';

-- What people must be told; of incidents there is an event besides.
CREATE TABLE warning (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    subject INTEGER NOT NULL,
    alert   TEXT NOT NULL                -- JSON
);
CREATE INDEX warning_subject ON warning (kind, subject, id);
