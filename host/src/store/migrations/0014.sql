-- What people decide about incidents. `life` is the fold of an incident's events, so that a decision reads one row and a
-- start reads none; the columns beside it answer lists.
ALTER TABLE incident ADD COLUMN life TEXT;
ALTER TABLE incident ADD COLUMN owner TEXT;
ALTER TABLE incident ADD COLUMN due INTEGER;     -- when one of its clocks has something to tell
CREATE INDEX incident_due ON incident (due) WHERE due IS NOT NULL;

-- Posts that a merge brought, so that it can be undone.
CREATE TABLE regrouped (
    incident INTEGER NOT NULL,           -- where they went
    from_    INTEGER NOT NULL,
    row      INTEGER NOT NULL,
    PRIMARY KEY (incident, from_, row)
) WITHOUT ROWID;

-- Each version of the plan that ever governed an incident, once.
CREATE TABLE plan (
    digest TEXT PRIMARY KEY,
    at     INTEGER NOT NULL,             -- first used
    text   TEXT NOT NULL
) WITHOUT ROWID;
