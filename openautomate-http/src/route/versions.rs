//! `/api/packages/{id}/versions`: the published versions of a package.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::deployment::DeployVersion;
use openautomate_core::command::package::PublishVersion;
use openautomate_core::domain::{Deployment, PackageVersion, RolloutState};
use openautomate_core::id::{EnvironmentId, PackageId, UserId, VersionId};
use openautomate_core::package::signature::{PublicKey, Signature, Signed};
use openautomate_core::permission::{Actor, Permission};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::artifacts::attachment;
use super::packages;
use crate::access::{Argument, RouteAccess, routes};
use crate::extract::{
    Can, CanSomewhere, IdempotencyKey, Listed, PageParams, PageQuery, Path, Query, Tagged, may,
    not_modified_if_known,
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
    /// Whether executions that name no version take this one, in the default environment.
    is_active: bool,
    /// The environments in which they do.
    #[schema(value_type = Vec<Uuid>)]
    active_in: Vec<EnvironmentId>,
    /// When it was published.
    created_at: DateTime<Utc>,
    /// By whom.
    #[schema(value_type = Uuid)]
    created_by_id: UserId,
    /// SHA-256 of the index of its content in hex: the same content has the same, however it was packed.
    digest: String,
    /// The bytes of all its files.
    size: u64,
    /// The repository's signature over package, number and digest: Ed25519, base64url without padding.
    #[schema(value_type = SignedView)]
    signature: Signed,
    /// The author's signature over the digest, if it was published with one.
    #[schema(value_type = Option<SignedView>)]
    author: Option<Signed>,
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

/// A signature and the key that made it.
#[derive(ToSchema)]
#[schema(as = Signed)]
#[expect(dead_code, reason = "describes the core's type")]
pub(crate) struct SignedView {
    /// The Ed25519 key, in base64url without padding.
    key: String,
    /// The signature, in base64url without padding.
    signature: String,
}

/// Where which version of a package is the active one, for the views of its versions.
pub(crate) struct Active {
    default: Option<EnvironmentId>,
    deployments: Vec<Deployment>,
}

impl Active {
    /// In the environments that the actor may see.
    pub(crate) async fn of(state: &AppState, actor: &Actor, package: PackageId) -> Result<Self, Error> {
        let store = state.orchestrator().store();
        let theirs = actor.environments_with(Permission::ReadPackages);
        let environments = store.environments().await?;
        let default = environments.iter().find(|environment| environment.is_default);
        let mut deployments = store.deployments(package).await?;
        deployments.retain(|deployment| theirs.contains(deployment.environment_id));
        Ok(Self { default: default.map(|environment| environment.id), deployments })
    }
}

impl VersionView {
    fn of(version: PackageVersion, active: &Active) -> Result<Self, Error> {
        let here = active.deployments.iter().filter(|deployment| deployment.version_id == version.id);
        let active_in: Vec<EnvironmentId> = here.map(|deployment| deployment.environment_id).collect();
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
            is_active: active.default.is_some_and(|default| active_in.contains(&default)),
            active_in,
            signature: version.signature,
            author: version.author,
            created_at: version.created_at,
            created_by_id: version.created_by,
            digest: version.digest,
            size: version.size,
            manifest,
            inputs_schema: Some(inputs_schema),
            revision: version.revision,
        })
    }

    /// As it stands in a list: schemas may be large.
    fn listed(version: PackageVersion, active: &Active) -> Result<Self, Error> {
        Ok(Self { inputs_schema: None, ..Self::of(version, active)? })
    }
}

/// How a version is published.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct PublishParams {
    /// The SemVer number, for archives that name none.
    version_number: Option<String>,
    /// Whether it becomes the active version of an environment. Default: yes.
    #[serde(default = "yes")]
    #[param(default = true)]
    activate: bool,
    /// Of which; the default one if left out.
    #[param(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
    /// The Ed25519 key of an author who signed the content, in base64url without padding.
    #[param(value_type = Option<String>)]
    author_key: Option<PublicKey>,
    /// Their signature over `openautomate-authored-v1`, a line feed, the digest, a line feed.
    #[param(value_type = Option<String>)]
    author_signature: Option<Signature>,
}

impl PublishParams {
    fn author(&self) -> Result<Option<Signed>, Error> {
        match (self.author_key, self.author_signature) {
            (Some(key), Some(signature)) => Ok(Some(Signed { key, signature })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(Error::invalid_field("authorSignature", "is missing beside authorKey")),
            (None, Some(_)) => Err(Error::invalid_field("authorKey", "is missing beside authorSignature")),
        }
    }
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
        author: params.author()?,
        version_number: params.version_number,
        activate: params.activate,
        environment_id: params.environment_id,
    };
    let version = state.orchestrator().execute_once(&actor, idempotency, command).await?;
    let location = format!("/api/packages/{package_id}/versions/{}", version.id);
    Ok(super::created(&location, shown(&state, &actor, version).await?))
}

/// An archive. Its content is looked at by the command; the type only keeps forms and JSON out.
struct ZipBody(Bytes);

impl Argument for ZipBody {
    const ACCESS: Option<RouteAccess> = None;
}

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
    Can(actor, _): Can<may::ReadPackages>,
    Path(id): Path<PackageId>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<VersionView>>, Problem> {
    packages::load(&state, id).await?;
    let page = state.orchestrator().store().versions(id, page).await?;
    let active = Active::of(&state, &actor, id).await?;
    let next = page.next;
    let shown = page.items.into_iter().map(|version| VersionView::listed(version, &active));
    let items = shown.collect::<Result<Vec<_>, _>>()?;
    Ok(Json(openautomate_core::query::Page { items, next }.into()))
}

/// A version as it is shown. Its tag changes with its deployments.
async fn shown(
    state: &AppState,
    actor: &Actor,
    version: PackageVersion,
) -> Result<Tagged<VersionView>, Error> {
    let active = Active::of(state, actor, version.package_id).await?;
    let moves: i64 = active.deployments.iter().map(|deployment| deployment.revision + 1).sum();
    Ok(Tagged::new(version.revision + moves, VersionView::of(version, &active)?))
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
    Can(actor, _): Can<may::ReadPackages>,
    Path((package, id)): Path<(PackageId, VersionId)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let version = load(&state, package, id).await?;
    Ok(shown(&state, &actor, version).await?.unless_known(&headers))
}

/// Where a version is activated.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ActivateParams {
    /// In which environment; the default one if left out.
    #[param(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
}

/// Makes a version the active one of an environment. Where the environment asks for four eyes, that waits for somebody
/// else's word: the answer is then 202, and its `Location` is the rollout.
#[utoipa::path(post, path = "/api/packages/{id}/versions/{versionId}/activate", tag = "packages",
    params(("id" = Uuid, Path, description = "The package."), ("versionId" = Uuid, Path, description = "The version."),
        ActivateParams),
    responses((status = 200, description = "The version.", body = VersionView),
        (status = 202, description = "The version; its rollout waits.", body = VersionView)))]
async fn activate(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::DeployVersions>,
    Path((package_id, version_id)): Path<(PackageId, VersionId)>,
    Query(ActivateParams { environment_id }): Query<ActivateParams>,
) -> Result<Response, Problem> {
    let command = DeployVersion { package_id, version_id, environment_id };
    let (version, rollout) = state.orchestrator().execute(&actor, command).await?;
    let shown = shown(&state, &actor, version).await?;
    Ok(match rollout {
        Some(rollout) if rollout.state == RolloutState::Waiting => {
            let location = [(LOCATION, format!("/api/rollouts/{}", rollout.id))];
            (StatusCode::ACCEPTED, location, shown).into_response()
        }
        _ => shown.into_response(),
    })
}

/// Downloads a version as a zip.
#[utoipa::path(get, path = "/api/packages/{id}/versions/{versionId}/content", tag = "packages",
    params(("id" = Uuid, Path, description = "The package."), ("versionId" = Uuid, Path, description = "The version.")),
    responses((status = 200, description = "The archive.", content_type = "application/zip"),
        (status = 304, description = "Unchanged.")))]
async fn content(
    State(state): State<AppState>,
    Can(actor, _): Can<may::DownloadPackages>,
    Path((package, id)): Path<(PackageId, VersionId)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let version = load(&state, package, id).await?;
    let tag = format!("\"{}\"", version.digest);
    if let Some(known) = not_modified_if_known(&headers, &tag) {
        return Ok(known);
    }
    let name = packages::load(&state, package).await?.name;
    let archive = state.orchestrator().download_package(&actor, &name, &version).await?;
    let file = format!("{name}-{}.zip", version.version_number);
    Ok(attachment(&file, "application/zip", &tag, archive))
}
