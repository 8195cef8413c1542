//! `/api/auth/password-reset` and `/api/users/{id}/password-reset`: a new password for who has forgotten theirs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use openautomate_core::command::password::{OfferPasswordReset, ResetPassword};
use openautomate_core::id::UserId;
use openautomate_core::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{Body, CanInPerson, Path, Visitor, may};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(offer)).routes(routes!(reset))
}

/// A link to a new password. The token is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PasswordResetView {
    /// Goes into `token` of `POST /api/auth/password-reset`.
    token: String,
    /// After this instant it is no good.
    expires_at: DateTime<Utc>,
}

/// Makes a link by which a person sets a new password, once, within an hour. The link before it is no good any more.
#[utoipa::path(post, path = "/api/users/{id}/password-reset", tag = "users",
    params(("id" = Uuid, Path, description = "The person.")),
    responses((status = 201, description = "The link.", body = PasswordResetView)))]
async fn offer(
    State(state): State<AppState>,
    CanInPerson(actor, _): CanInPerson<may::ManageUsers>,
    Path(user_id): Path<UserId>,
) -> Result<(StatusCode, Json<PasswordResetView>), Problem> {
    let made = state.orchestrator().execute(&actor, OfferPasswordReset { user_id }).await?;
    let view = PasswordResetView { token: made.token.expose().clone(), expires_at: made.expires_at };
    Ok((StatusCode::CREATED, Json(view)))
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PasswordResetRequest {
    /// The token of the link.
    token: String,
    /// The new password, at least 8 characters.
    #[schema(format = Password)]
    password: String,
}

/// Sets the password of whoever a link was made for, and ends their sessions.
#[utoipa::path(post, path = "/api/auth/password-reset", tag = "auth", security(()), request_body = PasswordResetRequest,
    responses((status = 204, description = "The password is set; sign in with it.")))]
async fn reset(
    State(state): State<AppState>,
    Visitor(actor): Visitor,
    Body { value, .. }: Body<PasswordResetRequest>,
) -> Result<StatusCode, Problem> {
    let command = ResetPassword { token: Secret::new(value.token), password: Secret::new(value.password) };
    state.orchestrator().execute(&actor, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
