-- The keys of the vault, signed checkpoints of the audit, and the packages that may read an asset.

-- A mark of each key that a server came with: only that key opens it, so another key under the same number is found.
CREATE TABLE vault_keys (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id >= 0),
    mark     BLOB NOT NULL,
    added_at INTEGER NOT NULL
) STRICT;

CREATE TABLE audit_checkpoints (
    sequence  INTEGER NOT NULL PRIMARY KEY CHECK (sequence > 0),
    hash      BLOB NOT NULL CHECK (length(hash) = 32),
    made_at   INTEGER NOT NULL,
    signer    BLOB NOT NULL CHECK (length(signer) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;
CREATE TRIGGER audit_checkpoints_no_replace BEFORE INSERT ON audit_checkpoints
WHEN EXISTS (SELECT 1 FROM audit_checkpoints WHERE sequence = NEW.sequence)
BEGIN
    SELECT RAISE(ABORT, 'audit.append_only');
END;
CREATE TRIGGER audit_checkpoints_stay BEFORE UPDATE ON audit_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'audit.append_only');
END;
CREATE TRIGGER audit_checkpoints_delete BEFORE DELETE ON audit_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'audit.append_only');
END;

-- Packages by id and name, as JSON; all packages of the environment without.
ALTER TABLE assets ADD COLUMN allowed_packages TEXT;
