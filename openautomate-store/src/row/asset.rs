//! Assets.

use openautomate_core::domain::{Asset, AssetFile, AssetFormat};
use openautomate_core::id::{AssetId, EnvironmentId, UserId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Row, Statement, Word, micros};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for Asset {
    table!(
        "asset",
        "assets",
        [
            environment_id,
            name,
            kind,
            format,
            file_name,
            file_size,
            allowed_packages,
            description,
            sealed,
            updated_by,
            created_at,
            updated_at
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
            .bind(self.environment_id.as_uuid())
            .bind(&self.name)
            .bind(Word(self.kind))
            // What the release before does not know is text to it.
            .bind(Word(if self.file.is_some() { AssetFormat::Text } else { self.format }))
            .bind(self.file.as_ref().map(|file| file.name.as_str()))
            .bind(self.file.as_ref().map(|file| file.size.cast_signed()))
            .bind(self.allowed_packages.as_ref().map(Json))
            .bind(&self.description)
            .bind(&self.sealed[..])
            .bind(self.updated_by.as_uuid())
            .bind(micros(self.created_at))
            .bind(micros(self.updated_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        let name: Option<String> = columns.get("file_name")?;
        let size = columns.unsigned_or_none("file_size")?;
        let file = name.map(|name| AssetFile { name, size: size.unwrap_or_default() });
        Ok(Self {
            id: AssetId::from_uuid(columns.uuid("id")?),
            environment_id: EnvironmentId::from_uuid(columns.uuid("environment_id")?),
            name: columns.get("name")?,
            kind: columns.word("kind")?,
            format: if file.is_some() { AssetFormat::File } else { columns.word("format")? },
            file,
            allowed_packages: columns.json_or_none("allowed_packages")?,
            description: columns.get("description")?,
            sealed: columns.get("sealed")?,
            updated_by: UserId::from_uuid(columns.uuid("updated_by")?),
            created_at: columns.time("created_at")?,
            updated_at: columns.time("updated_at")?,
            revision: columns.get("revision")?,
        })
    }
}
