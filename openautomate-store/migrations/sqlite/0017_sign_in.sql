-- Where a session is, how it was signed in to, one-time codes, password resets, accounts elsewhere.

ALTER TABLE sessions ADD COLUMN method TEXT NOT NULL DEFAULT 'password';
ALTER TABLE sessions ADD COLUMN ip_address TEXT;
ALTER TABLE sessions ADD COLUMN user_agent TEXT;

ALTER TABLE invitations ADD COLUMN withdrawn_at INTEGER;
CREATE INDEX invitations_open ON invitations (id) WHERE used_at IS NULL AND withdrawn_at IS NULL;

-- At most one a person, whose id it has.
CREATE TABLE second_factors (
    id           BLOB NOT NULL PRIMARY KEY REFERENCES users (id),
    -- Sealed by the vault; none where it is turned off.
    secret       BLOB,
    confirmed_at INTEGER,
    -- The last time step whose code was taken: none before it is good any more.
    last_step    INTEGER NOT NULL CHECK (last_step >= 0),
    -- SHA-256 of the recovery codes that were not used.
    recovery     TEXT NOT NULL CHECK (json_valid(recovery)),
    updated_at   INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    CHECK (confirmed_at IS NULL OR secret IS NOT NULL)
) STRICT;

-- The newest link of a person, whose id it has.
CREATE TABLE password_resets (
    id         BLOB NOT NULL PRIMARY KEY REFERENCES users (id),
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_by BLOB REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    revision   INTEGER NOT NULL
) STRICT;

CREATE TABLE external_identities (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id    BLOB NOT NULL REFERENCES users (id),
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_login INTEGER,
    revision   INTEGER NOT NULL,
    UNIQUE (issuer, subject)
) STRICT;
CREATE INDEX external_identities_user ON external_identities (user_id);
