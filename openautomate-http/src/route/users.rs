//! `/api/users`: people and invitations.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::identity::{DeleteUser, InviteUser, UpdateUser};
use openautomate_core::domain::{EnvironmentRoles, Role, User};
use openautomate_core::id::{EnvironmentId, InvitationId, RoleId, UserId};
use openautomate_core::permission::{Access, Permission};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{
    Body, Caller, CallerOrKey, Can, CanInPerson, IfMatch, Listed, PageParams, PageQuery, Path, Tagged, may,
    revision_of,
};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, update, delete)).routes(routes!(invite))
}

/// The roles that a person has in one environment. They give there what is about what lives in an environment.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = EnvironmentRoles)]
pub(crate) struct EnvironmentRolesView {
    /// Where.
    #[schema(value_type = Uuid)]
    environment_id: EnvironmentId,
    /// The built-in roles.
    #[serde(default)]
    #[schema(value_type = Vec<schema::Role>)]
    roles: Vec<Role>,
    /// The custom roles.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>)]
    custom_roles: Vec<RoleId>,
}

impl From<EnvironmentRoles> for EnvironmentRolesView {
    fn from(roles: EnvironmentRoles) -> Self {
        let EnvironmentRoles { environment_id, roles, custom_roles } = roles;
        Self { environment_id, roles, custom_roles }
    }
}

impl From<EnvironmentRolesView> for EnvironmentRoles {
    fn from(view: EnvironmentRolesView) -> Self {
        let EnvironmentRolesView { environment_id, roles, custom_roles } = view;
        Self { environment_id, roles, custom_roles }
    }
}

/// A person with an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub(crate) struct UserView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: UserId,
    /// The name to sign in with.
    username: String,
    /// The address.
    email: String,
    /// What the person may do.
    #[schema(value_type = Vec<schema::Role>)]
    roles: Vec<Role>,
    /// The custom roles that the person has besides.
    #[schema(value_type = Vec<Uuid>)]
    custom_roles: Vec<RoleId>,
    /// The roles that the person has in single environments besides.
    environment_roles: Vec<EnvironmentRolesView>,
    /// Whether the person is kept from signing in.
    disabled: bool,
    /// When the account was made.
    created_at: DateTime<Utc>,
    /// When the person last signed in.
    last_login: Option<DateTime<Utc>>,
    /// Raised with each change; the ETag.
    revision: i64,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            username: user.username,
            email: user.email,
            roles: user.roles,
            custom_roles: user.custom_roles,
            environment_roles: user.environment_roles.into_iter().map(Into::into).collect(),
            disabled: user.disabled,
            created_at: user.created_at,
            last_login: user.last_login,
            revision: user.revision,
        }
    }
}

/// Lists people.
#[utoipa::path(get, path = "/api/users", tag = "users", params(PageParams),
    responses((status = 200, description = "A page of people.", body = Listed<UserView>)))]
async fn list(
    State(state): State<AppState>,
    _: Can<may::ManageUsers>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<UserView>>, Problem> {
    let page = state.orchestrator().store().users(page).await?;
    Ok(Json(page.map(UserView::from).into()))
}

/// Shows a person: oneself, or anybody to an administrator.
#[utoipa::path(get, path = "/api/users/{id}", tag = "users", params(("id" = Uuid, Path, description = "The person.")),
    responses((status = 200, description = "The person.", body = UserView), (status = 304, description = "Unchanged.")))]
async fn get(
    State(state): State<AppState>,
    CallerOrKey(actor): CallerOrKey,
    Path(id): Path<UserId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    state.orchestrator().authorize(&actor, Access::SelfOr(id, Permission::ManageUsers))?;
    let user = state.orchestrator().store().user(id).await?.filter(|user| user.deleted_at.is_none());
    let user = user.ok_or_else(|| Error::not_found("user", id))?;
    Ok(Tagged::new(user.revision, UserView::from(user)).unless_known(&headers))
}

/// What shall change of a person; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UpdateUserRequest)]
struct UpdateRequest {
    /// The revision that the caller saw; or give it as `If-Match`.
    #[serde(default)]
    revision: Option<i64>,
    /// The name to sign in with.
    #[serde(default)]
    username: Option<String>,
    /// The address.
    #[serde(default)]
    email: Option<String>,
    /// The built-in roles; for those who manage people, and not of themselves. Nobody gives more than they have. May be
    /// empty if there are custom roles, or roles in an environment.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::Role>>)]
    roles: Option<Vec<Role>>,
    /// The custom roles that the person has besides; as `roles`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>)]
    custom_roles: Option<Vec<RoleId>>,
    /// The roles that the person has in single environments besides; as `roles`. All of them at once: what is left out of
    /// the list is taken away.
    #[serde(default)]
    #[schema(max_items = 100)]
    environment_roles: Option<Vec<EnvironmentRolesView>>,
    /// Whether the person is kept from signing in; for those who manage people, and not of themselves.
    #[serde(default)]
    disabled: Option<bool>,
}

/// Changes a person. A change of roles or of `disabled` ends the person's sessions.
#[utoipa::path(put, path = "/api/users/{id}", tag = "users", params(("id" = Uuid, Path, description = "The person.")),
    request_body = UpdateRequest, responses((status = 200, description = "The person.", body = UserView)))]
async fn update(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<UserId>,
    if_match: IfMatch,
    Body { value, .. }: Body<UpdateRequest>,
) -> Result<Tagged<UserView>, Problem> {
    let command = UpdateUser {
        id,
        revision: revision_of(if_match, value.revision)?,
        username: value.username,
        email: value.email,
        roles: value.roles,
        custom_roles: value.custom_roles,
        environment_roles: value.environment_roles.map(|all| all.into_iter().map(Into::into).collect()),
        disabled: value.disabled,
    };
    let user = state.orchestrator().execute(&actor, command).await?;
    Ok(Tagged::new(user.revision, user.into()))
}

/// Deletes a person and ends their sessions.
#[utoipa::path(delete, path = "/api/users/{id}", tag = "users",
    params(("id" = Uuid, Path, description = "The person.")),
    responses((status = 204, description = "Deleted.")))]
async fn delete(
    State(state): State<AppState>,
    CanInPerson(actor, _): CanInPerson<may::ManageUsers>,
    Path(id): Path<UserId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, DeleteUser { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InviteRequest {
    /// The address; the account gets this one.
    email: String,
    /// The roles that the account gets.
    #[schema(value_type = Vec<schema::Role>)]
    roles: Vec<Role>,
}

/// An invitation. The token is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InvitationView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: InvitationId,
    /// Goes into `invitationToken` of `/api/auth/register`.
    token: String,
    /// After this instant it is no good.
    expires_at: DateTime<Utc>,
}

/// Invites a person to register.
#[utoipa::path(post, path = "/api/users/invitations", tag = "users", request_body = InviteRequest,
    responses((status = 201, description = "The invitation.", body = InvitationView)))]
async fn invite(
    State(state): State<AppState>,
    CanInPerson(actor, _): CanInPerson<may::ManageUsers>,
    Body { value, .. }: Body<InviteRequest>,
) -> Result<(StatusCode, Json<InvitationView>), Problem> {
    let command = InviteUser { email: value.email, roles: value.roles };
    let made = state.orchestrator().execute(&actor, command).await?;
    let view =
        InvitationView { id: made.id, token: made.token.expose().clone(), expires_at: made.expires_at };
    Ok((StatusCode::CREATED, Json(view)))
}
