-- Times are microseconds since 1970 in UTC and lists and maps are JSON text, as in the other databases: what was
-- written is read back bit by bit (timestamptz and jsonb would change some of it, and jsonb refuses \u0000).
-- Names that are unique without regard to ASCII case have an index on lower(); in the collation "C" that touches
-- ASCII alone. The texts that triggers raise are the error codes of the core; src/sqlx/error.rs knows each of them.
-- Everything lies in the schema that search_path names, so that one database may hold several stores.

-- What a trigger calls that found something to refuse; its argument is the error code.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_ARGV[0];
END
$$;

CREATE TABLE users (
    id            uuid NOT NULL PRIMARY KEY,
    username      text NOT NULL COLLATE "C",
    email         text NOT NULL COLLATE "C",
    password_hash text NOT NULL,
    roles         text NOT NULL,
    disabled      boolean NOT NULL,
    created_at    bigint NOT NULL,
    last_login    bigint,
    deleted_at    bigint,
    revision      bigint NOT NULL
);
CREATE UNIQUE INDEX users_username ON users (lower(username));
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE sessions (
    id                  uuid NOT NULL PRIMARY KEY,
    user_id             uuid NOT NULL REFERENCES users (id),
    token_hash          bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    previous_token_hash bytea CHECK (octet_length(previous_token_hash) = 32),
    created_at          bigint NOT NULL,
    rotated_at          bigint NOT NULL,
    expires_at          bigint NOT NULL,
    revoked_at          bigint,
    revision            bigint NOT NULL
);
CREATE INDEX sessions_previous ON sessions (previous_token_hash) WHERE previous_token_hash IS NOT NULL;
CREATE INDEX sessions_open ON sessions (user_id, id) WHERE revoked_at IS NULL;

CREATE TABLE invitations (
    id         uuid NOT NULL PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    email      text NOT NULL,
    roles      text NOT NULL,
    created_by uuid REFERENCES users (id),
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    used_at    bigint,
    revision   bigint NOT NULL
);

CREATE TABLE environments (
    id          uuid NOT NULL PRIMARY KEY,
    name        text NOT NULL COLLATE "C",
    is_default  boolean NOT NULL,
    author_keys text NOT NULL,
    created_at  bigint NOT NULL,
    revision    bigint NOT NULL
);
CREATE UNIQUE INDEX environments_name ON environments (lower(name));
CREATE UNIQUE INDEX environments_default ON environments (is_default) WHERE is_default;

CREATE TABLE agents (
    id             uuid NOT NULL PRIMARY KEY,
    name           text NOT NULL COLLATE "C",
    machine_name   text NOT NULL,
    ip_address     text NOT NULL,
    status         text NOT NULL CHECK (status IN ('Active', 'Draining', 'Disabled')),
    environment_id uuid NOT NULL REFERENCES environments (id),
    owner_id       uuid NOT NULL REFERENCES users (id),
    labels         text NOT NULL,
    slots          bigint NOT NULL CHECK (slots >= 0),
    public_key     bytea CHECK (octet_length(public_key) = 32),
    facts          text NOT NULL,
    registered_at  bigint NOT NULL,
    last_heartbeat bigint NOT NULL,
    deleted_at     bigint,
    revision       bigint NOT NULL
);
CREATE UNIQUE INDEX agents_name ON agents (lower(name)) WHERE deleted_at IS NULL;

CREATE TABLE enrolment_tokens (
    id             uuid NOT NULL PRIMARY KEY,
    token_hash     bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    agent_id       uuid REFERENCES agents (id),
    environment_id uuid NOT NULL REFERENCES environments (id),
    labels         text NOT NULL,
    created_by     uuid NOT NULL REFERENCES users (id),
    created_at     bigint NOT NULL,
    expires_at     bigint NOT NULL,
    used_at        bigint,
    revision       bigint NOT NULL
);

CREATE TABLE packages (
    id          uuid NOT NULL PRIMARY KEY,
    name        text NOT NULL COLLATE "C",
    description text NOT NULL,
    creator_id  uuid NOT NULL REFERENCES users (id),
    created_at  bigint NOT NULL,
    updated_at  bigint NOT NULL,
    deleted_at  bigint,
    revision    bigint NOT NULL
);
CREATE UNIQUE INDEX packages_name ON packages (lower(name)) WHERE deleted_at IS NULL;

CREATE TABLE package_versions (
    id             uuid NOT NULL PRIMARY KEY,
    package_id     uuid NOT NULL REFERENCES packages (id),
    version_number text NOT NULL COLLATE "C",
    digest         text NOT NULL,
    size           bigint NOT NULL,
    manifest       text NOT NULL,
    signature      text NOT NULL,
    author         text,
    created_by     uuid NOT NULL REFERENCES users (id),
    created_at     bigint NOT NULL,
    revision       bigint NOT NULL
);
CREATE UNIQUE INDEX package_versions_number ON package_versions (package_id, lower(version_number));
CREATE INDEX package_versions_page ON package_versions (package_id, id);

-- Which version of a package is the active one of an environment.
CREATE TABLE deployments (
    id             uuid NOT NULL PRIMARY KEY,
    package_id     uuid NOT NULL REFERENCES packages (id),
    environment_id uuid NOT NULL REFERENCES environments (id),
    version_id     uuid NOT NULL REFERENCES package_versions (id),
    deployed_by    uuid NOT NULL REFERENCES users (id),
    deployed_at    bigint NOT NULL,
    revision       bigint NOT NULL,
    UNIQUE (package_id, environment_id)
);
CREATE INDEX deployments_environment ON deployments (environment_id, id);

CREATE TABLE schedules (
    id                uuid NOT NULL PRIMARY KEY,
    name              text NOT NULL,
    package_id        uuid NOT NULL REFERENCES packages (id),
    environment_id    uuid NOT NULL REFERENCES environments (id),
    cron_expression   text NOT NULL,
    time_zone         text NOT NULL,
    dst_gap           text NOT NULL,
    dst_overlap       text NOT NULL,
    misfire           text NOT NULL,
    max_catchup       bigint NOT NULL,
    catchup_window_ms bigint NOT NULL,
    overlap           text NOT NULL,
    inputs            text NOT NULL,
    starts_at         bigint,
    ends_at           bigint,
    is_active         boolean NOT NULL,
    next_due          bigint,
    last_due          bigint,
    created_by_id     uuid NOT NULL REFERENCES users (id),
    created_at        bigint NOT NULL,
    updated_at        bigint NOT NULL,
    deleted_at        bigint,
    revision          bigint NOT NULL
);
CREATE INDEX schedules_package ON schedules (package_id, id) WHERE deleted_at IS NULL;
CREATE INDEX schedules_due ON schedules (next_due, id)
    WHERE is_active AND deleted_at IS NULL AND next_due IS NOT NULL;

CREATE TABLE executions (
    id                  uuid NOT NULL PRIMARY KEY,
    package_id          uuid NOT NULL REFERENCES packages (id),
    version_id          uuid NOT NULL REFERENCES package_versions (id),
    environment_id      uuid NOT NULL REFERENCES environments (id),
    state               text NOT NULL CHECK (state IN ('Pending', 'Assigned', 'Running', 'Waiting',
                                                       'Succeeded', 'Failed', 'Cancelled', 'TimedOut')),
    priority            integer NOT NULL,
    -- Labels are ASCII, and a claim compares them as a set.
    labels              jsonb NOT NULL,
    pinned_agent_id     uuid REFERENCES agents (id),
    inputs              text NOT NULL,
    outputs             text,
    error               text,
    -- The message in error as a JSON string, so that a list does not load tracebacks.
    error_message       text,
    origin              text NOT NULL,
    -- Repeated from origin, so that it can be indexed and referenced.
    schedule_id         uuid REFERENCES schedules (id),
    retry               text NOT NULL,
    timeout_ms          bigint,
    run_at              bigint NOT NULL,
    lease_epoch         bigint NOT NULL CHECK (lease_epoch >= 0),
    agent_id            uuid REFERENCES agents (id),
    lease_until         bigint,
    failed_attempts     bigint NOT NULL CHECK (failed_attempts >= 0),
    progress            text,
    cancel_requested_at bigint,
    created_at          bigint NOT NULL,
    started_at          bigint,
    ended_at            bigint,
    revision            bigint NOT NULL,
    CHECK ((lease_until IS NOT NULL) = (state IN ('Assigned', 'Running')))
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
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
CREATE TRIGGER executions_transition BEFORE UPDATE OF state ON executions FOR EACH ROW
WHEN (OLD.state <> NEW.state AND NOT CASE OLD.state
    WHEN 'Pending' THEN NEW.state IN ('Assigned', 'Cancelled')
    WHEN 'Assigned' THEN NEW.state <> 'Assigned'
    WHEN 'Running' THEN NEW.state IN ('Waiting', 'Succeeded', 'Failed', 'Cancelled', 'TimedOut')
    WHEN 'Waiting' THEN NEW.state IN ('Pending', 'Cancelled')
    ELSE false
END)
EXECUTE FUNCTION refuse('execution.transition');
-- A fencing token never falls.
CREATE TRIGGER executions_epoch BEFORE UPDATE OF lease_epoch ON executions FOR EACH ROW
WHEN (NEW.lease_epoch < OLD.lease_epoch)
EXECUTE FUNCTION refuse('execution.epoch');

CREATE TABLE attempts (
    execution_id   uuid NOT NULL REFERENCES executions (id),
    epoch          bigint NOT NULL CHECK (epoch > 0),
    agent_id       uuid NOT NULL REFERENCES agents (id),
    state          text NOT NULL CHECK (state IN ('assigned', 'running', 'succeeded', 'failed', 'cancelled',
                                                  'timedOut', 'lost', 'released')),
    assigned_at    bigint NOT NULL,
    started_at     bigint,
    ended_at       bigint,
    error          text,
    exit_code      integer,
    -- What the agent saw of the run from outside: isolation, and the proof of its stop.
    report         text,
    stored_log_seq bigint NOT NULL DEFAULT 0,
    final_log_seq  bigint,
    PRIMARY KEY (execution_id, epoch)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
CREATE TRIGGER attempts_transition BEFORE UPDATE OF state ON attempts FOR EACH ROW
WHEN (OLD.state <> NEW.state AND NOT CASE OLD.state
    WHEN 'assigned' THEN true
    WHEN 'running' THEN NEW.state NOT IN ('assigned', 'released')
    ELSE false
END)
EXECUTE FUNCTION refuse('attempt.transition');

CREATE TABLE artifacts (
    id           uuid NOT NULL PRIMARY KEY,
    execution_id uuid NOT NULL,
    epoch        bigint NOT NULL,
    name         text NOT NULL,
    content_type text NOT NULL,
    size         bigint NOT NULL,
    sha256       text NOT NULL,
    created_at   bigint NOT NULL,
    UNIQUE (execution_id, epoch, name),
    FOREIGN KEY (execution_id, epoch) REFERENCES attempts (execution_id, epoch)
);

-- One row a chunk. The key ends with last_seq, so that the chunk that holds "the line after n" is one seek.
CREATE TABLE log_chunks (
    execution_id uuid NOT NULL,
    epoch        bigint NOT NULL,
    last_seq     bigint NOT NULL,
    first_seq    bigint NOT NULL CHECK (first_seq > 0),
    lines        text NOT NULL,
    PRIMARY KEY (execution_id, epoch, last_seq),
    CHECK (first_seq <= last_seq),
    FOREIGN KEY (execution_id, epoch) REFERENCES attempts (execution_id, epoch)
);

CREATE TABLE firings (
    schedule_id  uuid NOT NULL REFERENCES schedules (id),
    due_at       bigint NOT NULL,
    fired_at     bigint NOT NULL,
    execution_id uuid REFERENCES executions (id),
    skipped      text,
    PRIMARY KEY (schedule_id, due_at)
);

CREATE TABLE assets (
    id             uuid NOT NULL PRIMARY KEY,
    environment_id uuid NOT NULL REFERENCES environments (id),
    name           text NOT NULL COLLATE "C",
    kind           text NOT NULL CHECK (kind IN ('plain', 'secret')),
    description    text NOT NULL,
    sealed         bytea NOT NULL,
    updated_by     uuid NOT NULL REFERENCES users (id),
    created_at     bigint NOT NULL,
    updated_at     bigint NOT NULL,
    revision       bigint NOT NULL
);
CREATE UNIQUE INDEX assets_name ON assets (environment_id, lower(name));
CREATE INDEX assets_page ON assets (environment_id, id);

CREATE TABLE idempotency_records (
    user_id     uuid NOT NULL REFERENCES users (id),
    key         text NOT NULL,
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    output      text NOT NULL,
    created_at  bigint NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_age ON idempotency_records (created_at);

CREATE TABLE audit_entries (
    id          uuid NOT NULL PRIMARY KEY,
    at          bigint NOT NULL,
    actor_kind  text NOT NULL CHECK (actor_kind IN ('user', 'agent', 'system', 'anonymous')),
    actor_id    text,
    actor_name  text NOT NULL,
    action      text NOT NULL,
    object_kind text NOT NULL,
    object_id   text NOT NULL,
    detail      text NOT NULL,
    request_id  text,
    ip_address  text,
    sequence    bigint,
    previous    bytea CHECK (octet_length(previous) = 32),
    hash        bytea CHECK (octet_length(hash) = 32),
    CHECK ((sequence IS NULL) = (previous IS NULL) AND (sequence IS NULL) = (hash IS NULL))
);
CREATE UNIQUE INDEX audit_chain ON audit_entries (sequence) WHERE sequence IS NOT NULL;
CREATE INDEX audit_unsealed ON audit_entries (id) WHERE sequence IS NULL;
CREATE INDEX audit_action ON audit_entries (action, id);
CREATE INDEX audit_actor ON audit_entries (actor_id, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_object ON audit_entries (object_id, id);
CREATE INDEX audit_at ON audit_entries (at);

-- An entry comes unsealed, is sealed once, and then stays.
CREATE TRIGGER audit_unsealed_first BEFORE INSERT ON audit_entries FOR EACH ROW
WHEN (NEW.sequence IS NOT NULL)
EXECUTE FUNCTION refuse('audit.append_only');
CREATE TRIGGER audit_seal BEFORE UPDATE ON audit_entries FOR EACH ROW
WHEN (OLD.sequence IS NOT NULL OR NEW.sequence IS NULL
    OR NEW.id <> OLD.id OR NEW.at <> OLD.at OR NEW.actor_kind <> OLD.actor_kind
    OR NEW.actor_id IS DISTINCT FROM OLD.actor_id OR NEW.actor_name <> OLD.actor_name
    OR NEW.action <> OLD.action OR NEW.object_kind <> OLD.object_kind OR NEW.object_id <> OLD.object_id
    OR NEW.detail <> OLD.detail OR NEW.request_id IS DISTINCT FROM OLD.request_id
    OR NEW.ip_address IS DISTINCT FROM OLD.ip_address)
EXECUTE FUNCTION refuse('audit.append_only');
CREATE TRIGGER audit_delete BEFORE DELETE ON audit_entries FOR EACH ROW
EXECUTE FUNCTION refuse('audit.append_only');
CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON audit_entries FOR EACH STATEMENT
EXECUTE FUNCTION refuse('audit.append_only');

CREATE TABLE audit_head (
    id       integer NOT NULL PRIMARY KEY CHECK (id = 1),
    sequence bigint NOT NULL,
    hash     bytea NOT NULL CHECK (octet_length(hash) = 32)
);
-- Marks the schema as ours, so that another program's tables are told from a new store.
COMMENT ON TABLE audit_head IS 'OpenAutomate';
INSERT INTO audit_head (id, sequence, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));
CREATE TRIGGER audit_head_rises BEFORE UPDATE ON audit_head FOR EACH ROW
WHEN (NEW.sequence <= OLD.sequence)
EXECUTE FUNCTION refuse('audit.append_only');
CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head FOR EACH ROW
EXECUTE FUNCTION refuse('audit.append_only');
CREATE TRIGGER audit_head_truncate BEFORE TRUNCATE ON audit_head FOR EACH STATEMENT
EXECUTE FUNCTION refuse('audit.append_only');
