-- Where and when executions run: pools of agents, what executions require, limits of how many run at once, and how
-- long one may wait for its first attempt.

CREATE TABLE agent_pools (
    id             BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    environment_id BLOB NOT NULL REFERENCES environments (id),
    name           TEXT NOT NULL COLLATE NOCASE,
    description    TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    deleted_at     INTEGER,
    revision       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX agent_pools_name ON agent_pools (environment_id, name) WHERE deleted_at IS NULL;

-- How busy machines were: one row a minute of the day and agent, written over the next day.
CREATE TABLE agent_usage (
    agent_id          BLOB NOT NULL REFERENCES agents (id),
    slot              INTEGER NOT NULL,
    at                INTEGER NOT NULL,
    cpu_permille      INTEGER NOT NULL,
    memory_used_bytes INTEGER NOT NULL,
    PRIMARY KEY (agent_id, slot)
) STRICT, WITHOUT ROWID;

ALTER TABLE agents ADD COLUMN pool_ids TEXT NOT NULL CHECK (json_valid(pool_ids)) DEFAULT '[]';
ALTER TABLE agents ADD COLUMN drain_until INTEGER;
ALTER TABLE agents ADD COLUMN maintenance_windows TEXT NOT NULL CHECK (json_valid(maintenance_windows)) DEFAULT '[]';
ALTER TABLE environments ADD COLUMN max_concurrent INTEGER CHECK (max_concurrent > 0);
ALTER TABLE packages ADD COLUMN max_concurrent INTEGER CHECK (max_concurrent > 0);
ALTER TABLE schedules ADD COLUMN options TEXT NOT NULL CHECK (json_valid(options)) DEFAULT '{}';

ALTER TABLE executions ADD COLUMN required_os TEXT;
-- A specifier, and the versions within it as ranges of numbers: {"specifier": ">=3.11", "ranges": [[3011000, …]]}.
ALTER TABLE executions ADD COLUMN required_python TEXT CHECK (json_valid(required_python));
ALTER TABLE executions ADD COLUMN pool_id BLOB REFERENCES agent_pools (id);
ALTER TABLE executions ADD COLUMN concurrency_key TEXT;
ALTER TABLE executions ADD COLUMN concurrency_limit INTEGER CHECK (concurrency_limit > 0);
ALTER TABLE executions ADD COLUMN queue_timeout_ms INTEGER CHECK (queue_timeout_ms > 0);

-- Says at once whether a claim has limits to look at; without any it is as it was.
CREATE INDEX packages_limited ON packages (id) WHERE max_concurrent IS NOT NULL;
CREATE INDEX environments_limited ON environments (id) WHERE max_concurrent IS NOT NULL;
CREATE INDEX executions_keyed ON executions (environment_id, id)
    WHERE state = 'Pending' AND concurrency_key IS NOT NULL;
-- What holds places, by key.
CREATE INDEX executions_key ON executions (environment_id, concurrency_key, id)
    WHERE concurrency_key IS NOT NULL AND lease_until IS NOT NULL;
CREATE INDEX executions_start_by ON executions (run_at + queue_timeout_ms * 1000, id)
    WHERE state = 'Pending' AND queue_timeout_ms IS NOT NULL AND started_at IS NULL;
CREATE INDEX executions_pool ON executions (pool_id, state) WHERE pool_id IS NOT NULL;

DROP TRIGGER executions_transition;
CREATE TRIGGER executions_transition BEFORE UPDATE OF state ON executions
WHEN OLD.state <> NEW.state AND NOT CASE OLD.state
    WHEN 'Pending' THEN NEW.state IN ('Assigned', 'Cancelled', 'TimedOut')
    WHEN 'Assigned' THEN NEW.state <> 'Assigned'
    WHEN 'Running' THEN NEW.state IN ('Waiting', 'Succeeded', 'Failed', 'Cancelled', 'TimedOut')
    WHEN 'Waiting' THEN NEW.state IN ('Pending', 'Cancelled')
    ELSE 0
END
BEGIN
    SELECT RAISE(ABORT, 'execution.transition');
END;
