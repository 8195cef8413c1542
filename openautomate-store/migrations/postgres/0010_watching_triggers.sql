-- Triggers that look at work queues and at folders of agents.

-- What has to be looked at: 'workQueue' or 'fileArrival'. Repeated from source, so that those triggers are found.
ALTER TABLE triggers ADD COLUMN watched text;
CREATE INDEX triggers_watched ON triggers (watched, id)
    WHERE watched IS NOT NULL AND deleted_at IS NULL AND is_active;

-- The last turn of a trigger that looks at how things stand: its number is why each turn is taken once.
CREATE TABLE trigger_turns (
    trigger_id uuid NOT NULL PRIMARY KEY REFERENCES triggers (id),
    number     bigint NOT NULL CHECK (number > 0),
    taken_at   bigint NOT NULL
);

-- The executions of its turns; those that had ended by the last turn are gone.
CREATE TABLE trigger_runs (
    trigger_id   uuid NOT NULL REFERENCES triggers (id),
    execution_id uuid NOT NULL REFERENCES executions (id),
    PRIMARY KEY (trigger_id, execution_id)
);

-- What agents said last of the folders that triggers have them watch.
CREATE TABLE trigger_watches (
    trigger_id uuid NOT NULL REFERENCES triggers (id),
    agent_id   uuid NOT NULL REFERENCES agents (id),
    problem    text,
    told_at    bigint NOT NULL,
    PRIMARY KEY (trigger_id, agent_id)
);

-- What can be taken, and what can be next.
CREATE INDEX work_items_available ON work_items (queue_id, available_at) WHERE state = 'New';
