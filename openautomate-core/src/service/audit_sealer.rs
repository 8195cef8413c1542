//! Seals audit entries into the hash chain, in batches, within a second; and verifies the chain.

use std::time::Duration;

use serde::Serialize;

use super::REST;
use crate::domain::{AuditEntry, AuditHead};
use crate::error::Result;
use crate::orchestrator::Orchestrator;
use crate::permission::{Access, Actor, Permission};
use crate::store::Store;

const EVERY: Duration = Duration::from_millis(500);
const BATCH: u32 = 1_000;

/// The loop that seals.
#[derive(Debug)]
pub struct AuditSealer {
    orchestrator: Orchestrator,
}

impl AuditSealer {
    /// A sealer of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        Self { orchestrator }
    }

    /// Runs until it is dropped.
    pub async fn run(self) {
        loop {
            if let Err(error) = self.seal().await {
                tracing::warn!(%error, "audit entries could not be sealed; trying again");
                tokio::time::sleep(REST).await;
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Seals everything that waits. Says how many entries.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn seal(&self) -> Result<u64> {
        let mut sealed = 0;
        loop {
            let batch = self.orchestrator.store().seal(BATCH).await?;
            sealed += batch;
            if batch < u64::from(BATCH) {
                return Ok(sealed);
            }
        }
    }
}

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
}

impl AuditReport {
    fn bad(verified: u64, sequence: u64, reason: &str) -> Self {
        Self { ok: false, verified, first_bad: Some(sequence), reason: Some(reason.to_owned()) }
    }
}

/// Follows a chain from its first entry to its head.
#[derive(Clone, Copy, Debug)]
pub struct ChainVerifier {
    head: AuditHead,
    end: AuditHead,
}

impl ChainVerifier {
    /// A verifier of the chain that ends with `end`.
    #[must_use]
    pub fn new(end: AuditHead) -> Self {
        Self { head: AuditHead::default(), end }
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
        self.head = AuditHead { sequence: seal.sequence, hash: seal.hash };
        None
    }

    /// What was found when no entry is left.
    #[must_use]
    pub fn finish(self) -> AuditReport {
        let (head, end) = (self.head, self.end);
        if head == end {
            return AuditReport { ok: true, verified: head.sequence, first_bad: None, reason: None };
        }
        let reason = if head.sequence < end.sequence {
            "the entries from here on were removed"
        } else {
            "the end of the chain is not the entry that the head names"
        };
        AuditReport::bad(head.sequence, (head.sequence + 1).min(end.sequence.max(1)), reason)
    }
}

/// Walks the chain from its first entry to its head.
///
/// # Errors
/// `Unavailable` if the store does not answer.
pub async fn verify_chain(store: &dyn Store) -> Result<AuditReport> {
    // The head is read first: entries sealed meanwhile are simply not looked at.
    let mut verifier = ChainVerifier::new(store.audit_head().await?);
    while !verifier.is_at_end() {
        let entries = store.chain(verifier.position(), BATCH).await?;
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

impl Orchestrator {
    /// Verifies the audit's chain.
    ///
    /// # Errors
    /// `Forbidden` for those who may not read the audit; `Unavailable` if the store does not answer.
    pub async fn verify_audit(&self, actor: &Actor) -> Result<AuditReport> {
        self.authorize(actor, Access::Permission(Permission::ReadAudit))?;
        verify_chain(self.store()).await
    }
}
