//! `/api/auth/sessions` and `/api/users/{id}/sessions`: where somebody is signed in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::session::{EndSession, EndSessions};
use openautomate_core::domain::{Session, SignInMethod};
use openautomate_core::id::{SessionId, UserId};
use openautomate_core::permission::{Actor, Principal};
use openautomate_core::query::PageRequest;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{Caller, Can, CanInPerson, Listed, PageParams, PageQuery, Path, may};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_own, end_others))
        .routes(routes!(end_own))
        .routes(routes!(list, end_all))
        .routes(routes!(end))
}

/// A place where somebody is signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OpenSession {
    /// The id.
    #[schema(value_type = Uuid)]
    id: SessionId,
    /// Whether it is the one that asks.
    is_current: bool,
    /// How it was signed in to.
    #[schema(value_type = schema::SignInMethod)]
    method: SignInMethod,
    /// When it began.
    created_at: DateTime<Utc>,
    /// When it was last used, to within the life of an access token.
    last_used_at: DateTime<Utc>,
    /// It ends then, unless it is ended before.
    expires_at: DateTime<Utc>,
    /// The address that last used it.
    ip_address: Option<String>,
    /// The program that last used it, as it names itself.
    user_agent: Option<String>,
}

impl OpenSession {
    fn of(session: Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.id,
            is_current: current == Some(session.id),
            method: session.method,
            created_at: session.created_at,
            last_used_at: session.rotated_at,
            expires_at: session.expires_at,
            ip_address: session.ip_address,
            user_agent: session.user_agent,
        }
    }
}

fn own_id(actor: &Actor) -> Result<UserId, Error> {
    actor.user_id().ok_or_else(|| Error::unauthenticated("sign in first"))
}

async fn page_of(
    state: &AppState,
    actor: &Actor,
    user: UserId,
    page: PageRequest,
) -> Result<Json<Listed<OpenSession>>, Problem> {
    let current = match &actor.principal {
        Principal::User { session, .. } => *session,
        _ => None,
    };
    let page = state.orchestrator().store().open_sessions(user, state.now(), page).await?;
    Ok(Json(page.map(|session| OpenSession::of(session, current)).into()))
}

/// Lists the caller's sessions.
#[utoipa::path(get, path = "/api/auth/sessions", tag = "auth", params(PageParams),
    responses((status = 200, description = "A page of sessions.", body = Listed<OpenSession>)))]
async fn list_own(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<OpenSession>>, Problem> {
    let user = own_id(&actor)?;
    page_of(&state, &actor, user, page).await
}

/// Ends all sessions of the caller but the one that asks.
#[utoipa::path(delete, path = "/api/auth/sessions", tag = "auth",
    responses((status = 204, description = "The others have ended.")))]
async fn end_others(State(state): State<AppState>, Caller(actor): Caller) -> Result<StatusCode, Problem> {
    let user_id = own_id(&actor)?;
    state.orchestrator().execute(&actor, EndSessions { user_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one of the caller's sessions.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", tag = "auth",
    params(("id" = Uuid, Path, description = "The session.")),
    responses((status = 204, description = "It has ended.")))]
async fn end_own(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    let user_id = own_id(&actor)?;
    state.orchestrator().execute(&actor, EndSession { user_id, id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the sessions of a person.
#[utoipa::path(get, path = "/api/users/{id}/sessions", tag = "users",
    params(("id" = Uuid, Path, description = "The person."), PageParams),
    responses((status = 200, description = "A page of sessions.", body = Listed<OpenSession>)))]
async fn list(
    State(state): State<AppState>,
    Can(actor, _): Can<may::ManageUsers>,
    Path(user): Path<UserId>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<OpenSession>>, Problem> {
    if state.orchestrator().store().user(user).await?.is_none() {
        return Err(Error::not_found("user", user).into());
    }
    page_of(&state, &actor, user, page).await
}

/// Ends the sessions of a person; of oneself, all but the one that asks.
#[utoipa::path(delete, path = "/api/users/{id}/sessions", tag = "users",
    params(("id" = Uuid, Path, description = "The person.")),
    responses((status = 204, description = "They have ended.")))]
async fn end_all(
    State(state): State<AppState>,
    CanInPerson(actor, _): CanInPerson<may::ManageUsers>,
    Path(user_id): Path<UserId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, EndSessions { user_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a session of a person.
#[utoipa::path(delete, path = "/api/users/{id}/sessions/{session}", tag = "users",
    params(("id" = Uuid, Path, description = "The person."), ("session" = Uuid, Path, description = "The session.")),
    responses((status = 204, description = "It has ended.")))]
async fn end(
    State(state): State<AppState>,
    CanInPerson(actor, _): CanInPerson<may::ManageUsers>,
    Path((user_id, id)): Path<(UserId, SessionId)>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, EndSession { user_id, id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
