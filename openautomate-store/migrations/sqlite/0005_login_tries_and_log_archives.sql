-- Tries to sign in that count against an account: a hash of whatever was given for its name.
CREATE TABLE login_tries (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account    BLOB NOT NULL CHECK (length(account) = 32),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_tries_account ON login_tries (account, expires_at);
CREATE INDEX login_tries_expiry ON login_tries (expires_at, id);
