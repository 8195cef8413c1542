-- The keys of the vault, signed checkpoints of the audit, and the packages that may read an asset.

-- A mark of each key that a server came with: only that key opens it, so another key under the same number is found.
CREATE TABLE vault_keys (
    id       bigint NOT NULL PRIMARY KEY CHECK (id >= 0),
    mark     bytea NOT NULL,
    added_at bigint NOT NULL
);

CREATE TABLE audit_checkpoints (
    sequence  bigint NOT NULL PRIMARY KEY CHECK (sequence > 0),
    hash      bytea NOT NULL CHECK (octet_length(hash) = 32),
    made_at   bigint NOT NULL,
    signer    bytea NOT NULL CHECK (octet_length(signer) = 32),
    signature bytea NOT NULL CHECK (octet_length(signature) = 64)
);
CREATE TRIGGER audit_checkpoints_stay BEFORE UPDATE OR DELETE ON audit_checkpoints FOR EACH ROW
EXECUTE FUNCTION refuse('audit.append_only');
CREATE TRIGGER audit_checkpoints_truncate BEFORE TRUNCATE ON audit_checkpoints FOR EACH STATEMENT
EXECUTE FUNCTION refuse('audit.append_only');

-- Packages by id and name, as JSON; all packages of the environment without.
ALTER TABLE assets ADD COLUMN allowed_packages text;
