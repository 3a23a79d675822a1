-- The plan that somebody proposed, until somebody else puts it into force or it is dropped: one at a time. Who did what is in
-- the record, by the digests.
CREATE TABLE plan_proposal (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    plan   TEXT NOT NULL,                -- SHA-256 of its text
    before TEXT NOT NULL,                -- that of the plan in force when it was proposed
    text   TEXT NOT NULL,
    reason TEXT NOT NULL,
    user   TEXT NOT NULL,
    at     INTEGER NOT NULL
);
