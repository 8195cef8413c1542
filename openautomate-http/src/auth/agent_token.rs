//! How an agent signs in: it signs a challenge with its key and gets a token for its requests.

use chrono::TimeDelta;
use openautomate_core::Orchestrator;
use openautomate_core::clock::Timestamp;
use openautomate_core::credential::{SESSION_CONTEXT, verify_agent_signature};
use openautomate_core::domain::Agent;
use openautomate_core::error::{Error, Result};
use openautomate_core::id::AgentId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::jwt::TokenType;
use super::jwt_keys::JwtKeys;
use super::used_once::UsedOnce;

/// How long a challenge waits for its answer.
const CHALLENGE_LIFE: TimeDelta = TimeDelta::seconds(60);
/// How long an agent's token is good.
pub(crate) const AGENT_TOKEN_LIFE: TimeDelta = TimeDelta::minutes(15);

#[derive(Serialize, Deserialize)]
struct ChallengeClaims {
    sub: AgentId,
}

#[derive(Serialize, Deserialize)]
struct AgentClaims {
    sub: AgentId,
    /// Which of the agent's keys: a token ends with the key that it was given for.
    key: String,
}

/// Gives and checks agents' tokens.
#[derive(Debug)]
pub(crate) struct AgentTokens {
    keys: JwtKeys,
    /// The challenges that were answered here. Another server would take one again; whoever could repeat an answer has
    /// seen into TLS, and the token too.
    answered: UsedOnce,
}

impl AgentTokens {
    pub(crate) fn new(keys: JwtKeys) -> Self {
        Self { keys, answered: UsedOnce::default() }
    }

    /// Something to sign. Given for ids that don't exist too, so that nobody learns which do.
    pub(crate) fn challenge(&self, agent: AgentId, now: Timestamp) -> Result<String> {
        self.keys.sign(TokenType::AgentChallenge, ChallengeClaims { sub: agent }, now, CHALLENGE_LIFE)
    }

    /// The token for a signed challenge; each challenge is answered once.
    pub(crate) async fn exchange(
        &self,
        orchestrator: &Orchestrator,
        agent: AgentId,
        challenge: &str,
        signature: &[u8],
    ) -> Result<String> {
        let now = orchestrator.clock().now();
        let claims = self.keys.verify::<ChallengeClaims>(TokenType::AgentChallenge, challenge, now)?;
        if claims.content.sub != agent {
            return Err(refused());
        }
        let key = able_agent(orchestrator, agent).await?.public_key.ok_or_else(refused)?;
        verify_agent_signature(&key, SESSION_CONTEXT, challenge, signature)?;
        if !self.answered.use_up(claims.jti, claims.exp, now) {
            return Err(refused());
        }
        self.keys.sign(TokenType::Agent, AgentClaims { sub: agent, key: key_id(&key) }, now, AGENT_TOKEN_LIFE)
    }

    /// The agent that a token belongs to, as it is now.
    pub(crate) async fn verify(&self, orchestrator: &Orchestrator, token: &str) -> Result<Agent> {
        let now = orchestrator.clock().now();
        let claims = self.keys.verify::<AgentClaims>(TokenType::Agent, token, now)?.content;
        let agent = able_agent(orchestrator, claims.sub).await?;
        match agent.public_key {
            Some(key) if key_id(&key) == claims.key => Ok(agent),
            _ => Err(refused()),
        }
    }
}

fn key_id(key: &[u8; 32]) -> String {
    hex::encode(&Sha256::digest(key)[..16])
}

fn refused() -> Error {
    Error::unauthenticated(
        "the agent is unknown, or its signature is wrong or too old; enrol it or try again",
    )
}

/// The agent, if it may sign in. Strangers and deleted agents look like a wrong signature.
async fn able_agent(orchestrator: &Orchestrator, id: AgentId) -> Result<Agent> {
    match orchestrator.store().agent(id).await? {
        Some(agent) if agent.deleted_at.is_none() && agent.public_key.is_some() => {
            orchestrator.connectable(id).await
        }
        _ => Err(refused()),
    }
}
