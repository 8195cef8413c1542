//! The loops: small structs over the traits with a clock, so that a test drives them step by step.

mod access_watch;
mod audit_sealer;
mod blob_collector;
mod dispatcher;
mod lease_reaper;
mod log_archiver;
mod peer_relay;
mod preparer;
mod pruner;
mod scheduler;

use std::sync::Arc;
use std::time::Duration;

use crate::orchestrator::Orchestrator;

pub use access_watch::AccessWatch;
pub use audit_sealer::{AuditReport, AuditSealer, ChainVerifier, verify_chain};
pub use blob_collector::{BlobCollection, BlobCollector, CollectionReport};
pub use dispatcher::Dispatcher;
pub use lease_reaper::LeaseReaper;
pub use log_archiver::LogArchiver;
pub use peer_relay::PeerRelay;
pub use preparer::Preparer;
pub use pruner::Pruner;
pub use scheduler::Scheduler;

/// How long a loop rests after an error, so that a dead database is not hammered.
const REST: Duration = Duration::from_secs(1);

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
        AuditSealer::new(orchestrator.clone()),
        Pruner::new(orchestrator.clone()),
        BlobCollector::new(orchestrator.clone()),
        LogArchiver::new(orchestrator.clone()),
        Preparer::new(orchestrator.clone()),
        PeerRelay::new(orchestrator.clone()),
        AccessWatch::new(orchestrator.clone())
    );
    if let Some(line) = orchestrator.peer_line() {
        spawn!(PeerRelay::over(orchestrator.clone(), Arc::clone(line)));
    }
}
