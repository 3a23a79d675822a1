-- Answers and referrals: `life` is the fold of their events, which lie in the chain of their incident. Their texts are notes.
CREATE TABLE reply (
    id       INTEGER PRIMARY KEY,
    incident INTEGER NOT NULL REFERENCES incident (id),
    life     TEXT NOT NULL
);
CREATE INDEX reply_incident ON reply (incident);

-- What the site showed of a published reply: its capture is kept as long as the reply is.
CREATE TABLE receipt (
    reply  INTEGER NOT NULL REFERENCES reply (id),
    digest BLOB NOT NULL,
    PRIMARY KEY (reply, digest)
) WITHOUT ROWID;
CREATE INDEX receipt_digest ON receipt (digest);

CREATE TABLE referral (
    id       INTEGER PRIMARY KEY,
    incident INTEGER NOT NULL REFERENCES incident (id),
    post     INTEGER NOT NULL,
    life     TEXT NOT NULL
);
CREATE INDEX referral_post ON referral (post);
