-- Tries to sign in that count against an account: a hash of whatever was given for its name.
CREATE TABLE login_tries (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account    BLOB NOT NULL CHECK (length(account) = 32),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_tries_account ON login_tries (account, expires_at);
CREATE INDEX login_tries_expiry ON login_tries (expires_at, id);

-- Lines 1 to last_seq of an attempt, in a blob; those that came later are in log_chunks. The frames say where in the
-- blob which lines are.
CREATE TABLE log_archives (
    execution_id BLOB NOT NULL,
    epoch        INTEGER NOT NULL,
    id           BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    last_seq     INTEGER NOT NULL CHECK (last_seq > 0),
    size         INTEGER NOT NULL,
    sha256       TEXT NOT NULL,
    frames       TEXT NOT NULL,
    archived_at  INTEGER NOT NULL,
    PRIMARY KEY (execution_id, epoch),
    FOREIGN KEY (execution_id, epoch) REFERENCES attempts (execution_id, epoch)
) STRICT;
