//! `/api/roles`: named sets of permissions.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::role::{CreateRole, DeleteRole, RoleSettings, UpdateRole};
use openautomate_core::domain::{CustomRole, Role};
use openautomate_core::id::RoleId;
use openautomate_core::permission::PermissionSet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{Body, Can, CanInPerson, IdempotencyKey, IfMatch, Path, Tagged, may, revision_of};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, update, delete))
}

/// A role that people made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CustomRole)]
struct RoleView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: RoleId,
    /// The name, unique without regard to case.
    name: String,
    /// What it is for.
    description: String,
    /// What it allows.
    #[schema(value_type = Vec<schema::Permission>)]
    permissions: PermissionSet,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
    /// Raised with each change, and when somebody gets the role; the ETag.
    revision: i64,
}

impl From<CustomRole> for RoleView {
    fn from(role: CustomRole) -> Self {
        Self {
            id: role.id,
            name: role.name,
            description: role.description,
            permissions: role.permissions,
            created_at: role.created_at,
            updated_at: role.updated_at,
            revision: role.revision,
        }
    }
}

/// A role that is always there and can't be changed.
#[derive(Debug, Serialize, ToSchema)]
struct BuiltInRoleView {
    /// Which.
    #[schema(value_type = schema::Role)]
    role: Role,
    /// What it allows.
    #[schema(value_type = Vec<schema::Permission>)]
    permissions: PermissionSet,
}

/// All roles.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RoleList {
    /// Those that are always there.
    built_in: Vec<BuiltInRoleView>,
    /// Those that people made, oldest first.
    items: Vec<RoleView>,
}

/// What a role shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RoleRequest {
    /// For changes: the revision that the caller saw; or give it as `If-Match`.
    #[serde(default)]
    revision: Option<i64>,
    /// The name, unique without regard to case, and none of the built-in roles'.
    name: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// What it allows; at least one permission. What Administrators alone have, only an Administrator puts in; nobody
    /// puts in what they may not do themselves.
    #[schema(value_type = Vec<schema::Permission>)]
    permissions: PermissionSet,
}

impl From<RoleRequest> for RoleSettings {
    fn from(request: RoleRequest) -> Self {
        let RoleRequest { name, description, permissions, .. } = request;
        Self { name, description, permissions }
    }
}

/// Makes a role.
#[utoipa::path(post, path = "/api/roles", tag = "permissions", request_body = RoleRequest,
    responses((status = 201, description = "The role.", body = RoleView)))]
async fn create(
    State(state): State<AppState>,
    CanInPerson(actor, _): CanInPerson<may::ManageUsers>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<RoleRequest>,
) -> Result<Response, Problem> {
    if value.revision.is_some() {
        return Err(Error::invalid_field("revision", "is for changes; a new role has none").into());
    }
    let command = CreateRole { settings: value.into() };
    let role = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    let location = format!("/api/roles/{}", role.id);
    Ok(super::created(&location, Tagged::new(role.revision, RoleView::from(role))))
}

/// Lists all roles, the built-in ones too.
#[utoipa::path(get, path = "/api/roles", tag = "permissions",
    responses((status = 200, description = "The roles.", body = RoleList)))]
async fn list(State(state): State<AppState>, _: Can<may::ManageUsers>) -> Result<Json<RoleList>, Problem> {
    let built_in = Role::ALL.map(|role| BuiltInRoleView { role, permissions: PermissionSet::of_role(role) });
    let items = state.orchestrator().store().custom_roles().await?;
    let items = items.into_iter().map(RoleView::from).collect();
    Ok(Json(RoleList { built_in: built_in.into(), items }))
}

/// Shows a role that people made.
#[utoipa::path(get, path = "/api/roles/{id}", tag = "permissions",
    params(("id" = Uuid, Path, description = "The role.")),
    responses((status = 200, description = "The role.", body = RoleView),
        (status = 304, description = "Unchanged.")))]
async fn get(
    State(state): State<AppState>,
    _: Can<may::ManageUsers>,
    Path(id): Path<RoleId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let role = state.orchestrator().store().custom_role(id).await?;
    let role = role.ok_or_else(|| Error::not_found("role", id))?;
    Ok(Tagged::new(role.revision, RoleView::from(role)).unless_known(&headers))
}

/// Replaces a role. Requests of whoever has it follow at once; if it loses a permission, their sessions end.
#[utoipa::path(put, path = "/api/roles/{id}", tag = "permissions",
    params(("id" = Uuid, Path, description = "The role.")), request_body = RoleRequest,
    responses((status = 200, description = "The role.", body = RoleView)))]
async fn update(
    State(state): State<AppState>,
    CanInPerson(actor, _): CanInPerson<may::ManageUsers>,
    Path(id): Path<RoleId>,
    if_match: IfMatch,
    Body { value, .. }: Body<RoleRequest>,
) -> Result<Tagged<RoleView>, Problem> {
    let revision = revision_of(if_match, value.revision)?;
    let command = UpdateRole { id, revision, settings: value.into() };
    let role = state.orchestrator().execute(&actor, command).await?;
    Ok(Tagged::new(role.revision, role.into()))
}

/// Removes a role that nobody has; a conflict says who has it.
#[utoipa::path(delete, path = "/api/roles/{id}", tag = "permissions",
    params(("id" = Uuid, Path, description = "The role.")),
    responses((status = 204, description = "Removed.")))]
async fn delete(
    State(state): State<AppState>,
    CanInPerson(actor, _): CanInPerson<may::ManageUsers>,
    Path(id): Path<RoleId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, DeleteRole { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
