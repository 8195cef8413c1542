//! Putting an orchestrator together.

use std::sync::Arc;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{
    Connections, EVENT_CAPACITY, GivenSecrets, Inner, OpenKeys, OpenSessions, Orchestrator, Settings,
    VersionCache,
};
use crate::blob::BlobStore;
use crate::clock::{Clock, SystemClock};
use crate::command::identity::PrepareInstallation;
use crate::credential::PasswordHasher;
use crate::error::{ErrorKind, Result};
use crate::package::signature::PackageSigner;
use crate::permission::Actor;
use crate::service::check_vault;
use crate::store::{PeerLine, Store};
use crate::vault::Vault;

/// Puts an [`Orchestrator`] together.
#[derive(Debug)]
pub struct OrchestratorBuilder {
    store: Arc<dyn Store>,
    blobs: Arc<dyn BlobStore>,
    vault: Vault,
    signer: Option<PackageSigner>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    peer_line: Option<Arc<dyn PeerLine>>,
}

impl OrchestratorBuilder {
    pub(super) fn new(store: Arc<dyn Store>, blobs: Arc<dyn BlobStore>, vault: Vault) -> Self {
        Self {
            store,
            blobs,
            vault,
            signer: None,
            clock: Arc::new(SystemClock),
            settings: Settings::default(),
            peer_line: None,
        }
    }

    /// Takes the time from here instead of the machine's clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Signs versions with this key. By default it is one made of the oldest key of the vault: a key of its own
    /// outlives that one's removal.
    #[must_use]
    pub fn signer(mut self, signer: PackageSigner) -> Self {
        self.signer = Some(signer);
        self
    }

    /// Takes these settings instead of the defaults.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Speaks with the other servers on the same data over this line, too, beside what the store carries. An event that
    /// comes both ways is a hint said twice.
    #[must_use]
    pub fn peer_line(mut self, line: impl PeerLine) -> Self {
        self.peer_line = Some(Arc::new(line));
        self
    }

    /// Makes the orchestrator and whatever every installation starts with. The loops run after
    /// [`Orchestrator::start`].
    ///
    /// # Errors
    /// `Internal` if the vault fails its self-check; `Invalid` with `vault.other_key` or `vault.key_missing` if its keys
    /// are not those of the database; `Unavailable` if the store does not answer.
    pub async fn build(self) -> Result<Orchestrator> {
        self.vault.self_check()?;
        check_vault(&*self.store, &self.vault, &*self.clock).await?;
        let derived = PackageSigner::from_seed(&self.vault.derive("openautomate-package-signer-v1"));
        let orchestrator = Orchestrator {
            inner: Arc::new(Inner {
                passwords: PasswordHasher::new(self.settings.password_parallelism)?,
                store: self.store,
                blobs: self.blobs,
                vault: self.vault,
                signer: self.signer.unwrap_or(derived),
                clock: self.clock,
                settings: self.settings,
                peer_line: self.peer_line,
                events: broadcast::Sender::new(EVENT_CAPACITY),
                connections: Connections::default(),
                open_sessions: OpenSessions::default(),
                open_keys: OpenKeys::default(),
                versions: VersionCache::default(),
                given_secrets: GivenSecrets::default(),
                stop: CancellationToken::new(),
                tasks: TaskTracker::new(),
            }),
        };
        match orchestrator.execute(&Actor::system(), PrepareInstallation).await {
            // Another server that started at the same time was first.
            Err(error) if error.kind() == ErrorKind::Conflict => {
                orchestrator.execute(&Actor::system(), PrepareInstallation).await?;
            }
            other => other?,
        }
        Ok(orchestrator)
    }
}
