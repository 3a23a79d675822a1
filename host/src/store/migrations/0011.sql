-- The votes of an incident are kept in another form: those of the old one are counted no more.
UPDATE incident SET opinion = NULL;

-- Services that are asked about mentions, what they shall be asked, and what that has cost by day.
CREATE TABLE asker (
    plugin TEXT PRIMARY KEY
) WITHOUT ROWID;

CREATE TABLE question (
    plugin TEXT NOT NULL,
    row    INTEGER NOT NULL,
    raised INTEGER NOT NULL,
    due    INTEGER NOT NULL,
    tries  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (plugin, row)
) WITHOUT ROWID;
CREATE INDEX question_row ON question (row);

CREATE TABLE asking (
    plugin   TEXT NOT NULL,
    day      INTEGER NOT NULL,           -- of the organisation's clock
    requests INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    millis   INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    given_up INTEGER NOT NULL,
    failure  TEXT,
    PRIMARY KEY (plugin, day)
) WITHOUT ROWID;
