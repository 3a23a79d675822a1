-- When the oldest escalation was told that nobody who decides has acknowledged.
ALTER TABLE incident ADD COLUMN escalated INTEGER;
CREATE INDEX incident_escalated ON incident (escalated) WHERE escalated IS NOT NULL;

-- Watches that fed a major incident which is watched since it was handled: how often they are swept, and until when.
CREATE TABLE follow_up (
    watch    TEXT NOT NULL,
    incident INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    every    INTEGER NOT NULL,           -- seconds, at most
    PRIMARY KEY (watch, incident)
) WITHOUT ROWID;
CREATE INDEX follow_up_incident ON follow_up (incident);

-- A page of which a person has asked that their words be deleted: it goes with the next retention, however young.
ALTER TABLE capture ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
CREATE INDEX capture_erased ON capture (file) WHERE erased <> 0;

-- The record up to this event says nothing of what time it is: a person has said so.
CREATE TABLE distrusted (
    seq INTEGER PRIMARY KEY
);
