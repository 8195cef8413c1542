-- Pauses of environments, what agents said of versions, and releases of the agent program on their way to agents.

-- The end of the pause stands by itself for claims, which compare it with the time.
ALTER TABLE environments ADD COLUMN pause text;
ALTER TABLE environments ADD COLUMN paused_until bigint;

CREATE TABLE agent_preparations (
    agent_id   uuid NOT NULL REFERENCES agents (id),
    version_id uuid NOT NULL REFERENCES package_versions (id),
    state      text NOT NULL CHECK (state IN ('waiting', 'fetching', 'building', 'ready', 'failed')),
    reason     text,
    at         bigint NOT NULL,
    PRIMARY KEY (agent_id, version_id)
);
CREATE INDEX agent_preparations_version ON agent_preparations (version_id, agent_id);

CREATE TABLE agent_releases (
    id         uuid NOT NULL PRIMARY KEY,
    version    text NOT NULL COLLATE "C",
    manifest   text NOT NULL,
    signature  text NOT NULL,
    files      text NOT NULL,
    created_by uuid NOT NULL REFERENCES users (id),
    created_at bigint NOT NULL,
    deleted_at bigint,
    revision   bigint NOT NULL
);
CREATE UNIQUE INDEX agent_releases_version ON agent_releases (version) WHERE deleted_at IS NULL;

CREATE TABLE agent_release_files (
    release_id uuid NOT NULL REFERENCES agent_releases (id),
    file_id    uuid NOT NULL REFERENCES input_files (id),
    PRIMARY KEY (release_id, file_id)
);
CREATE INDEX agent_release_files_file ON agent_release_files (file_id);
CREATE FUNCTION refuse_removal_of_file_of_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM agent_release_files WHERE file_id = NEW.id) THEN
        RAISE EXCEPTION USING MESSAGE = 'file.in_use';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER input_files_in_use_by_release BEFORE UPDATE OF removed_at ON input_files FOR EACH ROW
WHEN (NEW.removed_at IS NOT NULL)
EXECUTE FUNCTION refuse_removal_of_file_of_release();
CREATE TRIGGER agent_release_files_removed BEFORE INSERT ON agent_release_files FOR EACH ROW
EXECUTE FUNCTION refuse_use_of_removed_file();

CREATE TABLE agent_rollouts (
    id               uuid NOT NULL PRIMARY KEY,
    release_id       uuid NOT NULL REFERENCES agent_releases (id),
    target           text NOT NULL,
    stages           text NOT NULL,
    soak_ms          bigint NOT NULL,
    deadline_ms      bigint NOT NULL,
    in_windows       boolean NOT NULL,
    state            text NOT NULL CHECK (state IN ('running', 'done', 'stopped', 'cancelled')),
    stage            bigint NOT NULL,
    stage_healthy_at bigint,
    reason           text,
    created_by       uuid NOT NULL REFERENCES users (id),
    created_at       bigint NOT NULL,
    ended_at         bigint,
    revision         bigint NOT NULL,
    CHECK ((state = 'running') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX agent_rollouts_running ON agent_rollouts (state) WHERE state = 'running';

CREATE TABLE agent_updates (
    id         uuid NOT NULL PRIMARY KEY,
    rollout_id uuid NOT NULL REFERENCES agent_rollouts (id),
    agent_id   uuid NOT NULL REFERENCES agents (id),
    stage      bigint NOT NULL,
    state      text NOT NULL CHECK (state IN ('waiting', 'fetching', 'staged', 'draining', 'restarting', 'healthy',
        'rolledBack', 'failed', 'cancelled')),
    reason     text,
    changed_at bigint NOT NULL,
    revision   bigint NOT NULL
);
CREATE UNIQUE INDEX agent_updates_agent ON agent_updates (rollout_id, agent_id);
CREATE INDEX agent_updates_stage ON agent_updates (rollout_id, stage, id);
CREATE INDEX agent_updates_page ON agent_updates (rollout_id, id);
CREATE INDEX agent_updates_open ON agent_updates (agent_id, id)
    WHERE state IN ('waiting', 'fetching', 'staged', 'draining', 'restarting');
