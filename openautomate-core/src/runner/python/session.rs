//! The agent's half of a talk with the process of one run: takes its output and its messages in the order in
//! which they were written, and answers.

use std::path::PathBuf;
use std::time::Duration;

use chrono::DateTime;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::protocol::{self, ChildMessage, Finished, Inbox, ParentMessage};
use crate::clock::{Clock, SystemClock};
use crate::domain::{LogLine, LogStream, Progress};
use crate::error::{Error, Result};
use crate::runner::RunEvent;
use crate::runner::output::Stream;
use crate::runner::process::Source;

/// How many questions of a run may be open; more wait in the channel.
const MAX_OPEN_QUESTIONS: usize = 64;

/// How much of the channel is taken before the streams get their turn.
const CHANNEL_FILL: usize = 256 * 1024;

/// How long streams are read after all processes of a run are dead, if one stays open nevertheless.
pub(super) const DRAIN: Duration = Duration::from_secs(2);

/// What the process has told.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) is_ready: bool,
    pub(super) has_started: bool,
    pub(super) is_confined: bool,
    pub(super) finished: Option<Finished>,
    /// What it said against the protocol.
    pub(super) fault: Option<String>,
}

pub(super) struct Session {
    pub(super) events: mpsc::Sender<RunEvent>,
    /// To the process.
    pub(super) outbox: mpsc::UnboundedSender<Vec<u8>>,
    /// Cancelled by us to have the process killed.
    pub(super) abort: CancellationToken,
    stdout: Stream,
    stderr: Stream,
    channel: Source,
    channel_has_ended: bool,
    inbox: Inbox,
    answers: FuturesUnordered<BoxFuture<'static, ParentMessage>>,
    told: Told,
}

impl Session {
    pub(super) fn new(
        events: mpsc::Sender<RunEvent>,
        outbox: mpsc::UnboundedSender<Vec<u8>>,
        abort: CancellationToken,
        [stdout, stderr, channel]: [Source; 3],
        said: &[u8],
    ) -> Self {
        let mut inbox = Inbox::default();
        inbox.push(said);
        Self {
            events,
            outbox,
            abort,
            stdout: Stream::new(stdout, LogStream::Stdout),
            stderr: Stream::new(stderr, LogStream::Stderr),
            channel,
            channel_has_ended: false,
            inbox,
            answers: FuturesUnordered::new(),
            told: Told::default(),
        }
    }

    /// Takes everything until the ends of all streams, or for a while after `exited` is cancelled.
    pub(super) async fn run(mut self, exited: &CancellationToken) -> Told {
        let mut drain_until = None;
        loop {
            let has_room = self.answers.len() < MAX_OPEN_QUESTIONS;
            tokio::select! {
                () = self.stdout.ready() => {}
                () = self.stderr.ready() => {}
                () = self.channel.ready(), if has_room && !self.channel_has_ended => {}
                Some(answer) = self.answers.next() => self.answer(&answer),
                () = exited.cancelled(), if drain_until.is_none() => {
                    drain_until = Some(Instant::now() + DRAIN);
                    // Nobody is left to wait for an answer, and the rest of the channel has to be read.
                    self.answers.clear();
                }
                () = sleep_until(drain_until) => break,
            }
            self.take_batch().await;
            if self.stdout.has_ended() && self.stderr.has_ended() && self.channel_has_ended {
                break;
            }
        }
        let mut lines = Vec::new();
        self.stdout.finish(&mut lines);
        self.stderr.finish(&mut lines);
        self.emit(lines).await;
        self.told
    }

    /// Takes what there is. The streams are read before the channel: a record that was logged before a byte
    /// of them was written is then surely in the channel, so what is left of the streams comes after it.
    async fn take_batch(&mut self) {
        loop {
            let mut lines = Vec::new();
            self.stdout.fill();
            self.stderr.fill();
            // What is read beyond while records are placed may follow records that are not here yet.
            let (stdout, stderr) = (self.stdout.position(), self.stderr.position());
            self.fill_inbox();
            self.take_messages(&mut lines).await;
            self.stdout.take_to(stdout, &mut lines);
            self.stderr.take_to(stderr, &mut lines);
            self.emit(lines).await;
            if !self.stdout.is_pending() && !self.stderr.is_pending() {
                return;
            }
        }
    }

    async fn take_messages(&mut self, lines: &mut Vec<LogLine>) {
        while self.answers.len() < MAX_OPEN_QUESTIONS && self.told.fault.is_none() {
            match self.inbox.next_line() {
                Ok(None) => break,
                Ok(Some(message)) => self.take_message(&message, lines).await,
                Err(error) => self.fault(error.to_string()),
            }
        }
    }

    fn fill_inbox(&mut self) {
        let mut buffer = [0; 16 * 1024];
        let mut room = CHANNEL_FILL;
        while !self.channel_has_ended && room > 0 && self.answers.len() < MAX_OPEN_QUESTIONS {
            match self.channel.read_now(&mut buffer) {
                None => break,
                Some(0) => self.channel_has_ended = true,
                // After a fault the rest is read, so that the process does not hang, and dropped.
                Some(_) if self.told.fault.is_some() => room = room.saturating_sub(1024),
                Some(count) => {
                    self.inbox.push(&buffer[..count]);
                    room = room.saturating_sub(count);
                }
            }
        }
    }

    async fn take_message(&mut self, line: &[u8], lines: &mut Vec<LogLine>) {
        let message = match serde_json::from_slice(line) {
            Ok(message) => message,
            // The text of the error may quote what was said, and that may be a secret.
            Err(error) => return self.fault(format!("a message can't be read ({:?})", error.classify())),
        };
        if !self.told.is_ready && !matches!(message, ChildMessage::Ready { .. }) {
            return self.fault("the first message is not ready".to_owned());
        }
        match message {
            ChildMessage::Ready { version, .. } => self.ready(version),
            ChildMessage::Started { .. } if self.told.has_started => {
                self.fault("it started twice".to_owned());
            }
            ChildMessage::Started { confined } => {
                self.told.is_confined = confined;
                self.told.has_started = true;
                self.send(RunEvent::Started, lines).await;
            }
            ChildMessage::Log { time, level, logger, source, message, stdout_bytes, stderr_bytes } => {
                self.stdout.take_until(stdout_bytes, lines);
                self.stderr.take_until(stderr_bytes, lines);
                let time = DateTime::from_timestamp_micros(time).unwrap_or_else(|| SystemClock.now());
                let mut line = LogLine::new(time, level, LogStream::Logging, message);
                (line.logger, line.source) = (Some(logger), source);
                lines.push(line);
            }
            ChildMessage::Progress { fraction, message } if (0.0..=1.0).contains(&fraction) => {
                self.send(RunEvent::Progress(Progress { fraction, message }), lines).await;
            }
            ChildMessage::Progress { .. } => self.fault("a progress is not from 0 to 1".to_owned()),
            ChildMessage::Artifact { id, name, path, content_type } => {
                self.artifact(id, name, PathBuf::from(path), content_type, lines).await;
            }
            ChildMessage::Secret { id, name } => {
                let (reply, answer) = oneshot::channel();
                self.send(RunEvent::Secret { name, reply }, lines).await;
                self.answers.push(Box::pin(async move {
                    match settled(answer).await {
                        Ok(secret) => ParentMessage::SecretValue { id, value: secret.expose().clone() },
                        Err(error) => ParentMessage::SecretRefused { id, message: error.to_string() },
                    }
                }));
            }
            ChildMessage::Queue { id, call } => {
                let (reply, answer) = oneshot::channel();
                self.send(RunEvent::Queue { call, reply }, lines).await;
                self.answers.push(Box::pin(async move {
                    match settled(answer).await {
                        Ok(reply) => ParentMessage::QueueReply { id, reply },
                        Err(error) => {
                            let (kind, message) = (error.kind(), error.to_string());
                            ParentMessage::QueueRefused { id, kind, message }
                        }
                    }
                }));
            }
            ChildMessage::Finished(_) if self.told.finished.is_some() => {
                self.fault("it finished twice".to_owned());
            }
            ChildMessage::Finished(finished) => self.told.finished = Some(finished),
        }
    }

    fn ready(&mut self, version: u32) {
        if self.told.is_ready {
            self.fault("it was ready twice".to_owned());
        } else if version != protocol::VERSION {
            self.fault(format!("it speaks version {version} and not {}", protocol::VERSION));
        } else {
            self.told.is_ready = true;
        }
    }

    async fn artifact(
        &mut self,
        id: u64,
        name: String,
        path: PathBuf,
        content_type: Option<String>,
        lines: &mut Vec<LogLine>,
    ) {
        if !path.is_absolute() {
            return self.fault("the path of an artifact is not absolute".to_owned());
        }
        let (reply, answer) = oneshot::channel();
        self.send(RunEvent::Artifact { name, path, content_type, reply }, lines).await;
        self.answers.push(Box::pin(async move {
            match settled(answer).await {
                Ok(()) => ParentMessage::ArtifactKept { id },
                Err(error) => ParentMessage::ArtifactRefused { id, message: error.to_string() },
            }
        }));
    }

    fn answer(&self, answer: &ParentMessage) {
        if let Ok(line) = protocol::encode(answer) {
            // The process may be gone.
            let _ = self.outbox.send(line);
        }
    }

    fn fault(&mut self, what: String) {
        self.told.fault.get_or_insert(what);
        self.abort.cancel();
    }

    /// Sends an event after the lines that were written before it.
    async fn send(&mut self, event: RunEvent, lines: &mut Vec<LogLine>) {
        self.emit(std::mem::take(lines)).await;
        // Without a receiver nobody wants to know.
        let _ = self.events.send(event).await;
    }

    async fn emit(&mut self, lines: Vec<LogLine>) {
        for line in lines {
            let _ = self.events.send(RunEvent::Log(line)).await;
        }
    }
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// The answer of the run's owner; one that vanished answers too.
pub(super) async fn settled<T>(answer: oneshot::Receiver<Result<T>>) -> Result<T> {
    answer.await.unwrap_or_else(|_| Err(Error::unavailable("runner.no_answer", "the agent gave no answer")))
}
