-- Triggers and what they did, executions that executions asked for, and approvals.

CREATE TABLE triggers (
    id                BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name              TEXT NOT NULL,
    package_id        BLOB NOT NULL REFERENCES packages (id),
    environment_id    BLOB NOT NULL REFERENCES environments (id),
    source            TEXT NOT NULL CHECK (json_valid(source)),
    -- Repeated from source, so that an end of an execution finds who waits for it.
    source_package_id BLOB REFERENCES packages (id),
    source_states     TEXT NOT NULL,
    inputs            TEXT NOT NULL CHECK (json_valid(inputs)),
    mapping           TEXT NOT NULL CHECK (json_valid(mapping)),
    is_active         INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    sealed            BLOB,
    created_by_id     BLOB NOT NULL REFERENCES users (id),
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    deleted_at        INTEGER,
    revision          INTEGER NOT NULL
) STRICT;
CREATE INDEX triggers_package ON triggers (package_id, id) WHERE deleted_at IS NULL;
CREATE INDEX triggers_source ON triggers (source_package_id, environment_id)
    WHERE source_package_id IS NOT NULL AND deleted_at IS NULL;

-- One row a happening: the key is why each counts once.
CREATE TABLE trigger_firings (
    trigger_id         BLOB NOT NULL REFERENCES triggers (id),
    key                TEXT NOT NULL,
    after_execution_id BLOB REFERENCES executions (id),
    fired_at           INTEGER NOT NULL,
    execution_id       BLOB REFERENCES executions (id),
    skipped            TEXT,
    PRIMARY KEY (trigger_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX trigger_firings_history ON trigger_firings (trigger_id, fired_at);
CREATE INDEX trigger_firings_age ON trigger_firings (fired_at);

-- Ends of executions that triggers have not dealt with yet. They are noted with the end itself, so that no crash in
-- between loses one.
CREATE TABLE due_triggers (
    execution_id BLOB NOT NULL REFERENCES executions (id),
    trigger_id   BLOB NOT NULL REFERENCES triggers (id),
    PRIMARY KEY (execution_id, trigger_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER executions_end AFTER UPDATE OF state ON executions
WHEN NEW.state IN ('Succeeded', 'Failed', 'Cancelled', 'TimedOut')
    AND OLD.state NOT IN ('Succeeded', 'Failed', 'Cancelled', 'TimedOut')
BEGIN
    INSERT INTO due_triggers (execution_id, trigger_id)
    SELECT NEW.id, id FROM triggers
    WHERE source_package_id = NEW.package_id AND environment_id = NEW.environment_id
        AND source_package_id IS NOT NULL AND deleted_at IS NULL AND is_active = 1
        AND instr(source_states, NEW.state) > 0;
END;

-- Executions that runs of others asked for. The key is why a repeated message makes no second one.
CREATE TABLE execution_children (
    parent_id   BLOB NOT NULL REFERENCES executions (id),
    attempt_try INTEGER NOT NULL CHECK (attempt_try >= 0),
    call        INTEGER NOT NULL CHECK (call > 0),
    child_id    BLOB NOT NULL UNIQUE REFERENCES executions (id),
    -- Whether it is looked after: a cancel of its parent is passed on to it.
    is_open     INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    PRIMARY KEY (parent_id, attempt_try, call)
) STRICT, WITHOUT ROWID;
CREATE INDEX execution_children_open ON execution_children (child_id) WHERE is_open = 1;

CREATE TABLE approvals (
    id              BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    execution_id    BLOB NOT NULL REFERENCES executions (id),
    key             TEXT NOT NULL,
    epoch           INTEGER NOT NULL CHECK (epoch > 0),
    question        TEXT NOT NULL,
    data            TEXT NOT NULL CHECK (json_valid(data)),
    approvers       TEXT NOT NULL CHECK (json_valid(approvers)),
    role            TEXT,
    expires_at      INTEGER,
    default_approve INTEGER NOT NULL CHECK (default_approve IN (0, 1)),
    state           TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'rejected', 'withdrawn')),
    comment         TEXT NOT NULL,
    answered_by_id  BLOB REFERENCES users (id),
    answered_at     INTEGER,
    created_at      INTEGER NOT NULL,
    revision        INTEGER NOT NULL,
    UNIQUE (execution_id, key),
    CHECK ((answered_at IS NULL) = (state = 'waiting'))
) STRICT;
CREATE INDEX approvals_state ON approvals (state, id);
CREATE INDEX approvals_expiry ON approvals (expires_at) WHERE state = 'waiting' AND expires_at IS NOT NULL;
