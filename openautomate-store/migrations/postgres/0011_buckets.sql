-- Storage buckets, the objects in them, and assets that are files.

CREATE TABLE buckets (
    id               uuid NOT NULL PRIMARY KEY,
    environment_id   uuid NOT NULL REFERENCES environments (id),
    name             text NOT NULL COLLATE "C",
    description      text NOT NULL,
    max_bytes        bigint NOT NULL,
    max_objects      bigint NOT NULL,
    max_object_bytes bigint NOT NULL,
    retention_days   bigint CHECK (retention_days > 0),
    -- What the objects come to; written with each of them.
    used_bytes       bigint NOT NULL DEFAULT 0 CHECK (used_bytes >= 0),
    object_count     bigint NOT NULL DEFAULT 0 CHECK (object_count >= 0),
    created_by_id    uuid NOT NULL REFERENCES users (id),
    created_at       bigint NOT NULL,
    updated_at       bigint NOT NULL,
    deleted_at       bigint,
    revision         bigint NOT NULL
);
CREATE UNIQUE INDEX buckets_name ON buckets (environment_id, lower(name)) WHERE deleted_at IS NULL;

CREATE FUNCTION refuse_deletion_of_used_bucket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'bucket.not_empty';
END
$$;
CREATE TRIGGER buckets_not_empty BEFORE UPDATE OF deleted_at ON buckets FOR EACH ROW
WHEN (NEW.deleted_at IS NOT NULL AND OLD.object_count > 0)
EXECUTE FUNCTION refuse_deletion_of_used_bucket();

CREATE TABLE bucket_objects (
    id                   uuid NOT NULL PRIMARY KEY,
    bucket_id            uuid NOT NULL REFERENCES buckets (id),
    key                  text NOT NULL COLLATE "C",
    size                 bigint NOT NULL CHECK (size >= 0),
    sha256               text NOT NULL,
    content_type         text NOT NULL,
    -- Who wrote it; without either the program that embeds the orchestrator.
    writer_user_id       uuid,
    writer_execution_id  uuid,
    writer_epoch         bigint,
    written_at           bigint NOT NULL,
    CHECK ((writer_execution_id IS NULL) = (writer_epoch IS NULL))
);
CREATE UNIQUE INDEX bucket_objects_key ON bucket_objects (bucket_id, key);
CREATE INDEX bucket_objects_written ON bucket_objects (bucket_id, written_at);

-- An asset is a file if this is there. Its format stays 'text' for the release before, which knows no other.
ALTER TABLE assets ADD COLUMN file_name text;
ALTER TABLE assets ADD COLUMN file_size bigint;

CREATE TABLE asset_contents (
    asset_id uuid NOT NULL PRIMARY KEY REFERENCES assets (id) ON DELETE CASCADE,
    sealed   bytea NOT NULL
);
