//! The key for which an agent wants its secrets to be sealed, and its word that the key is its own.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::base64url;
use super::suite::KEY_BYTES;
use crate::credential::verify_agent_signature;
use crate::domain::{Agent, Lease};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AgentId, AssetId};
use crate::package::signature::Signature;

/// The context of an agent's signature of a sealing key.
pub const SEALING_CONTEXT: &str = "openautomate-sealing-v1\n";
/// The header of a request in which an agent offers a key.
pub const SEALING_HEADER: &str = "openautomate-sealing";
/// The header of an answer whose content is sealed.
pub const SEALED_HEADER: &str = "openautomate-sealed";

/// What a key is offered for. An offer serves no other purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealingPurpose {
    /// The values that are asked for in a connection.
    Connection,
    /// The content of one asset, fetched once.
    AssetFile {
        /// Under which lease.
        lease: Lease,
        /// Which.
        asset: AssetId,
    },
}

impl fmt::Display for SealingPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection => f.write_str("connection"),
            Self::AssetFile { lease, asset } => {
                write!(f, "asset {} {} {asset}", lease.execution, lease.epoch)
            }
        }
    }
}

/// By what a server knows who is at the other end of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum LineProof {
    /// The line does not leave the process.
    SameProcess,
    /// An agent's token came through it: this is its SHA-256.
    Token([u8; 32]),
}

impl LineProof {
    /// The proof of a line through which this token came.
    #[must_use]
    pub fn of_token(token: &str) -> Self {
        Self::Token(token_hash(token))
    }
}

pub(super) fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

impl fmt::Debug for LineProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SameProcess => "SameProcess",
            Self::Token(_) => "Token(…)",
        })
    }
}

/// A key that an agent made for a connection or a request, signed with the key that it was enrolled with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealingOffer {
    /// X25519, as RFC 7748 writes it.
    #[serde(with = "base64url")]
    pub(super) key: [u8; KEY_BYTES],
    /// Over what it is for. There is none within one process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signature: Option<Signature>,
}

impl SealingOffer {
    /// What is signed, after [`SEALING_CONTEXT`]: whose key it is, the sign-in that the line belongs to (a token lives
    /// for minutes), what it is for, and the key.
    pub(super) fn text(
        agent: AgentId,
        token: &[u8; 32],
        purpose: SealingPurpose,
        key: &[u8; KEY_BYTES],
    ) -> String {
        let (token, key) = (hex::encode(token), URL_SAFE_NO_PAD.encode(key));
        format!("{agent}\n{token}\n{purpose}\n{key}\n")
    }

    /// Checks that the agent offers the key, over this line and for this purpose.
    ///
    /// # Errors
    /// `Unauthenticated` with `agent.sealing_key`.
    pub(super) fn check(
        &self,
        agent: &Agent,
        proof: Option<LineProof>,
        purpose: SealingPurpose,
    ) -> Result<()> {
        let token = match proof {
            Some(LineProof::SameProcess) => return Ok(()),
            Some(LineProof::Token(token)) => token,
            None => return Err(wrong_key()),
        };
        let (Some(enrolled), Some(signature)) = (agent.public_key, &self.signature) else {
            return Err(wrong_key());
        };
        let text = Self::text(agent.id, &token, purpose, &self.key);
        verify_agent_signature(&enrolled, SEALING_CONTEXT, &text, signature.as_bytes())
            .map_err(|_| wrong_key())
    }
}

pub(super) fn wrong_key() -> Error {
    let message = "the key that the agent offers for its secrets is not signed by the agent: somebody in between may \
                   have put another in its place; see who ends TLS or passes messages on, or enrol the agent again";
    Error::new(ErrorKind::Unauthenticated, "agent.sealing_key", message)
}

impl fmt::Display for SealingOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.key))?;
        self.signature.iter().try_for_each(|signature| write!(f, ".{signature}"))
    }
}

impl FromStr for SealingOffer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (key, signature) = text.split_once('.').ok_or_else(wrong_key)?;
        let key = URL_SAFE_NO_PAD.decode(key).ok().and_then(|key| key.try_into().ok());
        let signature = signature.parse().map_err(|_| wrong_key())?;
        Ok(Self { key: key.ok_or_else(wrong_key)?, signature: Some(signature) })
    }
}
