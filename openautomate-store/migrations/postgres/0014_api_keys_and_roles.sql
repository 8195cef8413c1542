-- API keys, and roles that people make.

CREATE TABLE api_keys (
    id           uuid NOT NULL PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id),
    name         text NOT NULL,
    -- The eight characters behind the prefix, for people.
    hint         text NOT NULL,
    token_hash   bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    scopes       text NOT NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL,
    -- Moved forward beside the revision: each use would be a change otherwise.
    last_used_at bigint,
    revoked_at   bigint,
    revision     bigint NOT NULL
);
CREATE INDEX api_keys_user ON api_keys (user_id, id);

CREATE TABLE custom_roles (
    id          uuid NOT NULL PRIMARY KEY,
    name        text NOT NULL COLLATE "C",
    description text NOT NULL,
    permissions text NOT NULL,
    created_at  bigint NOT NULL,
    updated_at  bigint NOT NULL,
    revision    bigint NOT NULL
);
CREATE UNIQUE INDEX custom_roles_name ON custom_roles (lower(name));

-- The ids of the custom roles that a person has. Whoever gives one raises its revision in the same transaction, so none
-- is removed meanwhile.
ALTER TABLE users ADD COLUMN custom_roles text NOT NULL DEFAULT '[]';
