//! Gives pending executions to agents with free slots, the moment both are there.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures_util::future::join_all;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::REST;
use crate::changes::Event;
use crate::clock::Timestamp;
use crate::domain::{Execution, ExecutionState};
use crate::error::Result;
use crate::id::AgentId;
use crate::orchestrator::{Connected, Orchestrator};
use crate::store::ClaimRequest;
use crate::transport::ServerMessage;

/// How many agents claim side by side, so that their claims share one write to the disk.
const SIDE_BY_SIDE: usize = 16;
/// Even without any event, it looks this often: another server may have enqueued.
const SLOW_POLL: TimeDelta = TimeDelta::seconds(5);

/// What woke the dispatcher.
#[derive(Debug, Default)]
struct Wake {
    /// New pending executions.
    pending: usize,
    /// Agents that said how many slots they have.
    ready: Vec<AgentId>,
    /// Agents that came, went or were changed by somebody.
    changed: Vec<AgentId>,
    /// Executions that gave back what they held of their limits.
    freed: usize,
    /// Something waits from now on for a time to come.
    waits: bool,
    /// Something may have been missed: try everybody.
    all: bool,
}

impl Wake {
    fn everything() -> Self {
        Self { all: true, ..Self::default() }
    }

    fn is_none(&self) -> bool {
        self.pending == 0
            && self.freed == 0
            && self.ready.is_empty()
            && self.changed.is_empty()
            && !self.waits
            && !self.all
    }
}

/// What was read of the store, until an event says that it may be otherwise. Under load there are several events an
/// execution, and most of them change nothing of this.
#[derive(Debug, Default)]
struct Known {
    /// When something becomes due next, if it was read.
    deadline: Option<Option<Timestamp>>,
    /// Whether anything that waits is under a limit.
    has_limited: Option<bool>,
}

/// The loop that dispatches.
#[derive(Debug)]
pub struct Dispatcher {
    orchestrator: Orchestrator,
    events: broadcast::Receiver<Event>,
    known: Known,
    /// When everybody is tried again without any event.
    poll_at: Timestamp,
}

impl Dispatcher {
    /// A dispatcher of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        let (events, poll_at) = (orchestrator.subscribe(), orchestrator.clock().now() + SLOW_POLL);
        Self { orchestrator, events, known: Known::default(), poll_at }
    }

    /// Runs until it is dropped.
    pub async fn run(mut self) {
        let mut wake = Wake::everything();
        loop {
            if let Err(error) = self.dispatch(&wake).await {
                tracing::warn!(%error, "executions could not be dispatched; trying again");
                tokio::time::sleep(REST).await;
                wake = Wake::everything();
                continue;
            }
            wake = self.wait().await;
        }
    }

    /// Waits for something to do, and takes whatever else waits already.
    async fn wait(&mut self) -> Wake {
        let until = self.deadline().await.map_or(self.poll_at, |deadline| deadline.min(self.poll_at));
        let mut wake = Wake::default();
        let orchestrator = self.orchestrator.clone();
        let due = orchestrator.clock().sleep_until(until);
        tokio::pin!(due);
        while wake.is_none() {
            tokio::select! {
                event = self.events.recv() => self.note(event, &mut wake),
                () = &mut due => wake.all = true,
            }
        }
        loop {
            match self.events.try_recv() {
                Ok(event) => self.note(Ok(event), &mut wake),
                Err(broadcast::error::TryRecvError::Lagged(n)) => {
                    self.note(Err(RecvError::Lagged(n)), &mut wake);
                }
                Err(_) => return wake,
            }
        }
    }

    /// When something becomes due next.
    async fn deadline(&mut self) -> Option<Timestamp> {
        if let Some(known) = self.known.deadline {
            return known;
        }
        let now = self.orchestrator.clock().now();
        let read = self.orchestrator.store().next_deadline(now).await.ok();
        self.known.deadline = read;
        read.flatten()
    }

    /// Whether anything that waits is under a limit.
    async fn has_limited(&mut self) -> Result<bool> {
        if let Some(known) = self.known.has_limited {
            return Ok(known);
        }
        let read = self.orchestrator.store().has_limited().await?;
        self.known.has_limited = Some(read);
        Ok(read)
    }

    fn note(&self, event: Result<Event, RecvError>, wake: &mut Wake) {
        match event {
            Ok(Event::ExecutionPending { .. }) => wake.pending += 1,
            Ok(Event::AgentReady { agent_id }) => wake.ready.push(agent_id),
            Ok(Event::ExecutionChanged { state, .. }) if !state.is_leased() => {
                wake.freed += 1;
                wake.waits |= state == ExecutionState::Waiting;
            }
            Ok(Event::CancelRequested { lease, agent_id }) => {
                // If the agent is away or slow it learns of it with its next heartbeat.
                if let Some(sender) = self.orchestrator.connections().sender(agent_id) {
                    let _ = sender.try_send(ServerMessage::Cancel { lease });
                }
            }
            Ok(Event::AgentChanged { agent_id } | Event::AgentConnected { agent_id }) => {
                wake.changed.push(agent_id);
            }
            Ok(Event::ExecutionsWoken | Event::EventsMissed) => wake.all = true,
            Ok(_) => {}
            Err(RecvError::Lagged(_) | RecvError::Closed) => wake.all = true,
        }
    }

    /// One pass: gives away what it can.
    async fn dispatch(&mut self, wake: &Wake) -> Result<()> {
        let now = self.orchestrator.clock().now();
        if wake.all {
            self.poll_at = now + SLOW_POLL;
        }
        // What waits may wait for a time to come, and who changes a limit wakes everybody.
        if wake.all || wake.waits || wake.pending > 0 {
            self.known.deadline = None;
        }
        if wake.all || wake.pending > 0 {
            self.known.has_limited = None;
        }
        let connections = self.orchestrator.connections();
        for agent in &wake.changed {
            self.orchestrator.take_over(*agent).await?;
        }
        // An agent that spoke twice claims once: two claims side by side would each take all of its slots.
        let ready: BTreeSet<_> = wake.ready.iter().collect();
        let ready: Vec<_> =
            ready.into_iter().filter_map(|agent| connections.with_credit(*agent, now)).collect();
        let claimed = self.claim_for(ready).await?;
        // Who has ended made a slot free, of which its agent tells by itself; others are asked only for the sake of
        // limits.
        let has_freed = wake.freed > 0
            && !self.orchestrator.connections().all_with_credit(now).is_empty()
            && self.has_limited().await?;
        let freed = if has_freed { wake.freed } else { 0 };
        let mut wanted = (wake.pending + freed).saturating_sub(claimed);
        if wake.all || wanted > 0 {
            for group in self.orchestrator.connections().all_with_credit(now).chunks(SIDE_BY_SIDE) {
                wanted = wanted.saturating_sub(self.claim_for(group.to_vec()).await?);
                if !wake.all && wanted == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Claims for some agents side by side; says how many executions were given away.
    async fn claim_for(&self, agents: Vec<Connected>) -> Result<usize> {
        let claims = agents.into_iter().map(|agent| self.claim(agent));
        let claimed = join_all(claims).await.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(claimed.into_iter().sum())
    }

    async fn claim(&self, agent: Connected) -> Result<usize> {
        let now = self.orchestrator.clock().now();
        // What another could begin at once does not wait here for a slot.
        let has_rival = agent.ahead > 0 && self.orchestrator.connections().another_is_free(&agent, now);
        let limit = if has_rival { agent.credit } else { agent.credit + agent.ahead };
        if limit == 0 {
            return Ok(0);
        }
        let ttl = TimeDelta::from_std(self.orchestrator.settings().lease_ttl).unwrap_or(TimeDelta::zero());
        let request = ClaimRequest {
            agent_id: agent.agent_id,
            environment_id: agent.environment_id,
            labels: agent.labels.clone(),
            os: agent.os.clone(),
            python_versions: agent.python_versions.clone(),
            pool_ids: agent.pool_ids.clone(),
            limit,
            now,
            lease_until: now + ttl,
        };
        let executions = self.orchestrator.store().claim(request).await?;
        let count = executions.len();
        self.orchestrator.connections().sent(agent.agent_id, count as u64);
        for execution in executions {
            self.orchestrator.publish_state(&execution);
            self.assign(&agent, &execution).await;
        }
        Ok(count)
    }

    /// Sends an assignment. If that fails the agent's next hello does not name the lease, and the execution
    /// is given to somebody else then, or when the lease runs out.
    async fn assign(&self, agent: &Connected, execution: &Execution) {
        let sent = match self.orchestrator.assignment(execution).await {
            Ok(assignment) => agent.sender.try_send(ServerMessage::Assign(Box::new(assignment))).is_ok(),
            Err(error) => {
                tracing::error!(execution = %execution.id, %error, "an assignment could not be put together");
                false
            }
        };
        if sent {
            return;
        }
        let leases: Vec<_> = execution.lease().into_iter().collect();
        let now = self.orchestrator.clock().now();
        match self.orchestrator.store().release(agent.agent_id, &leases, now).await {
            Ok(_) => tracing::debug!(execution = %execution.id, "an assignment was taken back"),
            Err(error) => {
                tracing::warn!(execution = %execution.id, %error, "an assignment was not taken back");
            }
        }
        // A connection that takes nothing is of no use; the agent comes back.
        self.orchestrator.connections().end(agent.agent_id);
    }
}
