//! What people sign in with beside a password.

use openautomate_core::domain::{ExternalIdentity, PasswordReset, SecondFactor};
use openautomate_core::id::{ExternalIdentityId, UserId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Row, Statement, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for SecondFactor {
    table!("second factor", "second_factors", [secret, confirmed_at, last_step, recovery, updated_at]);

    fn id(&self) -> &Uuid {
        self.user_id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(self.secret.as_deref())
            .bind(micros_of(self.confirmed_at))
            .bind(self.last_step.cast_signed())
            .bind(Json(&self.recovery))
            .bind(micros(self.updated_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            user_id: UserId::from_uuid(columns.uuid("id")?),
            secret: columns.get("secret")?,
            confirmed_at: columns.time_or_none("confirmed_at")?,
            last_step: columns.unsigned("last_step")?,
            recovery: columns.json("recovery")?,
            updated_at: columns.time("updated_at")?,
            revision: columns.get("revision")?,
        })
    }
}

impl Table for PasswordReset {
    table!("password reset", "password_resets", [token_hash, created_by, created_at, expires_at, used_at]);

    fn id(&self) -> &Uuid {
        self.user_id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(&self.token_hash[..])
            .bind(self.created_by.map(|id| *id.as_uuid()))
            .bind(micros(self.created_at))
            .bind(micros(self.expires_at))
            .bind(micros_of(self.used_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            user_id: UserId::from_uuid(columns.uuid("id")?),
            token_hash: columns.hash("token_hash")?,
            created_by: columns.uuid_or_none("created_by")?.map(UserId::from_uuid),
            created_at: columns.time("created_at")?,
            expires_at: columns.time("expires_at")?,
            used_at: columns.time_or_none("used_at")?,
            revision: columns.get("revision")?,
        })
    }
}

impl Table for ExternalIdentity {
    table!("external identity", "external_identities", [user_id, issuer, subject, created_at, last_login]);

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(self.user_id.as_uuid())
            .bind(&self.issuer)
            .bind(&self.subject)
            .bind(micros(self.created_at))
            .bind(micros_of(self.last_login))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: ExternalIdentityId::from_uuid(columns.uuid("id")?),
            user_id: UserId::from_uuid(columns.uuid("user_id")?),
            issuer: columns.get("issuer")?,
            subject: columns.get("subject")?,
            created_at: columns.time("created_at")?,
            last_login: columns.time_or_none("last_login")?,
            revision: columns.get("revision")?,
        })
    }
}
