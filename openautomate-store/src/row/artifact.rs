//! Artifacts.

use openautomate_core::domain::Artifact;
use openautomate_core::id::{ArtifactId, ExecutionId};

use crate::driver::{Columns, Connection, Row, micros, query};
use crate::error::Result;

pub(crate) async fn insert_artifact(artifact: &Artifact, connection: &mut impl Connection) -> Result<()> {
    const INSERT: &str = "INSERT INTO artifacts
        (id, execution_id, epoch, name, content_type, size, sha256, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    query(INSERT)
        .bind(artifact.id.as_uuid())
        .bind(artifact.execution_id.as_uuid())
        .bind(artifact.epoch)
        .bind(&artifact.name)
        .bind(&artifact.content_type)
        .bind(artifact.size.cast_signed())
        .bind(&artifact.sha256)
        .bind(micros(artifact.created_at))
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) fn read_artifact<R: Row>(row: &R) -> Result<Artifact> {
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
