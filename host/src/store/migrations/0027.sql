-- By what a user is known to the provider of sign-in (OpenID Connect). `name` is what the claim must say that the configuration names,
-- written down by an administrator. Issuer and subject are kept when it is first used: no other account there opens it afterwards.
CREATE TABLE identity (
    user    TEXT PRIMARY KEY REFERENCES user (id),
    name    TEXT NOT NULL UNIQUE,
    since   INTEGER NOT NULL,
    issuer  TEXT,
    subject TEXT
) WITHOUT ROWID;
CREATE UNIQUE INDEX identity_subject ON identity (issuer, subject) WHERE subject IS NOT NULL;

-- The provider asked for the second factor of this session, and its word is taken for ours.
ALTER TABLE token ADD COLUMN vouched INTEGER NOT NULL DEFAULT 0;
