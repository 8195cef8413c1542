//! Live connections: people and programs that watch, each by what they may read.
//!
//! A connection holds little and waits for nobody: changes are gathered, a log is read as fast as its lines are taken,
//! and who takes nothing for [`HttpOptions::send_limit`](crate::HttpOptions::send_limit) is cut off, as is who says more
//! than [`HttpOptions::live_messages`](crate::HttpOptions::live_messages). It ends with the session in which it was opened.

mod feed;
mod message;
mod place;

use std::collections::HashMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use axum::response::Response;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use governor::{DefaultDirectRateLimiter, RateLimiter};
use openautomate_core::Error;
use openautomate_core::changes::Event;
use openautomate_core::id::ExecutionId;
use openautomate_core::orchestrator::{AccessGuard, LogFollower};
use openautomate_core::permission::{Access, Actor, Environments, Permission, authorize_somewhere};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio::task::AbortHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};

use self::feed::Feed;
use self::message::{Ask, AskedTopic, Said};
use crate::auth::LivePlace;
use crate::options::RateLimit;
use crate::route::logs::{LineView, Position};
use crate::state::AppState;

/// The subprotocol.
const PROTOCOL: &str = "openautomate-live";
/// What clients say is short.
const MAX_MESSAGE: usize = 4 * 1024;
const BUFFER: usize = 16 * 1024;
/// Changes are told so often at most.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// Lines that come within this time go together.
const GATHER: Duration = Duration::from_millis(10);
const LINES_A_MESSAGE: usize = 500;
/// A message of lines gets no more of them beyond so many bytes of text.
const BYTES_A_MESSAGE: usize = 512 * 1024;
/// So many logs a connection may follow.
const MAX_LOGS: usize = 8;
/// What is asked, and what logs bring, waits in queues of this length.
const QUEUE: usize = 8;

/// The session ended; 4000 and up are a protocol's own.
const SESSION_ENDED: u16 = 4401;
const SERVER_STOPS: u16 = 1012;
const POLICY: u16 = 1008;

/// Upgrades the request of somebody who is signed in.
pub(crate) fn accept(upgrade: WebSocketUpgrade, state: AppState, actor: Actor, place: LivePlace) -> Response {
    // Before the upgrade: what ends the session in between ends the connection.
    let guard = state.orchestrator().guard(&actor);
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(MAX_MESSAGE)
        .write_buffer_size(BUFFER)
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(move |socket| {
            let tasks = state.options().tasks.clone();
            tasks.track_future(serve(socket, state, actor, guard, place))
        })
}

async fn serve(socket: WebSocket, state: AppState, actor: Actor, guard: AccessGuard, _place: LivePlace) {
    let (sink, stream) = socket.split();
    let (asks, asked) = mpsc::channel(QUEUE);
    let (silence_limit, pace) = (state.options().silence_limit, pace(state.options().live_messages));
    let connection = Connection::new(sink, state, actor);
    tokio::select! {
        () = read(stream, asks, silence_limit, pace) => {}
        () = connection.run(asked, guard) => {}
    }
}

/// Why nothing more is heard of a client.
#[derive(Clone, Copy, Debug)]
enum Offence {
    NotUnderstood,
    TooMany,
}

impl Offence {
    const fn reason(self) -> &'static str {
        match self {
            Self::NotUnderstood => "a message could not be read",
            Self::TooMany => "too many messages; say less, or open another connection later",
        }
    }
}

fn pace(limit: RateLimit) -> DefaultDirectRateLimiter {
    RateLimiter::direct(limit.quota())
}

/// Hands on what the client says, until it goes or says nothing any more; browsers answer pings by themselves.
async fn read(
    mut stream: SplitStream<WebSocket>,
    asks: mpsc::Sender<Result<Ask, Offence>>,
    silence_limit: Duration,
    pace: DefaultDirectRateLimiter,
) {
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(silence_limit, stream.next()).await {
        // Pings count: each is answered.
        let is_in_time = pace.check().is_ok();
        let ask = match frame {
            Message::Close(_) => return,
            _ if !is_in_time => Err(Offence::TooMany),
            Message::Text(text) => serde_json::from_str(&text).map_err(|_| Offence::NotUnderstood),
            Message::Binary(bytes) => serde_json::from_slice(&bytes).map_err(|_| Offence::NotUnderstood),
            Message::Ping(_) | Message::Pong(_) => continue,
        };
        let is_last = ask.is_err();
        if asks.send(ask).await.is_err() {
            return;
        }
        if is_last {
            // The other half says why, and ends.
            return std::future::pending().await;
        }
    }
}

/// The line is gone, or takes nothing.
#[derive(Debug)]
struct Gone;

struct Connection {
    sink: SplitSink<WebSocket, Message>,
    state: AppState,
    actor: Actor,
    feed: Feed,
    logs: HashMap<u32, AbortHandle>,
    lines: (mpsc::Sender<Said>, mpsc::Receiver<Said>),
    events: broadcast::Receiver<Event>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.logs.values().for_each(AbortHandle::abort);
    }
}

impl Connection {
    fn new(sink: SplitSink<WebSocket, Message>, state: AppState, actor: Actor) -> Self {
        let events = state.orchestrator().subscribe();
        let (feed, logs, lines) = (Feed::default(), HashMap::new(), mpsc::channel(QUEUE));
        Self { sink, state, actor, feed, logs, lines, events }
    }

    async fn run(mut self, mut asked: mpsc::Receiver<Result<Ask, Offence>>, guard: AccessGuard) {
        let stop = self.state.options().stop.clone();
        let mut pings = every(self.state.options().ping_every);
        pings.reset();
        let mut tell = every(TELL_EVERY);
        loop {
            let done = tokio::select! {
                () = guard.ended() => return self.close(SESSION_ENDED, "the session has ended; sign in again").await,
                () = stop.cancelled() => return self.close(SERVER_STOPS, "the server is stopping").await,
                ask = asked.recv() => match ask {
                    Some(Ok(ask)) => self.answer(ask).await,
                    Some(Err(offence)) => return self.close(POLICY, offence.reason()).await,
                    None => return,
                },
                event = self.events.recv() => {
                    match event {
                        Ok(event) => self.feed.note(event),
                        Err(RecvError::Lagged(_)) => self.feed.miss(),
                        Err(RecvError::Closed) => return,
                    }
                    Ok(())
                }
                _ = tell.tick(), if !self.feed.is_empty() => self.tell().await,
                Some(said) = self.lines.1.recv() => self.pass_on(said).await,
                _ = pings.tick() => self.send(Message::Ping(Bytes::new())).await,
            };
            if let Err(Gone) = done {
                return;
            }
        }
    }

    async fn answer(&mut self, ask: Ask) -> Result<(), Gone> {
        match ask {
            Ask::Unsubscribe { id } => {
                self.feed.remove(id);
                self.end_log(id);
                Ok(())
            }
            Ask::Subscribe { id, topic, execution_id, after } => {
                let said = match self.subscribe(id, topic, execution_id, after.as_deref()) {
                    Ok(()) => Said::Subscribed { id },
                    Err(error) => refused(id, &error),
                };
                self.say(&said).await
            }
        }
    }

    fn subscribe(
        &mut self,
        id: u32,
        topic: AskedTopic,
        execution: Option<ExecutionId>,
        after: Option<&str>,
    ) -> Result<(), Error> {
        let may = |permission| authorize_somewhere(&self.actor, Access::Permission(permission));
        match topic {
            AskedTopic::Kind(topic) => {
                may(topic.permission())?;
                self.feed.add(topic, id);
            }
            AskedTopic::Log => {
                let theirs = may(Permission::ReadExecutions)?;
                let execution = execution.ok_or_else(|| Error::invalid_field("executionId", "is missing"))?;
                let from = Position::parse(after, None)?;
                self.end_log(id);
                if self.logs.len() >= MAX_LOGS {
                    let message = format!("follows {MAX_LOGS} logs already; end one");
                    return Err(Error::invalid_field("topic", message));
                }
                let follower = self.state.orchestrator().follow_logs(execution, from.attempt, from.seq);
                let (state, out) = (self.state.clone(), self.lines.0.clone());
                let following = tokio::spawn(async move {
                    match is_theirs(&state, &theirs, execution).await {
                        Ok(()) => follow(follower, id, out).await,
                        // An error means that nobody listens any more.
                        Err(error) => drop(out.send(refused(id, &error)).await),
                    }
                });
                self.logs.insert(id, following.abort_handle());
            }
        }
        Ok(())
    }

    fn end_log(&mut self, id: u32) {
        if let Some(log) = self.logs.remove(&id) {
            log.abort();
        }
    }

    /// What a log brought, unless nobody wants it any more.
    async fn pass_on(&mut self, said: Said) -> Result<(), Gone> {
        let id = match said {
            Said::Lines { id, .. } if self.logs.contains_key(&id) => return self.say(&said).await,
            Said::Complete { id } | Said::Refused { id, .. } => id,
            _ => return Ok(()),
        };
        match self.logs.remove(&id) {
            Some(_) => self.say(&said).await,
            None => Ok(()),
        }
    }

    async fn tell(&mut self) -> Result<(), Gone> {
        for (id, topic, items, missed) in self.feed.take() {
            let store = self.state.orchestrator().store();
            let (items, missed) = match place::sift(store, &self.actor, topic, items).await {
                Ok(items) => (items, missed),
                Err(error) => {
                    tracing::warn!(%error, "nobody can say who may hear of what changed; they are told to read again");
                    (Vec::new(), true)
                }
            };
            if items.is_empty() && !missed {
                continue;
            }
            self.say(&Said::Changed { id, items, missed }).await?;
        }
        Ok(())
    }

    async fn say(&mut self, said: &Said) -> Result<(), Gone> {
        match serde_json::to_string(said) {
            Ok(text) => self.send(Message::Text(text.into())).await,
            Err(error) => {
                tracing::error!(%error, "a live message can't be written");
                Err(Gone)
            }
        }
    }

    async fn send(&mut self, frame: Message) -> Result<(), Gone> {
        let limit = self.state.options().send_limit;
        match tokio::time::timeout(limit, self.sink.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }

    async fn close(mut self, code: u16, reason: &'static str) {
        // Who takes nothing any more is not waited for.
        let _ = self.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
    }
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn refused(id: u32, error: &Error) -> Said {
    Said::Refused { id, code: error.code(), detail: error.message().to_owned() }
}

/// Checks that an execution is in one of these environments.
async fn is_theirs(state: &AppState, theirs: &Environments, id: ExecutionId) -> Result<(), Error> {
    if *theirs == Environments::Everywhere {
        return Ok(());
    }
    let found = place::of_execution(state.orchestrator().store(), id).await?;
    let found = found.filter(|environment| theirs.contains(*environment));
    found.map(drop).ok_or_else(|| Error::not_found("execution", id))
}

/// Reads a log as fast as its lines are taken, to its end.
async fn follow(mut follower: LogFollower, id: u32, out: mpsc::Sender<Said>) {
    loop {
        let (lines, end) = gather(&mut follower).await;
        if !lines.is_empty() && out.send(Said::Lines { id, lines }).await.is_err() {
            return;
        }
        let last = match end {
            None => continue,
            Some(Ok(())) => Said::Complete { id },
            Some(Err(error)) => refused(id, &error),
        };
        // An error means that nobody listens any more.
        let _ = out.send(last).await;
        return;
    }
}

/// The next lines, and how the log ended if it did.
async fn gather(follower: &mut LogFollower) -> (Vec<LineView>, Option<Result<(), Error>>) {
    let (mut lines, mut bytes) = (Vec::new(), 0);
    let over = tokio::time::sleep(GATHER);
    tokio::pin!(over);
    while lines.len() < LINES_A_MESSAGE && bytes < BYTES_A_MESSAGE {
        let next = tokio::select! {
            next = follower.next() => next,
            () = &mut over, if !lines.is_empty() => break,
        };
        match next {
            Ok(Some(line)) => {
                if lines.is_empty() {
                    over.as_mut().reset(tokio::time::Instant::now() + GATHER);
                }
                bytes += line.record.line.text.len();
                lines.push(LineView::new(line.epoch, line.record));
            }
            Ok(None) => return (lines, Some(Ok(()))),
            Err(error) => return (lines, Some(Err(error))),
        }
    }
    (lines, None)
}
