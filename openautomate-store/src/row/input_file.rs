//! Uploaded files.

use openautomate_core::domain::InputFile;
use openautomate_core::id::{FileId, UserId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Row, Statement, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for InputFile {
    table!(
        "file",
        "input_files",
        [name, content_type, size, sha256, expires_at, removed_at] keeps [created_by, created_at]
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
            .bind(&self.content_type)
            .bind(self.size.cast_signed())
            .bind(&self.sha256)
            .bind(micros(self.expires_at))
            .bind(micros_of(self.removed_at))
            .bind(self.created_by.as_uuid())
            .bind(micros(self.created_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: FileId::from_uuid(columns.uuid("id")?),
            name: columns.get("name")?,
            content_type: columns.get("content_type")?,
            size: columns.unsigned("size")?,
            sha256: columns.get("sha256")?,
            created_by: UserId::from_uuid(columns.uuid("created_by")?),
            created_at: columns.time("created_at")?,
            expires_at: columns.time("expires_at")?,
            removed_at: columns.time_or_none("removed_at")?,
            revision: columns.get("revision")?,
        })
    }
}
