//! `/api/permissions`: what there is to allow, who may do it, and why.

use axum::Json;
use axum::extract::State;
use openautomate_core::Error;
use openautomate_core::domain::{EnvironmentRoles, Role};
use openautomate_core::error::Result;
use openautomate_core::id::{EnvironmentId, RoleId, UserId};
use openautomate_core::permission::{
    Access, Actor, Decided, Grant, Held, Permission, PermissionSet, Scope, Withheld, explain,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{Body, CallerOrKey, Query};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(explain_one)).routes(routes!(check))
}

/// A permission.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PermissionInfo)]
struct PermissionView {
    /// Its name.
    #[schema(value_type = schema::Permission)]
    permission: Permission,
    /// What it allows, in words.
    words: &'static str,
    /// The built-in roles that have it.
    #[schema(value_type = Vec<schema::Role>)]
    roles: &'static [Role],
    /// Whether Administrators alone have it, so that only they put it into roles.
    reserved: bool,
    /// Whether a role in a single environment gives it: `environment`, there; `shared`, everywhere; `installation`, not
    /// at all.
    scope: &'static str,
}

const fn scope(permission: Permission) -> &'static str {
    match permission.scope() {
        Scope::Environment => "environment",
        Scope::Shared => "shared",
        Scope::Installation => "installation",
    }
}

/// The table of permissions.
#[derive(Debug, Serialize, ToSchema)]
struct PermissionList {
    /// Every permission.
    items: Vec<PermissionView>,
}

/// Lists every permission and which built-in roles have it.
///
/// Which operation takes which, this document says (`x-permission`): a permission, with `byEnvironment` behind it where
/// having it in the object's environment is enough; `signedIn` for everybody who is; `inPerson`, alone or behind a permission, where no API key is taken; `agent` and `public`.
#[utoipa::path(get, path = "/api/permissions", tag = "permissions",
    responses((status = 200, description = "The table.", body = PermissionList)))]
async fn list(_: CallerOrKey) -> Json<PermissionList> {
    let reserved = PermissionSet::reserved();
    let view = |permission: Permission| PermissionView {
        permission,
        words: permission.words(),
        roles: permission.roles(),
        reserved: reserved.contains(permission),
        scope: scope(permission),
    };
    Json(PermissionList { items: Permission::ALL.map(view).into() })
}

/// What gives a permission: a built-in role, or one that people made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PermissionGrant)]
struct GrantView {
    /// The built-in role.
    #[schema(value_type = Option<schema::Role>)]
    role: Option<Role>,
    /// The role that people made.
    #[schema(value_type = Option<Uuid>)]
    custom_role_id: Option<RoleId>,
    /// The role's name.
    name: String,
    /// The environment, if the person has the role in this one alone.
    #[schema(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
}

impl From<(Option<EnvironmentId>, Grant)> for GrantView {
    fn from((environment_id, grant): (Option<EnvironmentId>, Grant)) -> Self {
        let (role, custom_role_id, name) = match grant {
            Grant::Role(role) => (Some(role), None, format!("{role:?}")),
            Grant::CustomRole { id, name } => (None, Some(id), name),
        };
        Self { role, custom_role_id, name, environment_id }
    }
}

/// Whether somebody may do something, and why.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PermissionDecision)]
struct DecisionView {
    /// What was asked.
    #[schema(value_type = schema::Permission)]
    permission: Permission,
    /// Whether they may.
    allowed: bool,
    /// What gives it, whether or not it counts.
    by: Vec<GrantView>,
    /// Why they may not: `noRole`, `elsewhere` (a role gives it, but in other environments), `scopes` (the API key is not
    /// for it), `disabled` (the person is).
    withheld: Option<&'static str>,
}

impl From<Decided> for DecisionView {
    fn from(decided: Decided) -> Self {
        let withheld = decided.withheld.map(|reason| match reason {
            Withheld::NoRole => "noRole",
            Withheld::Elsewhere => "elsewhere",
            Withheld::Scopes => "scopes",
            Withheld::Disabled => "disabled",
        });
        Self {
            permission: decided.permission,
            allowed: withheld.is_none(),
            by: decided.by.into_iter().map(GrantView::from).collect(),
            withheld,
        }
    }
}

/// Who, and what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ExplainParams {
    /// Who; the caller, if nobody is named. Others are for those who manage people.
    #[param(value_type = Option<Uuid>)]
    user_id: Option<UserId>,
    /// What.
    #[param(value_type = schema::Permission)]
    permission: Permission,
    /// In which environment; everywhere, if it is left out.
    #[param(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
}

/// Says whether a person may do something, and by which of their roles. It speaks of the person; an API key may do no
/// more.
#[utoipa::path(get, path = "/api/permissions/explain", tag = "permissions", params(ExplainParams),
    responses((status = 200, description = "The decision.", body = DecisionView)))]
async fn explain_one(
    State(state): State<AppState>,
    CallerOrKey(actor): CallerOrKey,
    Query(params): Query<ExplainParams>,
) -> Result<Json<DecisionView>, Problem> {
    let who = who(&actor, params.user_id)?;
    let person = Person::read(&state, &actor, who).await?;
    Ok(Json(person.decide(None, (params.permission, params.environment_id)).into()))
}

fn who(actor: &Actor, named: Option<UserId>) -> Result<UserId> {
    named.or_else(|| actor.user_id()).ok_or_else(|| Error::unauthenticated("sign in first"))
}

/// A person, real or supposed.
struct Person {
    everywhere: Held,
    environments: Vec<(EnvironmentId, Held)>,
    disabled: bool,
}

impl Person {
    async fn read(state: &AppState, actor: &Actor, id: UserId) -> Result<Self> {
        let orchestrator = state.orchestrator();
        orchestrator.authorize(actor, Access::SelfOr(id, Permission::ManageUsers))?;
        let user = orchestrator.store().user(id).await?.filter(|user| user.deleted_at.is_none());
        let user = user.ok_or_else(|| Error::not_found("user", id))?;
        let custom = orchestrator.custom_roles(&user.custom_roles).await?;
        let mut environments = Vec::with_capacity(user.environment_roles.len());
        for EnvironmentRoles { environment_id, roles, custom_roles } in user.environment_roles {
            let custom = orchestrator.custom_roles(&custom_roles).await?;
            environments.push((environment_id, Held { roles, custom }));
        }
        let everywhere = Held { roles: user.roles, custom };
        Ok(Self { everywhere, environments, disabled: user.disabled })
    }

    fn decide(&self, scopes: Option<PermissionSet>, asked: (Permission, Option<EnvironmentId>)) -> Decided {
        let decided = explain(&self.everywhere, &self.environments, scopes, asked);
        let withheld = if self.disabled { Some(Withheld::Disabled) } else { decided.withheld };
        Decided { withheld, ..decided }
    }
}

/// A dry run: a person who is there, or one who would have these roles.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CheckPermissionsRequest)]
struct CheckRequest {
    /// Who; the caller, if neither a person nor roles are named. Others are for those who manage people.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    user_id: Option<UserId>,
    /// Instead of a person: the built-in roles of one who is supposed.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::Role>>)]
    roles: Option<Vec<Role>>,
    /// Instead of a person: the custom roles of one who is supposed; for those who manage people.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 200)]
    custom_roles: Option<Vec<RoleId>>,
    /// The scopes of an API key that they would come by.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::Permission>>)]
    scopes: Option<PermissionSet>,
    /// What to decide; everything, if it is left out.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::Permission>>)]
    permissions: Option<PermissionSet>,
    /// In which environment; everywhere, if it is left out.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
}

/// The decisions of a dry run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckedPermissions)]
struct CheckedView {
    /// One for each permission that was asked for, in the order of the table.
    items: Vec<DecisionView>,
}

const MAX_SUPPOSED_ROLES: usize = 200;

/// Decides what somebody may, or would, with roles and scopes that are supposed. It changes nothing.
#[utoipa::path(post, path = "/api/permissions/check", tag = "permissions", request_body = CheckRequest,
    responses((status = 200, description = "The decisions.", body = CheckedView)))]
async fn check(
    State(state): State<AppState>,
    CallerOrKey(actor): CallerOrKey,
    Body { value, .. }: Body<CheckRequest>,
) -> Result<Json<CheckedView>, Problem> {
    let person = match (value.user_id, value.roles, value.custom_roles) {
        (named, None, None) => Person::read(&state, &actor, who(&actor, named)?).await?,
        (None, roles, custom) => {
            let ids = custom.unwrap_or_default();
            if !ids.is_empty() {
                state.orchestrator().authorize(&actor, Access::Permission(Permission::ManageUsers))?;
            }
            if ids.len() > MAX_SUPPOSED_ROLES {
                let message = format!("names more than {MAX_SUPPOSED_ROLES} roles");
                return Err(Error::invalid_field("customRoles", message).into());
            }
            let custom = state.orchestrator().custom_roles(&ids).await?;
            if let Some(missing) = ids.iter().find(|id| !custom.iter().any(|role| role.id == **id)) {
                let message = format!("names no role: {missing}; list them first");
                return Err(Error::invalid_field("customRoles", message).into());
            }
            let everywhere = Held { roles: roles.unwrap_or_default(), custom };
            Person { everywhere, environments: Vec::new(), disabled: false }
        }
        _ => {
            let message = "is given beside roles; give a person or roles";
            return Err(Error::invalid_field("userId", message).into());
        }
    };
    let asked = value.permissions.unwrap_or_else(|| Permission::ALL.into_iter().collect());
    let decide = |permission| person.decide(value.scopes, (permission, value.environment_id)).into();
    let items = asked.iter().map(decide).collect();
    Ok(Json(CheckedView { items }))
}
