//! Signed checkpoints of the audit's chain.
//!
//! A chain alone can't show that its end was cut off, or that all of it was written anew by somebody who may write to
//! the database: a checkpoint that is kept elsewhere can. The server's key signs each of them.

use serde::{Deserialize, Serialize};

use super::audit::{AuditHash, AuditHead};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::package::signature::{PackageSigner, PublicKey, Signature, Signed, Statement};

/// What the chain was at one moment, signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditCheckpoint {
    /// The number of the last entry that was sealed by then.
    pub sequence: u64,
    /// The hash of that entry.
    #[serde(with = "hex::serde")]
    pub hash: AuditHash,
    /// When it was made.
    pub made_at: Timestamp,
    /// Whose signature it is.
    pub key: PublicKey,
    /// The signature over the rest.
    pub signature: Signature,
}

impl AuditCheckpoint {
    /// Signs where the chain ends.
    #[must_use]
    pub fn sign(head: AuditHead, made_at: Timestamp, signer: &PackageSigner) -> Self {
        let hash = hex::encode(head.hash);
        let statement = Self::statement(head.sequence, &hash, made_at);
        let Signed { key, signature } = signer.sign(&statement);
        Self { sequence: head.sequence, hash: head.hash, made_at, key, signature }
    }

    fn statement(sequence: u64, hash: &str, made_at: Timestamp) -> Statement<'_> {
        Statement::AuditCheckpoint { sequence, hash, made_at: made_at.timestamp_micros() }
    }

    /// Checks the signature; with `trusted` it must be of one of these keys, and of any key without.
    ///
    /// # Errors
    /// `Forbidden` with `signature.untrusted` or `signature.wrong`.
    pub fn verify(&self, trusted: &[PublicKey]) -> Result<()> {
        let hash = hex::encode(self.hash);
        let signed = Signed { key: self.key, signature: self.signature };
        let own = [self.key];
        let trusted = if trusted.is_empty() { &own[..] } else { trusted };
        Self::statement(self.sequence, &hash, self.made_at).verify(&signed, trusted)
    }

    /// The checkpoints of a text with one in JSON a line; empty lines count for nothing.
    ///
    /// # Errors
    /// `Invalid` with `audit.checkpoints`, naming the line.
    pub fn read_lines(text: &str) -> Result<Vec<Self>> {
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        lines
            .map(|(line, number)| {
                serde_json::from_str(line).map_err(|error| {
                    Error::invalid("audit.checkpoints", format!("line {number} is no checkpoint"))
                        .with_source(error)
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, SystemClock};
    use crate::secret::Secret;

    #[test]
    fn each_part_of_a_checkpoint_is_signed() {
        let signer = PackageSigner::from_seed(&Secret::new([7; 32]));
        let other = PackageSigner::from_seed(&Secret::new([8; 32]));
        let head = AuditHead { sequence: 12, hash: [3; 32] };
        let made = AuditCheckpoint::sign(head, SystemClock.now(), &signer);
        made.verify(&[]).unwrap();
        made.verify(&[signer.public_key()]).unwrap();
        assert_eq!(made.verify(&[other.public_key()]).unwrap_err().code(), "signature.untrusted");
        for altered in [
            AuditCheckpoint { sequence: 11, ..made.clone() },
            AuditCheckpoint { hash: [4; 32], ..made.clone() },
            AuditCheckpoint { made_at: made.made_at + chrono::TimeDelta::seconds(1), ..made.clone() },
            AuditCheckpoint { key: other.public_key(), ..made.clone() },
        ] {
            assert_eq!(altered.verify(&[]).unwrap_err().code(), "signature.wrong", "{altered:?}");
        }
        let text = format!("{}\n\n", serde_json::to_string(&made).unwrap());
        assert_eq!(AuditCheckpoint::read_lines(&text).unwrap(), [made]);
        assert_eq!(AuditCheckpoint::read_lines("\n{}").unwrap_err().code(), "audit.checkpoints");
    }
}
