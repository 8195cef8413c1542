-- How versions came into environments, and who agreed.

ALTER TABLE environments ADD COLUMN four_eyes boolean NOT NULL DEFAULT false;

CREATE TABLE rollouts (
    id                  uuid NOT NULL PRIMARY KEY,
    package_id          uuid NOT NULL REFERENCES packages (id),
    environment_id      uuid NOT NULL REFERENCES environments (id),
    version_id          uuid NOT NULL REFERENCES package_versions (id),
    kind                text NOT NULL CHECK (kind IN ('deploy', 'promote', 'rollBack')),
    from_environment_id uuid REFERENCES environments (id),
    previous_version_id uuid REFERENCES package_versions (id),
    state               text NOT NULL CHECK (state IN ('waiting', 'done', 'rejected', 'withdrawn')),
    requested_by        uuid NOT NULL REFERENCES users (id),
    requested_at        bigint NOT NULL,
    decided_by          uuid REFERENCES users (id),
    decided_at          bigint,
    comment             text NOT NULL,
    revision            bigint NOT NULL,
    CHECK ((state = 'waiting') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL))
);
CREATE INDEX rollouts_page ON rollouts (package_id, environment_id, id);
CREATE UNIQUE INDEX rollouts_waiting ON rollouts (package_id, environment_id) WHERE state = 'waiting';
