//! Serving one agent: the server's end of a connection.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use tokio::sync::{Semaphore, mpsc};

use super::Orchestrator;
use super::delivery::Delivery;
use super::hello::{MAX_LEASES, MAX_SLOTS, check_hello};
use super::quarantine::quarantined;
use crate::changes::Event;
use crate::clock::Timestamp;
use crate::domain::{
    Agent, AgentHost, AgentStatus, Execution, ExecutionState, Lease, LogChunk, Progress, RunError, RunResult,
    RunStatus, Usage, UsagePoint,
};
use crate::error::{Error, ErrorKind, Result};
use crate::id::AgentId;
use crate::sealing::{Question, SealingPurpose};
use crate::store::{FinishAttempt, RenewalOutcome};
use crate::transport::message::{CallAnswer, NamesAnswer, QueueAnswer, QueueCall, RunCall, SecretAnswer};
use crate::transport::{AgentMessage, PROTOCOL_VERSION, ServerLink, ServerMessage, Welcome};

/// How long a new connection may take to say hello.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// How many messages are taken at once.
const BATCH: usize = 128;
/// How many calls of an agent's runs may wait for other executions at once.
const MAX_WAITS: usize = 4_096;
/// More memory than any machine has, in bytes: a petabyte.
const MOST_MEMORY: u64 = 1 << 50;
/// How long a claim may take from its time until it is noted as sent.
const UNDER_WAY: TimeDelta = TimeDelta::seconds(3);

impl Orchestrator {
    /// Serves an agent whose identity is settled, until its connection ends, another one takes its place, or
    /// the orchestrator shuts down. `agent` is how it was read when it was settled: should it have another key by the
    /// time of its hello, it is refused.
    pub async fn serve(&self, agent: Agent, link: ServerLink) {
        let (id, sender) = (agent.id, link.sender.clone());
        if let Err(error) = self.serve_until_end(agent, link).await {
            tracing::info!(agent = %id, %error, "an agent's connection is ended");
            let bye = ServerMessage::Bye { kind: error.kind(), message: error.message().to_owned() };
            // The connection may be gone already.
            let _ = sender.try_send(bye);
        }
    }

    async fn serve_until_end(&self, proven: Agent, mut link: ServerLink) -> Result<()> {
        let agent_id = proven.id;
        let hello = tokio::select! {
            hello = tokio::time::timeout(HELLO_TIMEOUT, link.receiver.recv()) => hello,
            () = self.stop_token().cancelled() => return Err(stopping()),
        };
        let hello = match hello {
            Ok(Some(AgentMessage::Hello(hello))) => hello,
            Ok(None) => return Ok(()),
            Ok(Some(_)) => return Err(Error::invalid("agent.hello", "the first message was not a hello")),
            Err(_) => return Err(Error::invalid("agent.hello", "no hello came within 10 seconds")),
        };
        check_hello(&hello)?;
        let mut agent = self.connectable(agent_id).await?;
        if agent.public_key != proven.public_key {
            return Err(Error::forbidden("the agent was enrolled again with another key"));
        }
        let delivery =
            self.delivery(&agent, link.proof, hello.sealing.as_ref(), SealingPurpose::Connection)?;
        let now = self.clock().now();
        let mut facts = hello.facts;
        if let Some(host) = facts.hosts.pop() {
            let host = AgentHost { seen_at: Some(now), ..host };
            self.refuse_twin(&agent, &host).await?;
            facts.hosts = agent.hosts_with(&host);
        }
        agent.facts.clone_from(&facts);
        self.store().connect_agent(agent_id, facts, hello.slots, now).await?;
        let mut welcome = self.compare_leases(agent_id, &hello.leases, now).await?;
        welcome.seals_secrets = delivery.is_sealed();
        if !delivery.is_sealed() {
            tracing::info!(agent = %agent_id, "an agent offers no key: it is given no secret sealed");
        }
        let agent_name = agent.name.clone();
        let (number, replaced) = self.connections().add(agent, link.sender.clone(), delivery.is_sealed());
        let waits = Arc::new(Semaphore::new(MAX_WAITS));
        let session = Session {
            orchestrator: self,
            agent_id,
            agent_name,
            number,
            sender: link.sender,
            waits,
            delivery,
        };
        let ended = tokio::select! {
            ended = session.run(welcome, &mut link.receiver) => ended,
            () = replaced.notified() => {
                Err(Error::conflict("agent.replaced", "the agent connected again or was changed"))
            }
            () = self.stop_token().cancelled() => Err(stopping()),
        };
        self.connections().remove(agent_id, number);
        self.publish(Event::AgentChanged { agent_id });
        ended
    }

    /// The agent, if it may connect.
    ///
    /// # Errors
    /// `Forbidden` if it was deleted or disabled, or is in quarantine.
    pub async fn connectable(&self, id: AgentId) -> Result<Agent> {
        let agent = self.store().agent(id).await?.filter(|agent| agent.deleted_at.is_none());
        let agent = agent.ok_or_else(|| Error::forbidden("this agent is not known here; enrol it"))?;
        if agent.status == AgentStatus::Disabled {
            return Err(Error::forbidden("this agent is disabled; an operator can make it active"));
        }
        if agent.is_quarantined() {
            return Err(quarantined());
        }
        Ok(agent)
    }

    /// Compares what the agent holds with what it should: takes back what never reached it, ends what it
    /// knows nothing of any more, and tells it what is no longer its own.
    async fn compare_leases(&self, agent: AgentId, held: &[Lease], now: Timestamp) -> Result<Welcome> {
        let ours = self.store().leased_executions(agent).await?;
        let forgotten = |state: ExecutionState| {
            let missing = move |execution: &&Execution| {
                execution.state == state && execution.lease().is_some_and(|lease| !held.contains(&lease))
            };
            ours.iter().filter(missing).filter_map(Execution::lease).collect::<Vec<_>>()
        };
        self.take_back(agent, &forgotten(ExecutionState::Assigned), now).await?;
        for lease in forgotten(ExecutionState::Running) {
            let error =
                RunError::new("AgentLost", "the agent was restarted and knows nothing of this run any more");
            let result = RunResult::ended(RunStatus::Lost, error);
            let finish = FinishAttempt { lease, agent_id: agent, result, final_log_seq: 0, now };
            if let Ok(finished) = self.store().finish(finish).await {
                self.publish_state(&finished.execution);
            }
        }
        let renewed = self.renew(agent, held, now).await?;
        let settings = self.settings();
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Ok(Welcome {
            protocol: PROTOCOL_VERSION,
            server_version: env!("CARGO_PKG_VERSION").to_owned(),
            lease_ttl_ms: millis(settings.lease_ttl),
            renew_every_ms: millis(settings.renew_every),
            lease_margin_ms: millis(settings.lease_margin),
            package_keys: vec![self.package_key()],
            stale: renewed.stale,
            cancel: renewed.cancel,
            max_artifact_bytes: settings.max_artifact_bytes,
            hears_preparations: true,
            seals_secrets: false,
        })
    }

    /// Takes back leases that never began, and tells of it; gives the executions afterwards.
    async fn take_back(&self, agent: AgentId, leases: &[Lease], now: Timestamp) -> Result<Vec<Execution>> {
        let released = self.store().release(agent, leases, now).await?;
        released.iter().for_each(|execution| self.publish_state(execution));
        Ok(released)
    }

    async fn renew(&self, agent: AgentId, leases: &[Lease], now: Timestamp) -> Result<Renewed> {
        let until = now + TimeDelta::from_std(self.settings().lease_ttl).unwrap_or(TimeDelta::zero());
        let mut renewed = Renewed::default();
        for renewal in self.store().renew(agent, leases, now, until).await? {
            match renewal.outcome {
                RenewalOutcome::Stale => renewed.stale.push(renewal.lease),
                RenewalOutcome::Renewed { cancel_requested } => {
                    renewed.leases.push(renewal.lease);
                    if cancel_requested {
                        renewed.cancel.push(renewal.lease);
                    }
                }
            }
        }
        Ok(renewed)
    }

    pub(crate) fn publish_state(&self, execution: &Execution) {
        self.publish(Event::ExecutionChanged { execution_id: execution.id, state: execution.state });
        if execution.state == ExecutionState::Pending {
            self.publish(Event::ExecutionPending { execution_id: execution.id });
        }
    }
}

fn stopping() -> Error {
    Error::unavailable("server.stopping", "the server is stopping; come back in a moment")
}

#[derive(Debug, Default)]
struct Renewed {
    leases: Vec<Lease>,
    cancel: Vec<Lease>,
    stale: Vec<Lease>,
}

struct Session<'a> {
    orchestrator: &'a Orchestrator,
    agent_id: AgentId,
    agent_name: String,
    number: u64,
    sender: mpsc::Sender<ServerMessage>,
    /// For the calls that wait for another execution.
    waits: Arc<Semaphore>,
    /// How secrets leave in this connection.
    delivery: Delivery,
}

impl Session<'_> {
    async fn run(&self, welcome: Welcome, receiver: &mut mpsc::Receiver<AgentMessage>) -> Result<()> {
        self.send(ServerMessage::Welcome(welcome)).await?;
        // Whoever hears of it may send something at once, and the welcome must be the first.
        self.orchestrator.connections().welcomed(self.agent_id, self.number);
        self.orchestrator.publish(Event::AgentConnected { agent_id: self.agent_id });
        let mut batch = Vec::with_capacity(BATCH);
        while receiver.recv_many(&mut batch, BATCH).await > 0 {
            // Side by side, so that their commits share one write to the disk.
            let handled = if self.orchestrator.store().keeps_order() {
                join_all(batch.drain(..).map(|message| self.handle(message))).await
            } else {
                join_all(lanes(&mut batch).into_iter().map(|lane| self.handle_in_turn(lane))).await
            };
            handled.into_iter().collect::<Result<()>>()?;
        }
        Ok(())
    }

    async fn handle_in_turn(&self, messages: Vec<AgentMessage>) -> Result<()> {
        for message in messages {
            self.handle(message).await?;
        }
        Ok(())
    }

    async fn send(&self, message: ServerMessage) -> Result<()> {
        self.sender
            .send(message)
            .await
            .map_err(|_| Error::unavailable("agent.gone", "the agent's connection ended"))
    }

    async fn handle(&self, mut message: AgentMessage) -> Result<()> {
        self.orchestrator.inner.given_secrets.mask(&mut message);
        match message {
            AgentMessage::Hello(_) => Err(Error::invalid("agent.hello", "a second hello came")),
            AgentMessage::Ready { free, ahead, received } => {
                let room = (free.min(MAX_SLOTS), ahead.min(MAX_SLOTS));
                self.orchestrator.connections().ready(self.agent_id, self.number, room, received);
                self.orchestrator.publish(Event::AgentReady { agent_id: self.agent_id });
                Ok(())
            }
            AgentMessage::Heartbeat { leases, usage } => self.heartbeat(&leases, usage).await,
            AgentMessage::Started { lease } => self.started(lease).await,
            AgentMessage::Release { lease } => self.release(lease).await,
            AgentMessage::Logs { chunks } => self.logs(chunks).await,
            AgentMessage::Progress { lease, progress } => self.progress(lease, progress).await,
            AgentMessage::Finished { lease, result, final_log_seq } => {
                self.finished(lease, result, final_log_seq).await
            }
            AgentMessage::Secret { request, lease, name } => self.secret(request, lease, &name).await,
            AgentMessage::AssetNames { request, lease } => self.asset_names(request, lease).await,
            AgentMessage::Queue { request, lease, is_repeated, call } => {
                self.queue(request, lease, is_repeated, call).await
            }
            AgentMessage::Call { request, lease, call } => self.call(request, lease, call).await,
            AgentMessage::Watches { states } => self.orchestrator.note_watches(self.agent_id, states).await,
            // Seldom, and large: on the heap they do not make every message's way deeper.
            AgentMessage::Prepared { versions } => {
                Box::pin(self.orchestrator.note_prepared(self.agent_id, versions)).await
            }
            AgentMessage::Update { rollout, state, reason } => {
                Box::pin(self.orchestrator.note_update(self.agent_id, rollout, state, reason)).await
            }
        }
    }

    async fn heartbeat(&self, leases: &[Lease], usage: Option<Usage>) -> Result<()> {
        if leases.len() > MAX_LEASES {
            return Err(Error::invalid("agent.heartbeat", "a heartbeat names too many leases"));
        }
        let now = self.orchestrator.clock().now();
        self.take_back_undelivered(leases, now).await?;
        if let Some(usage) = usage
            && self.orchestrator.connections().is_new_minute(self.agent_id, self.number, now)
        {
            let cpu_permille = usage.cpu_permille.min(1_000);
            let memory_used_bytes = usage.memory_used_bytes.min(MOST_MEMORY);
            let usage = Usage { cpu_permille, memory_used_bytes };
            self.orchestrator.store().note_usage(self.agent_id, UsagePoint { at: now, usage }).await?;
        }
        let Renewed { leases, cancel, stale } = self.orchestrator.renew(self.agent_id, leases, now).await?;
        self.send(ServerMessage::Renewed { leases, cancel, stale }).await
    }

    /// Takes back what another server gave to this agent and could not send: it may have been killed, or have held a
    /// dead line for a living one. The hello told of what was there by then; a transaction that was under way when its
    /// server was killed may be committed later.
    ///
    /// The agent reads from this connection alone, so nobody else can still deliver it.
    async fn take_back_undelivered(&self, held: &[Lease], now: Timestamp) -> Result<()> {
        let connections = self.orchestrator.connections();
        let Some(known_until) = connections.heartbeat(self.agent_id, self.number, now) else { return Ok(()) };
        let ttl = TimeDelta::from_std(self.orchestrator.settings().lease_ttl).unwrap_or(TimeDelta::zero());
        let ours = self.orchestrator.store().leased_executions(self.agent_id).await?;
        let undelivered = ours.iter().filter(|execution| {
            execution.state == ExecutionState::Assigned
                && execution.lease_until.is_some_and(|until| until - ttl < known_until - UNDER_WAY)
        });
        let undelivered: Vec<_> =
            undelivered.filter_map(Execution::lease).filter(|lease| !held.contains(lease)).collect();
        for execution in self.orchestrator.take_back(self.agent_id, &undelivered, now).await? {
            tracing::info!(execution = %execution.id, agent = %self.agent_id, "an assignment never reached its agent");
        }
        Ok(())
    }

    /// Tells the agent that a lease is stale; any other error ends the connection.
    async fn or_stale<T>(&self, lease: Lease, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == ErrorKind::StaleLease => {
                self.send(ServerMessage::Stale { lease }).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn started(&self, lease: Lease) -> Result<()> {
        let now = self.orchestrator.clock().now();
        let started = self.orchestrator.store().start(lease, self.agent_id, now).await;
        if let Some(execution) = self.or_stale(lease, started).await? {
            self.orchestrator.publish_state(&execution);
        }
        Ok(())
    }

    async fn release(&self, lease: Lease) -> Result<()> {
        let now = self.orchestrator.clock().now();
        self.orchestrator.take_back(self.agent_id, &[lease], now).await?;
        Ok(())
    }

    async fn logs(&self, chunks: Vec<LogChunk>) -> Result<()> {
        let Some(lease) = chunks.first().map(|chunk| chunk.lease) else { return Ok(()) };
        if chunks.iter().any(|chunk| chunk.lines.is_empty() || chunk.first_seq == 0) {
            return Err(Error::invalid("agent.logs", "a chunk of log lines is empty or has no number"));
        }
        let appended = self.orchestrator.store().append(self.agent_id, &chunks).await;
        for ack in self.or_stale(lease, appended).await?.unwrap_or_default() {
            let (lease, stored_seq) = (ack.lease, ack.stored_seq);
            self.orchestrator.publish(Event::LogAppended { lease, stored_seq });
            if ack.complete {
                self.orchestrator.inner.given_secrets.forget(lease);
                self.orchestrator.publish(Event::LogCompleted { lease });
            }
            self.send(ServerMessage::LogAck { lease, stored_seq }).await?;
        }
        Ok(())
    }

    async fn progress(&self, lease: Lease, mut progress: Progress) -> Result<()> {
        if !progress.fraction.is_finite() {
            return Ok(());
        }
        progress.fraction = progress.fraction.clamp(0.0, 1.0);
        let set = self.orchestrator.store().set_progress(lease, self.agent_id, progress.clone()).await;
        if self.or_stale(lease, set).await?.is_some() {
            self.orchestrator.publish(Event::ExecutionProgressed { execution_id: lease.execution, progress });
        }
        Ok(())
    }

    async fn finished(&self, lease: Lease, result: RunResult, final_log_seq: u64) -> Result<()> {
        let now = self.orchestrator.clock().now();
        let result = self.orchestrator.checked_suspension(lease, result).await?;
        let finish = FinishAttempt { lease, agent_id: self.agent_id, result, final_log_seq, now };
        let finished = self.orchestrator.store().finish(finish).await;
        if let Some(finished) = self.or_stale(lease, finished).await? {
            self.orchestrator.inner.given_secrets.ended(lease);
            if finished.newly {
                self.orchestrator.publish_state(&finished.execution);
            }
            self.send(ServerMessage::FinishAck { lease }).await?;
        }
        Ok(())
    }

    async fn secret(&self, request: u64, lease: Lease, name: &str) -> Result<()> {
        let given = async {
            self.orchestrator.check_delivery(self.agent_id, &self.delivery)?;
            let read =
                self.orchestrator.asset_for_lease(self.agent_id, &self.agent_name, lease, name).await?;
            self.delivery.answer(read, &Question { lease, request, name })
        };
        let answer = given.await.unwrap_or_else(|error| SecretAnswer::Refused {
            kind: error.kind(),
            message: error.message().to_owned(),
        });
        self.send(ServerMessage::Secret { request, answer }).await
    }

    /// What is quickly done is done in its turn; what waits for another execution is waited for beside.
    async fn call(&self, request: u64, lease: Lease, call: RunCall) -> Result<()> {
        let RunCall::AwaitChild { execution } = call else {
            let answer = self.orchestrator.answer_call(self.agent_id, &self.agent_name, lease, call).await;
            return self.send(ServerMessage::Called { request, answer }).await;
        };
        let Ok(permit) = Arc::clone(&self.waits).try_acquire_owned() else {
            let message = "too many runs of this agent wait for others; try again".to_owned();
            let answer = CallAnswer::Refused { error: ErrorKind::Unavailable, message };
            return self.send(ServerMessage::Called { request, answer }).await;
        };
        let (orchestrator, sender, agent_id) =
            (self.orchestrator.clone(), self.sender.clone(), self.agent_id);
        self.orchestrator.tasks().spawn(async move {
            let answer = tokio::select! {
                answer = orchestrator.await_child(agent_id, lease, execution) => answer,
                () = orchestrator.stop_token().cancelled() => return,
                () = sender.closed() => return,
            };
            // The connection may be gone: the agent asks again.
            let _ = sender.send(ServerMessage::Called { request, answer }).await;
            drop(permit);
        });
        Ok(())
    }

    async fn asset_names(&self, request: u64, lease: Lease) -> Result<()> {
        let answer = match self.orchestrator.asset_names_for_lease(self.agent_id, lease).await {
            Ok(names) => NamesAnswer::Names(names),
            Err(error) => NamesAnswer::Refused { kind: error.kind(), message: error.message().to_owned() },
        };
        self.send(ServerMessage::AssetNames { request, answer }).await
    }

    async fn queue(&self, request: u64, lease: Lease, is_repeated: bool, call: QueueCall) -> Result<()> {
        let done = self.orchestrator.queue_for_lease(self.agent_id, lease, is_repeated, call).await;
        let answer = match done {
            Ok(reply) => QueueAnswer::Reply(reply),
            Err(error) => {
                let named = error.field().map(|field| format!("{field} {}", error.message()));
                let message = named.unwrap_or_else(|| error.message().to_owned());
                QueueAnswer::Refused { kind: error.kind(), message }
            }
        };
        self.send(ServerMessage::Queue { request, answer }).await
    }
}

/// The messages of each lease in their order; those without one too.
fn lanes(batch: &mut Vec<AgentMessage>) -> Vec<Vec<AgentMessage>> {
    let mut by_lease: BTreeMap<Option<Lease>, Vec<AgentMessage>> = BTreeMap::new();
    for message in batch.drain(..) {
        by_lease.entry(lease_of(&message)).or_default().push(message);
    }
    by_lease.into_values().collect()
}

fn lease_of(message: &AgentMessage) -> Option<Lease> {
    match message {
        AgentMessage::Started { lease }
        | AgentMessage::Release { lease }
        | AgentMessage::Progress { lease, .. }
        | AgentMessage::Finished { lease, .. }
        | AgentMessage::Secret { lease, .. }
        | AgentMessage::AssetNames { lease, .. }
        | AgentMessage::Queue { lease, .. }
        | AgentMessage::Call { lease, .. } => Some(*lease),
        AgentMessage::Logs { chunks } => chunks.first().map(|chunk| chunk.lease),
        AgentMessage::Hello(_)
        | AgentMessage::Ready { .. }
        | AgentMessage::Heartbeat { .. }
        | AgentMessage::Watches { .. }
        | AgentMessage::Prepared { .. }
        | AgentMessage::Update { .. } => None,
    }
}
