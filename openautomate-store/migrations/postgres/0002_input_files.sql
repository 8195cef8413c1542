-- Files that people upload as inputs, and which executions and schedules use them.

CREATE TABLE input_files (
    id           uuid NOT NULL PRIMARY KEY,
    name         text NOT NULL,
    content_type text NOT NULL,
    size         bigint NOT NULL,
    sha256       text NOT NULL,
    created_by   uuid NOT NULL REFERENCES users (id),
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL,
    removed_at   bigint,
    revision     bigint NOT NULL
);
CREATE INDEX input_files_removed ON input_files (id) WHERE removed_at IS NOT NULL;
CREATE INDEX input_files_expiry ON input_files (expires_at) WHERE removed_at IS NULL;

CREATE TABLE execution_files (
    execution_id uuid NOT NULL REFERENCES executions (id),
    file_id      uuid NOT NULL REFERENCES input_files (id),
    PRIMARY KEY (execution_id, file_id)
);
CREATE INDEX execution_files_file ON execution_files (file_id);

CREATE TABLE schedule_files (
    schedule_id uuid NOT NULL REFERENCES schedules (id),
    file_id     uuid NOT NULL REFERENCES input_files (id),
    PRIMARY KEY (schedule_id, file_id)
);
CREATE INDEX schedule_files_file ON schedule_files (file_id);

-- A file is either used or removed. Who begins to use one holds its row until the end of the transaction, and who
-- removes it waits for that and then sees the use; or the other way round.
CREATE FUNCTION refuse_removal_of_used_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM execution_files WHERE file_id = NEW.id)
        OR EXISTS (SELECT 1 FROM schedule_files WHERE file_id = NEW.id) THEN
        RAISE EXCEPTION USING MESSAGE = 'file.in_use';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER input_files_in_use BEFORE UPDATE OF removed_at ON input_files FOR EACH ROW
WHEN (NEW.removed_at IS NOT NULL)
EXECUTE FUNCTION refuse_removal_of_used_file();

CREATE FUNCTION refuse_use_of_removed_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM input_files WHERE id = NEW.file_id AND removed_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING MESSAGE = 'reference.missing';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER execution_files_removed BEFORE INSERT ON execution_files FOR EACH ROW
EXECUTE FUNCTION refuse_use_of_removed_file();
CREATE TRIGGER schedule_files_removed BEFORE INSERT ON schedule_files FOR EACH ROW
EXECUTE FUNCTION refuse_use_of_removed_file();
