-- Triggers and what they did, executions that executions asked for, and approvals.

CREATE TABLE triggers (
    id                uuid NOT NULL PRIMARY KEY,
    name              text NOT NULL,
    package_id        uuid NOT NULL REFERENCES packages (id),
    environment_id    uuid NOT NULL REFERENCES environments (id),
    source            text NOT NULL,
    -- Repeated from source, so that an end of an execution finds who waits for it.
    source_package_id uuid REFERENCES packages (id),
    source_states     text NOT NULL,
    inputs            text NOT NULL,
    mapping           text NOT NULL,
    is_active         boolean NOT NULL,
    sealed            bytea,
    created_by_id     uuid NOT NULL REFERENCES users (id),
    created_at        bigint NOT NULL,
    updated_at        bigint NOT NULL,
    deleted_at        bigint,
    revision          bigint NOT NULL
);
CREATE INDEX triggers_package ON triggers (package_id, id) WHERE deleted_at IS NULL;
CREATE INDEX triggers_source ON triggers (source_package_id, environment_id)
    WHERE source_package_id IS NOT NULL AND deleted_at IS NULL;

-- One row a happening: the key is why each counts once.
CREATE TABLE trigger_firings (
    trigger_id         uuid NOT NULL REFERENCES triggers (id),
    key                text NOT NULL COLLATE "C",
    after_execution_id uuid REFERENCES executions (id),
    fired_at           bigint NOT NULL,
    execution_id       uuid REFERENCES executions (id),
    skipped            text,
    PRIMARY KEY (trigger_id, key)
);
CREATE INDEX trigger_firings_history ON trigger_firings (trigger_id, fired_at);
CREATE INDEX trigger_firings_age ON trigger_firings (fired_at);

-- Ends of executions that triggers have not dealt with yet. They are noted with the end itself, so that no crash in
-- between loses one, and by servers of the release before too.
CREATE TABLE due_triggers (
    execution_id uuid NOT NULL REFERENCES executions (id),
    trigger_id   uuid NOT NULL REFERENCES triggers (id),
    PRIMARY KEY (execution_id, trigger_id)
);
CREATE FUNCTION note_due_triggers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO due_triggers (execution_id, trigger_id)
    SELECT NEW.id, id FROM triggers
    WHERE source_package_id = NEW.package_id AND environment_id = NEW.environment_id
        AND deleted_at IS NULL AND is_active AND strpos(source_states, NEW.state) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER executions_end AFTER UPDATE OF state ON executions FOR EACH ROW
WHEN (NEW.state IN ('Succeeded', 'Failed', 'Cancelled', 'TimedOut')
    AND OLD.state NOT IN ('Succeeded', 'Failed', 'Cancelled', 'TimedOut'))
EXECUTE FUNCTION note_due_triggers();

-- Executions that runs of others asked for. The key is why a repeated message makes no second one.
CREATE TABLE execution_children (
    parent_id   uuid NOT NULL REFERENCES executions (id),
    attempt_try bigint NOT NULL CHECK (attempt_try >= 0),
    call        bigint NOT NULL CHECK (call > 0),
    child_id    uuid NOT NULL UNIQUE REFERENCES executions (id),
    -- Whether it is looked after: a cancel of its parent is passed on to it.
    is_open     boolean NOT NULL,
    PRIMARY KEY (parent_id, attempt_try, call)
);
CREATE INDEX execution_children_open ON execution_children (child_id) WHERE is_open;

CREATE TABLE approvals (
    id              uuid NOT NULL PRIMARY KEY,
    execution_id    uuid NOT NULL REFERENCES executions (id),
    key             text NOT NULL COLLATE "C",
    epoch           bigint NOT NULL CHECK (epoch > 0),
    question        text NOT NULL,
    data            text NOT NULL,
    approvers       text NOT NULL,
    role            text,
    expires_at      bigint,
    default_approve boolean NOT NULL,
    state           text NOT NULL CHECK (state IN ('waiting', 'approved', 'rejected', 'withdrawn')),
    comment         text NOT NULL,
    answered_by_id  uuid REFERENCES users (id),
    answered_at     bigint,
    created_at      bigint NOT NULL,
    revision        bigint NOT NULL,
    UNIQUE (execution_id, key),
    CHECK ((answered_at IS NULL) = (state = 'waiting'))
);
CREATE INDEX approvals_state ON approvals (state, id);
CREATE INDEX approvals_expiry ON approvals (expires_at) WHERE state = 'waiting' AND expires_at IS NOT NULL;
