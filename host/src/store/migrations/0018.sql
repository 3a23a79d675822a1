-- Notices (P7): queued in the transaction of the event that causes them. They hold no words: what one says is put
-- together when it is sent.
CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    incident INTEGER,
    urgent   INTEGER NOT NULL,
    body     TEXT NOT NULL,              -- JSON
    routed   INTEGER                     -- when its ways were chosen; NULL before
);
CREATE INDEX outbox_unrouted ON outbox (id) WHERE routed IS NULL;
CREATE INDEX outbox_incident ON outbox (incident, id);

-- One way of a notice to one place.
CREATE TABLE delivery (
    id      INTEGER PRIMARY KEY,
    notice  INTEGER NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,               -- of mail; empty otherwise
    user    TEXT,                        -- whose own address it is
    state   TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'refused', 'passed', 'uncertain')),
    since   INTEGER NOT NULL,            -- from when on it may be sent: the minute to the next channel counts from here
    due     INTEGER NOT NULL,            -- when it is tried next
    tries   INTEGER NOT NULL DEFAULT 0,
    unsure  INTEGER NOT NULL DEFAULT 0,  -- times that it may have arrived
    message INTEGER,                     -- the first attempt that held it: its number for whoever gets it
    ended   INTEGER,
    code    INTEGER,
    why     TEXT
);
CREATE INDEX delivery_open ON delivery (channel, due) WHERE ended IS NULL;
CREATE INDEX delivery_message ON delivery (message) WHERE ended IS NULL;
CREATE INDEX delivery_notice ON delivery (notice);
CREATE INDEX delivery_ended ON delivery (channel, ended) WHERE ended IS NOT NULL;

-- Messages as they went out: what limits are counted by, also after a restart.
CREATE TABLE attempt (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    at      INTEGER NOT NULL,
    rest    INTEGER                      -- until then the channel wants nothing
);
CREATE INDEX attempt_channel ON attempt (channel, at);

-- Addresses of users' own. The record says that they changed, not what they are.
CREATE TABLE own_address (
    user    TEXT NOT NULL REFERENCES user (id),
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (user, channel, address)
) WITHOUT ROWID;
