//! `/api/auth/oidc`: signing in at an identity provider.

mod refusal;

use axum::Json;
use axum::extract::State;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use openautomate_core::command::external_login::{
    LinkExternalIdentity, LogInExternally, NewcomerProfile, ProvenAccount,
};
use openautomate_core::id::{SessionId, UserId};
use openautomate_core::permission::{Actor, Principal};
use openautomate_core::{Error, ErrorKind};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use self::refusal::{Back, refuse};
use super::auth::user_agent;
use crate::access::routes;
use crate::auth::{SessionCookie, TokenType};
use crate::extract::{InSession, LedVisitor, Path, Query, Visitor};
use crate::oidc::{
    LOGIN_LIFE, LocalPath, LoginClaims, LoginCookie, OidcProvider, Returned, is_same, plain, random_text,
};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(start))
        .routes(routes!(callback))
        .routes(routes!(link))
}

/// How often somebody new is tried to be given an account, while others take the names.
const TRIES: u32 = 3;

/// An identity provider.
#[derive(Serialize, ToSchema)]
struct ProviderView {
    /// Its name in addresses.
    name: String,
    /// How people know it.
    title: String,
}

/// The identity providers at which people may sign in.
#[derive(Serialize, ToSchema)]
struct ProvidersView {
    /// In the order in which the operator named them.
    items: Vec<ProviderView>,
}

/// Lists the identity providers at which people may sign in.
#[utoipa::path(get, path = "/api/auth/oidc", tag = "auth", security(()),
    responses((status = 200, description = "The providers.", body = ProvidersView)))]
async fn list(State(state): State<AppState>, _: Visitor) -> Json<ProvidersView> {
    let view = |one: &OidcProvider| ProviderView { name: one.name.clone(), title: one.title.clone() };
    Json(ProvidersView { items: state.oidc().providers().iter().map(|one| view(one)).collect() })
}

/// Where the pages of this server are.
fn public_url(state: &AppState) -> Result<Url, Error> {
    let missing =
        || Error::internal("oidc.public_url", "the server does not know its own address; say --public-url");
    let url = state.options().public_url.as_deref().ok_or_else(missing)?;
    Url::parse(url).map_err(|error| missing().with_source(error))
}

fn redirect_uri(public_url: &Url, provider: &OidcProvider) -> String {
    let base = public_url.as_str().trim_end_matches('/');
    format!("{base}/api/auth/oidc/{}/callback", provider.name)
}

/// The address at the provider, and the cookie that goes with it.
async fn begin(
    state: &AppState,
    name: &str,
    link: Option<(UserId, SessionId)>,
    next: Option<LocalPath>,
) -> Result<(Url, HeaderValue), Problem> {
    let provider = state.oidc().provider(name)?;
    let public_url = public_url(state)?;
    let login = LoginClaims {
        sub: provider.name.clone(),
        state: random_text()?,
        nonce: random_text()?,
        verifier: random_text()?,
        link,
        next,
    };
    let now = state.now();
    let redirect_uri = redirect_uri(&public_url, &provider);
    let url = state.oidc().authorization_url(&provider, &login, &redirect_uri, now).await?;
    let token = state.options().keys.sign(TokenType::OidcLogin, login, now, LOGIN_LIFE)?;
    Ok((url, LoginCookie::at(&public_url).set(&token)?))
}

/// Sends a browser on.
fn redirect(to: &str, cookies: Vec<HeaderValue>) -> Result<Response, Problem> {
    let to = HeaderValue::from_str(to).map_err(|error| {
        Error::internal("oidc.redirect", "the address to go to can't be written").with_source(error)
    })?;
    let cookies = AppendHeaders(cookies.into_iter().map(|cookie| (SET_COOKIE, cookie)).collect::<Vec<_>>());
    let mut response = (StatusCode::SEE_OTHER, cookies).into_response();
    response.headers_mut().insert(LOCATION, to);
    Ok(response)
}

/// Where the browser goes afterwards.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StartParams {
    /// The page to come to, as a path of this server like `/executions?state=failed`; the start page without it, and in
    /// place of anything else.
    next: Option<String>,
}

/// Sends a browser to an identity provider, which sends it back to the callback. If the provider can't be asked, the
/// browser goes to `/login?error=<code>`.
#[utoipa::path(get, path = "/api/auth/oidc/{name}/start", tag = "auth", security(()),
    params(("name" = String, Path, description = "The provider."), StartParams),
    responses((status = 303, description = "To the provider, or to the page that says why not.")))]
async fn start(
    State(state): State<AppState>,
    LedVisitor(visitor): LedVisitor,
    path: Result<Path<String>, Problem>,
    query: Result<Query<StartParams>, Problem>,
    headers: HeaderMap,
) -> Response {
    let next = query.ok().and_then(|Query(params)| params.next).and_then(|next| LocalPath::of(&next));
    let back = Back::Login(next.clone());
    let begun = async {
        visitor?;
        let Path(name) = path?;
        let (url, cookie) = begin(&state, &name, None, next).await?;
        redirect(url.as_str(), vec![cookie])
    };
    begun.await.unwrap_or_else(|problem| refuse(&headers, problem, &back))
}

/// Where a browser goes to link an account.
#[derive(Serialize, ToSchema)]
struct LinkView {
    /// The address at the provider.
    location: String,
}

/// Begins to link an account at an identity provider to the caller: once the browser has been at the address that this
/// gives, the caller signs in by that account too.
#[utoipa::path(post, path = "/api/auth/oidc/{name}/link", tag = "auth",
    params(("name" = String, Path, description = "The provider.")),
    responses((status = 200, description = "Where to go.", body = LinkView)))]
async fn link(
    State(state): State<AppState>,
    InSession(claims): InSession,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let (url, cookie) = begin(&state, &name, Some((claims.sub, claims.sid)), None).await?;
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Json(LinkView { location: url.into() })).into_response())
}

/// What the provider sends back.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CallbackParams {
    /// What is traded for the token that says who it is.
    code: Option<String>,
    /// What was sent along.
    state: Option<String>,
    /// Which provider it is (RFC 9207).
    iss: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

/// Takes a browser back from an identity provider, and signs the person in, or links the account: the refresh token is in
/// the cookie of the pages of this server, and the browser goes to the page that it wanted. Whoever is refused comes to
/// `/login?error=<code>`, or to `/settings?error=<code>` if they linked an account; a program that asks for
/// `application/json` gets a problem.
#[utoipa::path(get, path = "/api/auth/oidc/{name}/callback", tag = "auth", security(()),
    params(("name" = String, Path, description = "The provider."), CallbackParams),
    responses((status = 303, description = "To the page that was wanted, or to the one that says why not.")))]
async fn callback(
    State(state): State<AppState>,
    LedVisitor(visitor): LedVisitor,
    path: Result<Path<String>, Problem>,
    query: Result<Query<CallbackParams>, Problem>,
    headers: HeaderMap,
) -> Response {
    let mut back = Back::Login(None);
    let done = async {
        let (actor, Path(name), Query(params)) = (visitor?, path?, query?);
        let provider = state.oidc().provider(&name)?;
        let public_url = public_url(&state)?;
        let coming = Coming { state: &state, actor, provider: &provider, public_url: &public_url, params };
        let login = coming.login(&headers)?;
        back = Back::after(&login);
        coming.finish(login, &headers).await
    };
    let done: Result<Response, Problem> = done.await;
    let mut response = done.unwrap_or_else(|problem| refuse(&headers, problem, &back));
    // What was begun is over, however it ended.
    if let Ok(clear) = public_url(&state).and_then(|url| LoginCookie::at(&url).clear()) {
        response.headers_mut().append(SET_COOKIE, clear);
    }
    response
}

fn no_good(code: &'static str, message: &'static str) -> Error {
    Error::new(ErrorKind::Unauthenticated, code, message)
}

/// A browser that comes back.
struct Coming<'a> {
    state: &'a AppState,
    actor: Actor,
    provider: &'a OidcProvider,
    public_url: &'a Url,
    params: CallbackParams,
}

impl Coming<'_> {
    /// What was begun in this browser, and is used up by this.
    fn login(&self, headers: &HeaderMap) -> Result<LoginClaims, Error> {
        let lost = || {
            let message = "this login was not begun in this browser, or took too long; begin it again";
            no_good("oidc.expired", message)
        };
        let now = self.state.now();
        let token = LoginCookie::at(self.public_url).read(headers).ok_or_else(lost)?;
        let keys = &self.state.options().keys;
        let login = keys.verify::<LoginClaims>(TokenType::OidcLogin, token.expose(), now);
        let login = login.map_err(|_| lost())?;
        let (jti, exp, login) = (login.jti, login.exp, login.content);
        let is_own = self.params.state.as_deref().is_some_and(|sent| is_same(sent, &login.state));
        if !is_own || login.sub != self.provider.name || !self.state.oidc_logins().use_up(jti, exp, now) {
            return Err(lost());
        }
        Ok(login)
    }

    /// What the provider says of whoever comes back.
    async fn claims(&self, login: &LoginClaims) -> Result<Map<String, Value>, Error> {
        let why = self.params.error.as_deref();
        let Some(code) = self.params.code.as_deref().filter(|_| why.is_none()) else {
            let refused = no_good("oidc.denied", "the identity provider did not sign you in; begin again");
            return Err(refused.with_source(format!("it says: {}", plain(why.unwrap_or_default()))));
        };
        let returned = Returned { code, iss: self.params.iss.as_deref() };
        let redirect_uri = redirect_uri(self.public_url, self.provider);
        self.state.oidc().claims(self.provider, login, returned, &redirect_uri, self.state.now()).await
    }

    /// Signs the person in, or links the account; says where the browser goes.
    async fn finish(self, login: LoginClaims, headers: &HeaderMap) -> Result<Response, Problem> {
        let claims = self.claims(&login).await?;
        let Self { state, actor, provider, public_url, .. } = self;
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
        let account = ProvenAccount { issuer: provider.issuer.clone(), subject };
        if let Some((user_id, session)) = login.link {
            let actor = linking(state, actor, user_id, session).await?;
            state.orchestrator().execute(&actor, LinkExternalIdentity { user_id, account }).await?;
            return redirect(&format!("/settings?linked={}", provider.name), Vec::new());
        }
        let command = LogInExternally {
            account,
            roles: provider.roles.as_ref().map(|mapping| mapping.roles_of(&claims)),
            newcomer: provider.creates_accounts.then(|| newcomer(provider, &claims)),
            user_agent: user_agent(headers),
        };
        // What the provider said was verified above; nobody else can say it.
        let actor = Actor { principal: Principal::System, ..actor };
        let mut tries = 0;
        let signed_in = loop {
            tries += 1;
            match state.orchestrator().execute(&actor, command.clone()).await {
                // Somebody new who signs in in two windows at once has an account by the second try.
                Err(error) if error.code() == "name.taken" && tries < TRIES => {}
                done => break done?,
            }
        };
        let cookie = SessionCookie::at(public_url.scheme() == "https", public_url.port_or_known_default());
        let cookie = cookie.set(&signed_in.refresh_token, state.now(), signed_in.expires_at)?;
        redirect(login.next.as_ref().map_or("/", LocalPath::as_str), vec![cookie])
    }
}

/// Whoever began to link an account, if they are still signed in where they did.
async fn linking(
    state: &AppState,
    actor: Actor,
    user_id: UserId,
    session: SessionId,
) -> Result<Actor, Error> {
    let message = "the session in which this was begun has ended; sign in again";
    let ended = || no_good("oidc.signed_out", message);
    let store = state.orchestrator().store();
    let live = store.live_sessions(&[session], state.now()).await?;
    let user = store.user(user_id).await?.filter(|_| live.contains(&session)).ok_or_else(ended)?;
    let person = state.orchestrator().person(&user, Some(session)).await?;
    Ok(Actor { request_id: actor.request_id, ip_address: actor.ip_address, ..person })
}

fn newcomer(provider: &OidcProvider, claims: &Map<String, Value>) -> NewcomerProfile {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    let is_verified = match claims.get("email_verified") {
        Some(Value::Bool(verified)) => *verified,
        Some(Value::String(verified)) => verified == "true",
        _ => false,
    };
    let email = text("email").filter(|_| is_verified);
    let username = text("preferred_username").or_else(|| email.clone()).unwrap_or_default();
    NewcomerProfile { username, email, roles: provider.default_roles.clone() }
}
