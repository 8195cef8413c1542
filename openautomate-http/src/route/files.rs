//! `/api/files`: the files that people upload as inputs.

use std::io;
use std::time::Duration;

use axum::Json;
use axum::body::{Body as HttpBody, BodyDataStream};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use openautomate_core::domain::InputFile;
use openautomate_core::id::{FileId, UserId};
use openautomate_core::orchestrator::FileIntake;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::artifacts::attachment;
use super::created;
use crate::access::routes;
use crate::extract::{CanSomewhere, IdempotencyKey, Path, Query, may, not_modified_if_known};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get, delete)).routes(routes!(content))
}

pub(crate) fn uploads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(upload))
}

/// A file that somebody uploaded as an input.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = File)]
struct FileView {
    /// The id: what inputs name.
    #[schema(value_type = Uuid)]
    id: FileId,
    /// Its name.
    name: String,
    /// Its media type.
    content_type: String,
    /// Its size in bytes.
    size: u64,
    /// SHA-256 of its content in hex.
    sha256: String,
    /// When it was uploaded.
    created_at: DateTime<Utc>,
    /// Who uploaded it.
    #[schema(value_type = Uuid)]
    created_by_id: UserId,
    /// From when on it is removed, unless an execution or a schedule uses it.
    expires_at: DateTime<Utc>,
}

impl From<InputFile> for FileView {
    fn from(file: InputFile) -> Self {
        Self {
            id: file.id,
            name: file.name,
            content_type: file.content_type,
            size: file.size,
            sha256: file.sha256,
            created_at: file.created_at,
            created_by_id: file.created_by,
            expires_at: file.expires_at,
        }
    }
}

/// What a file is called.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UploadParams {
    /// The name that the run sees: a plain file name.
    name: String,
}

/// Uploads a file as an input of executions to come: they name it by its id. It expires after a day unless an
/// execution or a schedule uses it.
///
/// An `Idempotency-Key` covers name, type and content: the same again gives the first answer again, once the content
/// has come.
#[utoipa::path(post, path = "/api/files", tag = "files", params(UploadParams),
    request_body(content_type = "application/octet-stream", description = "The content, as it is."),
    responses((status = 201, description = "The file.", body = FileView)))]
async fn upload(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::RunExecutions>,
    Query(params): Query<UploadParams>,
    key: IdempotencyKey,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let intake = FileIntake {
        name: params.name,
        content_type: header(CONTENT_TYPE).unwrap_or("application/octet-stream").to_owned(),
        size: header(CONTENT_LENGTH).and_then(|size| size.parse().ok()),
        body: lively(body, state.options().silence_limit),
    };
    // The core adds what the body turns out to be.
    let file = state.orchestrator().keep_file(&actor, key.over(&[])?, intake).await?;
    Ok(created(&format!("/api/files/{}", file.id), Json(FileView::from(file))))
}

/// The content of a request as it comes; an error ends it once nothing came for `limit`.
pub(crate) fn lively(body: HttpBody, limit: Duration) -> BoxStream<'static, io::Result<Bytes>> {
    let next = move |mut body: BodyDataStream| async move {
        match tokio::time::timeout(limit, body.next()).await {
            Ok(Some(chunk)) => Some((chunk.map_err(io::Error::other), body)),
            Ok(None) => None,
            Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), body)),
        }
    };
    stream::unfold(body.into_data_stream(), next).boxed()
}

/// Shows a file of one's own; Administrators see all.
#[utoipa::path(get, path = "/api/files/{id}", tag = "files",
    params(("id" = Uuid, Path, description = "The file.")),
    responses((status = 200, description = "The file.", body = FileView)))]
async fn get(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::RunExecutions>,
    Path(id): Path<FileId>,
) -> Result<Json<FileView>, Problem> {
    Ok(Json(state.orchestrator().file(&actor, id).await?.into()))
}

/// Downloads a file of one's own; Administrators all.
#[utoipa::path(get, path = "/api/files/{id}/content", tag = "files",
    params(("id" = Uuid, Path, description = "The file.")),
    responses(
        (status = 200, description = "The content.", content_type = "application/octet-stream"),
        (status = 304, description = "Unchanged."),
    ))]
async fn content(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::RunExecutions>,
    Path(id): Path<FileId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (file, body) = state.orchestrator().file_content(&actor, id).await?;
    let tag = format!("\"{}\"", file.sha256);
    if let Some(known) = not_modified_if_known(&headers, &tag) {
        return Ok(known);
    }
    let mut download = attachment(&file.name, &file.content_type, &tag, body.stream);
    download.headers_mut().insert(CONTENT_LENGTH, body.size.into());
    Ok(download)
}

/// Deletes a file of one's own that nothing uses; Administrators any.
#[utoipa::path(delete, path = "/api/files/{id}", tag = "files",
    params(("id" = Uuid, Path, description = "The file.")),
    responses((status = 204, description = "It is deleted.")))]
async fn delete(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::RunExecutions>,
    Path(id): Path<FileId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().delete_file(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
