-- What a sweep is judged by, and what came of it.
ALTER TABLE sweep ADD COLUMN pages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sweep ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sweep ADD COLUMN unasked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sweep ADD COLUMN newest INTEGER;
ALTER TABLE sweep ADD COLUMN reach INTEGER;
ALTER TABLE sweep ADD COLUMN canary INTEGER;
ALTER TABLE sweep ADD COLUMN wait_until INTEGER;
UPDATE sweep SET pages = 1 WHERE ended IS NOT NULL AND failures IS NULL;

ALTER TABLE watch ADD COLUMN covered INTEGER;    -- beginning of the last sweep that heard everything
ALTER TABLE watch ADD COLUMN told INTEGER;       -- when a person was last told of its silence
ALTER TABLE watch ADD COLUMN past INTEGER NOT NULL DEFAULT 0;  -- sweeps up to this one were of another target
ALTER TABLE watch ADD COLUMN why TEXT;           -- JSON: why it is due then
UPDATE watch SET covered = (SELECT started FROM sweep WHERE watch = watch.id AND ended IS NOT NULL AND failures IS NULL
                            ORDER BY sweep.id DESC LIMIT 1);

-- Spans in which a watch was not heard. `from` is from_, because SQL wants the word.
CREATE TABLE gap (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    watch   TEXT NOT NULL REFERENCES watch (id),
    cause   TEXT NOT NULL,
    detail  TEXT,
    partial INTEGER NOT NULL,
    from_   INTEGER NOT NULL,
    until   INTEGER,                     -- NULL while the cause lasts
    closed  INTEGER,                     -- NULL until the watch was heard again
    filled  INTEGER,                     -- from when on the source could still be read then
    found   INTEGER                      -- posts of the span that are stored since then
);
CREATE INDEX gap_watch ON gap (watch, id);
CREATE INDEX gap_open ON gap (watch) WHERE closed IS NULL;

-- What a person must be told: shown in the page; whatever delivers reads the same rows.
CREATE TABLE notice (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    at    INTEGER NOT NULL,
    watch TEXT NOT NULL,
    told  TEXT NOT NULL,
    cause TEXT NOT NULL,
    since INTEGER NOT NULL,
    times INTEGER NOT NULL
);

-- When the schedule last looked at its watches: how a night without Caifeng is known.
CREATE TABLE pulse (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at  INTEGER NOT NULL
);
