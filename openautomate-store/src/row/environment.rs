//! Environments.

use openautomate_core::domain::Environment;
use openautomate_core::id::EnvironmentId;
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Row, Statement, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for Environment {
    table!(
        "environment",
        "environments",
        [name, is_default, author_keys, max_concurrent, four_eyes, pause, paused_until, created_at]
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
            .bind(self.pause.as_ref().map(Json))
            .bind(paused_until(self))
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
            pause: columns.json_or_none("pause")?,
            created_at: columns.time("created_at")?,
            revision: columns.get("revision")?,
        })
    }
}

/// What a claim compares with the time: the end of the pause; the last instant there is if it has none.
fn paused_until(environment: &Environment) -> Option<i64> {
    environment.pause.as_ref().map(|pause| micros_of(pause.until).unwrap_or(i64::MAX))
}
