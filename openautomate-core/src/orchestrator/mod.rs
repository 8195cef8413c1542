//! The orchestrator: what a program holds. It executes commands, answers queries, serves agents and runs the
//! loops. Cheap to clone; all clones are the same one.

mod access;
mod agent_update;
mod agent_work;
mod arrival;
mod asset_file;
mod audited_read;
mod blob;
mod bucket;
mod bucket_lease;
mod builder;
mod bulk;
mod connections;
mod content;
mod delivery;
mod execute;
mod explain;
mod explain_execution;
mod explain_trigger;
mod file;
mod follow;
mod gateway;
mod given_secrets;
mod hello;
mod host;
mod log;
mod login;
mod person;
mod quarantine;
mod queue_lease;
mod reach;
mod run_call;
mod settings;
mod webhook;
mod work_queue;

use std::sync::Arc;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::blob::BlobStore;
use crate::changes::Event;
use crate::clock::Clock;
use crate::credential::PasswordHasher;
use crate::error::Result;
use crate::id::AgentId;
use crate::package::signature::{PackageSigner, PublicKey};
use crate::permission::{Access, Actor, authorize};
use crate::service;
use crate::store::{PeerLine, Store};
use crate::vault::Vault;

pub use access::AccessGuard;
pub use agent_work::ArtifactIntake;
pub use arrival::ArrivalIntake;
pub(crate) use arrival::MAX_WATCHES;
pub use asset_file::AssetAnswer;
pub use bucket::{ObjectIntake, ObjectPage, ObjectQuery};
pub use builder::OrchestratorBuilder;
pub use bulk::{BulkOutcome, Selection};
pub use execute::Idempotency;
pub use explain::{ScheduleExplanation, ScheduleHold};
pub use explain_trigger::{TriggerExplanation, TriggerHold};
pub use file::FileIntake;
pub use follow::{FollowedLine, LogFollower};
pub use host::Joined;
pub use login::{AdmittedLogin, LoginGate};
pub use settings::{Registration, RequireTotp, ScheduleIntervals, Settings};
pub use work_queue::{Imported, MAX_MOVED, MAX_TAKEN};

use access::{OpenKeys, OpenSessions};
use agent_work::VersionCache;
pub(crate) use connections::{Connected, Connections};
use given_secrets::GivenSecrets;

/// How many events a slow subscriber may lag behind before it misses some.
const EVENT_CAPACITY: usize = 4_096;

/// The orchestrator.
#[derive(Clone, Debug)]
pub struct Orchestrator {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Arc<dyn Store>,
    blobs: Arc<dyn BlobStore>,
    vault: Vault,
    signer: PackageSigner,
    clock: Arc<dyn Clock>,
    settings: Settings,
    peer_line: Option<Arc<dyn PeerLine>>,
    passwords: PasswordHasher,
    events: broadcast::Sender<Event>,
    connections: Connections,
    open_sessions: OpenSessions,
    open_keys: OpenKeys,
    versions: VersionCache,
    given_secrets: GivenSecrets,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Orchestrator {
    /// Begins to put one together.
    #[must_use]
    pub fn builder(store: Arc<dyn Store>, blobs: Arc<dyn BlobStore>, vault: Vault) -> OrchestratorBuilder {
        OrchestratorBuilder::new(store, blobs, vault)
    }

    /// The store, for queries. Ask [`Orchestrator::authorize`] first.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.inner.store
    }

    /// The blobs, for queries. Ask [`Orchestrator::authorize`] first.
    #[must_use]
    pub fn blobs(&self) -> &dyn BlobStore {
        &*self.inner.blobs
    }

    /// The key by which this orchestrator's signatures of versions are checked.
    #[must_use]
    pub fn package_key(&self) -> PublicKey {
        self.inner.signer.public_key()
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.inner.clock
    }

    /// What the operator set.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Decides whether an actor may do something; for queries. Commands are asked by `execute`.
    ///
    /// # Errors
    /// `Unauthenticated` or `Forbidden`.
    pub fn authorize(&self, actor: &Actor, access: Access) -> Result<()> {
        authorize(actor, access)
    }

    /// What becomes visible from now on. A subscriber that lags more than a few thousand events behind is
    /// told so and reads again.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.inner.events.subscribe()
    }

    /// Whether an agent is connected to this orchestrator at this moment.
    #[must_use]
    pub fn is_connected(&self, agent: AgentId) -> bool {
        self.inner.connections.contains(agent)
    }

    /// Starts the loops. Without it the orchestrator answers, but nothing is dispatched, fired or reaped.
    pub fn start(&self) {
        service::start(self);
    }

    /// Ends the loops and the agents' connections, and waits until they have ended. What agents run goes on;
    /// they come back to the next server.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Tells whoever subscribed here, and the other servers.
    pub(crate) fn publish(&self, event: Event) {
        if event.concerns_peers() {
            self.inner.store.announce(&event);
            if let Some(line) = &self.inner.peer_line {
                line.announce(&event);
            }
        }
        self.publish_here(event);
    }

    /// Tells whoever subscribed here.
    pub(crate) fn publish_here(&self, event: Event) {
        // An error means that nobody listens.
        let _ = self.inner.events.send(event);
    }

    /// The line to other servers beside the store, if there is one.
    pub(crate) fn peer_line(&self) -> Option<&Arc<dyn PeerLine>> {
        self.inner.peer_line.as_ref()
    }

    /// What signs for this orchestrator.
    pub(crate) fn signer(&self) -> &PackageSigner {
        &self.inner.signer
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    pub(crate) fn stop_token(&self) -> &CancellationToken {
        &self.inner.stop
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.inner.tasks
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.inner.connections
    }
}
