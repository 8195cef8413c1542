//! How an agent takes what is secret: through which line, and sealed for which key.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use openautomate_core::sealing::{LineProof, SEALING_HEADER, SealingOffer};

use super::actor::bearer;
use crate::problem::Problem;
use crate::state::AppState;

/// The line of an agent that signed in. It says nothing of whether the token is good: `LinkedAgent` does.
#[derive(Debug)]
pub(crate) struct AgentLine {
    /// Of the token that came through it.
    pub(crate) proof: LineProof,
    /// The key that the request offers; not checked yet.
    pub(crate) offer: Option<SealingOffer>,
}

impl FromRequestParts<AppState> for AgentLine {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let proof = LineProof::of_token(bearer(parts)?);
        let offer = parts.headers.get(SEALING_HEADER);
        // What is no text is no offer either, and is refused as a wrong one.
        let offer = offer.map(|offer| offer.to_str().unwrap_or_default().parse()).transpose()?;
        Ok(Self { proof, offer })
    }
}
