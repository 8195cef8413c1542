//! `/api/packages`: packages.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::package::{CreatePackage, DeletePackage, UpdatePackage};
use openautomate_core::domain::Package;
use openautomate_core::id::{PackageId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{
    Body, Can, IdempotencyKey, IfMatch, Listed, PageParams, PageQuery, Path, Tagged, may, revision_of,
};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, update, delete))
}

/// A package.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Package)]
pub(crate) struct PackageView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: PackageId,
    /// The name.
    name: String,
    /// What it does.
    description: String,
    /// How many of its executions may be with agents at once in an environment; `null` for no limit.
    max_concurrent: Option<u32>,
    /// Who made it.
    #[schema(value_type = Uuid)]
    creator_id: UserId,
    /// When.
    created_at: DateTime<Utc>,
    /// When it, or one of its versions, was last changed.
    updated_at: DateTime<Utc>,
    /// Raised with each change; the ETag.
    revision: i64,
}

impl From<Package> for PackageView {
    fn from(package: Package) -> Self {
        Self {
            id: package.id,
            name: package.name,
            description: package.description,
            max_concurrent: package.max_concurrent,
            creator_id: package.creator_id,
            created_at: package.created_at,
            updated_at: package.updated_at,
            revision: package.revision,
        }
    }
}

/// The package with this id that is not deleted.
pub(crate) async fn load(state: &AppState, id: PackageId) -> Result<Package, Error> {
    let package = state.orchestrator().store().package(id).await?;
    package.filter(|package| package.deleted_at.is_none()).ok_or_else(|| Error::not_found("package", id))
}

/// A new package.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreatePackageRequest)]
struct CreateRequest {
    /// The name.
    name: String,
    /// What it does.
    #[serde(default)]
    description: String,
}

/// Makes a package; its versions are published next.
#[utoipa::path(post, path = "/api/packages", tag = "packages", request_body = CreateRequest,
    responses((status = 201, description = "The package.", body = PackageView)))]
async fn create(
    State(state): State<AppState>,
    Can(actor, _): Can<may::WritePackages>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<CreateRequest>,
) -> Result<Response, Problem> {
    let command = CreatePackage { name: value.name, description: value.description };
    let package = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    let location = format!("/api/packages/{}", package.id);
    Ok(super::created(&location, Tagged::new(package.revision, PackageView::from(package))))
}

/// Lists packages.
#[utoipa::path(get, path = "/api/packages", tag = "packages", params(PageParams),
    responses((status = 200, description = "A page of packages.", body = Listed<PackageView>)))]
async fn list(
    State(state): State<AppState>,
    _: Can<may::ReadPackages>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<PackageView>>, Problem> {
    Ok(Json(state.orchestrator().store().packages(page).await?.map(PackageView::from).into()))
}

/// Shows a package.
#[utoipa::path(get, path = "/api/packages/{id}", tag = "packages",
    params(("id" = Uuid, Path, description = "The package.")),
    responses((status = 200, description = "The package.", body = PackageView),
        (status = 304, description = "Unchanged.")))]
async fn get(
    State(state): State<AppState>,
    _: Can<may::ReadPackages>,
    Path(id): Path<PackageId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let package = load(&state, id).await?;
    Ok(Tagged::new(package.revision, PackageView::from(package)).unless_known(&headers))
}

/// What shall change of a package; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UpdatePackageRequest)]
struct UpdateRequest {
    /// The revision that the caller saw; or give it as `If-Match`.
    #[serde(default)]
    revision: Option<i64>,
    /// The name.
    #[serde(default)]
    name: Option<String>,
    /// What it does.
    #[serde(default)]
    description: Option<String>,
    /// How many executions may be with agents at once in an environment; 0 for no limit.
    #[serde(default)]
    max_concurrent: Option<u32>,
}

/// Changes a package.
#[utoipa::path(put, path = "/api/packages/{id}", tag = "packages",
    params(("id" = Uuid, Path, description = "The package.")), request_body = UpdateRequest,
    responses((status = 200, description = "The package.", body = PackageView)))]
async fn update(
    State(state): State<AppState>,
    Can(actor, _): Can<may::WritePackages>,
    Path(id): Path<PackageId>,
    if_match: IfMatch,
    Body { value, .. }: Body<UpdateRequest>,
) -> Result<Tagged<PackageView>, Problem> {
    let command = UpdatePackage {
        id,
        revision: revision_of(if_match, value.revision)?,
        name: value.name,
        description: value.description,
        max_concurrent: value.max_concurrent,
    };
    let package = state.orchestrator().execute(&actor, command).await?;
    Ok(Tagged::new(package.revision, package.into()))
}

/// Deletes a package that nothing runs and no schedule names.
#[utoipa::path(delete, path = "/api/packages/{id}", tag = "packages",
    params(("id" = Uuid, Path, description = "The package.")),
    responses((status = 204, description = "Deleted.")))]
async fn delete(
    State(state): State<AppState>,
    Can(actor, _): Can<may::DeletePackages>,
    Path(id): Path<PackageId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, DeletePackage { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
