-- Posts that a person handed in: who is in the event, what was said with it in `note`.
CREATE TABLE submission (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    row  INTEGER NOT NULL REFERENCES post (row) ON DELETE CASCADE,
    at   INTEGER NOT NULL,
    note INTEGER                         -- row of `note`, NULL for none
);
CREATE INDEX submission_row ON submission (row, at);
