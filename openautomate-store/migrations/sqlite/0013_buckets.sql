-- Storage buckets, the objects in them, and assets that are files.

CREATE TABLE buckets (
    id               BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    environment_id   BLOB NOT NULL REFERENCES environments (id),
    name             TEXT NOT NULL COLLATE NOCASE,
    description      TEXT NOT NULL,
    max_bytes        INTEGER NOT NULL,
    max_objects      INTEGER NOT NULL,
    max_object_bytes INTEGER NOT NULL,
    retention_days   INTEGER CHECK (retention_days > 0),
    -- What the objects come to; written with each of them.
    used_bytes       INTEGER NOT NULL DEFAULT 0 CHECK (used_bytes >= 0),
    object_count     INTEGER NOT NULL DEFAULT 0 CHECK (object_count >= 0),
    created_by_id    BLOB NOT NULL REFERENCES users (id),
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    deleted_at       INTEGER,
    revision         INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX buckets_name ON buckets (environment_id, name) WHERE deleted_at IS NULL;
CREATE TRIGGER buckets_not_empty BEFORE UPDATE OF deleted_at ON buckets
WHEN NEW.deleted_at IS NOT NULL AND OLD.object_count > 0
BEGIN
    SELECT RAISE(ABORT, 'bucket.not_empty');
END;

CREATE TABLE bucket_objects (
    id                   BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    bucket_id            BLOB NOT NULL REFERENCES buckets (id),
    key                  TEXT NOT NULL,
    size                 INTEGER NOT NULL CHECK (size >= 0),
    sha256               TEXT NOT NULL,
    content_type         TEXT NOT NULL,
    -- Who wrote it; without either the program that embeds the orchestrator.
    writer_user_id       BLOB,
    writer_execution_id  BLOB,
    writer_epoch         INTEGER,
    written_at           INTEGER NOT NULL,
    CHECK ((writer_execution_id IS NULL) = (writer_epoch IS NULL))
) STRICT;
CREATE UNIQUE INDEX bucket_objects_key ON bucket_objects (bucket_id, key);
CREATE INDEX bucket_objects_written ON bucket_objects (bucket_id, written_at);

-- An asset is a file if this is there. Its format stays 'text' for the release before, which knows no other.
ALTER TABLE assets ADD COLUMN file_name TEXT;
ALTER TABLE assets ADD COLUMN file_size INTEGER;

CREATE TABLE asset_contents (
    asset_id BLOB NOT NULL PRIMARY KEY REFERENCES assets (id) ON DELETE CASCADE,
    sealed   BLOB NOT NULL
) STRICT;
