//! `/api/executions/{id}/artifacts`: the files that executions leave.

use std::fmt::Write as _;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;
use openautomate_core::Error;
use openautomate_core::blob::BlobKey;
use openautomate_core::domain::Artifact;
use openautomate_core::id::{ArtifactId, ExecutionId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{CanSomewhere, Path, may, not_modified_if_known};
use crate::problem::Problem;
use crate::route::executions;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(download))
}

/// A file that an execution left.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Artifact)]
pub(crate) struct ArtifactView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: ArtifactId,
    /// Which execution left it.
    #[schema(value_type = Uuid)]
    execution_id: ExecutionId,
    /// In which attempt.
    attempt: u32,
    /// Its name.
    name: String,
    /// Its media type.
    content_type: String,
    /// Its size in bytes.
    size: u64,
    /// SHA-256 of its content in hex.
    sha256: String,
    /// When it was kept.
    created_at: DateTime<Utc>,
    /// Where it can be downloaded.
    href: String,
}

impl From<Artifact> for ArtifactView {
    fn from(artifact: Artifact) -> Self {
        Self {
            href: format!("/api/executions/{}/artifacts/{}", artifact.execution_id, artifact.id),
            id: artifact.id,
            execution_id: artifact.execution_id,
            attempt: artifact.epoch,
            name: artifact.name,
            content_type: artifact.content_type,
            size: artifact.size,
            sha256: artifact.sha256,
            created_at: artifact.created_at,
        }
    }
}

/// The files of an execution.
#[derive(Serialize, ToSchema)]
struct ArtifactList {
    /// Oldest first.
    items: Vec<ArtifactView>,
}

/// Lists the files of an execution.
#[utoipa::path(get, path = "/api/executions/{id}/artifacts", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution.")),
    responses((status = 200, description = "The files.", body = ArtifactList)))]
async fn list(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadExecutions>,
    Path(id): Path<ExecutionId>,
) -> Result<Json<ArtifactList>, Problem> {
    executions::load(&state, &can, id).await?;
    let artifacts = state.orchestrator().store().artifacts(id).await?;
    Ok(Json(ArtifactList { items: artifacts.into_iter().map(ArtifactView::from).collect() }))
}

/// Downloads a file of an execution.
#[utoipa::path(get, path = "/api/executions/{id}/artifacts/{artifactId}", tag = "executions",
    params(
        ("id" = Uuid, Path, description = "The execution."),
        ("artifactId" = Uuid, Path, description = "The file."),
    ),
    responses(
        (status = 200, description = "The content.", content_type = "application/octet-stream"),
        (status = 304, description = "Unchanged."),
    ))]
async fn download(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadExecutions>,
    Path((execution, id)): Path<(ExecutionId, ArtifactId)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (store, missing) = (state.orchestrator().store(), || Error::not_found("artifact", id));
    let artifact = store.artifact(execution, id).await?.ok_or_else(missing)?;
    let execution_row = store.execution(execution).await?.ok_or_else(missing)?;
    can.check(execution_row.environment_id, missing)?;
    let tag = format!("\"{}\"", artifact.sha256);
    if let Some(known) = not_modified_if_known(&headers, &tag) {
        return Ok(known);
    }
    let body = state.orchestrator().blobs().get(&BlobKey::artifact(execution, id)).await?;
    let body = body.ok_or_else(|| Error::not_found("artifact", id))?;
    let mut download = attachment(&artifact.name, &artifact.content_type, &tag, body.stream);
    download.headers_mut().insert(CONTENT_LENGTH, body.size.into());
    Ok(download)
}

/// A download: never shown in the page, whatever it claims to be.
pub(crate) fn attachment(
    name: &str,
    content_type: &str,
    tag: &str,
    content: BoxStream<'static, Result<Bytes, Error>>,
) -> Response {
    let headers: [(HeaderName, String); 4] = [
        (CONTENT_TYPE, content_type.to_owned()),
        (CONTENT_DISPOSITION, disposition(name)),
        (ETAG, tag.to_owned()),
        (CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    (headers, HttpBody::from_stream(content)).into_response()
}

/// `attachment` with the name for old and new clients (RFC 6266, RFC 8187).
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || " -_.()".contains(c) { c } else { '_' })
        .collect();
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_not_break_out_of_its_header() {
        assert_eq!(disposition("a.csv"), "attachment; filename=\"a.csv\"; filename*=UTF-8''a.csv");
        assert_eq!(
            disposition("ä\"; x=\".html"),
            "attachment; filename=\"___ x__.html\"; filename*=UTF-8''%C3%A4%22%3B%20x%3D%22.html"
        );
    }
}
