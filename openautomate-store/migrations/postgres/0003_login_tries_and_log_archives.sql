-- Tries to sign in that count against an account: a hash of whatever was given for its name.
CREATE TABLE login_tries (
    id         uuid NOT NULL PRIMARY KEY,
    account    bytea NOT NULL CHECK (octet_length(account) = 32),
    expires_at bigint NOT NULL
);
CREATE INDEX login_tries_account ON login_tries (account, expires_at);
CREATE INDEX login_tries_expiry ON login_tries (expires_at, id);

-- Lines 1 to last_seq of an attempt, in a blob; those that came later are in log_chunks. The frames say where in the
-- blob which lines are.
CREATE TABLE log_archives (
    execution_id uuid NOT NULL,
    epoch        bigint NOT NULL,
    id           uuid NOT NULL UNIQUE,
    last_seq     bigint NOT NULL CHECK (last_seq > 0),
    size         bigint NOT NULL,
    sha256       text NOT NULL,
    frames       text NOT NULL,
    archived_at  bigint NOT NULL,
    PRIMARY KEY (execution_id, epoch),
    FOREIGN KEY (execution_id, epoch) REFERENCES attempts (execution_id, epoch)
);
