//! The agent's half: a pair of keys in memory.

use std::fmt;

use futures_util::stream::BoxStream;

use super::file::{self, SealedFrames};
use super::offer::{SEALING_CONTEXT, SealingOffer, SealingPurpose, token_hash};
use super::place::{self, Question, SealedToAgent};
use super::suite::{self, KEY_BYTES, PrivateKey};
use crate::domain::Lease;
use crate::error::{Error, Result};
use crate::id::{AgentId, AssetId};
use crate::package::signature::Signature;
use crate::secret::Secret;

/// A pair of keys that an agent made for one connection or request. The private one is overwritten when it is dropped.
pub struct SealingKeys {
    pub(super) private: PrivateKey,
    pub(super) public: [u8; KEY_BYTES],
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKeys(***)")
    }
}

impl SealingKeys {
    /// A new pair.
    ///
    /// # Errors
    /// `Internal` if the system gives no random bytes.
    pub fn generate() -> Result<Self> {
        let (private, public) = suite::new_keys()?;
        Ok(Self { private, public })
    }

    /// Offers the public key to a server over the line through which `token` goes. `sign` signs with the key that the
    /// agent was enrolled with, and gives the signature as RFC 8032 writes it.
    #[must_use]
    pub fn offer(
        &self,
        agent: AgentId,
        token: &str,
        purpose: SealingPurpose,
        sign: impl FnOnce(&[u8]) -> [u8; 64],
    ) -> SealingOffer {
        let text = SealingOffer::text(agent, &token_hash(token), purpose, &self.public);
        let signature = sign([SEALING_CONTEXT, &text].concat().as_bytes());
        SealingOffer { key: self.public, signature: Some(Signature::from_bytes(signature)) }
    }

    /// Offers the public key to an orchestrator of the same process.
    #[must_use]
    pub fn offer_in_process(&self) -> SealingOffer {
        SealingOffer { key: self.public, signature: None }
    }

    /// Opens the value that answers a question.
    ///
    /// # Errors
    /// `Internal` with `asset.seal` if it was sealed for another key or another question, or was altered.
    pub fn open(&self, sealed: &SealedToAgent, question: &Question<'_>) -> Result<Secret<String>> {
        let info = place::of_value(question, sealed.asset, sealed.revision);
        let opener = suite::opener(&self.private, &sealed.encapsulated, &info);
        let opened = opener.and_then(|mut opener| opener.open(&sealed.ciphertext, b"").ok());
        match opened.map(String::from_utf8) {
            Some(Ok(value)) => Ok(Secret::new(value)),
            Some(Err(error)) => {
                drop(Secret::new(error.into_bytes()));
                Err(Error::internal("asset.encoding", "the asset's value is no text"))
            }
            None => Err(does_not_open()),
        }
    }

    /// Opens the content of an asset as it comes. Nothing is given that is not the content's; one that ends early, or was
    /// altered on its way, ends in an error.
    #[must_use]
    pub fn open_file(
        self,
        lease: Lease,
        asset: AssetId,
        frames: SealedFrames,
    ) -> BoxStream<'static, Result<bytes::Bytes>> {
        file::open(self.private, lease, asset, frames)
    }
}

/// Keys and their offer, which belongs into the hello of a connection.
#[derive(Debug)]
pub struct OfferedKeys {
    /// The keys.
    pub keys: SealingKeys,
    /// What the hello says of them.
    pub offer: SealingOffer,
}

pub(super) fn does_not_open() -> Error {
    let message = "what the server sealed does not open here: it is not for this question of this agent, or was altered \
                   on its way; see who ends TLS or passes messages on";
    Error::internal("asset.seal", message)
}
