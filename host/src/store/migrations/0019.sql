-- What the public reads of incidents (P24): `life` is the fold of a summary's events, which lie in the chain of its incident.
-- Its text is a note.
CREATE TABLE summary (
    id       INTEGER PRIMARY KEY,
    incident INTEGER NOT NULL REFERENCES incident (id),
    life     TEXT NOT NULL
);
CREATE INDEX summary_incident ON summary (incident);
