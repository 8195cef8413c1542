//! Rollouts.

use openautomate_core::domain::Rollout;
use openautomate_core::id::{EnvironmentId, PackageId, RolloutId, UserId, VersionId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Row, Statement, Word, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for Rollout {
    table!(
        "rollout",
        "rollouts",
        [
            package_id,
            environment_id,
            version_id,
            kind,
            from_environment_id,
            previous_version_id,
            state,
            requested_by,
            requested_at,
            decided_by,
            decided_at,
            comment
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
            .bind(self.package_id.as_uuid())
            .bind(self.environment_id.as_uuid())
            .bind(self.version_id.as_uuid())
            .bind(Word(&self.kind))
            .bind(self.from_environment_id.as_ref().map(EnvironmentId::as_uuid))
            .bind(self.previous_version_id.as_ref().map(VersionId::as_uuid))
            .bind(Word(&self.state))
            .bind(self.requested_by.as_uuid())
            .bind(micros(self.requested_at))
            .bind(self.decided_by.as_ref().map(UserId::as_uuid))
            .bind(micros_of(self.decided_at))
            .bind(&self.comment)
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: RolloutId::from_uuid(columns.uuid("id")?),
            package_id: PackageId::from_uuid(columns.uuid("package_id")?),
            environment_id: EnvironmentId::from_uuid(columns.uuid("environment_id")?),
            version_id: VersionId::from_uuid(columns.uuid("version_id")?),
            kind: columns.word("kind")?,
            from_environment_id: columns.uuid_or_none("from_environment_id")?.map(EnvironmentId::from_uuid),
            previous_version_id: columns.uuid_or_none("previous_version_id")?.map(VersionId::from_uuid),
            state: columns.word("state")?,
            requested_by: UserId::from_uuid(columns.uuid("requested_by")?),
            requested_at: columns.time("requested_at")?,
            decided_by: columns.uuid_or_none("decided_by")?.map(UserId::from_uuid),
            decided_at: columns.time_or_none("decided_at")?,
            comment: columns.get("comment")?,
            revision: columns.get("revision")?,
        })
    }
}
