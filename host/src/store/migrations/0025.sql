-- Who has put a new incident off until when. It stays in everybody else's inbox, and its clocks go on.
CREATE TABLE snooze (
    user     TEXT NOT NULL,
    incident INTEGER NOT NULL,
    at       INTEGER NOT NULL,           -- what is escalated after this brings it back at once
    until    INTEGER NOT NULL,
    PRIMARY KEY (user, incident)
) WITHOUT ROWID;

-- What waits for a decision is found without walking through what is over.
CREATE INDEX incident_new ON incident (opened) WHERE state = 'new';
