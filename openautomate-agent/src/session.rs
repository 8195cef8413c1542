//! Connections, one after the other: hello, heartbeats, what is sent and what is acknowledged.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openautomate_core::domain::Lease;
use openautomate_core::error::{Error, ErrorKind, Result};
use openautomate_core::runner::process::kill_marked;
use openautomate_core::sealing::OfferedKeys;
use openautomate_core::transport::{
    AgentLink, AgentMessage, Hello, PROTOCOL_VERSION, ServerMessage, Welcome,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::agent::Inner;
use crate::attempt::Attempt;
use crate::opener::Opener;
use crate::question::Answer;
use crate::way::{OWN_CERTIFICATE, WRONG_CERTIFICATE};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The same while there are leases that another server could renew.
const LONGEST_PAUSE_WITH_LEASES: Duration = Duration::from_secs(5);
/// A connection that held for so long was a good one: what follows is a new failure, and not one more.
const GOOD: Duration = Duration::from_secs(1);
/// A server that refuses this agent is asked again, but seldom: an operator may change their mind.
const REFUSED_PAUSE: Duration = Duration::from_secs(30);
const WELCOME_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a begin or a line may wait for what follows.
const GATHER: Duration = Duration::from_millis(5);
/// Progress is sent at most this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);
/// What was not acknowledged for this long is sent again.
const REPEAT_EVERY: Duration = Duration::from_secs(10);

/// Connects again and again until `stop` is cancelled; then drains.
pub(crate) async fn run(agent: Arc<Inner>, stop: CancellationToken) {
    kill_leftovers(&agent).await;
    let drained = CancellationToken::new();
    let draining = drain(Arc::clone(&agent), stop.clone(), drained.clone());
    let connecting = async {
        let mut pause = FIRST_PAUSE;
        while !drained.is_cancelled() {
            let began = Instant::now();
            let ended = tokio::select! {
                ended = connect(&agent, &stop, &drained) => ended,
                // A server that takes long to answer must not hold up the end.
                () = drained.cancelled() => Ok(()),
            };
            disconnected(&agent);
            if began.elapsed() > GOOD {
                pause = FIRST_PAUSE;
            }
            let wait = match ended {
                Ok(()) => FIRST_PAUSE,
                Err(error) if matches!(error.code(), WRONG_CERTIFICATE | OWN_CERTIFICATE) => {
                    tracing::warn!(%error, "not connected; trying again");
                    pause
                }
                Err(error) if error.kind() == ErrorKind::Unavailable => {
                    tracing::info!(%error, "not connected; trying again");
                    pause
                }
                Err(error) => {
                    tracing::warn!(%error, "the connection ended; trying again");
                    if matches!(error.kind(), ErrorKind::Conflict) {
                        pause
                    } else {
                        REFUSED_PAUSE.min(pause * 4)
                    }
                }
            };
            tokio::select! {
                () = tokio::time::sleep(jittered(wait)) => {}
                () = drained.cancelled() => {}
            }
            let longest = if agent.attempts().is_empty() { LONGEST_PAUSE } else { LONGEST_PAUSE_WITH_LEASES };
            pause = (pause * 2).min(longest);
        }
    };
    tokio::join!(draining, connecting);
}

/// Kills what an agent that was killed left running, before the server hears that those runs are over.
async fn kill_leftovers(agent: &Inner) {
    for attempt in agent.attempts() {
        let killed = kill_marked(attempt.lease).await;
        if killed > 0 {
            tracing::warn!(lease = ?attempt.lease, killed, "processes of a lost run were still there");
        }
    }
}

/// Full jitter: agents that lost the same server come back spread over the pause (Brooker, "Exponential
/// Backoff And Jitter", 2015).
fn jittered(pause: Duration) -> Duration {
    let mut bytes = [0_u8; 4];
    // Without randomness all agents wait the whole pause.
    let share = if getrandom::fill(&mut bytes).is_ok() { u32::from_ne_bytes(bytes) } else { u32::MAX };
    pause.mul_f64(f64::from(share) / f64::from(u32::MAX))
}

/// After the stop: runs may end by themselves for a while, then they are cancelled; a moment is left for the
/// server to hear of it.
async fn drain(agent: Arc<Inner>, stop: CancellationToken, drained: CancellationToken) {
    stop.cancelled().await;
    agent.changed.notify_one();
    agent.running.close();
    if tokio::time::timeout(agent.drain_timeout, agent.running.wait()).await.is_err() {
        tracing::info!("runs are cancelled, since the agent stops");
        agent.attempts().iter().for_each(|attempt| attempt.cancel.cancel());
        agent.running.wait().await;
    }
    agent.changed.notify_one();
    let told = async {
        while agent.attempts().iter().any(|attempt| !attempt.is_done()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(5), told).await.is_err() {
        tracing::info!("the server was not told of every end; it is told at the next start");
    }
    drained.cancel();
}

fn disconnected(agent: &Inner) {
    agent.connection.send_replace(None);
    agent.questions.disconnected();
}

async fn connect(agent: &Arc<Inner>, stop: &CancellationToken, drained: &CancellationToken) -> Result<()> {
    let AgentLink { sender, mut receiver, sealing } = agent.transport.connect().await?;
    let (keys, offer) = sealing.map(|OfferedKeys { keys, offer }| (keys, offer)).unzip();
    let attempts = agent.attempts();
    let hello = Hello {
        protocol: PROTOCOL_VERSION,
        facts: agent.facts.clone(),
        slots: agent.slots,
        leases: attempts.iter().map(|attempt| attempt.lease).collect(),
        sealing: offer,
    };
    let asked = Instant::now();
    let gone = || Error::unavailable("server.gone", "the connection to the server ended");
    sender.send(AgentMessage::Hello(hello)).await.map_err(|_| gone())?;
    let welcome = match tokio::time::timeout(WELCOME_TIMEOUT, receiver.recv()).await {
        Ok(Some(ServerMessage::Welcome(welcome))) => welcome,
        Ok(Some(ServerMessage::Bye { kind, message })) => {
            return Err(Error::new(kind, "server.bye", message));
        }
        Ok(Some(_)) => {
            return Err(Error::internal("server.welcome", "the server's first message is no welcome"));
        }
        Ok(None) | Err(_) => return Err(gone()),
    };
    tracing::info!(server = %welcome.server_version, "connected");
    // What a server before wanted to be watched, this one may not.
    agent.folders.want(Vec::new());
    agent.max_artifact_bytes.store(welcome.max_artifact_bytes, Ordering::Relaxed);
    agent.seals.store(welcome.seals_secrets, Ordering::Relaxed);
    agent.updates.welcomed().await;
    agent.preparations.connected(welcome.hears_preparations);
    let opener = Opener::new(keys, welcome.seals_secrets);
    let session = Session::new(Arc::clone(agent), sender, &welcome, opener);
    for attempt in attempts {
        attempt.rewind();
        if !welcome.stale.contains(&attempt.lease) {
            attempt.renew(session.deadline(asked));
        }
    }
    session.stale(&welcome.stale);
    session.cancel(&welcome.cancel);
    agent.connection.send_replace(Some(session.sender.clone()));
    session.serve(&mut receiver, stop, drained).await
}

/// What was said of free slots, of room ahead of them, and of assignments received.
type Word = (u32, u32, u64);

struct Session {
    agent: Arc<Inner>,
    sender: mpsc::Sender<AgentMessage>,
    /// Assignments received in this connection.
    received: AtomicU64,
    ttl: Duration,
    margin: Duration,
    renew_every: Duration,
    /// When the renewals were asked for whose answers have not come.
    asked: Mutex<VecDeque<Instant>>,
    opener: Opener,
}

impl Session {
    fn new(agent: Arc<Inner>, sender: mpsc::Sender<AgentMessage>, welcome: &Welcome, opener: Opener) -> Self {
        agent.trust.told(welcome.package_keys.clone());
        Self {
            agent,
            sender,
            received: AtomicU64::new(0),
            ttl: Duration::from_millis(welcome.lease_ttl_ms),
            margin: Duration::from_millis(welcome.lease_margin_ms),
            renew_every: Duration::from_millis(welcome.renew_every_ms).max(Duration::from_millis(50)),
            asked: Mutex::default(),
            opener,
        }
    }

    /// When the processes of a lease must be dead that was renewed by a request sent at `asked`.
    fn deadline(&self, asked: Instant) -> Instant {
        asked + self.ttl.saturating_sub(self.margin)
    }

    fn stale(&self, leases: &[Lease]) {
        for lease in leases {
            tracing::warn!(execution = %lease.execution, epoch = lease.epoch, "a lease is no longer ours");
            self.agent.forget(*lease);
        }
    }

    fn cancel(&self, leases: &[Lease]) {
        for attempt in leases.iter().filter_map(|lease| self.agent.attempt(*lease)) {
            attempt.cancel.cancel();
        }
    }

    /// Listens and tells side by side: if telling waited for the server and the server for being heard,
    /// both would wait for ever.
    async fn serve(
        &self,
        receiver: &mut mpsc::Receiver<ServerMessage>,
        stop: &CancellationToken,
        drained: &CancellationToken,
    ) -> Result<()> {
        tokio::select! {
            ended = self.listen(receiver) => ended,
            ended = self.speak(stop) => ended,
            () = drained.cancelled() => Ok(()),
        }
    }

    async fn listen(&self, receiver: &mut mpsc::Receiver<ServerMessage>) -> Result<()> {
        while let Some(message) = receiver.recv().await {
            self.handle(message)?;
            self.agent.changed.notify_one();
        }
        Err(Error::unavailable("server.gone", "the connection to the server ended"))
    }

    async fn speak(&self, stop: &CancellationToken) -> Result<()> {
        let mut renewals = tokio::time::interval_at(Instant::now() + self.renew_every, self.renew_every);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut progress = tokio::time::interval(PROGRESS_EVERY);
        progress.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut repeats = tokio::time::interval_at(Instant::now() + REPEAT_EVERY, REPEAT_EVERY);
        repeats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = None;
        loop {
            self.tell(&mut told, stop.is_cancelled()).await?;
            tokio::select! {
                () = self.agent.changed.notified() => self.gather(told).await,
                _ = renewals.tick() => self.heartbeat().await?,
                _ = progress.tick() => self.progress().await?,
                _ = repeats.tick() => self.agent.attempts().iter().for_each(|attempt| attempt.repeat()),
            }
        }
    }

    /// What can wait a moment waits for what follows it: the begin, the lines and the end of a short run are then
    /// one write for the server. `told` is the last word on free slots.
    async fn gather(&self, told: Option<Word>) {
        let until = Instant::now() + GATHER;
        while !self.is_urgent(told) {
            tokio::select! {
                () = self.agent.changed.notified() => {}
                () = tokio::time::sleep_until(until) => return,
            }
        }
    }

    /// Whether somebody waits: for the end of a run, or for a slot.
    fn is_urgent(&self, told: Option<Word>) -> bool {
        let (free, ahead) = self.agent.free();
        let has_more_room =
            told.is_none_or(|(told_free, told_ahead, _)| free > told_free || ahead > told_ahead);
        has_more_room
            || self.agent.attempts().iter().any(|attempt| attempt.is_refused() || attempt.is_to_finish())
    }

    async fn send(&self, message: AgentMessage) -> Result<()> {
        let sent = self.sender.send(message).await;
        sent.map_err(|_| Error::unavailable("server.gone", "the connection to the server ended"))
    }

    async fn heartbeat(&self) -> Result<()> {
        let leases = self.agent.attempts().iter().map(|attempt| attempt.lease).collect();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push_back(Instant::now());
        let usage = self.agent.usage.measure();
        self.send(AgentMessage::Heartbeat { leases, usage }).await
    }

    async fn progress(&self) -> Result<()> {
        for attempt in self.agent.attempts() {
            let progress = attempt.state().progress.take();
            if let Some(progress) = progress {
                self.send(AgentMessage::Progress { lease: attempt.lease, progress }).await?;
            }
        }
        Ok(())
    }

    /// Tells whatever there is to tell. `told` is the last word on free slots.
    async fn tell(&self, told: &mut Option<Word>, stopping: bool) -> Result<()> {
        for attempt in self.agent.attempts() {
            self.tell_of(&attempt).await?;
        }
        if let Some(states) = self.agent.folders.news() {
            self.send(AgentMessage::Watches { states }).await?;
        }
        if let Some(word) = self.agent.updates.unsaid() {
            self.send(word).await?;
        }
        if let Some(words) = self.agent.preparations.unsaid() {
            self.send(words).await?;
        }
        // Read in this order: an assignment that comes in between makes the word too small, never too large.
        let received = self.received.load(Ordering::SeqCst);
        let (free, ahead) = if stopping { (0, 0) } else { self.agent.free() };
        let word = (free, ahead, received);
        if *told != Some(word) {
            *told = Some(word);
            self.send(AgentMessage::Ready { free, ahead, received }).await?;
        }
        Ok(())
    }

    async fn tell_of(&self, attempt: &Attempt) -> Result<()> {
        let lease = attempt.lease;
        if attempt.is_refused() {
            // If this is lost with the connection, the next hello says the same by not naming the lease.
            self.send(AgentMessage::Release { lease }).await?;
            self.agent.forget(lease);
            return Ok(());
        }
        let begins = {
            let mut state = attempt.state();
            let begins = state.started && !state.started_sent;
            state.started_sent |= begins;
            begins
        };
        if begins {
            self.send(AgentMessage::Started { lease }).await?;
        }
        loop {
            let chunk = attempt.state().spool.next_chunk();
            match chunk {
                Ok(Some(chunk)) => self.send(AgentMessage::Logs { chunks: vec![chunk] }).await?,
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(?lease, %error, "log lines can't be read back");
                    break;
                }
            }
        }
        // The last line goes before the end, so that the log is whole when the end is known.
        let finish = {
            let mut state = attempt.state();
            let due = !state.finish_sent && state.spool.is_sent();
            let finish = state.result.clone().filter(|_| due);
            state.finish_sent |= finish.is_some();
            finish.map(|result| (result, state.spool.last_seq()))
        };
        if let Some((result, final_log_seq)) = finish {
            // The last word on how far it came would be lost with a run that ends between two ticks.
            let progress = attempt.state().progress.take();
            if let Some(progress) = progress {
                self.send(AgentMessage::Progress { lease, progress }).await?;
            }
            self.send(AgentMessage::Finished { lease, result, final_log_seq }).await?;
        }
        Ok(())
    }

    fn handle(&self, message: ServerMessage) -> Result<()> {
        match message {
            ServerMessage::Welcome(_) => Ok(()),
            ServerMessage::Prepare(preparation) => {
                self.agent.preparations.add(*preparation);
                Ok(())
            }
            ServerMessage::Update(order) => {
                self.agent.updates.order(*order);
                Ok(())
            }
            ServerMessage::Assign(assignment) => {
                self.agent.begin(*assignment, self.margin);
                // Counted once its slot is taken, so that no word on free slots comes in between.
                self.received.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
            ServerMessage::Cancel { lease } => {
                self.cancel(&[lease]);
                Ok(())
            }
            ServerMessage::Renewed { leases, cancel, stale } => {
                let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let asked = asked.unwrap_or_else(Instant::now);
                for attempt in leases.iter().filter_map(|lease| self.agent.attempt(*lease)) {
                    attempt.renew(self.deadline(asked));
                }
                self.cancel(&cancel);
                self.stale_unless_ended(&stale);
                Ok(())
            }
            ServerMessage::LogAck { lease, stored_seq } => {
                if let Some(attempt) = self.agent.attempt(lease) {
                    attempt.state().spool.acknowledge(stored_seq);
                    self.forget_if_done(&attempt);
                }
                Ok(())
            }
            ServerMessage::FinishAck { lease } => {
                if let Some(attempt) = self.agent.attempt(lease) {
                    attempt.state().finish_acknowledged = true;
                    self.forget_if_done(&attempt);
                }
                Ok(())
            }
            ServerMessage::Stale { lease } => {
                self.stale(&[lease]);
                Ok(())
            }
            ServerMessage::Secret { request, answer } => {
                self.agent.questions.answer(request, Answer::Secret(request, answer, self.opener.clone()));
                Ok(())
            }
            ServerMessage::AssetNames { request, answer } => {
                self.agent.questions.answer(request, Answer::AssetNames(answer));
                Ok(())
            }
            ServerMessage::Queue { request, answer } => {
                self.agent.questions.answer(request, Answer::Queue(answer));
                Ok(())
            }
            ServerMessage::Called { request, answer } => {
                self.agent.questions.answer(request, Answer::Called(answer));
                Ok(())
            }
            ServerMessage::Watch { folders } => {
                self.agent.folders.want(folders);
                Ok(())
            }
            ServerMessage::Bye { kind, message } => Err(Error::new(kind, "server.bye", message)),
        }
    }

    /// A heartbeat may cross the acknowledgement of a finish; what has ended is settled by its own answer.
    fn stale_unless_ended(&self, leases: &[Lease]) {
        for lease in leases {
            let ended = self.agent.attempt(*lease).is_some_and(|attempt| attempt.state().result.is_some());
            if !ended {
                self.stale(&[*lease]);
            }
        }
    }

    fn forget_if_done(&self, attempt: &Attempt) {
        if attempt.is_done() {
            self.agent.forget(attempt.lease);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_spread() {
        let pauses: Vec<_> = (0..100).map(|_| jittered(Duration::from_secs(10))).collect();
        assert!(pauses.iter().all(|pause| *pause <= Duration::from_secs(10)));
        assert!(pauses.iter().any(|pause| *pause < Duration::from_secs(3)));
        assert!(pauses.iter().any(|pause| *pause > Duration::from_secs(7)));
    }
}
