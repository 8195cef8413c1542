//! Storage buckets and the objects in them.

use openautomate_core::domain::{Bucket, BucketObject, Lease, ObjectWriter};
use openautomate_core::id::{BucketId, EnvironmentId, ExecutionId, ObjectId, UserId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Row, Statement, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for Bucket {
    table!(
        "bucket",
        "buckets",
        [name, description, max_bytes, max_objects, max_object_bytes, retention_days, updated_at, deleted_at]
        keeps [environment_id, created_by_id, created_at]
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
            .bind(&self.description)
            .bind(self.max_bytes.cast_signed())
            .bind(self.max_objects.cast_signed())
            .bind(self.max_object_bytes.cast_signed())
            .bind(self.retention_days)
            .bind(micros(self.updated_at))
            .bind(micros_of(self.deleted_at))
            .bind(self.environment_id.as_uuid())
            .bind(self.created_by_id.as_uuid())
            .bind(micros(self.created_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: BucketId::from_uuid(columns.uuid("id")?),
            environment_id: EnvironmentId::from_uuid(columns.uuid("environment_id")?),
            name: columns.get("name")?,
            description: columns.get("description")?,
            max_bytes: columns.unsigned("max_bytes")?,
            max_objects: columns.unsigned("max_objects")?,
            max_object_bytes: columns.unsigned("max_object_bytes")?,
            retention_days: columns.count_or_none("retention_days")?,
            used_bytes: columns.unsigned("used_bytes")?,
            object_count: columns.unsigned("object_count")?,
            created_by_id: UserId::from_uuid(columns.uuid("created_by_id")?),
            created_at: columns.time("created_at")?,
            updated_at: columns.time("updated_at")?,
            deleted_at: columns.time_or_none("deleted_at")?,
            revision: columns.get("revision")?,
        })
    }
}

/// Binds id, bucket, key, size, hash, media type, writer (user, execution, epoch) and time.
pub(crate) fn bind_object(object: &BucketObject, statement: Statement) -> Statement {
    let (user, lease) = match object.written_by {
        ObjectWriter::User { id } => (Some(*id.as_uuid()), None),
        ObjectWriter::Execution { lease } => (None, Some(lease)),
        ObjectWriter::System => (None, None),
    };
    statement
        .bind(object.id.as_uuid())
        .bind(object.bucket_id.as_uuid())
        .bind(&object.key)
        .bind(object.size.cast_signed())
        .bind(&object.sha256)
        .bind(&object.content_type)
        .bind(user)
        .bind(lease.map(|lease| *lease.execution.as_uuid()))
        .bind(lease.map(|lease| lease.epoch))
        .bind(micros(object.written_at))
}

pub(crate) fn read_object<R: Row>(row: &R) -> Result<BucketObject> {
    let columns = Columns::of(row, "object");
    let user = columns.uuid_or_none("writer_user_id")?.map(UserId::from_uuid);
    let execution = columns.uuid_or_none("writer_execution_id")?.map(ExecutionId::from_uuid);
    let written_by = match (user, execution, columns.count_or_none("writer_epoch")?) {
        (_, Some(execution), Some(epoch)) => ObjectWriter::Execution { lease: Lease { execution, epoch } },
        (Some(id), ..) => ObjectWriter::User { id },
        _ => ObjectWriter::System,
    };
    Ok(BucketObject {
        id: ObjectId::from_uuid(columns.uuid("id")?),
        bucket_id: BucketId::from_uuid(columns.uuid("bucket_id")?),
        key: columns.get("key")?,
        size: columns.unsigned("size")?,
        sha256: columns.get("sha256")?,
        content_type: columns.get("content_type")?,
        written_by,
        written_at: columns.time("written_at")?,
    })
}
