//! `/api/auth/identities` and `/api/users/{id}/identities`: the accounts at identity providers by which somebody
//! signs in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::external_login::UnlinkExternalIdentity;
use openautomate_core::domain::ExternalIdentity;
use openautomate_core::id::{ExternalIdentityId, UserId};
use openautomate_core::permission::Actor;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{Caller, Can, CanInPerson, Path, may};
use crate::oidc::OidcProvider;
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_own))
        .routes(routes!(unlink_own))
        .routes(routes!(list))
        .routes(routes!(unlink))
}

/// An account at an identity provider, by which somebody signs in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LinkedAccount {
    /// The id.
    #[schema(value_type = Uuid)]
    id: ExternalIdentityId,
    /// The name of the provider in addresses; `null` if it is configured no more.
    provider: Option<String>,
    /// How people know the provider; its address if it is configured no more.
    title: String,
    /// The address of the provider.
    issuer: String,
    /// When it was linked.
    created_at: DateTime<Utc>,
    /// When they last signed in by it.
    last_login: Option<DateTime<Utc>>,
}

impl LinkedAccount {
    fn of(identity: ExternalIdentity, state: &AppState) -> Self {
        let known = state.oidc().providers().iter().find(|one| one.issuer == identity.issuer);
        let title = known.map_or(&identity.issuer, |one: &std::sync::Arc<OidcProvider>| &one.title);
        Self {
            id: identity.id,
            provider: known.map(|one| one.name.clone()),
            title: title.clone(),
            created_at: identity.created_at,
            last_login: identity.last_login,
            issuer: identity.issuer,
        }
    }
}

/// The accounts at identity providers by which somebody signs in.
#[derive(Serialize, ToSchema)]
struct LinkedAccounts {
    /// The oldest first.
    items: Vec<LinkedAccount>,
}

fn own_id(actor: &Actor) -> Result<UserId, Error> {
    actor.user_id().ok_or_else(|| Error::unauthenticated("sign in first"))
}

async fn linked_of(state: &AppState, user: UserId) -> Result<Json<LinkedAccounts>, Problem> {
    let linked = state.orchestrator().store().external_identities(user).await?;
    let items = linked.into_iter().map(|identity| LinkedAccount::of(identity, state)).collect();
    Ok(Json(LinkedAccounts { items }))
}

/// Lists the accounts at identity providers by which the caller signs in.
#[utoipa::path(get, path = "/api/auth/identities", tag = "auth",
    responses((status = 200, description = "The accounts.", body = LinkedAccounts)))]
async fn list_own(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> Result<Json<LinkedAccounts>, Problem> {
    linked_of(&state, own_id(&actor)?).await
}

/// Unlinks an account: the caller signs in by it no more, and where they are signed in by such an account ends, but for
/// the session that asks. The last one of somebody who has no password stays.
#[utoipa::path(delete, path = "/api/auth/identities/{id}", tag = "auth",
    params(("id" = Uuid, Path, description = "The linked account.")),
    responses((status = 204, description = "It is unlinked.")))]
async fn unlink_own(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ExternalIdentityId>,
) -> Result<StatusCode, Problem> {
    let user_id = own_id(&actor)?;
    state.orchestrator().execute(&actor, UnlinkExternalIdentity { user_id, id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the accounts at identity providers by which a person signs in.
#[utoipa::path(get, path = "/api/users/{id}/identities", tag = "users",
    params(("id" = Uuid, Path, description = "The person.")),
    responses((status = 200, description = "The accounts.", body = LinkedAccounts)))]
async fn list(
    State(state): State<AppState>,
    Can(_actor, _): Can<may::ManageUsers>,
    Path(user): Path<UserId>,
) -> Result<Json<LinkedAccounts>, Problem> {
    if state.orchestrator().store().user(user).await?.is_none() {
        return Err(Error::not_found("user", user).into());
    }
    linked_of(&state, user).await
}

/// Unlinks an account of a person: nobody signs in by it as them any more, and where they are signed in by such an
/// account ends. The last one of somebody who has no password stays: disable the person, or send them a link to a new
/// password first.
#[utoipa::path(delete, path = "/api/users/{id}/identities/{identity}", tag = "users",
    params(("id" = Uuid, Path, description = "The person."), ("identity" = Uuid, Path, description = "The account.")),
    responses((status = 204, description = "It is unlinked.")))]
async fn unlink(
    State(state): State<AppState>,
    CanInPerson(actor, _): CanInPerson<may::ManageUsers>,
    Path((user_id, id)): Path<(UserId, ExternalIdentityId)>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, UnlinkExternalIdentity { user_id, id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
