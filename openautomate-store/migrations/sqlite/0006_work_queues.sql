-- Work queues and their items.

CREATE TABLE work_queues (
    id                BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    environment_id    BLOB NOT NULL REFERENCES environments (id),
    name              TEXT NOT NULL COLLATE NOCASE,
    description       TEXT NOT NULL,
    max_attempts      INTEGER NOT NULL CHECK (max_attempts > 0),
    backoff_ms        INTEGER NOT NULL,
    auto_retry        INTEGER NOT NULL CHECK (auto_retry IN (0, 1)),
    lease_ms          INTEGER NOT NULL,
    unique_references INTEGER NOT NULL CHECK (unique_references IN (0, 1)),
    payload_schema    TEXT CHECK (json_valid(payload_schema)),
    created_by_id     BLOB NOT NULL REFERENCES users (id),
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    deleted_at        INTEGER,
    revision          INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX work_queues_name ON work_queues (environment_id, name) WHERE deleted_at IS NULL;

CREATE TABLE work_items (
    id                  BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    queue_id            BLOB NOT NULL REFERENCES work_queues (id),
    payload             TEXT NOT NULL,
    files               TEXT NOT NULL CHECK (json_valid(files)),
    reference           TEXT,
    is_unique           INTEGER NOT NULL CHECK (is_unique IN (0, 1)),
    priority            INTEGER NOT NULL,
    due_at              INTEGER,
    defer_until         INTEGER,
    available_at        INTEGER NOT NULL,
    state               TEXT NOT NULL CHECK (state IN ('New', 'InProgress', 'Successful', 'Failed', 'BusinessFailed',
                                                       'DeadLetter', 'Deleted')),
    attempts            INTEGER NOT NULL CHECK (attempts >= 0),
    lease_epoch         INTEGER NOT NULL CHECK (lease_epoch >= 0),
    holder_execution_id BLOB REFERENCES executions (id),
    holder_epoch        INTEGER,
    holder_user_id      BLOB REFERENCES users (id),
    lease_until         INTEGER,
    output              TEXT,
    error               TEXT CHECK (json_valid(error)),
    parent_id           BLOB REFERENCES work_items (id),
    created_at          INTEGER NOT NULL,
    started_at          INTEGER,
    ended_at            INTEGER,
    revision            INTEGER NOT NULL,
    CHECK ((lease_until IS NOT NULL) = (state = 'InProgress' AND holder_execution_id IS NULL)),
    CHECK ((holder_execution_id IS NULL) = (holder_epoch IS NULL))
) STRICT;
-- What a take walks, in its order; what has no due date comes after what has one.
CREATE INDEX work_items_take ON work_items (queue_id, priority DESC, coalesce(due_at, 9223372036854775807), id,
    available_at) WHERE state = 'New';
CREATE INDEX work_items_holder ON work_items (holder_execution_id, holder_epoch) WHERE state = 'InProgress';
CREATE INDEX work_items_lease ON work_items (lease_until, id) WHERE lease_until IS NOT NULL;
CREATE UNIQUE INDEX work_items_unique ON work_items (queue_id, reference)
    WHERE is_unique = 1 AND state <> 'Deleted' AND reference IS NOT NULL;
-- Lists and counts.
CREATE INDEX work_items_page ON work_items (queue_id, id);
CREATE INDEX work_items_state ON work_items (queue_id, state, id);
CREATE INDEX work_items_reference ON work_items (queue_id, reference, id) WHERE reference IS NOT NULL;
CREATE INDEX work_items_parent ON work_items (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX work_items_ended ON work_items (queue_id, ended_at) WHERE ended_at IS NOT NULL;

-- The legal changes are those of the core's domain/transition.rs; a test compares all pairs.
CREATE TRIGGER work_items_transition BEFORE UPDATE OF state ON work_items
WHEN OLD.state <> NEW.state AND NOT CASE OLD.state
    WHEN 'New' THEN NEW.state IN ('InProgress', 'Deleted')
    WHEN 'InProgress' THEN NEW.state <> 'Deleted'
    WHEN 'Successful' THEN NEW.state = 'Deleted'
    WHEN 'Deleted' THEN 0
    ELSE NEW.state IN ('New', 'Deleted')
END
BEGIN
    SELECT RAISE(ABORT, 'workItem.transition');
END;
-- A fencing token never falls.
CREATE TRIGGER work_items_epoch BEFORE UPDATE OF lease_epoch ON work_items
WHEN NEW.lease_epoch < OLD.lease_epoch
BEGIN
    SELECT RAISE(ABORT, 'workItem.epoch');
END;

CREATE TABLE work_item_files (
    item_id BLOB NOT NULL REFERENCES work_items (id),
    file_id BLOB NOT NULL REFERENCES input_files (id),
    PRIMARY KEY (item_id, file_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX work_item_files_file ON work_item_files (file_id);
CREATE TRIGGER input_files_in_use_by_item BEFORE UPDATE OF removed_at ON input_files
WHEN NEW.removed_at IS NOT NULL AND EXISTS (SELECT 1 FROM work_item_files WHERE file_id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'file.in_use');
END;
CREATE TRIGGER work_item_files_removed BEFORE INSERT ON work_item_files
WHEN EXISTS (SELECT 1 FROM input_files WHERE id = NEW.file_id AND removed_at IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'reference.missing');
END;
