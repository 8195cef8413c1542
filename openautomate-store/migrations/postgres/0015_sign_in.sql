-- Where a session is, how it was signed in to, one-time codes, password resets, accounts elsewhere.

ALTER TABLE sessions ADD COLUMN method text NOT NULL DEFAULT 'password';
ALTER TABLE sessions ADD COLUMN ip_address text;
ALTER TABLE sessions ADD COLUMN user_agent text;

ALTER TABLE invitations ADD COLUMN withdrawn_at bigint;
CREATE INDEX invitations_open ON invitations (id) WHERE used_at IS NULL AND withdrawn_at IS NULL;

-- At most one a person, whose id it has.
CREATE TABLE second_factors (
    id           uuid NOT NULL PRIMARY KEY REFERENCES users (id),
    -- Sealed by the vault; none where it is turned off.
    secret       bytea,
    confirmed_at bigint,
    -- The last time step whose code was taken: none before it is good any more.
    last_step    bigint NOT NULL CHECK (last_step >= 0),
    -- SHA-256 of the recovery codes that were not used.
    recovery     text NOT NULL,
    updated_at   bigint NOT NULL,
    revision     bigint NOT NULL,
    CHECK (confirmed_at IS NULL OR secret IS NOT NULL)
);

-- The newest link of a person, whose id it has.
CREATE TABLE password_resets (
    id         uuid NOT NULL PRIMARY KEY REFERENCES users (id),
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    created_by uuid REFERENCES users (id),
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    used_at    bigint,
    revision   bigint NOT NULL
);

CREATE TABLE external_identities (
    id         uuid NOT NULL PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id),
    issuer     text NOT NULL COLLATE "C",
    subject    text NOT NULL COLLATE "C",
    created_at bigint NOT NULL,
    last_login bigint,
    revision   bigint NOT NULL,
    UNIQUE (issuer, subject)
);
CREATE INDEX external_identities_user ON external_identities (user_id);
