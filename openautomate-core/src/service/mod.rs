//! The loops: small structs over the traits with a clock, so that a test drives them step by step.

mod access_watch;
mod agent_updater;
mod approval_keeper;
mod audit_checkpointer;
mod audit_sealer;
mod audit_verifier;
mod blob_collector;
mod chainer;
mod child_keeper;
mod dispatcher;
mod folder_keeper;
mod lease_reaper;
mod log_archiver;
mod peer_relay;
mod preparer;
mod pruner;
mod queue_watcher;
mod scheduler;
mod vault_keeper;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::changes::Event;
use crate::orchestrator::Orchestrator;

pub use access_watch::AccessWatch;
pub use agent_updater::AgentUpdater;
pub use approval_keeper::ApprovalKeeper;
pub use audit_checkpointer::{AuditCheckpointer, read_checkpoints};
pub use audit_sealer::AuditSealer;
pub use audit_verifier::{AuditReport, ChainVerifier, verify_chain, verify_chain_with};
pub use blob_collector::{BlobCollection, BlobCollector, CollectionReport};
pub use chainer::Chainer;
pub use child_keeper::ChildKeeper;
pub use dispatcher::Dispatcher;
pub use folder_keeper::FolderKeeper;
pub use lease_reaper::LeaseReaper;
pub use log_archiver::LogArchiver;
pub use peer_relay::PeerRelay;
pub use preparer::Preparer;
pub use pruner::Pruner;
pub use queue_watcher::{QueuePass, QueueWatcher};
pub use scheduler::Scheduler;
pub use vault_keeper::{
    ResealReport, VaultKeeper, check_opens, check_vault, forget_key, reseal_all, vault_is_in_use,
};

/// How long a loop rests after an error, so that a dead database is not hammered.
const REST: Duration = Duration::from_secs(1);

/// How often a loop looks that no event woke: another server may have been the one that was told.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Waits for an event that is wanted, or that may have been missed; no longer than [`LOOK_EVERY`]. Whatever else waits
/// by then is passed over.
async fn woken(events: &mut broadcast::Receiver<Event>, is_wanted: impl Fn(&Event) -> bool) {
    let wanted = async {
        loop {
            match events.recv().await {
                Ok(event) if is_wanted(&event) => return,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return,
                // Nothing will come any more; the poll goes on.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    };
    let _ = tokio::time::timeout(LOOK_EVERY, wanted).await;
    *events = events.resubscribe();
}

/// Starts all loops on the orchestrator's tracker; they end with its stop token.
pub(crate) fn start(orchestrator: &Orchestrator) {
    macro_rules! spawn {
        ($($loop:expr),*) => {$({
            let service = $loop;
            let stop = orchestrator.stop_token().clone();
            orchestrator.tasks().spawn(async move {
                tokio::select! {
                    () = service.run() => {}
                    () = stop.cancelled() => {}
                }
            });
        })*};
    }
    spawn!(
        Dispatcher::new(orchestrator.clone()),
        Scheduler::new(orchestrator.clone()),
        LeaseReaper::new(orchestrator.clone()),
        Pruner::new(orchestrator.clone()),
        BlobCollector::new(orchestrator.clone()),
        LogArchiver::new(orchestrator.clone()),
        Preparer::new(orchestrator.clone()),
        AgentUpdater::new(orchestrator.clone()),
        Chainer::new(orchestrator.clone()),
        QueueWatcher::new(orchestrator.clone()),
        FolderKeeper::new(orchestrator.clone()),
        ChildKeeper::new(orchestrator.clone()),
        ApprovalKeeper::new(orchestrator.clone()),
        PeerRelay::new(orchestrator.clone()),
        AccessWatch::new(orchestrator.clone()),
        VaultKeeper::new(orchestrator.clone())
    );
    // It ends by itself, after a last checkpoint.
    orchestrator.tasks().spawn(AuditSealer::new(orchestrator.clone()).run());
    if let Some(line) = orchestrator.peer_line() {
        spawn!(PeerRelay::over(orchestrator.clone(), Arc::clone(line)));
    }
}
