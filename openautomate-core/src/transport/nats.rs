//! The line between agents and servers that both reach a NATS and not each other: pipes of bytes, found by subject.
//!
//! NATS carries bytes and is believed in nothing. Through a pipe both sides speak what they speak over a socket: TLS
//! 1.3, in it HTTP and WebSocket, with the same signed challenge, tokens and refusals. So a message is as safe as
//! over the open internet, whoever else is on that NATS, and there is one protocol and not two.
//!
//! # How a pipe is made
//! The agent chooses a subject `PREFIX.down.WHO.RANDOM`, listens to it, and calls on `PREFIX.connect` with it as the
//! reply. All servers listen there as one queue group, so one of them hears the call; it answers with a subject
//! `PREFIX.up.RANDOM` of its own. From then on the frames of a [`pipe`] go up and down, to that
//! server and from it. Every request has a pipe of its own, so any server may answer any request, as behind a load
//! balancer. Nobody listening is told by NATS at once.
//!
//! # Who could do what
//! The others on the NATS may publish to every subject and listen to every subject that its permissions leave open
//! to them. What they gain:
//!
//! | attempt | outcome |
//! |---|---|
//! | read what goes by | TLS 1.3: nothing to read |
//! | change, repeat, drop, reorder messages | the numbers of the pipe or the seals of TLS do not fit; the connection ends, and the next one is made |
//! | replay a call, a hello, a whole connection | the keys of each TLS connection are new; a replayed one never gets past its handshake |
//! | answer calls in a server's place | agents know the server's public key from their enrolment, and say nothing before it is proven; they are kept waiting at most |
//! | claim to be an agent, by subject or id | the agent signs a challenge with its own key, inside TLS; subjects prove nothing |
//! | send another's answers to oneself | replies go below `PREFIX.down` only, and are sealed for who called |
//! | have a server publish into foreign subjects | the same rule: another reply is not answered |
//! | guess the subject of a pipe | 122 random bits |
//! | flood the calls | handshakes are bounded in number and in time; calls beyond are refused or dropped |
//! | flood a pipe whose subject they saw | what is no next frame ends that pipe; no more than some hundred messages wait |
//! | try tokens and signatures one by one | each try takes a call and a handshake of its own; what they try has 256 bits |
//! | keep connections open and silent | a connection serves one request, whose head has a time limit; the number of pipes is bounded |
//! | cut everything | whoever may publish everywhere can: runs go on, lines are spooled, agents come back |
//!
//! So permissions are for peace, not for secrecy: give agents `publish` on `PREFIX.connect` and `PREFIX.up.>`, and
//! `subscribe` on `PREFIX.down.AGENT-ID.>` (and `PREFIX.down.enrol.>` before); give servers `publish` on
//! `PREFIX.down.>` and `PREFIX.peers`, and `subscribe` on `PREFIX.connect`, `PREFIX.up.>` and `PREFIX.peers`. On the last
//! one servers tell each other what became visible: sealed, and hints at most (`peers.rs`).
//!
//! # Why no JetStream
//! What must not be lost is kept at its source until the server says that it is stored: log lines and ends in the
//! agent's spool, executions and leases in the database. They are said again after each reconnect. A stream in
//! between would keep a second copy, deliver it late to whoever no longer wants it, and acknowledge what no database
//! has. The contract of [`Transport`](super::Transport) asks for less: what is on its way may be lost.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, Event, Message, StatusCode, Subject, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use tokio::io::DuplexStream;
use tokio::sync::watch;
use uuid::Uuid;

use super::pipe::{self, Carrier, PipeSettings};
use crate::error::{Error, Result};

mod peers;
mod settings;

pub use peers::NatsPeers;
pub use settings::{NatsLogin, NatsSettings};

/// The version of the pipes. A server refuses calls of another one.
const PROTOCOL: u32 = 1;
/// The servers hear each call once among them.
const QUEUE: &str = "servers";
/// How long a call waits for its answer, and for NATS itself.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// A call is some bytes long; so is a subject.
const MAX_CALL: usize = 1024;
const MAX_SUBJECT: usize = 256;

/// What an agent calls.
#[derive(Debug, Serialize, Deserialize)]
struct Call {
    protocol: u32,
}

/// What a server answers. Nobody has proven to be one yet, so it says no more than where to go on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Answer {
    /// Frames go to this subject.
    Up(String),
    /// There is no pipe, for this reason.
    Refused(String),
}

/// Whether the line to NATS holds, and how often it broke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Line {
    is_up: bool,
    breaks: u64,
}

/// A connection to a NATS, which comes back by itself when it breaks. Clones are the same one.
#[derive(Clone)]
pub struct NatsLine {
    client: Client,
    prefix: Arc<str>,
    line: watch::Receiver<Line>,
}

impl fmt::Debug for NatsLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsLine").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

fn unreachable(source: impl fmt::Display) -> Error {
    Error::unavailable("nats.unreachable", "NATS can't be reached").with_source(source.to_string())
}

impl NatsLine {
    /// Connects.
    ///
    /// # Errors
    /// `Invalid` if the settings are no good; `Unavailable` if NATS does not answer or does not let us in.
    pub async fn open(settings: &NatsSettings) -> Result<Self> {
        let (state, line) = watch::channel(Line { is_up: true, breaks: 0 });
        let state = Arc::new(state);
        let options = settings.options()?.subscription_capacity(pipe::MAX_FRAMES_UNDER_WAY);
        let options = options.event_callback(move |event| {
            match &event {
                Event::Connected => {
                    tracing::info!("NATS is reached");
                    state.send_modify(|line| line.is_up = true);
                }
                Event::Disconnected | Event::Closed => {
                    tracing::warn!("the line to NATS broke");
                    state.send_modify(|line| *line = Line { is_up: false, breaks: line.breaks + 1 });
                }
                Event::ServerError(error) => tracing::warn!(%error, "NATS refuses something"),
                Event::ClientError(error) => tracing::info!(%error, "NATS is not reached"),
                // Others may cause these as often as they like.
                event => tracing::debug!(%event, "NATS"),
            }
            std::future::ready(())
        });
        let client = options.connect(settings.servers()?).await.map_err(|error| {
            Error::unavailable("nats.unreachable", format!("NATS can't be reached: {error}"))
        })?;
        Ok(Self { client, prefix: settings.prefix.as_str().into(), line })
    }

    /// Waits until NATS has taken what was said.
    ///
    /// # Errors
    /// `Unavailable` if NATS can't be reached.
    pub async fn flush(&self) -> Result<()> {
        self.client.flush().await.map_err(unreachable)
    }

    fn subject(&self, rest: &str) -> String {
        format!("{}.{rest}", self.prefix)
    }

    /// Whether text from outside is a subject below one of ours.
    fn is_below(&self, place: &str, subject: &str) -> bool {
        let below = subject.strip_prefix(&*self.prefix).and_then(|rest| rest.strip_prefix(place));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        subject.len() <= MAX_SUBJECT && below.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(plain))
    }

    /// Opens a pipe to a server, whichever answers. `who` stands in the subject, for the permissions of NATS alone.
    /// Cancel safe.
    ///
    /// # Errors
    /// `Unavailable` if no server answers.
    pub async fn dial(&self, who: &str, settings: PipeSettings) -> Result<DuplexStream> {
        let calling = async {
            let mut line = self.line.clone();
            line.wait_for(|line| line.is_up).await.map_err(unreachable)?;
            let down = self.subject(&format!("down.{who}.{}", Uuid::new_v4().simple()));
            let mut messages = self.client.subscribe(down.clone()).await.map_err(unreachable)?;
            let call = serde_json::to_vec(&Call { protocol: PROTOCOL }).map_err(unreachable)?;
            self.client
                .publish_with_reply(self.subject("connect"), down.clone(), call.into())
                .await
                .map_err(unreachable)?;
            let answer = messages.next().await;
            Ok((down, messages, answer.ok_or_else(|| unreachable("the subscription ended"))?))
        };
        let silent = |_| Error::unavailable("nats.silent", "no server answers by way of NATS");
        let (down, messages, answer) =
            tokio::time::timeout(CALL_TIMEOUT, calling).await.map_err(silent)??;
        if answer.status == Some(StatusCode::NO_RESPONDERS) {
            return Err(Error::unavailable("nats.nobody", "no server listens on NATS"));
        }
        match serde_json::from_slice(&answer.payload) {
            Ok(Answer::Up(up)) if self.is_below(".up.", &up) => {
                let (user, carried) = self.pipe(down, up.into(), messages, settings);
                tokio::spawn(carried);
                Ok(user)
            }
            Ok(Answer::Refused(reason)) => {
                let reason: String = reason.chars().filter(|c| !c.is_control()).take(200).collect();
                Err(Error::unavailable("nats.refused", format!("the server takes no connection: {reason}")))
            }
            _ => Err(Error::unavailable("nats.answer", "who answered on NATS speaks another protocol")),
        }
    }

    /// Begins to hear calls, as one of the servers.
    ///
    /// # Errors
    /// `Unavailable` if NATS can't be reached.
    pub async fn listen(&self) -> Result<NatsListener> {
        let subject = self.subject("connect");
        let calls = self.client.queue_subscribe(subject, QUEUE.to_owned()).await.map_err(unreachable)?;
        // Calls that come from now on are heard.
        self.flush().await?;
        Ok(NatsListener { line: self.clone(), calls })
    }

    fn pipe(
        &self,
        from: String,
        to: Subject,
        messages: Subscriber,
        settings: PipeSettings,
    ) -> (DuplexStream, impl Future<Output = ()> + Send + 'static + use<>) {
        let (user, end) = pipe::ends();
        let settings =
            PipeSettings { max_message: settings.max_message.min(self.client.max_payload()), ..settings };
        let publisher = Publisher { client: self.client.clone(), from: from.into(), to };
        let mut line = self.line.clone();
        let breaks = line.borrow_and_update().breaks;
        let carried = async move {
            let messages = messages
                .take_while(|message| std::future::ready(message.status != Some(StatusCode::NO_RESPONDERS)))
                .map(|message: Message| message.payload);
            let carried = tokio::select! {
                carried = pipe::carry(end, publisher, messages, settings) => carried,
                // What was said around a break may be lost, so nobody needs to wait until that shows.
                _ = line.wait_for(|line| !line.is_up || line.breaks != breaks) => {
                    Err(std::io::ErrorKind::ConnectionReset.into())
                }
            };
            if let Err(error) = carried {
                tracing::debug!(%error, "a pipe by way of NATS ended before its time");
            }
        };
        (user, carried)
    }
}

/// Publishes the frames of a pipe.
struct Publisher {
    client: Client,
    from: Subject,
    to: Subject,
}

impl Carrier for Publisher {
    async fn send(&mut self, message: Bytes) -> std::io::Result<()> {
        // With a reply, so that NATS tells at once if the other end listens no more, as after a kill.
        let published = self.client.publish_with_reply(self.to.clone(), self.from.clone(), message).await;
        published.map_err(std::io::Error::other)
    }
}

/// Hears calls, until it is dropped.
#[derive(Debug)]
pub struct NatsListener {
    line: NatsLine,
    calls: Subscriber,
}

impl NatsListener {
    /// The next call that is one; `None` if NATS let go of us for good. Cancel safe.
    pub async fn accept(&mut self) -> Option<NatsCall> {
        loop {
            let message = self.calls.next().await?;
            let Some(reply) = message.reply.filter(|reply| self.line.is_below(".down.", reply)) else {
                continue;
            };
            if message.payload.len() > MAX_CALL {
                continue;
            }
            if let Ok(Call { protocol }) = serde_json::from_slice(&message.payload) {
                return Some(NatsCall { line: self.line.clone(), reply, protocol });
            }
        }
    }
}

/// A call of somebody who wants a pipe.
#[derive(Debug)]
pub struct NatsCall {
    line: NatsLine,
    reply: Subject,
    protocol: u32,
}

impl NatsCall {
    async fn say(&self, answer: &Answer) -> Result<()> {
        let answer = serde_json::to_vec(answer).map_err(unreachable)?;
        self.line.client.publish(self.reply.clone(), answer.into()).await.map_err(unreachable)
    }

    /// Gives it a pipe, and what has to be awaited beside its use: it carries what goes through, and is over when the
    /// last of it is.
    ///
    /// # Errors
    /// `Unsupported` if the caller speaks another protocol, which it is told; `Unavailable`.
    pub async fn answer(
        self,
        settings: PipeSettings,
    ) -> Result<(DuplexStream, impl Future<Output = ()> + Send + 'static + use<>)> {
        if self.protocol != PROTOCOL {
            let reason =
                format!("it speaks version {PROTOCOL} of the protocol; install the agent of its release");
            self.say(&Answer::Refused(reason.clone())).await?;
            return Err(Error::new(crate::ErrorKind::Unsupported, "nats.protocol", reason));
        }
        let up = self.line.subject(&format!("up.{}", Uuid::new_v4().simple()));
        let messages = self.line.client.subscribe(up.clone()).await.map_err(unreachable)?;
        // NATS takes both in this order, so nothing that comes up is missed.
        self.say(&Answer::Up(up.clone())).await?;
        Ok(self.line.pipe(up, self.reply, messages, settings))
    }

    /// Tells that there is no room.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn refuse(self) -> Result<()> {
        self.say(&Answer::Refused("it has too many already; it is asked again soon".to_owned())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_small_json() {
        let up = serde_json::to_string(&Answer::Up("oa.up.x".into())).unwrap();
        assert_eq!(up, r#"{"up":"oa.up.x"}"#);
        assert!(serde_json::from_str::<Answer>(r#"{"dance":1}"#).is_err());
    }
}
