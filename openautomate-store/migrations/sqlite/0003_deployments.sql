-- The active version of a package is one of an environment; versions are signed, and their content is kept in
-- chunks under a digest of another kind.

CREATE TABLE deployments (
    id             BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    package_id     BLOB NOT NULL REFERENCES packages (id),
    environment_id BLOB NOT NULL REFERENCES environments (id),
    version_id     BLOB NOT NULL REFERENCES package_versions (id),
    deployed_by    BLOB NOT NULL REFERENCES users (id),
    deployed_at    INTEGER NOT NULL,
    revision       INTEGER NOT NULL,
    UNIQUE (package_id, environment_id)
) STRICT;
CREATE INDEX deployments_environment ON deployments (environment_id, id);

-- The zip archives of the versions before this one can't be cut into chunks here. Those versions stay as history
-- and give their numbers back, so that the same packages can be published again.
DROP INDEX package_versions_active;
ALTER TABLE package_versions DROP COLUMN is_active;
ALTER TABLE package_versions ADD COLUMN signature TEXT NOT NULL CHECK (json_valid(signature)) DEFAULT
    '{"key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","signature":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}';
ALTER TABLE package_versions ADD COLUMN author TEXT CHECK (json_valid(author));
UPDATE package_versions SET version_number = '0.0.0-archive.' || lower(hex(id));

ALTER TABLE environments ADD COLUMN author_keys TEXT NOT NULL CHECK (json_valid(author_keys)) DEFAULT '[]';
