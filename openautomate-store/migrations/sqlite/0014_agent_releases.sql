-- Pauses of environments, what agents said of versions, and releases of the agent program on their way to agents.

-- The end of the pause stands by itself for claims, which compare it with the time.
ALTER TABLE environments ADD COLUMN pause TEXT CHECK (json_valid(pause));
ALTER TABLE environments ADD COLUMN paused_until INTEGER;

CREATE TABLE agent_preparations (
    agent_id   BLOB NOT NULL REFERENCES agents (id),
    version_id BLOB NOT NULL REFERENCES package_versions (id),
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'fetching', 'building', 'ready', 'failed')),
    reason     TEXT,
    at         INTEGER NOT NULL,
    PRIMARY KEY (agent_id, version_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_preparations_version ON agent_preparations (version_id, agent_id);

CREATE TABLE agent_releases (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    version    TEXT NOT NULL,
    manifest   TEXT NOT NULL,
    signature  TEXT NOT NULL CHECK (json_valid(signature)),
    files      TEXT NOT NULL CHECK (json_valid(files)),
    created_by BLOB NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    revision   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX agent_releases_version ON agent_releases (version) WHERE deleted_at IS NULL;

CREATE TABLE agent_release_files (
    release_id BLOB NOT NULL REFERENCES agent_releases (id),
    file_id    BLOB NOT NULL REFERENCES input_files (id),
    PRIMARY KEY (release_id, file_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_release_files_file ON agent_release_files (file_id);
CREATE TRIGGER input_files_in_use_by_release BEFORE UPDATE OF removed_at ON input_files
WHEN NEW.removed_at IS NOT NULL AND EXISTS (SELECT 1 FROM agent_release_files WHERE file_id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'file.in_use');
END;
CREATE TRIGGER agent_release_files_removed BEFORE INSERT ON agent_release_files
WHEN EXISTS (SELECT 1 FROM input_files WHERE id = NEW.file_id AND removed_at IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'reference.missing');
END;

CREATE TABLE agent_rollouts (
    id               BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    release_id       BLOB NOT NULL REFERENCES agent_releases (id),
    target           TEXT NOT NULL CHECK (json_valid(target)),
    stages           TEXT NOT NULL CHECK (json_valid(stages)),
    soak_ms          INTEGER NOT NULL,
    deadline_ms      INTEGER NOT NULL,
    in_windows       INTEGER NOT NULL CHECK (in_windows IN (0, 1)),
    state            TEXT NOT NULL CHECK (state IN ('running', 'done', 'stopped', 'cancelled')),
    stage            INTEGER NOT NULL,
    stage_healthy_at INTEGER,
    reason           TEXT,
    created_by       BLOB NOT NULL REFERENCES users (id),
    created_at       INTEGER NOT NULL,
    ended_at         INTEGER,
    revision         INTEGER NOT NULL,
    CHECK ((state = 'running') = (ended_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX agent_rollouts_running ON agent_rollouts (state) WHERE state = 'running';

CREATE TABLE agent_updates (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    rollout_id BLOB NOT NULL REFERENCES agent_rollouts (id),
    agent_id   BLOB NOT NULL REFERENCES agents (id),
    stage      INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'fetching', 'staged', 'draining', 'restarting', 'healthy',
        'rolledBack', 'failed', 'cancelled')),
    reason     TEXT,
    changed_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX agent_updates_agent ON agent_updates (rollout_id, agent_id);
CREATE INDEX agent_updates_stage ON agent_updates (rollout_id, stage, id);
CREATE INDEX agent_updates_page ON agent_updates (rollout_id, id);
CREATE INDEX agent_updates_open ON agent_updates (agent_id, id)
    WHERE state IN ('waiting', 'fetching', 'staged', 'draining', 'restarting');
