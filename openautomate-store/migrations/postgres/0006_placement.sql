-- Where and when executions run: pools of agents, what executions require, limits of how many run at once, and how
-- long one may wait for its first attempt.

CREATE TABLE agent_pools (
    id             uuid NOT NULL PRIMARY KEY,
    environment_id uuid NOT NULL REFERENCES environments (id),
    name           text NOT NULL COLLATE "C",
    description    text NOT NULL,
    created_at     bigint NOT NULL,
    deleted_at     bigint,
    revision       bigint NOT NULL
);
CREATE UNIQUE INDEX agent_pools_name ON agent_pools (environment_id, lower(name)) WHERE deleted_at IS NULL;

-- How busy machines were: one row a minute of the day and agent, written over the next day.
CREATE TABLE agent_usage (
    agent_id          uuid NOT NULL REFERENCES agents (id),
    slot              bigint NOT NULL,
    at                bigint NOT NULL,
    cpu_permille      bigint NOT NULL,
    memory_used_bytes bigint NOT NULL,
    PRIMARY KEY (agent_id, slot)
);

ALTER TABLE agents ADD COLUMN pool_ids text NOT NULL DEFAULT '[]';
ALTER TABLE agents ADD COLUMN drain_until bigint;
ALTER TABLE agents ADD COLUMN maintenance_windows text NOT NULL DEFAULT '[]';
ALTER TABLE environments ADD COLUMN max_concurrent bigint CHECK (max_concurrent > 0);
ALTER TABLE packages ADD COLUMN max_concurrent bigint CHECK (max_concurrent > 0);
ALTER TABLE schedules ADD COLUMN options text NOT NULL DEFAULT '{}';

ALTER TABLE executions ADD COLUMN required_os text;
-- A specifier, and the versions within it as ranges of numbers: {"specifier": ">=3.11", "ranges": [[3011000, …]]}.
ALTER TABLE executions ADD COLUMN required_python jsonb;
ALTER TABLE executions ADD COLUMN pool_id uuid REFERENCES agent_pools (id);
ALTER TABLE executions ADD COLUMN concurrency_key text COLLATE "C";
ALTER TABLE executions ADD COLUMN concurrency_limit bigint CHECK (concurrency_limit > 0);
ALTER TABLE executions ADD COLUMN queue_timeout_ms bigint CHECK (queue_timeout_ms > 0);

-- Says at once whether a claim has limits to look at; without any it is as it was.
CREATE INDEX packages_limited ON packages (id) WHERE max_concurrent IS NOT NULL;
CREATE INDEX environments_limited ON environments (id) WHERE max_concurrent IS NOT NULL;
CREATE INDEX executions_keyed ON executions (environment_id, id)
    WHERE state = 'Pending' AND concurrency_key IS NOT NULL;
-- What holds places, by key.
CREATE INDEX executions_key ON executions (environment_id, concurrency_key, id)
    WHERE concurrency_key IS NOT NULL AND lease_until IS NOT NULL;
CREATE INDEX executions_start_by ON executions ((run_at + queue_timeout_ms * 1000), id)
    WHERE state = 'Pending' AND queue_timeout_ms IS NOT NULL AND started_at IS NULL;
CREATE INDEX executions_pool ON executions (pool_id, state) WHERE pool_id IS NOT NULL;

-- Allows what it allowed, and that what waited too long for its first attempt ends.
CREATE OR REPLACE TRIGGER executions_transition BEFORE UPDATE OF state ON executions FOR EACH ROW
WHEN (OLD.state <> NEW.state AND NOT CASE OLD.state
    WHEN 'Pending' THEN NEW.state IN ('Assigned', 'Cancelled', 'TimedOut')
    WHEN 'Assigned' THEN NEW.state <> 'Assigned'
    WHEN 'Running' THEN NEW.state IN ('Waiting', 'Succeeded', 'Failed', 'Cancelled', 'TimedOut')
    WHEN 'Waiting' THEN NEW.state IN ('Pending', 'Cancelled')
    ELSE false
END)
EXECUTE FUNCTION refuse('execution.transition');
