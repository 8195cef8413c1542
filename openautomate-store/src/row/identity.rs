//! People, sessions, invitations.

use openautomate_core::domain::{Invitation, Session, User};
use openautomate_core::id::{InvitationId, SessionId, UserId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Row, Statement, Word, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for User {
    table!(
        "user",
        "users",
        [
            username,
            email,
            password_hash,
            roles,
            custom_roles,
            environment_roles,
            disabled,
            created_at,
            last_login,
            deleted_at
        ]
    );

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(&self.username)
            .bind(&self.email)
            .bind(&self.password_hash)
            .bind(Json(&self.roles))
            .bind(Json(&self.custom_roles))
            .bind(Json(&self.environment_roles))
            .bind(self.disabled)
            .bind(micros(self.created_at))
            .bind(micros_of(self.last_login))
            .bind(micros_of(self.deleted_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: UserId::from_uuid(columns.uuid("id")?),
            username: columns.get("username")?,
            email: columns.get("email")?,
            password_hash: columns.get("password_hash")?,
            roles: columns.json("roles")?,
            custom_roles: columns.json("custom_roles")?,
            environment_roles: columns.json("environment_roles")?,
            disabled: columns.get("disabled")?,
            created_at: columns.time("created_at")?,
            last_login: columns.time_or_none("last_login")?,
            deleted_at: columns.time_or_none("deleted_at")?,
            revision: columns.get("revision")?,
        })
    }
}

impl Table for Session {
    table!(
        "session",
        "sessions",
        [
            user_id,
            token_hash,
            previous_token_hash,
            created_at,
            rotated_at,
            expires_at,
            revoked_at,
            method,
            ip_address,
            user_agent
        ]
    );

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(self.user_id.as_uuid())
            .bind(&self.token_hash[..])
            .bind(self.previous_token_hash.as_ref().map(|hash| &hash[..]))
            .bind(micros(self.created_at))
            .bind(micros(self.rotated_at))
            .bind(micros(self.expires_at))
            .bind(micros_of(self.revoked_at))
            .bind(Word(self.method))
            .bind(self.ip_address.as_deref())
            .bind(self.user_agent.as_deref())
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: SessionId::from_uuid(columns.uuid("id")?),
            user_id: UserId::from_uuid(columns.uuid("user_id")?),
            token_hash: columns.hash("token_hash")?,
            previous_token_hash: columns.hash_or_none("previous_token_hash")?,
            created_at: columns.time("created_at")?,
            rotated_at: columns.time("rotated_at")?,
            expires_at: columns.time("expires_at")?,
            revoked_at: columns.time_or_none("revoked_at")?,
            method: columns.word("method")?,
            ip_address: columns.get("ip_address")?,
            user_agent: columns.get("user_agent")?,
            revision: columns.get("revision")?,
        })
    }
}

impl Table for Invitation {
    table!(
        "invitation",
        "invitations",
        [token_hash, email, roles, created_by, created_at, expires_at, used_at, withdrawn_at]
    );

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(&self.token_hash[..])
            .bind(&self.email)
            .bind(Json(&self.roles))
            .bind(self.created_by.map(|id| *id.as_uuid()))
            .bind(micros(self.created_at))
            .bind(micros(self.expires_at))
            .bind(micros_of(self.used_at))
            .bind(micros_of(self.withdrawn_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: InvitationId::from_uuid(columns.uuid("id")?),
            token_hash: columns.hash("token_hash")?,
            email: columns.get("email")?,
            roles: columns.json("roles")?,
            created_by: columns.uuid_or_none("created_by")?.map(UserId::from_uuid),
            created_at: columns.time("created_at")?,
            expires_at: columns.time("expires_at")?,
            used_at: columns.time_or_none("used_at")?,
            withdrawn_at: columns.time_or_none("withdrawn_at")?,
            revision: columns.get("revision")?,
        })
    }
}
