//! Making versions ready ahead of their first run: fetched, and their environments made.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openautomate_core::ErrorKind;
use openautomate_core::domain::PreparationState;
use openautomate_core::id::VersionId;
use openautomate_core::package::manifest::PYTHON;
use openautomate_core::transport::{AgentMessage, PackageGrant, Preparation, PreparationWord};
use tokio::sync::Notify;

use crate::agent::Inner;

/// More than this are forgotten, the oldest first: their first run makes what it needs.
const MAX_WAITING: usize = 200;
/// Of how many versions it is remembered how far this agent is with them.
const MAX_KNOWN: usize = 500;
/// How long after a failure a version is tried once more.
const PAUSE: Duration = Duration::from_secs(5);

/// The versions that wait to be made ready, and how far this agent is with those it knows.
#[derive(Debug, Default)]
pub(crate) struct Preparations {
    waiting: Mutex<VecDeque<Preparation>>,
    came: Notify,
    told: Mutex<Told>,
}

/// What there is to tell of versions.
#[derive(Debug, Default)]
struct Told {
    words: HashMap<VersionId, PreparationWord>,
    unsaid: BTreeSet<VersionId>,
    is_heard: bool,
}

impl Preparations {
    /// Notes that a version was deployed where this agent works.
    pub(crate) fn add(&self, preparation: Preparation) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|other| other.version != preparation.version);
        if waiting.len() == MAX_WAITING {
            waiting.pop_front();
        }
        waiting.push_back(preparation.clone());
        drop(waiting);
        if self.state(preparation.version) != Some(PreparationState::Ready) {
            self.note(preparation.version, PreparationState::Waiting, None);
        }
        self.came.notify_one();
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection begins, to a server that hears of versions or does not: it is told all.
    pub(crate) fn connected(&self, is_heard: bool) {
        let mut told = self.told();
        told.is_heard = is_heard;
        told.unsaid = told.words.keys().copied().collect();
    }

    /// How far this agent is with a version, as far as it knows.
    pub(crate) fn state(&self, version: VersionId) -> Option<PreparationState> {
        self.told().words.get(&version).map(|word| word.state)
    }

    /// Notes how far this agent is; whoever holds the connection tells it with the next word.
    pub(crate) fn note(&self, version: VersionId, state: PreparationState, reason: Option<String>) {
        let mut told = self.told();
        if told.words.len() >= MAX_KNOWN && !told.words.contains_key(&version) {
            // Those that are not deployed any more are told of again when they run.
            told.words.clear();
        }
        let word = PreparationWord { version, state, reason };
        if told.words.insert(version, word.clone()).as_ref() != Some(&word) {
            told.unsaid.insert(version);
        }
    }

    /// What the server was not told.
    pub(crate) fn unsaid(&self) -> Option<AgentMessage> {
        let mut told = self.told();
        let unsaid = std::mem::take(&mut told.unsaid);
        let versions: Vec<_> = unsaid.iter().filter_map(|version| told.words.get(version).cloned()).collect();
        (told.is_heard && !versions.is_empty()).then_some(AgentMessage::Prepared { versions })
    }

    async fn next(&self) -> Preparation {
        loop {
            let next = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            match next {
                Some(next) => return next,
                None => self.came.notified().await,
            }
        }
    }
}

/// Makes ready what waits, one version at a time, until it is dropped. What fails is told by the first run.
pub(crate) async fn prepare_always(agent: &Inner) {
    loop {
        let preparation = agent.preparations.next().await;
        let note = |state, reason| {
            agent.preparations.note(preparation.version, state, reason);
            agent.changed.notify_one();
        };
        let mut made = prepare(agent, &preparation).await;
        if let Err(Refusal::Later) = made {
            tokio::time::sleep(PAUSE).await;
            made = prepare(agent, &preparation).await;
        }
        let (package, version) = (&preparation.package.name, &preparation.package.version_number);
        match made {
            Ok(()) => {
                tracing::info!(package, version, "a deployed version is ready");
                note(PreparationState::Ready, None);
            }
            Err(Refusal::Later) => {
                tracing::info!(package, version, "a deployed version could not be made ready");
                note(PreparationState::Failed, Some("the server could not be reached".to_owned()));
            }
            Err(Refusal::For(why)) => {
                tracing::warn!(package, version, why, "a deployed version could not be made ready");
                note(PreparationState::Failed, Some(why));
            }
        }
    }
}

enum Refusal {
    /// The server could not be reached.
    Later,
    /// For this reason.
    For(String),
}

async fn prepare(agent: &Inner, preparation: &Preparation) -> Result<(), Refusal> {
    let refused = |error: openautomate_core::Error| match error.kind() {
        ErrorKind::Unavailable => Refusal::Later,
        _ => Refusal::For(error.to_string()),
    };
    let note = |state| {
        agent.preparations.note(preparation.version, state, None);
        agent.changed.notify_one();
    };
    agent.trust.check(&preparation.package).map_err(refused)?;
    if agent.preparations.state(preparation.version) != Some(PreparationState::Ready) {
        note(PreparationState::Fetching);
    }
    let grant = PackageGrant::Deployment(preparation.version);
    let package =
        agent.packages.fetch(&*agent.transport, grant, &preparation.package).await.map_err(refused)?;
    let Some(cache) = agent.environments.as_ref().filter(|_| preparation.runtime == PYTHON) else {
        return Ok(());
    };
    let digest = &preparation.package.digest;
    let failed = |failure: crate::environment::Failure| Refusal::For(failure.to_string());
    let needed = cache.requirement(&package.folder, &preparation.entrypoint, digest).await.map_err(failed)?;
    if let Some(requirement) = needed {
        if agent.preparations.state(preparation.version) != Some(PreparationState::Ready) {
            note(PreparationState::Building);
        }
        cache
            .ensure(&requirement, &|_, text| tracing::debug!(text, "making an environment"))
            .await
            .map_err(failed)?;
    }
    Ok(())
}
