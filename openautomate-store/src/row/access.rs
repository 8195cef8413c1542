//! API keys, and roles that people made.

use openautomate_core::domain::{ApiKey, CustomRole};
use openautomate_core::id::{ApiKeyId, RoleId, UserId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Row, Statement, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for ApiKey {
    // An update leaves a use that was noted meanwhile.
    table!(
        "API key",
        "api_keys",
        [user_id, name, hint, token_hash, scopes, created_at, expires_at, revoked_at]
        keeps [last_used_at]
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
            .bind(&self.name)
            .bind(&self.hint)
            .bind(&self.token_hash[..])
            .bind(Json(&self.scopes))
            .bind(micros(self.created_at))
            .bind(micros(self.expires_at))
            .bind(micros_of(self.revoked_at))
            .bind(micros_of(self.last_used_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: ApiKeyId::from_uuid(columns.uuid("id")?),
            user_id: UserId::from_uuid(columns.uuid("user_id")?),
            name: columns.get("name")?,
            hint: columns.get("hint")?,
            token_hash: columns.hash("token_hash")?,
            scopes: columns.json("scopes")?,
            created_at: columns.time("created_at")?,
            expires_at: columns.time("expires_at")?,
            last_used_at: columns.time_or_none("last_used_at")?,
            revoked_at: columns.time_or_none("revoked_at")?,
            revision: columns.get("revision")?,
        })
    }
}

impl Table for CustomRole {
    table!("role", "custom_roles", [name, description, permissions, created_at, updated_at]);

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(&self.name)
            .bind(&self.description)
            .bind(Json(&self.permissions))
            .bind(micros(self.created_at))
            .bind(micros(self.updated_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: RoleId::from_uuid(columns.uuid("id")?),
            name: columns.get("name")?,
            description: columns.get("description")?,
            permissions: columns.json("permissions")?,
            created_at: columns.time("created_at")?,
            updated_at: columns.time("updated_at")?,
            revision: columns.get("revision")?,
        })
    }
}
