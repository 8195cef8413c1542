//! `/api/api-keys`: how a person's programs sign in.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::api_key::{CreateApiKey, RevokeApiKey};
use openautomate_core::domain::ApiKey;
use openautomate_core::id::{ApiKeyId, UserId};
use openautomate_core::permission::{Access, Permission, PermissionSet};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{Body, Caller, Listed, PageParams, PageQuery, Path, Query};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(revoke))
}

/// An API key, without its text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey)]
struct ApiKeyView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: ApiKeyId,
    /// Whose.
    #[schema(value_type = Uuid)]
    user_id: UserId,
    /// What the person calls it.
    name: String,
    /// The eight characters behind `oa_pat_`, to find it again by.
    hint: String,
    /// What it may be used for; never more than the person may at the moment.
    #[schema(value_type = Vec<schema::Permission>)]
    scopes: PermissionSet,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// From this instant it is no good.
    expires_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    revoked_at: Option<DateTime<Utc>>,
}

impl From<ApiKey> for ApiKeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            user_id: key.user_id,
            name: key.name,
            hint: key.hint,
            scopes: key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// A key that was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewApiKeyView {
    #[serde(flatten)]
    api_key: ApiKeyView,
    /// The key. It is shown this once; it goes into the header `Authorization: Bearer …`.
    key: String,
}

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateApiKeyRequest {
    /// What to call it.
    name: String,
    /// What it may be used for: at most what the caller may.
    #[schema(value_type = Vec<schema::Permission>)]
    scopes: PermissionSet,
    /// How many days it is good, 1 to 365. Default 90.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 365)]
    expires_in_days: Option<u32>,
}

/// Makes an API key for the caller.
///
/// It is taken instead of an access token by every operation that takes a permission, or that says `signedIn`. It can't
/// make or revoke keys, and can't change people, roles, passwords or sessions.
#[utoipa::path(post, path = "/api/api-keys", tag = "permissions", request_body = CreateApiKeyRequest,
    responses((status = 201, description = "The key.", body = NewApiKeyView)))]
async fn create(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Body { value, .. }: Body<CreateApiKeyRequest>,
) -> Result<Response, Problem> {
    let day = Duration::from_secs(24 * 3_600);
    let life = value.expires_in_days.map(|days| day.saturating_mul(days));
    let command = CreateApiKey { name: value.name, scopes: value.scopes, life };
    let made = state.orchestrator().execute(&actor, command).await?;
    let location = format!("/api/api-keys/{}", made.row.id);
    let view = NewApiKeyView { api_key: made.row.into(), key: made.key.expose().clone() };
    Ok(super::created(&location, Json(view)))
}

/// Whose keys.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct KeyParams {
    /// Another person's, for those who manage people.
    #[param(value_type = Option<Uuid>)]
    user_id: Option<UserId>,
}

/// Lists the caller's API keys, or another person's; revoked and expired ones too.
#[utoipa::path(get, path = "/api/api-keys", tag = "permissions", params(KeyParams, PageParams),
    responses((status = 200, description = "A page of keys.", body = Listed<ApiKeyView>)))]
async fn list(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(params): Query<KeyParams>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<ApiKeyView>>, Problem> {
    let own = actor.user_id().ok_or_else(|| Error::unauthenticated("sign in first"))?;
    let id = params.user_id.unwrap_or(own);
    state.orchestrator().authorize(&actor, Access::SelfInPersonOr(id, Permission::ManageUsers))?;
    let page = state.orchestrator().store().api_keys(id, page).await?;
    Ok(Json(page.map(ApiKeyView::from).into()))
}

/// Revokes an API key of the caller, or another person's for those who manage people. Requests with it are refused at
/// once; what is open with it ends within five seconds.
#[utoipa::path(delete, path = "/api/api-keys/{id}", tag = "permissions",
    params(("id" = Uuid, Path, description = "The key.")),
    responses((status = 204, description = "Revoked.")))]
async fn revoke(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApiKeyId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, RevokeApiKey { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
