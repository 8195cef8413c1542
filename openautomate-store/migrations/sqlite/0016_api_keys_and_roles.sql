-- API keys, and roles that people make.

CREATE TABLE api_keys (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id      BLOB NOT NULL REFERENCES users (id),
    name         TEXT NOT NULL,
    -- The eight characters behind the prefix, for people.
    hint         TEXT NOT NULL,
    token_hash   BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    scopes       TEXT NOT NULL CHECK (json_valid(scopes)),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    -- Moved forward beside the revision: each use would be a change otherwise.
    last_used_at INTEGER,
    revoked_at   INTEGER,
    revision     INTEGER NOT NULL
) STRICT;
CREATE INDEX api_keys_user ON api_keys (user_id, id);

CREATE TABLE custom_roles (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name        TEXT NOT NULL COLLATE NOCASE,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL CHECK (json_valid(permissions)),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    revision    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX custom_roles_name ON custom_roles (name);

-- The ids of the custom roles that a person has. Whoever gives one raises its revision in the same transaction, so none
-- is removed meanwhile.
ALTER TABLE users ADD COLUMN custom_roles TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(custom_roles));
