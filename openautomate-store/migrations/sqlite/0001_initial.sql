-- Ids are UUIDs as 16 bytes, times are microseconds since 1970 in UTC, lists and maps are JSON text.
-- Names that are unique without regard to ASCII case are declared COLLATE NOCASE.
-- The texts that triggers raise are the error codes of the core; src/sqlx/error.rs knows each of them.

-- Marks the file as ours, so that another program's database is told from a new one: "OAUT".
PRAGMA application_id = 1329681748;

CREATE TABLE users (
    id            BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    username      TEXT NOT NULL COLLATE NOCASE UNIQUE,
    email         TEXT NOT NULL COLLATE NOCASE UNIQUE,
    password_hash TEXT NOT NULL,
    roles         TEXT NOT NULL CHECK (json_valid(roles)),
    disabled      INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created_at    INTEGER NOT NULL,
    last_login    INTEGER,
    deleted_at    INTEGER,
    revision      INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id                  BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id             BLOB NOT NULL REFERENCES users (id),
    token_hash          BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    previous_token_hash BLOB CHECK (length(previous_token_hash) = 32),
    created_at          INTEGER NOT NULL,
    rotated_at          INTEGER NOT NULL,
    expires_at          INTEGER NOT NULL,
    revoked_at          INTEGER,
    revision            INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_previous ON sessions (previous_token_hash) WHERE previous_token_hash IS NOT NULL;
CREATE INDEX sessions_open ON sessions (user_id, id) WHERE revoked_at IS NULL;

CREATE TABLE invitations (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    email      TEXT NOT NULL,
    roles      TEXT NOT NULL CHECK (json_valid(roles)),
    created_by BLOB REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    revision   INTEGER NOT NULL
) STRICT;

CREATE TABLE environments (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT NOT NULL COLLATE NOCASE UNIQUE,
    is_default INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    created_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX environments_default ON environments (is_default) WHERE is_default = 1;

CREATE TABLE agents (
    id             BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name           TEXT NOT NULL COLLATE NOCASE,
    machine_name   TEXT NOT NULL,
    ip_address     TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('Active', 'Draining', 'Disabled')),
    environment_id BLOB NOT NULL REFERENCES environments (id),
    owner_id       BLOB NOT NULL REFERENCES users (id),
    labels         TEXT NOT NULL CHECK (json_valid(labels)),
    slots          INTEGER NOT NULL CHECK (slots >= 0),
    public_key     BLOB CHECK (length(public_key) = 32),
    facts          TEXT NOT NULL CHECK (json_valid(facts)),
    registered_at  INTEGER NOT NULL,
    last_heartbeat INTEGER NOT NULL,
    deleted_at     INTEGER,
    revision       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX agents_name ON agents (name) WHERE deleted_at IS NULL;

CREATE TABLE enrolment_tokens (
    id             BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    token_hash     BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    agent_id       BLOB REFERENCES agents (id),
    environment_id BLOB NOT NULL REFERENCES environments (id),
    labels         TEXT NOT NULL CHECK (json_valid(labels)),
    created_by     BLOB NOT NULL REFERENCES users (id),
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    used_at        INTEGER,
    revision       INTEGER NOT NULL
) STRICT;

CREATE TABLE packages (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name        TEXT NOT NULL COLLATE NOCASE,
    description TEXT NOT NULL,
    creator_id  BLOB NOT NULL REFERENCES users (id),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    deleted_at  INTEGER,
    revision    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX packages_name ON packages (name) WHERE deleted_at IS NULL;

CREATE TABLE package_versions (
    id             BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    package_id     BLOB NOT NULL REFERENCES packages (id),
    version_number TEXT NOT NULL COLLATE NOCASE,
    digest         TEXT NOT NULL,
    size           INTEGER NOT NULL,
    manifest       TEXT NOT NULL CHECK (json_valid(manifest)),
    is_active      INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    created_by     BLOB NOT NULL REFERENCES users (id),
    created_at     INTEGER NOT NULL,
    revision       INTEGER NOT NULL,
    UNIQUE (package_id, version_number)
) STRICT;
CREATE UNIQUE INDEX package_versions_active ON package_versions (package_id) WHERE is_active = 1;
CREATE INDEX package_versions_page ON package_versions (package_id, id);

CREATE TABLE schedules (
    id                BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name              TEXT NOT NULL,
    package_id        BLOB NOT NULL REFERENCES packages (id),
    environment_id    BLOB NOT NULL REFERENCES environments (id),
    cron_expression   TEXT NOT NULL,
    time_zone         TEXT NOT NULL,
    dst_gap           TEXT NOT NULL,
    dst_overlap       TEXT NOT NULL,
    misfire           TEXT NOT NULL,
    max_catchup       INTEGER NOT NULL,
    catchup_window_ms INTEGER NOT NULL,
    overlap           TEXT NOT NULL,
    inputs            TEXT NOT NULL CHECK (json_valid(inputs)),
    starts_at         INTEGER,
    ends_at           INTEGER,
    is_active         INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    next_due          INTEGER,
    last_due          INTEGER,
    created_by_id     BLOB NOT NULL REFERENCES users (id),
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    deleted_at        INTEGER,
    revision          INTEGER NOT NULL
) STRICT;
CREATE INDEX schedules_package ON schedules (package_id, id) WHERE deleted_at IS NULL;
CREATE INDEX schedules_due ON schedules (next_due, id)
    WHERE is_active = 1 AND deleted_at IS NULL AND next_due IS NOT NULL;

CREATE TABLE executions (
    id                  BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    package_id          BLOB NOT NULL REFERENCES packages (id),
    version_id          BLOB NOT NULL REFERENCES package_versions (id),
    environment_id      BLOB NOT NULL REFERENCES environments (id),
    state               TEXT NOT NULL CHECK (state IN ('Pending', 'Assigned', 'Running', 'Waiting',
                                                       'Succeeded', 'Failed', 'Cancelled', 'TimedOut')),
    priority            INTEGER NOT NULL,
    labels              TEXT NOT NULL CHECK (json_valid(labels)),
    pinned_agent_id     BLOB REFERENCES agents (id),
    inputs              TEXT NOT NULL,
    outputs             TEXT,
    error               TEXT,
    origin              TEXT NOT NULL,
    -- Repeated from origin, so that it can be indexed and referenced.
    schedule_id         BLOB REFERENCES schedules (id),
    retry               TEXT NOT NULL,
    timeout_ms          INTEGER,
    run_at              INTEGER NOT NULL,
    lease_epoch         INTEGER NOT NULL CHECK (lease_epoch >= 0),
    agent_id            BLOB REFERENCES agents (id),
    lease_until         INTEGER,
    failed_attempts     INTEGER NOT NULL CHECK (failed_attempts >= 0),
    progress            TEXT,
    cancel_requested_at INTEGER,
    created_at          INTEGER NOT NULL,
    started_at          INTEGER,
    ended_at            INTEGER,
    revision            INTEGER NOT NULL,
    CHECK ((lease_until IS NOT NULL) = (state IN ('Assigned', 'Running')))
) STRICT;
-- What a claim walks, in its order; it holds the queue alone, however many executions have ended.
CREATE INDEX executions_queue ON executions (environment_id, priority DESC, run_at, id) WHERE state = 'Pending';
CREATE INDEX executions_due ON executions (state, run_at) WHERE state IN ('Pending', 'Waiting');
CREATE INDEX executions_lease ON executions (lease_until, id) WHERE lease_until IS NOT NULL;
-- Lists. The state stands before the id, so that a rare state is found among a million of a common one.
CREATE INDEX executions_state ON executions (state, id);
CREATE INDEX executions_environment ON executions (environment_id, state, id);
CREATE INDEX executions_package ON executions (package_id, state, id);
-- The two filters that people combine; without it a package that never ran there would be looked for in all.
CREATE INDEX executions_package_environment ON executions (package_id, environment_id, state, id);
CREATE INDEX executions_agent ON executions (agent_id, state, id) WHERE agent_id IS NOT NULL;
CREATE INDEX executions_schedule ON executions (schedule_id, state, id) WHERE schedule_id IS NOT NULL;

-- The legal changes are those of the core's domain/transition.rs; a test compares all pairs.
CREATE TRIGGER executions_transition BEFORE UPDATE OF state ON executions
WHEN OLD.state <> NEW.state AND NOT CASE OLD.state
    WHEN 'Pending' THEN NEW.state IN ('Assigned', 'Cancelled')
    WHEN 'Assigned' THEN NEW.state <> 'Assigned'
    WHEN 'Running' THEN NEW.state IN ('Waiting', 'Succeeded', 'Failed', 'Cancelled', 'TimedOut')
    WHEN 'Waiting' THEN NEW.state IN ('Pending', 'Cancelled')
    ELSE 0
END
BEGIN
    SELECT RAISE(ABORT, 'execution.transition');
END;
-- A fencing token never falls.
CREATE TRIGGER executions_epoch BEFORE UPDATE OF lease_epoch ON executions
WHEN NEW.lease_epoch < OLD.lease_epoch
BEGIN
    SELECT RAISE(ABORT, 'execution.epoch');
END;

CREATE TABLE attempts (
    execution_id   BLOB NOT NULL REFERENCES executions (id),
    epoch          INTEGER NOT NULL CHECK (epoch > 0),
    agent_id       BLOB NOT NULL REFERENCES agents (id),
    state          TEXT NOT NULL CHECK (state IN ('assigned', 'running', 'succeeded', 'failed', 'cancelled',
                                                  'timedOut', 'lost', 'released')),
    assigned_at    INTEGER NOT NULL,
    started_at     INTEGER,
    ended_at       INTEGER,
    error          TEXT,
    exit_code      INTEGER,
    stored_log_seq INTEGER NOT NULL DEFAULT 0,
    final_log_seq  INTEGER,
    PRIMARY KEY (execution_id, epoch)
) STRICT;
CREATE TRIGGER attempts_transition BEFORE UPDATE OF state ON attempts
WHEN OLD.state <> NEW.state AND NOT CASE OLD.state
    WHEN 'assigned' THEN 1
    WHEN 'running' THEN NEW.state NOT IN ('assigned', 'released')
    ELSE 0
END
BEGIN
    SELECT RAISE(ABORT, 'attempt.transition');
END;

CREATE TABLE artifacts (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    execution_id BLOB NOT NULL,
    epoch        INTEGER NOT NULL,
    name         TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size         INTEGER NOT NULL,
    sha256       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    UNIQUE (execution_id, epoch, name),
    FOREIGN KEY (execution_id, epoch) REFERENCES attempts (execution_id, epoch)
) STRICT;

-- One row a chunk. The key ends with last_seq, so that the chunk that holds "the line after n" is one seek.
CREATE TABLE log_chunks (
    execution_id BLOB NOT NULL,
    epoch        INTEGER NOT NULL,
    last_seq     INTEGER NOT NULL,
    first_seq    INTEGER NOT NULL CHECK (first_seq > 0),
    lines        TEXT NOT NULL,
    PRIMARY KEY (execution_id, epoch, last_seq),
    CHECK (first_seq <= last_seq),
    FOREIGN KEY (execution_id, epoch) REFERENCES attempts (execution_id, epoch)
) STRICT;

CREATE TABLE firings (
    schedule_id  BLOB NOT NULL REFERENCES schedules (id),
    due_at       INTEGER NOT NULL,
    fired_at     INTEGER NOT NULL,
    execution_id BLOB REFERENCES executions (id),
    skipped      TEXT,
    PRIMARY KEY (schedule_id, due_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE assets (
    id             BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    environment_id BLOB NOT NULL REFERENCES environments (id),
    name           TEXT NOT NULL COLLATE NOCASE,
    kind           TEXT NOT NULL CHECK (kind IN ('plain', 'secret')),
    description    TEXT NOT NULL,
    sealed         BLOB NOT NULL,
    updated_by     BLOB NOT NULL REFERENCES users (id),
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    revision       INTEGER NOT NULL,
    UNIQUE (environment_id, name)
) STRICT;
CREATE INDEX assets_page ON assets (environment_id, id);

CREATE TABLE idempotency_records (
    user_id     BLOB NOT NULL REFERENCES users (id),
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    output      TEXT NOT NULL CHECK (json_valid(output)),
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency_records (created_at);

CREATE TABLE audit_entries (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at          INTEGER NOT NULL,
    actor_kind  TEXT NOT NULL CHECK (actor_kind IN ('user', 'agent', 'system', 'anonymous')),
    actor_id    TEXT,
    actor_name  TEXT NOT NULL,
    action      TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id   TEXT NOT NULL,
    detail      TEXT NOT NULL,
    request_id  TEXT,
    ip_address  TEXT,
    sequence    INTEGER,
    previous    BLOB CHECK (length(previous) = 32),
    hash        BLOB CHECK (length(hash) = 32),
    CHECK ((sequence IS NULL) = (previous IS NULL) AND (sequence IS NULL) = (hash IS NULL))
) STRICT;
CREATE UNIQUE INDEX audit_chain ON audit_entries (sequence) WHERE sequence IS NOT NULL;
CREATE INDEX audit_unsealed ON audit_entries (id) WHERE sequence IS NULL;
CREATE INDEX audit_action ON audit_entries (action, id);
CREATE INDEX audit_actor ON audit_entries (actor_id, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_object ON audit_entries (object_id, id);
CREATE INDEX audit_at ON audit_entries (at);

-- An entry comes unsealed, is sealed once, and then stays. The second trigger is there for INSERT OR REPLACE,
-- which would remove the old row without asking the triggers on DELETE.
CREATE TRIGGER audit_unsealed_first BEFORE INSERT ON audit_entries WHEN NEW.sequence IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'audit.append_only');
END;
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit_entries
WHEN EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'name.taken');
END;
CREATE TRIGGER audit_seal BEFORE UPDATE ON audit_entries
WHEN OLD.sequence IS NOT NULL OR NEW.sequence IS NULL
    OR NEW.id <> OLD.id OR NEW.at <> OLD.at OR NEW.actor_kind <> OLD.actor_kind
    OR NEW.actor_id IS NOT OLD.actor_id OR NEW.actor_name <> OLD.actor_name OR NEW.action <> OLD.action
    OR NEW.object_kind <> OLD.object_kind OR NEW.object_id <> OLD.object_id OR NEW.detail <> OLD.detail
    OR NEW.request_id IS NOT OLD.request_id OR NEW.ip_address IS NOT OLD.ip_address
BEGIN
    SELECT RAISE(ABORT, 'audit.append_only');
END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit_entries
BEGIN
    SELECT RAISE(ABORT, 'audit.append_only');
END;

CREATE TABLE audit_head (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL,
    hash     BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO audit_head (id, sequence, hash) VALUES (1, 0, zeroblob(32));
CREATE TRIGGER audit_head_rises BEFORE UPDATE ON audit_head
WHEN NEW.sequence <= OLD.sequence
BEGIN
    SELECT RAISE(ABORT, 'audit.append_only');
END;
CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head
BEGIN
    SELECT RAISE(ABORT, 'audit.append_only');
END;
