//! Seals audit entries into the hash chain, in batches, within a second; and verifies the chain.

use std::time::Duration;

use serde::Serialize;

use super::REST;
use crate::domain::AuditHead;
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

/// Walks the chain from its first entry to its head.
///
/// # Errors
/// `Unavailable` if the store does not answer.
pub async fn verify_chain(store: &dyn Store) -> Result<AuditReport> {
    // The head is read first: entries sealed meanwhile are simply not looked at.
    let end = store.audit_head().await?;
    let mut head = AuditHead::default();
    while head.sequence < end.sequence {
        let entries = store.chain(head.sequence, BATCH).await?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            let expected = entry.seal_after(&head);
            let Some(seal) = entry.seal else {
                return Ok(AuditReport::bad(head.sequence, head.sequence + 1, "the entry has lost its seal"));
            };
            if seal.sequence != expected.sequence {
                return Ok(AuditReport::bad(head.sequence, expected.sequence, "the entry was removed"));
            }
            if seal != expected {
                let reason = "the entry was altered or put in: its hash does not follow from its content";
                return Ok(AuditReport::bad(head.sequence, expected.sequence, reason));
            }
            head = AuditHead { sequence: seal.sequence, hash: seal.hash };
            if head.sequence == end.sequence {
                break;
            }
        }
    }
    if head != end {
        let reason = if head.sequence < end.sequence {
            "the entries from here on were removed"
        } else {
            "the end of the chain is not the entry that the head names"
        };
        return Ok(AuditReport::bad(head.sequence, (head.sequence + 1).min(end.sequence.max(1)), reason));
    }
    Ok(AuditReport { ok: true, verified: head.sequence, first_bad: None, reason: None })
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
