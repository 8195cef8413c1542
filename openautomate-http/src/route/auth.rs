//! `/api/auth`: registering, signing in, staying signed in, signing out.

use axum::Json;
use axum::extract::State;
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use openautomate_core::command::identity::RegisterUser;
use openautomate_core::command::session::{ChangePassword, LogIn, LogOut, RefreshSession, SignedIn};
use openautomate_core::id::{EnvironmentId, RoleId};
use openautomate_core::permission::Permission;
use openautomate_core::secret::Secret;
use openautomate_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::totp::proof;
use super::users::UserView;
use crate::access::routes;
use crate::auth::{ACCESS_LIFE, AccessClaims, LoginAttempt, SessionCookie, TokenType};
use crate::extract::{Body, Enrolling, EnrollingOrKey, Returning, Tagged, Visitor};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(change_password))
        .routes(routes!(me))
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RegisterRequest {
    /// The name to sign in with.
    username: String,
    /// The address; that of the invitation, where one is given.
    email: String,
    /// At least 8 characters.
    #[schema(format = Password)]
    password: String,
    /// The token of the invitation, or of the set-up link.
    #[serde(default)]
    invitation_token: Option<String>,
}

/// Registers a person: by invitation, or freely where the operator opened registration.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", security(()), request_body = RegisterRequest,
    responses((status = 201, description = "The account.", body = UserView)))]
async fn register(
    State(state): State<AppState>,
    Visitor(actor): Visitor,
    Body { value, .. }: Body<RegisterRequest>,
) -> Result<Response, Problem> {
    let command = RegisterUser {
        username: value.username,
        email: value.email,
        password: Secret::new(value.password),
        invitation: value.invitation_token.map(Secret::new),
    };
    let user = state.orchestrator().execute(&actor, command).await?;
    let location = format!("/api/users/{}", user.id);
    Ok(super::created(&location, Tagged::new(user.revision, UserView::from(user))))
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LoginRequest {
    /// The user name or the address.
    username: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
    /// The code of the authenticator, for who has one: without it the answer is 401 with code `totpRequired`.
    #[serde(default)]
    totp: Option<String>,
    /// A recovery code, in place of it.
    #[serde(default)]
    recovery_code: Option<String>,
    /// Keeps the refresh token in a cookie that no script can read, in place of telling it: for pages of this server.
    #[serde(default)]
    cookie: bool,
}

/// A session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SessionView {
    /// Goes into the header `Authorization: Bearer …` of each request.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// How long the access token is good, in seconds.
    expires_in: i64,
    /// Trades for the next session at `/api/auth/refresh`, once. Left out where a cookie holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// After this instant no refresh is accepted.
    refresh_expires_at: DateTime<Utc>,
    /// Who signed in.
    user: UserView,
}

/// The program that asks, as it names itself.
pub(super) fn user_agent(headers: &HeaderMap) -> Option<String> {
    headers.get(USER_AGENT)?.to_str().ok().map(ToOwned::to_owned)
}

/// The answer to whoever signed in; with a cookie, if the page that asked wants one.
fn session(
    state: &AppState,
    signed_in: SignedIn,
    cookie: Option<&SessionCookie>,
) -> Result<Response, Problem> {
    let now = state.now();
    let claims = AccessClaims { sub: signed_in.user.id, sid: signed_in.session };
    let access_token = state.options().keys.sign(TokenType::Access, claims, now, ACCESS_LIFE)?;
    let token = signed_in.refresh_token;
    let set = cookie.map(|cookie| cookie.set(&token, now, signed_in.expires_at)).transpose()?;
    let view = SessionView {
        access_token,
        token_type: "Bearer",
        expires_in: ACCESS_LIFE.num_seconds(),
        refresh_token: set.is_none().then(|| token.expose().clone()),
        refresh_expires_at: signed_in.expires_at,
        user: signed_in.user.into(),
    };
    let set = set.map(|set| AppendHeaders([(SET_COOKIE, set)]));
    Ok(match set {
        Some(set) => (set, Json(view)).into_response(),
        None => Json(view).into_response(),
    })
}

/// Signs a person in.
#[utoipa::path(post, path = "/api/auth/login", tag = "auth", security(()), request_body = LoginRequest,
    responses((status = 200, description = "The session.", body = SessionView)))]
async fn login(
    State(state): State<AppState>,
    Visitor(actor): Visitor,
    headers: HeaderMap,
    Body { value, .. }: Body<LoginRequest>,
) -> Result<Response, Problem> {
    // Before the password is tried: no page of another site signs somebody in here.
    let cookie = if value.cookie { Some(cookie_of(&state, &headers)?) } else { None };
    let proof = proof(value.totp, value.recovery_code)?;
    // One account has two names to sign in with, and they share one count.
    let known = state.orchestrator().store().user_by_login(&value.username).await?;
    let account = known.map_or_else(|| value.username.to_ascii_lowercase(), |user| user.id.to_string());
    let limit = state.options().login_failures;
    let attempt = LoginAttempt::begin(state.orchestrator(), &account, limit).await?;
    let command = LogIn {
        login: value.username,
        password: Secret::new(value.password),
        proof,
        user_agent: user_agent(&headers),
    };
    match state.orchestrator().execute(&actor, command).await {
        Ok(signed_in) => {
            attempt.succeeded().await;
            session(&state, signed_in, cookie.as_ref())
        }
        Err(error) => {
            // Whoever is asked for a code has the right password.
            if error.kind() != ErrorKind::Unauthenticated || error.code() == "totpRequired" {
                attempt.undecided().await;
            }
            Err(error.into())
        }
    }
}

fn cookie_of(state: &AppState, headers: &HeaderMap) -> Result<SessionCookie, Error> {
    SessionCookie::of(headers, state.options().behind_proxy)
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RefreshRequest {
    /// The newest one of the session. Left out where a cookie holds it.
    #[serde(default)]
    refresh_token: Option<String>,
}

/// Trades a refresh token for a new session. A token that was traded before ends the session.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "auth", security(()), request_body = RefreshRequest,
    responses((status = 200, description = "The session.", body = SessionView)))]
async fn refresh(
    State(state): State<AppState>,
    Returning(actor): Returning,
    headers: HeaderMap,
    Body { value, .. }: Body<RefreshRequest>,
) -> Result<Response, Problem> {
    let (token, cookie) = match value.refresh_token {
        Some(token) => (Secret::new(token), None),
        None => {
            let cookie = cookie_of(&state, &headers)?;
            let missing = || Error::unauthenticated("nobody is signed in here; sign in first");
            (cookie.read(&headers).ok_or_else(missing)?, Some(cookie))
        }
    };
    match state
        .orchestrator()
        .execute(&actor, RefreshSession { token, user_agent: user_agent(&headers) })
        .await
    {
        Ok(signed_in) => session(&state, signed_in, cookie.as_ref()),
        // What is worth nothing any more is not kept.
        Err(error) if error.kind() == ErrorKind::Unauthenticated => {
            let clear = cookie.map(|cookie| cookie.clear()).transpose()?;
            let clear = clear.map(|clear| AppendHeaders([(SET_COOKIE, clear)]));
            Ok((clear, Problem::from(error)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Ends the caller's session.
#[utoipa::path(post, path = "/api/auth/logout", tag = "auth",
    responses((status = 204, description = "The session has ended.")))]
async fn logout(
    State(state): State<AppState>,
    Enrolling { actor, .. }: Enrolling,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    state.orchestrator().execute(&actor, LogOut).await?;
    let cookie = cookie_of(&state, &headers).ok().filter(|cookie| cookie.read(&headers).is_some());
    let clear = cookie.map(|cookie| cookie.clear()).transpose()?;
    Ok((clear.map(|clear| AppendHeaders([(SET_COOKIE, clear)])), StatusCode::NO_CONTENT).into_response())
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PasswordRequest {
    /// The present password.
    #[schema(format = Password)]
    current_password: String,
    /// The new one, at least 8 characters.
    #[schema(format = Password)]
    new_password: String,
}

/// Changes the caller's password and ends all their sessions.
#[utoipa::path(post, path = "/api/auth/password", tag = "auth", request_body = PasswordRequest,
    responses((status = 204, description = "The password is changed; sign in again.")))]
async fn change_password(
    State(state): State<AppState>,
    Enrolling { actor, .. }: Enrolling,
    Body { value, .. }: Body<PasswordRequest>,
) -> Result<StatusCode, Problem> {
    // Guessing the present password here is as good as guessing it at the login.
    let account = actor.user_id().map(|id| id.to_string()).unwrap_or_default();
    let limit = state.options().login_failures;
    let attempt = LoginAttempt::begin(state.orchestrator(), &account, limit).await?;
    let command =
        ChangePassword { current: Secret::new(value.current_password), new: Secret::new(value.new_password) };
    let changed = state.orchestrator().execute(&actor, command).await;
    match &changed {
        Ok(()) => attempt.succeeded().await,
        Err(error) if error.field() == Some("currentPassword") => {}
        Err(_) => attempt.undecided().await,
    }
    changed?;
    Ok(StatusCode::NO_CONTENT)
}

/// A custom role by its name.
#[derive(Serialize, ToSchema)]
struct NamedRole {
    /// The id.
    #[schema(value_type = Uuid)]
    id: RoleId,
    /// The name.
    name: String,
}

/// Who the caller is, and what they may do.
#[derive(Serialize, ToSchema)]
struct MeView {
    #[serde(flatten)]
    user: UserView,
    /// The names of the custom roles that the caller has everywhere.
    #[serde(rename = "customRoleNames")]
    custom_role_names: Vec<NamedRole>,
    /// What the caller may everywhere: what their roles allow, and with an API key no more than it is for. Whoever has
    /// `ReadPackages` or `ReadEnvironments` in some environment has it here too; the list of environments shows theirs.
    #[schema(value_type = Vec<schema::Permission>)]
    permissions: Vec<Permission>,
    /// What the caller may besides, in single environments.
    environments: Vec<MeInEnvironment>,
    /// Whether an authenticator must be enrolled before anything else is allowed.
    #[serde(rename = "totpEnrolmentRequired")]
    totp_enrolment_required: bool,
}

/// What the caller may in one environment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MeInEnvironment {
    /// Where.
    #[schema(value_type = Uuid)]
    environment_id: EnvironmentId,
    /// What, with what the caller may everywhere.
    #[schema(value_type = Vec<schema::Permission>)]
    permissions: Vec<Permission>,
}

/// Tells who the caller is.
#[utoipa::path(get, path = "/api/auth/me", tag = "auth",
    responses((status = 200, description = "The caller.", body = MeView)))]
async fn me(State(state): State<AppState>, caller: EnrollingOrKey) -> Result<Response, Problem> {
    let EnrollingOrKey(Enrolling { actor, must_enrol }) = caller;
    let id = actor.user_id().ok_or_else(|| Error::unauthenticated("sign in first"))?;
    let user = state.orchestrator().store().user(id).await?;
    let user = user.ok_or_else(|| Error::not_found("user", id))?;
    let roles = state.orchestrator().custom_roles(&user.custom_roles).await?.into_iter();
    let custom_role_names = roles.map(|role| NamedRole { id: role.id, name: role.name }).collect();
    let allowed = actor.allowed();
    let somewhere = allowed.somewhere();
    let is_had = |one: &Permission| {
        allowed.contains(*one) || (*one == Permission::ReadEnvironments && somewhere.contains(*one))
    };
    let permissions = Permission::ALL.into_iter().filter(is_had).collect();
    let here = |environment_id: EnvironmentId| MeInEnvironment {
        environment_id,
        permissions: allowed.in_environment(environment_id).iter().collect(),
    };
    let environments = allowed.environments.keys().copied().map(here).collect();
    let view = MeView {
        user: user.into(),
        custom_role_names,
        permissions,
        environments,
        totp_enrolment_required: must_enrol,
    };
    Ok(Json(view).into_response())
}
