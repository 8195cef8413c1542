-- Files that people upload as inputs, and which executions and schedules use them.

CREATE TABLE input_files (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name         TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size         INTEGER NOT NULL,
    sha256       TEXT NOT NULL,
    created_by   BLOB NOT NULL REFERENCES users (id),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    removed_at   INTEGER,
    revision     INTEGER NOT NULL
) STRICT;
CREATE INDEX input_files_removed ON input_files (id) WHERE removed_at IS NOT NULL;
CREATE INDEX input_files_expiry ON input_files (expires_at) WHERE removed_at IS NULL;

CREATE TABLE execution_files (
    execution_id BLOB NOT NULL REFERENCES executions (id),
    file_id      BLOB NOT NULL REFERENCES input_files (id),
    PRIMARY KEY (execution_id, file_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX execution_files_file ON execution_files (file_id);

CREATE TABLE schedule_files (
    schedule_id BLOB NOT NULL REFERENCES schedules (id),
    file_id     BLOB NOT NULL REFERENCES input_files (id),
    PRIMARY KEY (schedule_id, file_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX schedule_files_file ON schedule_files (file_id);

-- A file is either used or removed.
CREATE TRIGGER input_files_in_use BEFORE UPDATE OF removed_at ON input_files
WHEN NEW.removed_at IS NOT NULL AND (EXISTS (SELECT 1 FROM execution_files WHERE file_id = NEW.id)
    OR EXISTS (SELECT 1 FROM schedule_files WHERE file_id = NEW.id))
BEGIN
    SELECT RAISE(ABORT, 'file.in_use');
END;
CREATE TRIGGER execution_files_removed BEFORE INSERT ON execution_files
WHEN EXISTS (SELECT 1 FROM input_files WHERE id = NEW.file_id AND removed_at IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'reference.missing');
END;
CREATE TRIGGER schedule_files_removed BEFORE INSERT ON schedule_files
WHEN EXISTS (SELECT 1 FROM input_files WHERE id = NEW.file_id AND removed_at IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'reference.missing');
END;
