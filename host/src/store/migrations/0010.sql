-- Near-duplicates: signatures that are in no run yet; the bands of all others, sorted; which run holds what.
CREATE TABLE near_young (
    row INTEGER PRIMARY KEY
);
INSERT INTO near_young SELECT row FROM mention WHERE signature IS NOT NULL;
CREATE TABLE near_page (
    id    INTEGER PRIMARY KEY,           -- slot << 32 | page
    bands BLOB NOT NULL
);
CREATE TABLE near_run (
    slot   INTEGER PRIMARY KEY,
    sealed INTEGER NOT NULL,             -- order in which runs were sealed
    newest INTEGER NOT NULL,             -- row of its newest post
    sieve  BLOB NOT NULL
);

-- Posts that a person has moved out of an incident: what holds to them does not join it.
CREATE TABLE moved (
    row    INTEGER NOT NULL,
    out_of INTEGER NOT NULL,             -- the incident
    PRIMARY KEY (row, out_of)
) WITHOUT ROWID;

-- Publication of the earliest post of an incident: with `latest`, the time in which it was talked of.
ALTER TABLE incident ADD COLUMN earliest INTEGER;
UPDATE incident SET earliest = (SELECT min(row) >> 20 FROM mention WHERE incident = incident.id);
