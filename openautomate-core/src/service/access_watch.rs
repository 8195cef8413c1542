//! Ends what is open once the access ends that it was opened with: log streams of people, connections of agents.
//!
//! # Why a revocation holds within five seconds, on every server
//! *Requests.* What a token says is not enough: each request reads session and account, or the agent's row, from the
//! store, which every server shares. A request that comes after the commit of a revocation is refused, at once and
//! everywhere. Nothing is cached that could be stale.
//!
//! *What stays open.* A server knows in which sessions and with which API keys streams are open, and which agents are
//! connected, with the revision of each agent's row. A change of what a person may ends their sessions; a key goes on
//! with less, so what was opened with more is ended. Every [`EVERY`] it asks the store, in one statement for all of them, which sessions are
//! still good and which revisions have moved; what moved is read, and ended if it may not go on. So an end takes effect
//! within the rest of one look, [`EVERY`], and the next look; a look is bounded by [`PATIENCE`], so that is four seconds.
//! An announcement of a peer makes it quicker for agents, and nothing depends on one. Nor on the wall clock: the pause is
//! counted by one that nobody sets.
//!
//! *What opens meanwhile.* A stream is registered after its request was checked, and an agent with the revision that was
//! checked, so an end between the two shows at the next look.
//!
//! *A store that does not answer.* Streams are ended then, since nobody knows whether they may go on. Agents are not:
//! all that one may do (claim, report, read an asset or a package) asks the store first, so without it a connection is
//! worth nothing, and ending thousands of them would only make its return harder.
//!
//! A transfer that was allowed and has begun (a download, an upload) is not cut off; an upload is kept only if the store
//! still allows it at its end.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::{TryStreamExt as _, stream};

use crate::error::{Error, Result};
use crate::id::{AgentId, ApiKeyId, SessionId};
use crate::orchestrator::Orchestrator;
use crate::permission::Allowed;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(2);
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// So many are asked for at once.
const BATCH: usize = 2_000;
/// So many agents that were changed are read side by side.
const SIDE_BY_SIDE: usize = 16;

/// The loop that ends what may not go on.
#[derive(Debug)]
pub struct AccessWatch {
    orchestrator: Orchestrator,
}

impl AccessWatch {
    /// The watch of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        Self { orchestrator }
    }

    /// Runs until it is dropped.
    pub async fn run(self) {
        loop {
            tokio::time::sleep(EVERY).await;
            let (sessions, keys, agents) =
                tokio::join!(self.look_at_sessions(), self.look_at_keys(), self.look_at_agents());
            if let Err(error) = keys {
                tracing::warn!(%error, "nobody can say which API keys are still good, so streams were ended");
            }
            if let Err(error) = sessions {
                tracing::warn!(%error, "nobody can say who is still signed in, so streams were ended");
            }
            if let Err(error) = agents {
                tracing::warn!(%error, "nobody can say which agents may stay connected; looking again soon");
            }
        }
    }

    /// Ends what is open in sessions that are over; all of it, if the store does not say which are.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer in time.
    pub async fn look_at_sessions(&self) -> Result<()> {
        let open = self.orchestrator.open_sessions();
        let ids = open.ids();
        let live = in_time(self.live(&ids)).await;
        let is_over = |id: &&SessionId| live.as_ref().map_or(true, |live| !live.contains(id));
        ids.iter().filter(is_over).for_each(|id| open.end(*id));
        live.map(drop)
    }

    async fn live(&self, ids: &[SessionId]) -> Result<HashSet<SessionId>> {
        let now = self.orchestrator.clock().now();
        let mut live = HashSet::with_capacity(ids.len());
        for ids in ids.chunks(BATCH) {
            live.extend(self.orchestrator.store().live_sessions(ids, now).await?);
        }
        Ok(live)
    }

    /// Ends what is open with API keys that are over, or that allow less than when it was opened; all of it, if the store
    /// does not say.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer in time.
    pub async fn look_at_keys(&self) -> Result<()> {
        let open = self.orchestrator.open_keys();
        let keys = open.all();
        let allowed = in_time(self.allowed(&keys)).await;
        let is_over = |(id, opened_with): &&(ApiKeyId, Allowed)| {
            let now = allowed.as_ref().ok().and_then(|allowed| allowed.get(id));
            now.is_none_or(|now| !opened_with.is_subset(now))
        };
        keys.iter().filter(is_over).for_each(|(id, _)| open.end(*id));
        allowed.map(drop)
    }

    /// What the keys that are good allow at this moment.
    async fn allowed(&self, keys: &[(ApiKeyId, Allowed)]) -> Result<HashMap<ApiKeyId, Allowed>> {
        let (now, store) = (self.orchestrator.clock().now(), self.orchestrator.store());
        let ids: Vec<ApiKeyId> = keys.iter().map(|(id, _)| *id).collect();
        let mut allowed = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(BATCH) {
            // A person may have several: each is read once.
            let mut people = HashMap::new();
            for key in store.live_api_keys(ids, now).await? {
                let user = match people.entry(key.user_id) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => place.insert(store.user(key.user_id).await?),
                };
                if let Some(user) = user {
                    let actor = self.orchestrator.by_key(user, &key).await?;
                    allowed.insert(key.id, actor.allowed());
                }
            }
        }
        Ok(allowed)
    }

    /// Takes over what was changed of connected agents, and cuts off those that may not connect any more.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer in time.
    pub async fn look_at_agents(&self) -> Result<()> {
        let known = self.orchestrator.connections().revisions();
        in_time(async {
            for known in known.chunks(BATCH) {
                let ids: Vec<AgentId> = known.iter().map(|(id, _)| *id).collect();
                let stored = self.orchestrator.store().agent_revisions(&ids).await?;
                let stored: HashMap<AgentId, i64> = stored.into_iter().collect();
                let moved = known.iter().filter(|(id, revision)| stored.get(id) != Some(revision));
                stream::iter(moved.map(|(id, _)| Ok(*id)))
                    .try_for_each_concurrent(SIDE_BY_SIDE, |id| self.orchestrator.take_over(id))
                    .await?;
            }
            Ok(())
        })
        .await
    }
}

async fn in_time<T>(asking: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| Error::unavailable("store.slow", "the store did not answer in time");
    tokio::time::timeout(PATIENCE, asking).await.map_err(late)?
}
