//! Who asks. What a token says is not enough: session, account and roles are read anew for each request.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
use axum::http::header::{AUTHORIZATION, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use axum::http::request::Parts;
use openautomate_core::domain::Agent;
use openautomate_core::error::{Error, Result};
use openautomate_core::id::{AgentId, SessionId};
use openautomate_core::permission::{Actor, Principal};

use crate::auth::{AccessClaims, TokenType, may_be_there, own_origin};
use crate::middleware::{ClientAddress, RequestId};
use crate::problem::Problem;
use crate::state::AppState;

fn actor(parts: &Parts, principal: Principal) -> Actor {
    let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
    let address = parts.extensions.get::<ClientAddress>().and_then(|address| address.0);
    Actor { principal, request_id, ip_address: address.map(|address| address.to_string()) }
}

fn bearer(parts: &Parts) -> Result<&str> {
    let missing = || Error::unauthenticated("sign in first: this takes an access token");
    let header = parts.headers.get(AUTHORIZATION).ok_or_else(missing)?;
    let (scheme, token) = header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

/// The person of a session, if both are still good.
async fn person(parts: &Parts, state: &AppState, claims: AccessClaims) -> Result<Actor, Problem> {
    let store = state.orchestrator().store();
    let session = store.session(claims.sid).await?;
    let now = state.now();
    let lives = session.is_some_and(|session| {
        session.user_id == claims.sub && session.revoked_at.is_none() && session.expires_at > now
    });
    let user = store.user(claims.sub).await?.filter(|user| !user.disabled && user.deleted_at.is_none());
    match user {
        Some(user) if lives => {
            state.people().check(&user.id)?;
            let session = Some(claims.sid);
            let principal = Principal::User { id: user.id, name: user.username, roles: user.roles, session };
            Ok(actor(parts, principal))
        }
        _ => Err(Error::unauthenticated("the session has ended; sign in again").into()),
    }
}

fn access_claims(parts: &Parts, state: &AppState) -> Result<AccessClaims> {
    let keys = &state.options().keys;
    Ok(keys.verify::<AccessClaims>(TokenType::Access, bearer(parts)?, state.now())?.content)
}

/// A person who is signed in.
#[derive(Debug)]
pub(crate) struct Caller(pub(crate) Actor);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let claims = access_claims(parts, state)?;
        Ok(Self(person(parts, state, claims).await?))
    }
}

/// A person who is signed in, and in which session.
#[derive(Debug)]
pub(crate) struct InSession(pub(crate) AccessClaims);

impl FromRequestParts<AppState> for InSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let claims = access_claims(parts, state)?;
        person(parts, state, claims).await?;
        Ok(Self(claims))
    }
}

/// A person who opens a live connection: from a program by the access token, from a page of this server by a ticket.
#[derive(Debug)]
pub(crate) struct LiveCaller {
    pub(crate) actor: Actor,
    pub(crate) session: SessionId,
}

impl FromRequestParts<AppState> for LiveCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let claims = match live_ticket(parts) {
            None => access_claims(parts, state)?,
            Some(ticket) => state.live_tickets().take(ticket, state.now())?,
        };
        // Programs say no origin; a page says its own.
        if parts.headers.contains_key(ORIGIN) {
            own_origin(&parts.headers, state.options().behind_proxy)?;
        }
        Ok(Self { actor: person(parts, state, claims).await?, session: claims.sid })
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
        Ok(Self(actor(parts, Principal::Anonymous)))
    }
}

/// Somebody who need not be signed in; counted against the limit of their address.
#[derive(Debug)]
pub(crate) struct Visitor(pub(crate) Actor);

impl FromRequestParts<AppState> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        state.limiter().check(parts.extensions.get::<ClientAddress>().and_then(|address| address.0))?;
        Ok(Self(actor(parts, Principal::Anonymous)))
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
        Ok(Self(actor(parts, Principal::Anonymous)))
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
