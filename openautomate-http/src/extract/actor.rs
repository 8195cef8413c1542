//! Who asks. What a token says is not enough: session, account and roles are read anew for each request.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use openautomate_core::domain::Agent;
use openautomate_core::error::{Error, Result};
use openautomate_core::id::AgentId;
use openautomate_core::permission::{Actor, Principal};

use crate::auth::{AccessClaims, TokenType};
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

/// A person who is signed in.
#[derive(Debug)]
pub(crate) struct Caller(pub(crate) Actor);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let token = bearer(parts)?;
        let now = state.now();
        let claims = state.options().keys.verify::<AccessClaims>(TokenType::Access, token, now)?.content;
        let store = state.orchestrator().store();
        let session = store.session(claims.sid).await?;
        let lives = session.is_some_and(|session| {
            session.user_id == claims.sub && session.revoked_at.is_none() && session.expires_at > now
        });
        let user = store.user(claims.sub).await?.filter(|user| !user.disabled && user.deleted_at.is_none());
        match user {
            Some(user) if lives => {
                let session = Some(claims.sid);
                let principal =
                    Principal::User { id: user.id, name: user.username, roles: user.roles, session };
                Ok(Self(actor(parts, principal)))
            }
            _ => Err(Error::unauthenticated("the session has ended; sign in again").into()),
        }
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

/// The agent that the path names, signed in by its key.
#[derive(Debug)]
pub(crate) struct LinkedAgent(pub(crate) Agent);

impl FromRequestParts<AppState> for LinkedAgent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let token = bearer(parts)?;
        let agent = state.agent_tokens().verify(state.orchestrator(), token).await?;
        let Path(path) = Path::<HashMap<String, String>>::from_request_parts(parts, state)
            .await
            .map_err(|_| Error::not_found("agent", "with this path"))?;
        if path.get("id").and_then(|id| id.parse::<AgentId>().ok()) != Some(agent.id) {
            return Err(Error::forbidden("an agent may only speak for itself").into());
        }
        Ok(Self(agent))
    }
}
