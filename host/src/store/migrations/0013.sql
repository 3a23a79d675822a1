-- Users. Events name a user by `id`; the name beside it can be deleted.

CREATE TABLE user (
    id      TEXT PRIMARY KEY,
    name    TEXT UNIQUE,                 -- NULL once it has been deleted
    realm   TEXT CHECK (realm IN ('work', 'system', 'security', 'audit')),  -- NULL before the first role
    added   INTEGER NOT NULL,
    revoked INTEGER,
    UNIQUE (id, realm)
) WITHOUT ROWID;
CREATE TRIGGER user_stays_in_a_realm BEFORE UPDATE OF id, realm ON user
WHEN new.id <> old.id OR new.realm IS NOT old.realm AND old.realm IS NOT NULL
BEGIN SELECT raise(ABORT, 'administrators are kept apart'); END;

-- A role belongs to a realm, and so does a user: the three administrators are kept apart by this reference.
CREATE TABLE user_role (
    user  TEXT NOT NULL,
    role  TEXT NOT NULL CHECK (role IN ('monitor', 'staff', 'leading-group', 'head', 'spokesperson', 'legal', 'trainer',
                                        'system', 'security', 'audit')),
    realm TEXT NOT NULL GENERATED ALWAYS AS (iif(role IN ('system', 'security', 'audit'), role, 'work')) STORED,
    PRIMARY KEY (user, role),
    FOREIGN KEY (user, realm) REFERENCES user (id, realm)
);

CREATE TABLE token (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    user    TEXT NOT NULL REFERENCES user (id),
    proof   BLOB NOT NULL,               -- says nothing about the secret
    made    INTEGER NOT NULL,
    account INTEGER,                     -- the machine's account that used it first
    used    INTEGER,
    revoked INTEGER
);
CREATE INDEX token_user ON token (user);
