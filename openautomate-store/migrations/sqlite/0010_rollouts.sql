-- How versions came into environments, and who agreed.

ALTER TABLE environments ADD COLUMN four_eyes INTEGER NOT NULL CHECK (four_eyes IN (0, 1)) DEFAULT 0;

CREATE TABLE rollouts (
    id                  BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    package_id          BLOB NOT NULL REFERENCES packages (id),
    environment_id      BLOB NOT NULL REFERENCES environments (id),
    version_id          BLOB NOT NULL REFERENCES package_versions (id),
    kind                TEXT NOT NULL CHECK (kind IN ('deploy', 'promote', 'rollBack')),
    from_environment_id BLOB REFERENCES environments (id),
    previous_version_id BLOB REFERENCES package_versions (id),
    state               TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'rejected', 'withdrawn')),
    requested_by        BLOB NOT NULL REFERENCES users (id),
    requested_at        INTEGER NOT NULL,
    decided_by          BLOB REFERENCES users (id),
    decided_at          INTEGER,
    comment             TEXT NOT NULL,
    revision            INTEGER NOT NULL,
    CHECK ((state = 'waiting') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL))
) STRICT;
CREATE INDEX rollouts_page ON rollouts (package_id, environment_id, id);
CREATE UNIQUE INDEX rollouts_waiting ON rollouts (package_id, environment_id) WHERE state = 'waiting';
