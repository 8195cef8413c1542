//! The audit: who asked for which change, sealed into a hash chain.
//!
//! An entry is written in the commit of its change, unsealed, so that no lock sits on the hot path. Within a
//! second the sealer gives the waiting entries their numbers in the chain and their hashes. From then on an
//! entry that was altered, removed or put in is found by `verify`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::id::AuditId;

/// A link of the chain.
pub type AuditHash = [u8; 32];

/// What kind of actor asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ActorKind {
    /// A person.
    User,
    /// An agent.
    Agent,
    /// The orchestrator itself.
    System,
    /// Nobody is signed in yet: logging in, registering, enrolling.
    Anonymous,
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActorRef {
    /// What kind.
    pub kind: ActorKind,
    /// The id, where there is one.
    pub id: Option<String>,
    /// The name at that time.
    pub name: String,
}

/// The place of an entry in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditSeal {
    /// 1, 2, 3 … without a gap.
    pub sequence: u64,
    /// The hash of the entry before; zeros for the first.
    #[serde(with = "hex::serde")]
    pub previous: AuditHash,
    /// The hash of this entry.
    #[serde(with = "hex::serde")]
    pub hash: AuditHash,
}

/// The end of the chain, kept apart from the entries so that a cut tail shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditHead {
    /// How many entries are sealed.
    pub sequence: u64,
    /// The hash of the last.
    pub hash: AuditHash,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// The id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who asked.
    pub actor: ActorRef,
    /// What was asked, as in `execution.enqueue`.
    pub action: String,
    /// What kind of thing it was done to, as in `execution`.
    pub object_kind: String,
    /// Its id.
    pub object_id: String,
    /// What changed; never the value of an input, an asset or a credential.
    pub detail: Value,
    /// The request that asked, as in the `x-request-id` header.
    pub request_id: Option<String>,
    /// The address that asked.
    pub ip_address: Option<String>,
    /// The place in the chain; `None` until it is sealed.
    pub seal: Option<AuditSeal>,
}

impl AuditEntry {
    /// The entry's place after `head`.
    #[must_use]
    pub fn seal_after(&self, head: &AuditHead) -> AuditSeal {
        let sequence = head.sequence + 1;
        AuditSeal { sequence, previous: head.hash, hash: self.chain_hash(sequence, &head.hash) }
    }

    /// SHA-256 over a canonical encoding: each part with its length before it, so that no two entries read
    /// the same.
    #[must_use]
    pub fn chain_hash(&self, sequence: u64, previous: &AuditHash) -> AuditHash {
        let mut hasher = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        part(b"openautomate-audit-v1");
        part(previous);
        part(&sequence.to_be_bytes());
        part(self.id.as_bytes());
        part(&self.at.timestamp_micros().to_be_bytes());
        part(&[self.actor.kind as u8]);
        part(self.actor.id.as_deref().unwrap_or_default().as_bytes());
        part(self.actor.name.as_bytes());
        part(self.action.as_bytes());
        part(self.object_kind.as_bytes());
        part(self.object_id.as_bytes());
        // serde_json's maps are sorted by key, so the text of equal values is equal.
        part(self.detail.to_string().as_bytes());
        part(self.request_id.as_deref().unwrap_or_default().as_bytes());
        part(self.ip_address.as_deref().unwrap_or_default().as_bytes());
        hasher.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};

    fn entry(action: &str, object: &str) -> AuditEntry {
        AuditEntry {
            id: AuditId::from_uuid(uuid::Uuid::nil()),
            at: SystemClock.now(),
            actor: ActorRef { kind: ActorKind::System, id: None, name: "test".into() },
            action: action.into(),
            object_kind: "package".into(),
            object_id: object.into(),
            detail: serde_json::json!({"b": 1, "a": 2}),
            request_id: None,
            ip_address: None,
            seal: None,
        }
    }

    #[test]
    fn each_part_counts_and_borders_do_not_blur() {
        let base = entry("ab", "c");
        let mut moved = entry("a", "bc");
        moved.at = base.at;
        let head = AuditHead::default();
        assert_ne!(base.seal_after(&head).hash, moved.seal_after(&head).hash);
        let next = AuditHead { sequence: 1, hash: base.seal_after(&head).hash };
        assert_ne!(base.seal_after(&head).hash, base.seal_after(&next).hash);
    }
}
