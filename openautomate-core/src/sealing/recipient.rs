//! The server's half: an agent's key that was checked.

use std::fmt;

use super::file::{self, SealedFrames};
use super::offer::{LineProof, SealingOffer, SealingPurpose, wrong_key};
use super::place::{self, Question, SealedToAgent};
use super::suite::{self, PublicKey};
use crate::domain::{Agent, Lease};
use crate::error::{Error, Result};
use crate::id::AssetId;
use crate::secret::Secret;

/// Who alone opens what is sealed for it: an agent, for one connection or request.
#[derive(Clone)]
pub struct Recipient(PublicKey);

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipient")
    }
}

impl Recipient {
    /// Who made an offer, if it is this agent that made it over this line for this purpose.
    ///
    /// # Errors
    /// `Unauthenticated` with `agent.sealing_key` if not.
    pub fn verified(
        offer: &SealingOffer,
        agent: &Agent,
        proof: Option<LineProof>,
        purpose: SealingPurpose,
    ) -> Result<Self> {
        offer.check(agent, proof, purpose)?;
        suite::public_key(&offer.key).map(Self).ok_or_else(wrong_key)
    }

    /// Seals the value of an asset as the answer to a question.
    ///
    /// # Errors
    /// `Internal` if it can't be done, as for a key of small order, with which everybody would open it.
    pub fn seal(
        &self,
        value: &Secret<String>,
        question: &Question<'_>,
        (asset, revision): (AssetId, i64),
    ) -> Result<SealedToAgent> {
        let info = place::of_value(question, asset, revision);
        let (encapsulated, mut sealer) = suite::sealer(&self.0, &info).ok_or_else(not_sealed)?;
        let ciphertext = sealer.seal(value.expose().as_bytes(), b"").map_err(|_| not_sealed())?;
        Ok(SealedToAgent { asset, revision, encapsulated: encapsulated.to_vec(), ciphertext })
    }

    /// Seals the content of an asset, piece by piece as it is taken.
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    pub fn seal_file(
        &self,
        content: Secret<Vec<u8>>,
        lease: Lease,
        (asset, revision): (AssetId, i64),
    ) -> Result<SealedFrames> {
        let info = place::of_file(lease, asset, revision);
        let (encapsulated, sealer) = suite::sealer(&self.0, &info).ok_or_else(not_sealed)?;
        Ok(file::seal(sealer, encapsulated, revision, content))
    }
}

pub(super) fn not_sealed() -> Error {
    Error::internal("asset.seal", "the asset can't be sealed for the agent")
}
