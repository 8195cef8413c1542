//! How secrets leave for an agent: sealed for the key that it offered, or in clear to one that offered none. This is the
//! one place that decides it.

use super::Orchestrator;
use super::agent_work::ReadAsset;
use crate::domain::Agent;
use crate::error::{Error, ErrorKind, Result};
use crate::id::AgentId;
use crate::sealing::{LineProof, Question, Recipient, SealingOffer, SealingPurpose};
use crate::transport::message::{InClear, SecretAnswer};

/// How secrets leave for an agent in one connection or request.
#[derive(Debug)]
pub(super) enum Delivery {
    /// Sealed for a key that was checked to be the agent's.
    Sealed(Recipient),
    /// In clear.
    InClear,
}

impl Delivery {
    pub(super) const fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed(_))
    }

    /// The answer to a question with the value of an asset.
    pub(super) fn answer(&self, read: ReadAsset, question: &Question<'_>) -> Result<SecretAnswer> {
        let ReadAsset { id, revision, value } = read;
        match self {
            Self::Sealed(recipient) => {
                recipient.seal(&value, question, (id, revision)).map(SecretAnswer::Sealed)
            }
            Self::InClear => Ok(SecretAnswer::Value(InClear::new(value))),
        }
    }
}

impl Orchestrator {
    /// How secrets leave for an agent that made this offer, or none.
    ///
    /// # Errors
    /// `Unauthenticated` with `agent.sealing_key` if the agent did not make it.
    pub(super) fn delivery(
        &self,
        agent: &Agent,
        proof: Option<LineProof>,
        offer: Option<&SealingOffer>,
        purpose: SealingPurpose,
    ) -> Result<Delivery> {
        let Some(offer) = offer else { return Ok(Delivery::InClear) };
        let recipient = Recipient::verified(offer, agent, proof, purpose).inspect_err(|_| {
            tracing::warn!(
                agent = %agent.id,
                name = agent.name,
                %purpose,
                "refused: the key that was offered for the agent's secrets is not signed by the agent"
            );
        })?;
        Ok(Delivery::Sealed(recipient))
    }

    /// Checks that secrets may leave for an agent in this way, before any is read.
    ///
    /// # Errors
    /// `Forbidden` with `asset.unsealed` if they would leave in clear, and must not.
    pub(super) fn check_delivery(&self, agent: AgentId, delivery: &Delivery) -> Result<()> {
        if delivery.is_sealed() || !self.settings().require_sealed_secrets {
            return Ok(());
        }
        tracing::warn!(%agent, "refused: an agent that offers no key asked for a secret");
        Err(unsealed(
            "this server gives secrets sealed only, and the agent offers no key for that; update the agent",
        ))
    }
}

pub(super) fn unsealed(message: &'static str) -> Error {
    Error::new(ErrorKind::Forbidden, "asset.unsealed", message)
}
