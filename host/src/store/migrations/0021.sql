-- Disclosures: `life` is the fold of their events, which lie in the chain and belong to no incident. Title and text are a note.
CREATE TABLE disclosure (
    id   INTEGER PRIMARY KEY,
    life TEXT NOT NULL,
    due  INTEGER                         -- when it is to be told that its time is up
);
CREATE INDEX disclosure_due ON disclosure (due) WHERE due IS NOT NULL;

-- Which incidents a disclosure answers.
CREATE TABLE disclosure_incident (
    incident   INTEGER NOT NULL REFERENCES incident (id),
    disclosure INTEGER NOT NULL REFERENCES disclosure (id),
    PRIMARY KEY (incident, disclosure)
) WITHOUT ROWID;
CREATE INDEX disclosure_incident_of ON disclosure_incident (disclosure);

-- What the site showed of a published disclosure: its capture is kept as long as the disclosure is.
CREATE TABLE disclosure_receipt (
    disclosure INTEGER NOT NULL REFERENCES disclosure (id),
    digest     BLOB NOT NULL,
    PRIMARY KEY (disclosure, digest)
) WITHOUT ROWID;
CREATE INDEX disclosure_receipt_digest ON disclosure_receipt (digest);

-- Contacts: people in their function at media, sites and forums. A removed one leaves no row; events name a contact by its
-- number, which is not given again.
CREATE TABLE contact (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    uid     TEXT NOT NULL UNIQUE,        -- by which other programs know it
    version INTEGER NOT NULL,
    body    TEXT NOT NULL,               -- JSON
    last    INTEGER,                     -- when somebody last spoke with them
    last_by TEXT                         -- the user
);

CREATE TABLE contact_watch (
    watch   TEXT NOT NULL,
    contact INTEGER NOT NULL REFERENCES contact (id),
    PRIMARY KEY (watch, contact)
) WITHOUT ROWID;
CREATE INDEX contact_watch_of ON contact_watch (contact);

CREATE TABLE contact_incident (
    incident INTEGER NOT NULL REFERENCES incident (id),
    contact  INTEGER NOT NULL REFERENCES contact (id),
    PRIMARY KEY (incident, contact)
) WITHOUT ROWID;
CREATE INDEX contact_incident_of ON contact_incident (contact);

-- What was said with a contact; goes when its time is over.
CREATE TABLE contact_note (
    id      INTEGER PRIMARY KEY,
    contact INTEGER NOT NULL REFERENCES contact (id),
    at      INTEGER NOT NULL,
    by      TEXT NOT NULL,
    text    TEXT NOT NULL
);
CREATE INDEX contact_note_of ON contact_note (contact, at);
CREATE INDEX contact_note_at ON contact_note (at);

-- Addresses to which calendars and readers subscribe. The secret of an address is not kept.
CREATE TABLE feed (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    TEXT NOT NULL,
    lang    TEXT NOT NULL,
    proof   BLOB NOT NULL,
    made    INTEGER NOT NULL,
    made_by TEXT NOT NULL,               -- the user
    revoked INTEGER
);
