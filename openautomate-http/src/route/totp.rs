//! `/api/auth/totp`: the caller's authenticator; `/api/users/{id}/totp`: that of somebody who has lost it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use openautomate_core::Error;
use openautomate_core::command::Command;
use openautomate_core::command::second_factor::{
    ConfirmTotp, DisableTotp, EnrolTotp, RecoveryCodes, RenewRecoveryCodes, ResetTotp, SecondProof,
};
use openautomate_core::domain::SecondFactor;
use openautomate_core::id::UserId;
use openautomate_core::permission::Actor;
use openautomate_core::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::auth::LoginAttempt;
use crate::extract::{Body, CanInPerson, Enrolling, Path, may};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show, enrol))
        .routes(routes!(confirm))
        .routes(routes!(renew_codes))
        .routes(routes!(disable))
        .routes(routes!(reset))
}

/// How the caller's authenticator stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TotpState {
    /// Whether a login asks for its code.
    enabled: bool,
    /// Whether one must be enrolled before anything else is allowed.
    enrolment_required: bool,
    /// How many recovery codes are left.
    recovery_codes_left: usize,
}

/// Tells how the caller's authenticator stands.
#[utoipa::path(get, path = "/api/auth/totp", tag = "auth",
    responses((status = 200, description = "How it stands.", body = TotpState)))]
async fn show(State(state): State<AppState>, caller: Enrolling) -> Result<Json<TotpState>, Problem> {
    let id = caller.actor.user_id().ok_or_else(|| Error::unauthenticated("sign in first"))?;
    let factor = state.orchestrator().store().second_factor(id).await?.filter(SecondFactor::is_on);
    Ok(Json(TotpState {
        enabled: factor.is_some(),
        enrolment_required: caller.must_enrol,
        recovery_codes_left: factor.map_or(0, |factor| factor.recovery.len()),
    }))
}

/// The caller's password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EnrolTotpRequest {
    /// The present password.
    #[schema(format = Password)]
    password: String,
}

/// What an authenticator is told. It is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EnrolledTotpView {
    /// The secret in base32, to be typed.
    secret: String,
    /// The same as an address, to be shown as a picture.
    uri: String,
}

/// Guessing a password or a code here is as good as guessing it at the login, so it counts as a login.
async fn counted<C: Command>(state: &AppState, actor: &Actor, command: C) -> Result<C::Output, Problem> {
    let account = actor.user_id().map(|id| id.to_string()).unwrap_or_default();
    let attempt = LoginAttempt::begin(state.orchestrator(), &account, state.options().login_failures).await?;
    let done = state.orchestrator().execute(actor, command).await;
    match &done {
        Ok(_) => attempt.succeeded().await,
        Err(error) if matches!(error.field(), Some("password" | "totp" | "recoveryCode")) => {}
        Err(_) => attempt.undecided().await,
    }
    Ok(done?)
}

/// Begins to enrol an authenticator. A login asks for its code once it is confirmed.
#[utoipa::path(post, path = "/api/auth/totp", tag = "auth", request_body = EnrolTotpRequest,
    responses((status = 201, description = "What the authenticator is told.", body = EnrolledTotpView)))]
async fn enrol(
    State(state): State<AppState>,
    caller: Enrolling,
    Body { value, .. }: Body<EnrolTotpRequest>,
) -> Result<(StatusCode, Json<EnrolledTotpView>), Problem> {
    let command = EnrolTotp { password: Secret::new(value.password) };
    let made = counted(&state, &caller.actor, command).await?;
    let view = EnrolledTotpView { secret: made.secret.expose().clone(), uri: made.uri.expose().clone() };
    Ok((StatusCode::CREATED, Json(view)))
}

/// A code of the authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConfirmTotpRequest {
    /// The code that it shows.
    totp: String,
}

/// Recovery codes: each signs in once in place of a code. They are shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RecoveryCodesView {
    /// The codes.
    recovery_codes: Vec<String>,
}

impl From<RecoveryCodes> for RecoveryCodesView {
    fn from(codes: RecoveryCodes) -> Self {
        Self { recovery_codes: codes.iter().map(|code| code.expose().clone()).collect() }
    }
}

/// Shows that the authenticator works. From now on a login asks for its code; the caller's other sessions end.
#[utoipa::path(post, path = "/api/auth/totp/confirm", tag = "auth", request_body = ConfirmTotpRequest,
    responses((status = 200, description = "The recovery codes.", body = RecoveryCodesView)))]
async fn confirm(
    State(state): State<AppState>,
    caller: Enrolling,
    Body { value, .. }: Body<ConfirmTotpRequest>,
) -> Result<Json<RecoveryCodesView>, Problem> {
    let command = ConfirmTotp { code: Secret::new(value.totp) };
    Ok(Json(counted(&state, &caller.actor, command).await?.into()))
}

/// A password, and a code of the authenticator or a recovery code.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TotpProofRequest {
    /// The present password.
    #[schema(format = Password)]
    password: String,
    /// The code that the authenticator shows.
    #[serde(default)]
    totp: Option<String>,
    /// A recovery code, in place of it.
    #[serde(default)]
    recovery_code: Option<String>,
}

/// What is shown beside a password.
pub(super) fn proof(
    totp: Option<String>,
    recovery_code: Option<String>,
) -> Result<Option<SecondProof>, Error> {
    match (totp, recovery_code) {
        (Some(_), Some(_)) => {
            Err(Error::invalid_field("recoveryCode", "comes with a code; give one of them"))
        }
        (Some(code), None) => Ok(Some(SecondProof::Totp(Secret::new(code)))),
        (None, Some(code)) => Ok(Some(SecondProof::RecoveryCode(Secret::new(code)))),
        (None, None) => Ok(None),
    }
}

impl TotpProofRequest {
    fn read(self) -> Result<(Secret<String>, SecondProof), Error> {
        let missing = || Error::invalid_field("totp", "is missing; give it, or a recovery code");
        let proof = proof(self.totp, self.recovery_code)?.ok_or_else(missing)?;
        Ok((Secret::new(self.password), proof))
    }
}

/// Makes the recovery codes anew; the old ones are no good any more.
#[utoipa::path(post, path = "/api/auth/totp/recovery-codes", tag = "auth", request_body = TotpProofRequest,
    responses((status = 200, description = "The recovery codes.", body = RecoveryCodesView)))]
async fn renew_codes(
    State(state): State<AppState>,
    caller: Enrolling,
    Body { value, .. }: Body<TotpProofRequest>,
) -> Result<Json<RecoveryCodesView>, Problem> {
    let (password, proof) = value.read()?;
    let command = RenewRecoveryCodes { password, proof };
    Ok(Json(counted(&state, &caller.actor, command).await?.into()))
}

/// Turns the caller's authenticator off. Their other sessions end.
#[utoipa::path(post, path = "/api/auth/totp/disable", tag = "auth", request_body = TotpProofRequest,
    responses((status = 204, description = "It is off.")))]
async fn disable(
    State(state): State<AppState>,
    caller: Enrolling,
    Body { value, .. }: Body<TotpProofRequest>,
) -> Result<StatusCode, Problem> {
    let (password, proof) = value.read()?;
    counted(&state, &caller.actor, DisableTotp { password, proof }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Turns the authenticator of somebody off who has lost it, and ends their sessions. Nobody does it for themselves.
#[utoipa::path(delete, path = "/api/users/{id}/totp", tag = "users",
    params(("id" = Uuid, Path, description = "The person.")),
    responses((status = 204, description = "It is off.")))]
async fn reset(
    State(state): State<AppState>,
    CanInPerson(actor, _): CanInPerson<may::ManageUsers>,
    Path(user_id): Path<UserId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, ResetTotp { user_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
