//! Environments.

use openautomate_core::domain::Environment;
use openautomate_core::id::EnvironmentId;
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Row, Statement, micros};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for Environment {
    table!(
        "environment",
        "environments",
        [name, is_default, author_keys, max_concurrent, four_eyes, created_at]
    );

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(&self.name)
            .bind(self.is_default)
            .bind(Json(&self.author_keys))
            .bind(self.max_concurrent)
            .bind(self.four_eyes)
            .bind(micros(self.created_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: EnvironmentId::from_uuid(columns.uuid("id")?),
            name: columns.get("name")?,
            is_default: columns.get("is_default")?,
            author_keys: columns.json("author_keys")?,
            max_concurrent: columns.count_or_none("max_concurrent")?,
            four_eyes: columns.get("four_eyes")?,
            created_at: columns.time("created_at")?,
            revision: columns.get("revision")?,
        })
    }
}
