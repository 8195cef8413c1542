//! Verifies the audit's chain, and the signed checkpoints with it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit_export::REWRITTEN;
use crate::domain::{AuditCheckpoint, AuditEntry, AuditHash, AuditHead};
use crate::error::Result;
use crate::package::signature::PublicKey;
use crate::store::Store;

const BATCH: u32 = 1_000;
/// What a store says of a row that it can't read (see the contract of `AuditStore::chain`).
const UNREADABLE: &str = "store.row";

/// What verifying the chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditReport {
    /// Whether every sealed entry is as it was written and none is missing.
    pub ok: bool,
    /// How many entries were found right before the end or the first bad one.
    pub verified: u64,
    /// The number of the first entry that was altered, removed or put in.
    pub first_bad: Option<u64>,
    /// What is wrong with it.
    pub reason: Option<String>,
    /// How many signed checkpoints agreed.
    pub checkpoints: u64,
}

impl AuditReport {
    pub(crate) fn bad(verified: u64, sequence: u64, reason: &str) -> Self {
        Self {
            ok: false,
            verified,
            first_bad: Some(sequence),
            reason: Some(reason.to_owned()),
            checkpoints: 0,
        }
    }
}

/// Follows a chain from its first entry to its head.
#[derive(Clone, Debug)]
pub struct ChainVerifier {
    head: AuditHead,
    end: AuditHead,
    checkpoints: BTreeMap<u64, AuditHash>,
    agreed: u64,
}

impl ChainVerifier {
    /// A verifier of the chain that ends with `end`.
    #[must_use]
    pub fn new(end: AuditHead) -> Self {
        Self { head: AuditHead::default(), end, checkpoints: BTreeMap::new(), agreed: 0 }
    }

    /// Compares the chain with these checkpoints too. Those whose signature is wrong, or not of one of `trusted` if that
    /// names any, are told of at once.
    ///
    /// # Errors
    /// The report, if a checkpoint is not to be believed, or two of one number differ.
    pub fn with_checkpoints<'a>(
        mut self,
        checkpoints: impl IntoIterator<Item = &'a AuditCheckpoint>,
        trusted: &[PublicKey],
    ) -> Result<Self, AuditReport> {
        for checkpoint in checkpoints {
            if let Err(error) = checkpoint.verify(trusted) {
                let reason =
                    format!("the checkpoint of this entry is not to be believed: {}", error.message());
                return Err(AuditReport::bad(0, checkpoint.sequence, &reason));
            }
            let before = self.checkpoints.insert(checkpoint.sequence, checkpoint.hash);
            if before.is_some_and(|before| before != checkpoint.hash) {
                return Err(AuditReport::bad(0, checkpoint.sequence, REWRITTEN));
            }
        }
        Ok(self)
    }

    /// The number of the last entry that was followed; 0 before the first.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.head.sequence
    }

    /// Whether the head is reached: entries after it are not looked at.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.head.sequence >= self.end.sequence
    }

    /// Takes the next sealed entry, in order of sequence; the report if the chain breaks here.
    #[must_use]
    pub fn follow(&mut self, entry: &AuditEntry) -> Option<AuditReport> {
        let before = self.head.sequence;
        let expected = entry.seal_after(&self.head);
        let Some(seal) = entry.seal else {
            return Some(AuditReport::bad(before, before + 1, "the entry has lost its seal"));
        };
        if seal.sequence != expected.sequence {
            return Some(AuditReport::bad(before, expected.sequence, "the entry was removed"));
        }
        if seal != expected {
            let reason = "the entry was altered or put in: its hash does not follow from its content";
            return Some(AuditReport::bad(before, expected.sequence, reason));
        }
        match self.checkpoints.get(&seal.sequence) {
            Some(hash) if *hash != seal.hash => {
                return Some(AuditReport::bad(before, seal.sequence, REWRITTEN));
            }
            Some(_) => self.agreed += 1,
            None => {}
        }
        self.head = AuditHead { sequence: seal.sequence, hash: seal.hash };
        None
    }

    /// What was found when no entry is left.
    #[must_use]
    pub fn finish(self) -> AuditReport {
        let (head, end) = (self.head, self.end);
        if let Some((sequence, _)) = self.checkpoints.range(head.sequence + 1..).next_back() {
            let reason =
                format!("the entries from here to {sequence}, which a checkpoint names, were removed");
            return AuditReport::bad(head.sequence, head.sequence + 1, &reason);
        }
        if head == end {
            let (verified, checkpoints) = (head.sequence, self.agreed);
            return AuditReport { ok: true, verified, first_bad: None, reason: None, checkpoints };
        }
        let reason = if head.sequence < end.sequence {
            "the entries from here on were removed"
        } else {
            "the end of the chain is not the entry that the head names"
        };
        AuditReport::bad(head.sequence, (head.sequence + 1).min(end.sequence.max(1)), reason)
    }
}

/// Walks the chain from its first entry to its head, and compares it with the checkpoints of the store.
///
/// # Errors
/// `Unavailable` if the store does not answer.
pub async fn verify_chain(store: &dyn Store) -> Result<AuditReport> {
    verify_chain_with(store, &[], &[]).await
}

/// As [`verify_chain`], with checkpoints that were kept elsewhere too. With `trusted`, checkpoints that another key signed
/// are not believed.
///
/// # Errors
/// `Unavailable` if the store does not answer.
pub async fn verify_chain_with(
    store: &dyn Store,
    kept: &[AuditCheckpoint],
    trusted: &[PublicKey],
) -> Result<AuditReport> {
    // The checkpoints are read before the head: what they name is sealed. Entries sealed meanwhile are not looked at.
    let (mut stored, mut after) = (Vec::new(), 0);
    loop {
        let page = store.checkpoints(after, BATCH).await?;
        let Some(last) = page.last() else { break };
        after = last.sequence;
        stored.extend(page);
    }
    let verifier = ChainVerifier::new(store.audit_head().await?);
    let mut verifier = match verifier.with_checkpoints(stored.iter().chain(kept), trusted) {
        Ok(verifier) => verifier,
        Err(report) => return Ok(report),
    };
    let mut batch = BATCH;
    while !verifier.is_at_end() {
        let position = verifier.position();
        let entries = match store.chain(position, batch).await {
            Ok(entries) => entries,
            // One of them can't be read. From here on they come one by one, which shows whose turn it is.
            Err(error) if error.code() == UNREADABLE && batch > 1 => {
                batch = 1;
                continue;
            }
            Err(error) if error.code() == UNREADABLE => {
                let reason = "the entry was altered: it can't be read any more";
                return Ok(AuditReport::bad(position, position + 1, reason));
            }
            Err(error) => return Err(error),
        };
        if entries.is_empty() {
            break;
        }
        for entry in &entries {
            if let Some(report) = verifier.follow(entry) {
                return Ok(report);
            }
            if verifier.is_at_end() {
                break;
            }
        }
    }
    Ok(verifier.finish())
}
