-- Tries to sign in that count against an account: a hash of whatever was given for its name.
CREATE TABLE login_tries (
    id         uuid NOT NULL PRIMARY KEY,
    account    bytea NOT NULL CHECK (octet_length(account) = 32),
    expires_at bigint NOT NULL
);
CREATE INDEX login_tries_account ON login_tries (account, expires_at);
CREATE INDEX login_tries_expiry ON login_tries (expires_at, id);
