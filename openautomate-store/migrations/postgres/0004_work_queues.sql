-- Work queues and their items.

CREATE TABLE work_queues (
    id                uuid NOT NULL PRIMARY KEY,
    environment_id    uuid NOT NULL REFERENCES environments (id),
    name              text NOT NULL COLLATE "C",
    description       text NOT NULL,
    max_attempts      bigint NOT NULL CHECK (max_attempts > 0),
    backoff_ms        bigint NOT NULL,
    auto_retry        boolean NOT NULL,
    lease_ms          bigint NOT NULL,
    unique_references boolean NOT NULL,
    payload_schema    text,
    created_by_id     uuid NOT NULL REFERENCES users (id),
    created_at        bigint NOT NULL,
    updated_at        bigint NOT NULL,
    deleted_at        bigint,
    revision          bigint NOT NULL
);
CREATE UNIQUE INDEX work_queues_name ON work_queues (environment_id, lower(name)) WHERE deleted_at IS NULL;

CREATE TABLE work_items (
    id                  uuid NOT NULL PRIMARY KEY,
    queue_id            uuid NOT NULL REFERENCES work_queues (id),
    payload             text NOT NULL,
    files               text NOT NULL,
    reference           text COLLATE "C",
    is_unique           boolean NOT NULL,
    priority            integer NOT NULL,
    due_at              bigint,
    defer_until         bigint,
    available_at        bigint NOT NULL,
    state               text NOT NULL CHECK (state IN ('New', 'InProgress', 'Successful', 'Failed',
                                                                   'BusinessFailed', 'DeadLetter', 'Deleted')),
    attempts            bigint NOT NULL CHECK (attempts >= 0),
    lease_epoch         bigint NOT NULL CHECK (lease_epoch >= 0),
    holder_execution_id uuid REFERENCES executions (id),
    holder_epoch        bigint,
    holder_user_id      uuid REFERENCES users (id),
    lease_until         bigint,
    output              text,
    error               text,
    parent_id           uuid REFERENCES work_items (id),
    created_at          bigint NOT NULL,
    started_at          bigint,
    ended_at            bigint,
    revision            bigint NOT NULL,
    CHECK ((lease_until IS NOT NULL) = (state = 'InProgress' AND holder_execution_id IS NULL)),
    CHECK ((holder_execution_id IS NULL) = (holder_epoch IS NULL))
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
-- What a take walks, in its order; what has no due date comes after what has one.
CREATE INDEX work_items_take ON work_items (queue_id, priority DESC, coalesce(due_at, 9223372036854775807), id,
    available_at) WHERE state = 'New';
CREATE INDEX work_items_holder ON work_items (holder_execution_id, holder_epoch) WHERE state = 'InProgress';
CREATE INDEX work_items_lease ON work_items (lease_until, id) WHERE lease_until IS NOT NULL;
CREATE UNIQUE INDEX work_items_unique ON work_items (queue_id, reference)
    WHERE is_unique AND state <> 'Deleted' AND reference IS NOT NULL;
-- Lists and counts.
CREATE INDEX work_items_page ON work_items (queue_id, id);
CREATE INDEX work_items_state ON work_items (queue_id, state, id);
CREATE INDEX work_items_reference ON work_items (queue_id, reference, id) WHERE reference IS NOT NULL;
CREATE INDEX work_items_parent ON work_items (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX work_items_ended ON work_items (queue_id, ended_at) WHERE ended_at IS NOT NULL;

-- The legal changes are those of the core's domain/transition.rs; a test compares all pairs.
CREATE TRIGGER work_items_transition BEFORE UPDATE OF state ON work_items FOR EACH ROW
WHEN (OLD.state <> NEW.state AND NOT CASE OLD.state
    WHEN 'New' THEN NEW.state IN ('InProgress', 'Deleted')
    WHEN 'InProgress' THEN NEW.state <> 'Deleted'
    WHEN 'Successful' THEN NEW.state = 'Deleted'
    WHEN 'Deleted' THEN false
    ELSE NEW.state IN ('New', 'Deleted')
END)
EXECUTE FUNCTION refuse('workItem.transition');
-- A fencing token never falls.
CREATE TRIGGER work_items_epoch BEFORE UPDATE OF lease_epoch ON work_items FOR EACH ROW
WHEN (NEW.lease_epoch < OLD.lease_epoch)
EXECUTE FUNCTION refuse('workItem.epoch');

CREATE TABLE work_item_files (
    item_id uuid NOT NULL REFERENCES work_items (id),
    file_id uuid NOT NULL REFERENCES input_files (id),
    PRIMARY KEY (item_id, file_id)
);
CREATE INDEX work_item_files_file ON work_item_files (file_id);
-- The trigger of input_files stays the one that it is; what it calls looks at items too.
CREATE OR REPLACE FUNCTION refuse_removal_of_used_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM execution_files WHERE file_id = NEW.id)
        OR EXISTS (SELECT 1 FROM schedule_files WHERE file_id = NEW.id)
        OR EXISTS (SELECT 1 FROM work_item_files WHERE file_id = NEW.id) THEN
        RAISE EXCEPTION USING MESSAGE = 'file.in_use';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER work_item_files_removed BEFORE INSERT ON work_item_files FOR EACH ROW
EXECUTE FUNCTION refuse_use_of_removed_file();
