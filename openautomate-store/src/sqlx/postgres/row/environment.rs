//! Environments.

use openautomate_core::domain::Environment;
use openautomate_core::id::EnvironmentId;
use sqlx::postgres::PgRow;
use sqlx::types::Uuid;

use crate::sqlx::error::Result;
use crate::sqlx::postgres::column::{Columns, Json, micros};
use crate::sqlx::postgres::table::{Statement, Table, table};

impl Table for Environment {
    table!("environment", "environments", [name, is_default, author_keys, created_at]);

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, statement: Statement) -> Statement {
        statement
            .bind(&self.name)
            .bind(self.is_default)
            .bind(Json(&self.author_keys))
            .bind(micros(self.created_at))
    }

    fn read(row: &PgRow) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: EnvironmentId::from_uuid(columns.uuid("id")?),
            name: columns.get("name")?,
            is_default: columns.get("is_default")?,
            author_keys: columns.json("author_keys")?,
            created_at: columns.time("created_at")?,
            revision: columns.get("revision")?,
        })
    }
}
