//! Making versions ready ahead of their first run: fetched, and their environments made.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use openautomate_core::ErrorKind;
use openautomate_core::package::manifest::PYTHON;
use openautomate_core::transport::{PackageGrant, Preparation};
use tokio::sync::Notify;

use crate::agent::Inner;

/// More than this are forgotten, the oldest first: their first run makes what it needs.
const MAX_WAITING: usize = 200;
/// How long after a failure a version is tried once more.
const PAUSE: Duration = Duration::from_secs(5);

/// The versions that wait to be made ready.
#[derive(Debug, Default)]
pub(crate) struct Preparations {
    waiting: Mutex<VecDeque<Preparation>>,
    came: Notify,
}

impl Preparations {
    /// Notes that a version was deployed where this agent works.
    pub(crate) fn add(&self, preparation: Preparation) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|other| other.version != preparation.version);
        if waiting.len() == MAX_WAITING {
            waiting.pop_front();
        }
        waiting.push_back(preparation);
        self.came.notify_one();
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
        let mut made = prepare(agent, &preparation).await;
        if let Err(Refusal::Later) = made {
            tokio::time::sleep(PAUSE).await;
            made = prepare(agent, &preparation).await;
        }
        let (package, version) = (&preparation.package.name, &preparation.package.version_number);
        match made {
            Ok(()) => tracing::info!(package, version, "a deployed version is ready"),
            Err(Refusal::Later) => {
                tracing::info!(package, version, "a deployed version could not be made ready");
            }
            Err(Refusal::For(why)) => {
                tracing::warn!(package, version, why, "a deployed version could not be made ready");
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
    agent.trust.check(&preparation.package).map_err(refused)?;
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
        cache
            .ensure(&requirement, &|_, text| tracing::debug!(text, "making an environment"))
            .await
            .map_err(failed)?;
    }
    Ok(())
}
