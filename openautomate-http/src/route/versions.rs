//! `/api/packages/{id}/versions`: the published versions of a package.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::blob::BlobKey;
use openautomate_core::command::package::{ActivateVersion, PublishVersion};
use openautomate_core::domain::PackageVersion;
use openautomate_core::id::{PackageId, UserId, VersionId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::artifacts::attachment;
use super::packages;
use crate::extract::{
    Can, IdempotencyKey, Listed, PageParams, PageQuery, Path, Query, Tagged, may, not_modified_if_known,
};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(activate))
        .routes(routes!(content))
}

pub(crate) fn uploads(max_bytes: usize) -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(publish)).layer(DefaultBodyLimit::max(max_bytes))
}

/// A published version; its content never changes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PackageVersion)]
pub(crate) struct VersionView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: VersionId,
    /// Of which package.
    #[schema(value_type = Uuid)]
    package_id: PackageId,
    /// The SemVer number.
    version_number: String,
    /// Where the archive can be downloaded.
    file_path: String,
    /// Whether executions that name no version take this one.
    is_active: bool,
    /// When it was published.
    created_at: DateTime<Utc>,
    /// By whom.
    #[schema(value_type = Uuid)]
    created_by_id: UserId,
    /// SHA-256 of the archive in hex.
    digest: String,
    /// The size of the archive in bytes.
    size: u64,
    /// What the archive says of itself.
    #[schema(value_type = Object)]
    manifest: serde_json::Value,
    /// What its executions take as inputs, as JSON Schema (draft 2020-12); `null` takes anything. Beyond its words
    /// there are the formats `file` (the id of an uploaded file), `asset` (the name of an asset) and `decimal`,
    /// `x-order` for the order of properties and `x-enum-names` for the names of values. Left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    inputs_schema: Option<serde_json::Value>,
    /// Raised with each change; the ETag.
    revision: i64,
}

impl TryFrom<PackageVersion> for VersionView {
    type Error = Error;

    fn try_from(version: PackageVersion) -> Result<Self, Error> {
        let mut manifest = version.manifest;
        let inputs_schema = manifest.inputs.take().unwrap_or_default();
        let manifest = serde_json::to_value(&manifest).map_err(|error| {
            Error::internal("version.manifest", "the manifest of a version can't be shown").with_source(error)
        })?;
        Ok(Self {
            file_path: format!("/api/packages/{}/versions/{}/content", version.package_id, version.id),
            id: version.id,
            package_id: version.package_id,
            version_number: version.version_number,
            is_active: version.is_active,
            created_at: version.created_at,
            created_by_id: version.created_by,
            digest: version.digest,
            size: version.size,
            manifest,
            inputs_schema: Some(inputs_schema),
            revision: version.revision,
        })
    }
}

impl VersionView {
    /// As it stands in a list: schemas may be large.
    fn listed(version: PackageVersion) -> Result<Self, Error> {
        Ok(Self { inputs_schema: None, ..Self::try_from(version)? })
    }
}

/// How a version is published.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct PublishParams {
    /// The SemVer number, for archives that name none.
    version_number: Option<String>,
    /// Whether it becomes the active version. Default: yes.
    #[serde(default = "yes")]
    #[param(default = true)]
    activate: bool,
}

const fn yes() -> bool {
    true
}

/// Publishes a version: the body is the zip archive.
#[utoipa::path(post, path = "/api/packages/{id}/versions", tag = "packages",
    params(("id" = Uuid, Path, description = "The package."), PublishParams),
    request_body(content_type = "application/zip", description = "The archive, as it is."),
    responses((status = 201, description = "The version.", body = VersionView)))]
async fn publish(
    State(state): State<AppState>,
    Can(actor, _): Can<may::WritePackages>,
    Path(package_id): Path<PackageId>,
    Query(params): Query<PublishParams>,
    key: IdempotencyKey,
    ZipBody(archive): ZipBody,
) -> Result<Response, Problem> {
    let idempotency = key.over(&archive)?;
    let command = PublishVersion {
        package_id,
        archive,
        version_number: params.version_number,
        activate: params.activate,
    };
    let version = state.orchestrator().execute_once(&actor, idempotency, command).await?;
    let location = format!("/api/packages/{package_id}/versions/{}", version.id);
    let tagged = Tagged::new(version.revision, VersionView::try_from(version)?);
    Ok(super::created(&location, tagged))
}

/// An archive. Its content is looked at by the command; the type only keeps forms and JSON out.
struct ZipBody(Bytes);

impl axum::extract::FromRequest<AppState> for ZipBody {
    type Rejection = Problem;

    async fn from_request(request: axum::extract::Request, state: &AppState) -> Result<Self, Problem> {
        const TYPES: [&str; 3] =
            ["application/zip", "application/x-zip-compressed", "application/octet-stream"];
        let value =
            request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !TYPES.contains(&essence.as_str()) {
            let message = "this path takes a zip archive; send Content-Type: application/zip";
            return Err(Error::invalid("request.media_type", message).into());
        }
        let bytes = Bytes::from_request(request, state).await;
        let status = |rejection| axum::response::IntoResponse::into_response(rejection).status();
        bytes.map(Self).map_err(|rejection| Problem::of_status(status(rejection)))
    }
}

/// Lists the versions of a package.
#[utoipa::path(get, path = "/api/packages/{id}/versions", tag = "packages",
    params(("id" = Uuid, Path, description = "The package."), PageParams),
    responses((status = 200, description = "A page of versions.", body = Listed<VersionView>)))]
async fn list(
    State(state): State<AppState>,
    _: Can<may::ReadPackages>,
    Path(id): Path<PackageId>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<VersionView>>, Problem> {
    packages::load(&state, id).await?;
    let page = state.orchestrator().store().versions(id, page).await?;
    let next = page.next;
    let items = page.items.into_iter().map(VersionView::listed).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(openautomate_core::query::Page { items, next }.into()))
}

async fn load(state: &AppState, package: PackageId, id: VersionId) -> Result<PackageVersion, Error> {
    let version = state.orchestrator().store().version(id).await?;
    let version = version.filter(|version| version.package_id == package);
    version.ok_or_else(|| Error::not_found("package version", id))
}

/// Shows a version.
#[utoipa::path(get, path = "/api/packages/{id}/versions/{versionId}", tag = "packages",
    params(("id" = Uuid, Path, description = "The package."), ("versionId" = Uuid, Path, description = "The version.")),
    responses((status = 200, description = "The version.", body = VersionView),
        (status = 304, description = "Unchanged.")))]
async fn get(
    State(state): State<AppState>,
    _: Can<may::ReadPackages>,
    Path((package, id)): Path<(PackageId, VersionId)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let version = load(&state, package, id).await?;
    Ok(Tagged::new(version.revision, VersionView::try_from(version)?).unless_known(&headers))
}

/// Makes a version the active one.
#[utoipa::path(post, path = "/api/packages/{id}/versions/{versionId}/activate", tag = "packages",
    params(("id" = Uuid, Path, description = "The package."), ("versionId" = Uuid, Path, description = "The version.")),
    responses((status = 200, description = "The version.", body = VersionView)))]
async fn activate(
    State(state): State<AppState>,
    Can(actor, _): Can<may::WritePackages>,
    Path((package_id, version_id)): Path<(PackageId, VersionId)>,
) -> Result<Tagged<VersionView>, Problem> {
    let version = state.orchestrator().execute(&actor, ActivateVersion { package_id, version_id }).await?;
    Ok(Tagged::new(version.revision, VersionView::try_from(version)?))
}

/// Downloads the archive of a version.
#[utoipa::path(get, path = "/api/packages/{id}/versions/{versionId}/content", tag = "packages",
    params(("id" = Uuid, Path, description = "The package."), ("versionId" = Uuid, Path, description = "The version.")),
    responses((status = 200, description = "The archive.", content_type = "application/zip"),
        (status = 304, description = "Unchanged.")))]
async fn content(
    State(state): State<AppState>,
    _: Can<may::DownloadPackages>,
    Path((package, id)): Path<(PackageId, VersionId)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let version = load(&state, package, id).await?;
    let tag = format!("\"{}\"", version.digest);
    if let Some(known) = not_modified_if_known(&headers, &tag) {
        return Ok(known);
    }
    let name = packages::load(&state, package).await?.name;
    let body = state.orchestrator().blobs().get(&BlobKey::package(&version.digest)?).await?;
    let body = body.ok_or_else(|| Error::not_found("package archive", &version.digest))?;
    let file = format!("{name}-{}.zip", version.version_number);
    Ok(attachment(&file, "application/zip", &tag, body))
}
