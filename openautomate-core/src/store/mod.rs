//! The seam to databases: what an adapter provides, by role.
//!
//! Commands decide and stores commit: every change that somebody asks for arrives as one
//! [`Changes`](crate::changes::Changes) at [`CommitStore::commit`]. What can't be read first and written then
//! (claiming, renewing, finishing) are single atomic operations of [`LeaseStore`]. Everything else reads.
//!
//! All traits are object safe, so `Arc<dyn Store>` is what the rest of the system holds. No method has a
//! default body: a wrapper that forgets one does not compile. The conformance suite
//! (`crate::conformance::store`, feature `conformance`) has a case for every clause of the contracts.
//!
//! # Contract of every method
//! - A write that returned `Ok` survives a kill of the process and, where the database's settings allow it
//!   at all, a loss of power.
//! - A write is atomic: whole or not at all, also when its future is dropped half-way (then either).
//! - Reads see every write that returned before they began.
//! - Times are kept to the microsecond.

mod agent;
mod agent_release;
mod api_key;
mod approval;
mod asset;
mod audit;
mod bucket;
mod calendar;
mod child;
mod commit;
mod execution;
mod file;
mod host;
mod identity;
mod lease;
mod log;
mod log_archive;
mod login;
pub mod memory;
mod package;
mod peer;
mod role;
mod schedule;
mod sign_in;
mod trigger;
mod vault;
mod work_queue;

use std::fmt::Debug;

pub use agent::AgentStore;
pub use agent_release::AgentReleaseStore;
pub use api_key::ApiKeyStore;
pub use approval::ApprovalStore;
pub use asset::AssetStore;
pub use audit::AuditStore;
pub use bucket::{BucketStore, DeleteObject, MoveObject, ObjectRange, PutObject, object_absent};
pub use calendar::CalendarStore;
pub use child::ChildStore;
pub use commit::CommitStore;
pub use execution::ExecutionStore;
pub use file::FileStore;
pub use host::HostTransaction;
pub use identity::IdentityStore;
pub use lease::{ClaimRequest, FinishAttempt, Finished, LeaseStore, Renewal, RenewalOutcome};
pub use log::{LogAck, LogStore};
pub use log_archive::{ArchivableLogs, LogArchiveStore};
pub use login::{LoginAdmission, LoginStore, LoginTry};
pub use package::PackageStore;
pub use peer::{PeerLine, PeerStore};
pub use role::RoleStore;
pub use schedule::ScheduleStore;
pub use sign_in::SignInStore;
pub use trigger::TriggerStore;
pub use vault::{Resealed, SealedCount, SealedKind, SealedValue, VaultKey, VaultStore};
pub use work_queue::{AddItems, MoveItems, PackedItem, TakeItems, WorkQueueStore, reference_taken};

/// A whole store adapter.
pub trait Store:
    CommitStore
    + LeaseStore
    + LogStore
    + LogArchiveStore
    + AuditStore
    + IdentityStore
    + ApiKeyStore
    + RoleStore
    + AgentStore
    + AgentReleaseStore
    + PackageStore
    + ExecutionStore
    + ScheduleStore
    + CalendarStore
    + AssetStore
    + PeerStore
    + FileStore
    + LoginStore
    + SignInStore
    + WorkQueueStore
    + TriggerStore
    + ChildStore
    + ApprovalStore
    + BucketStore
    + VaultStore
    + Debug
    + Send
    + Sync
    + 'static
{
}

impl<T> Store for T where
    T: CommitStore
        + LeaseStore
        + LogStore
        + LogArchiveStore
        + AuditStore
        + IdentityStore
        + ApiKeyStore
        + RoleStore
        + AgentStore
        + AgentReleaseStore
        + PackageStore
        + ExecutionStore
        + ScheduleStore
        + CalendarStore
        + AssetStore
        + PeerStore
        + FileStore
        + LoginStore
        + SignInStore
        + SignInStore
        + WorkQueueStore
        + TriggerStore
        + ChildStore
        + ApprovalStore
        + BucketStore
        + VaultStore
        + Debug
        + Send
        + Sync
        + 'static
{
}
