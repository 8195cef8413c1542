//! Who asks. What a token says is not enough: session, account and roles are read anew for each request.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
use axum::http::header::{AUTHORIZATION, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use axum::http::request::Parts;
use openautomate_core::credential::API_KEY_PREFIX;
use openautomate_core::domain::Agent;
use openautomate_core::error::{Error, ErrorKind, Result};
use openautomate_core::id::AgentId;
use openautomate_core::permission::Actor;

use crate::auth::{AccessClaims, LiveHolder, TokenType, may_be_there, own_origin};
use crate::middleware::{ClientAddress, RequestId};
use crate::problem::Problem;
use crate::state::AppState;

/// An actor through this request.
fn of_request(parts: &Parts, actor: Actor) -> Actor {
    let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
    let address = parts.extensions.get::<ClientAddress>().and_then(|address| address.0);
    Actor { request_id, ip_address: address.map(|address| address.to_string()), ..actor }
}

fn stranger(parts: &Parts) -> Actor {
    of_request(parts, Actor::anonymous())
}

pub(super) fn bearer(parts: &Parts) -> Result<&str> {
    let missing = || Error::unauthenticated("sign in first: this takes an access token");
    let header = parts.headers.get(AUTHORIZATION).ok_or_else(missing)?;
    let (scheme, token) = header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

/// The person of a session, if both are still good, and whether they must enrol an authenticator before anything else.
async fn person_or_newcomer(
    parts: &Parts,
    state: &AppState,
    claims: AccessClaims,
) -> Result<(Actor, bool), Problem> {
    let store = state.orchestrator().store();
    let now = state.now();
    let session = store.session(claims.sid).await?.filter(|session| {
        session.user_id == claims.sub && session.revoked_at.is_none() && session.expires_at > now
    });
    let user = store.user(claims.sub).await?.filter(|user| !user.disabled && user.deleted_at.is_none());
    let (Some(user), Some(session)) = (user, session) else {
        return Err(Error::unauthenticated("the session has ended; sign in again").into());
    };
    state.people().check(&user.id)?;
    let must_enrol = state.orchestrator().must_enrol(&user, &session).await?;
    Ok((of_request(parts, state.orchestrator().person(&user, Some(claims.sid)).await?), must_enrol))
}

/// The person of a session, if both are still good and nothing is asked of them first.
async fn person(parts: &Parts, state: &AppState, claims: AccessClaims) -> Result<Actor, Problem> {
    match person_or_newcomer(parts, state, claims).await? {
        (actor, false) => Ok(actor),
        (_, true) => Err(Error::new(
            ErrorKind::Forbidden,
            "totpEnrolmentRequired",
            "an authenticator is asked of you here, and you have none; enrol one at /api/auth/totp",
        )
        .into()),
    }
}

fn access_claims(parts: &Parts, state: &AppState) -> Result<AccessClaims> {
    let keys = &state.options().keys;
    Ok(keys.verify::<AccessClaims>(TokenType::Access, bearer(parts)?, state.now())?.content)
}

/// The API key that a request brings, if it brings one. It is looked for in the header alone.
fn api_key(parts: &Parts) -> Option<&str> {
    bearer(parts).ok().filter(|token| token.starts_with(API_KEY_PREFIX))
}

async fn person_by_key(parts: &Parts, state: &AppState, key: &str) -> Result<Actor, Problem> {
    let actor = state.orchestrator().person_by_key(key).await?;
    if let Some(id) = actor.user_id() {
        state.people().check(&id)?;
    }
    Ok(of_request(parts, actor))
}

/// Refuses whoever comes with an API key.
async fn no_key(parts: &Parts, state: &AppState) -> Result<(), Problem> {
    let Some(key) = api_key(parts) else { return Ok(()) };
    // Whether the key is good comes first: who has none learns nothing.
    person_by_key(parts, state, key).await?;
    Err(Error::forbidden("an API key may not do this; sign in with your password").into())
}

/// A person who is signed in, in person or by an API key.
#[derive(Debug)]
pub(crate) struct CallerOrKey(pub(crate) Actor);

impl FromRequestParts<AppState> for CallerOrKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match api_key(parts) {
            Some(key) => Ok(Self(person_by_key(parts, state, key).await?)),
            None => Caller::from_request_parts(parts, state).await.map(|caller| Self(caller.0)),
        }
    }
}

/// A person who is signed in, in person: what changes who may what is not for API keys.
#[derive(Debug)]
pub(crate) struct Caller(pub(crate) Actor);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        no_key(parts, state).await?;
        let claims = access_claims(parts, state)?;
        Ok(Self(person(parts, state, claims).await?))
    }
}

/// A person who is signed in, though an authenticator may be asked of them that they have not enrolled yet.
#[derive(Debug)]
pub(crate) struct Enrolling {
    pub(crate) actor: Actor,
    pub(crate) must_enrol: bool,
}

impl FromRequestParts<AppState> for Enrolling {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        no_key(parts, state).await?;
        let claims = access_claims(parts, state)?;
        let (actor, must_enrol) = person_or_newcomer(parts, state, claims).await?;
        Ok(Self { actor, must_enrol })
    }
}

/// As [`Enrolling`], or a person by an API key, of whom nothing is asked first.
#[derive(Debug)]
pub(crate) struct EnrollingOrKey(pub(crate) Enrolling);

impl FromRequestParts<AppState> for EnrollingOrKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match api_key(parts) {
            Some(key) => {
                let actor = person_by_key(parts, state, key).await?;
                Ok(Self(Enrolling { actor, must_enrol: false }))
            }
            None => Enrolling::from_request_parts(parts, state).await.map(Self),
        }
    }
}

/// A person who is signed in, and in which session.
#[derive(Debug)]
pub(crate) struct InSession(pub(crate) AccessClaims);

impl FromRequestParts<AppState> for InSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        // API keys are refused there.
        Caller::from_request_parts(parts, state).await?;
        Ok(Self(access_claims(parts, state)?))
    }
}

/// A person who opens a live connection: from a program by the access token or an API key, from a page of this server
/// by a ticket.
#[derive(Debug)]
pub(crate) struct LiveCaller {
    pub(crate) actor: Actor,
    pub(crate) holder: LiveHolder,
}

impl FromRequestParts<AppState> for LiveCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        // Programs say no origin; a page says its own.
        if parts.headers.contains_key(ORIGIN) {
            own_origin(&parts.headers, state.options().behind_proxy)?;
        }
        let claims = match live_ticket(parts) {
            Some(ticket) => state.live_tickets().take(ticket, state.now())?,
            None => match api_key(parts) {
                Some(key) => {
                    let actor = person_by_key(parts, state, key).await?;
                    let key = actor.powers.key.ok_or_else(|| Error::unauthenticated("sign in first"))?;
                    return Ok(Self { actor, holder: LiveHolder::Key(key.id) });
                }
                None => access_claims(parts, state)?,
            },
        };
        let actor = person(parts, state, claims).await?;
        Ok(Self { actor, holder: LiveHolder::Session(claims.sid) })
    }
}

/// The ticket stands among the subprotocols, the only header that a page may choose; in the address it would be
/// written into logs.
fn live_ticket(parts: &Parts) -> Option<&str> {
    let offered = parts.headers.get(SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    offered.split(',').find_map(|one| one.trim().strip_prefix("ticket."))
}

/// Somebody who brings the cookie of a session, or else a visitor; counted against the limit of their address.
#[derive(Debug)]
pub(crate) struct Returning(pub(crate) Actor);

impl FromRequestParts<AppState> for Returning {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        if !may_be_there(&parts.headers) {
            return Visitor::from_request_parts(parts, state).await.map(|visitor| Self(visitor.0));
        }
        state.refreshes().check(parts.extensions.get::<ClientAddress>().and_then(|address| address.0))?;
        Ok(Self(stranger(parts)))
    }
}

/// Somebody who need not be signed in; counted against the limit of their address.
#[derive(Debug)]
pub(crate) struct Visitor(pub(crate) Actor);

impl FromRequestParts<AppState> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        state.limiter().check(parts.extensions.get::<ClientAddress>().and_then(|address| address.0))?;
        Ok(Self(stranger(parts)))
    }
}

/// As [`Visitor`], where a browser was led by an address: whoever may not come is led on to a page, so it is the handler
/// that refuses them.
#[derive(Debug)]
pub(crate) struct LedVisitor(pub(crate) Result<Actor, Problem>);

impl FromRequestParts<AppState> for LedVisitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        Ok(Self(Visitor::from_request_parts(parts, state).await.map(|visitor| visitor.0)))
    }
}

/// Whoever sends a webhook; counted against the limit of their address for those, which is higher: a system sends from
/// few.
#[derive(Debug)]
pub(crate) struct HookSender(pub(crate) Actor);

impl FromRequestParts<AppState> for HookSender {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let address = parts.extensions.get::<ClientAddress>().and_then(|address| address.0);
        state.hook_senders().check(address)?;
        Ok(Self(stranger(parts)))
    }
}

/// Whoever speaks for an agent, with the certificate that this server asks agents for, if it asks for one.
#[derive(Debug)]
pub(crate) struct Certified;

impl FromRequestParts<AppState> for Certified {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        #[cfg(feature = "server")]
        if state.options().agents_need_certificate
            && !parts.extensions.get::<crate::middleware::Secured>().is_some_and(|by| by.client_certified)
        {
            return Err(Error::forbidden(
                "this server asks agents for a certificate; give the agent --tls-client-cert and --tls-client-key",
            )
            .into());
        }
        let _ = (parts, state);
        Ok(Self)
    }
}

/// The agent that the path names, signed in by its key.
#[derive(Debug)]
pub(crate) struct LinkedAgent(pub(crate) Agent);

impl FromRequestParts<AppState> for LinkedAgent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Certified::from_request_parts(parts, state).await?;
        let token = bearer(parts)?;
        let agent = state.agent_tokens().verify(state.orchestrator(), token).await?;
        state.agents().check(&agent.id)?;
        let Path(path) = Path::<HashMap<String, String>>::from_request_parts(parts, state)
            .await
            .map_err(|_| Error::not_found("agent", "with this path"))?;
        if path.get("id").and_then(|id| id.parse::<AgentId>().ok()) != Some(agent.id) {
            return Err(Error::forbidden("an agent may only speak for itself").into());
        }
        Ok(Self(agent))
    }
}
