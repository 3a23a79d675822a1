-- How people prove at a browser who they are. None of it lets anybody in: a hash that takes time and memory to test, proofs
-- of codes, and the salt of a secret that is made again with a key outside this file.
CREATE TABLE password (
    user  TEXT PRIMARY KEY REFERENCES user (id),
    hash  TEXT NOT NULL,                 -- argon2id, as a PHC string
    since INTEGER NOT NULL
) WITHOUT ROWID;

-- Codes that work once: one to choose a password with, and those that stand in for a lost second factor.
CREATE TABLE code (
    user  TEXT NOT NULL REFERENCES user (id),
    kind  TEXT NOT NULL CHECK (kind IN ('set-up', 'recovery')),
    proof BLOB NOT NULL,
    ends  INTEGER,
    PRIMARY KEY (user, kind, proof)
) WITHOUT ROWID;

CREATE TABLE factor (
    user  TEXT PRIMARY KEY REFERENCES user (id),
    salt  BLOB NOT NULL,
    since INTEGER,                       -- NULL until its owner has shown a code of it
    step  INTEGER                        -- the newest step whose code was taken: none is taken twice
) WITHOUT ROWID;

-- Who sees a restricted incident: whoever decides, whoever it is assigned to, and the unit of those.
ALTER TABLE user ADD COLUMN unit TEXT;
CREATE TABLE restricted (
    incident INTEGER PRIMARY KEY REFERENCES incident (id)
);
