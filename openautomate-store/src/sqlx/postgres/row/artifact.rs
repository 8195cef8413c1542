//! Artifacts.

use openautomate_core::domain::Artifact;
use openautomate_core::id::{ArtifactId, ExecutionId};
use sqlx::postgres::{PgConnection, PgRow};

use crate::sqlx::error::Result;
use crate::sqlx::postgres::column::{Columns, micros};

pub(in crate::sqlx::postgres) async fn insert_artifact(
    artifact: &Artifact,
    connection: &mut PgConnection,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO artifacts
        (id, execution_id, epoch, name, content_type, size, sha256, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    sqlx::query(INSERT)
        .bind(artifact.id.as_uuid())
        .bind(artifact.execution_id.as_uuid())
        .bind(i64::from(artifact.epoch))
        .bind(&artifact.name)
        .bind(&artifact.content_type)
        .bind(artifact.size.cast_signed())
        .bind(&artifact.sha256)
        .bind(micros(artifact.created_at))
        .execute(connection)
        .await?;
    Ok(())
}

pub(in crate::sqlx::postgres) fn read_artifact(row: &PgRow) -> Result<Artifact> {
    let columns = Columns::of(row, "artifact");
    Ok(Artifact {
        id: ArtifactId::from_uuid(columns.uuid("id")?),
        execution_id: ExecutionId::from_uuid(columns.uuid("execution_id")?),
        epoch: columns.count("epoch")?,
        name: columns.get("name")?,
        content_type: columns.get("content_type")?,
        size: columns.unsigned("size")?,
        sha256: columns.get("sha256")?,
        created_at: columns.time("created_at")?,
    })
}
