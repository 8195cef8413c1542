//! What a run tells while it goes on: lines, progress, files to keep, assets to read, work with queues.
//!
//! A file or an asset may take its time; lines go on meanwhile, or a slow server would stop every run that
//! prints.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use openautomate_core::domain::{LogLevel, LogLine, LogStream};
use openautomate_core::error::Result;
use openautomate_core::runner::RunEvent;
use openautomate_core::secret::{Masker, Secret};
use openautomate_core::transport::message::RunCall;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::agent::Inner;
use crate::artifact::{self, Found};
use crate::attempt::Attempt;
use crate::bucket::{self, Place};
use crate::call;
use crate::outcome::{mask, masked_progress};
use crate::queue;

/// How many events of a run wait, and how many are taken at once.
pub(crate) const EVENTS: usize = 1_024;
/// How many files and assets of a run may be under way; the run waits beyond that.
const MAX_OPEN: usize = 64;

/// Listens to one run.
pub(crate) struct Listener<'a> {
    attempt: &'a Arc<Attempt>,
    agent: &'a Arc<Inner>,
    masker: &'a Masker,
    open: FuturesUnordered<BoxFuture<'a, ()>>,
    /// Log lines a second; what comes faster waits, and the run with it.
    rate: Option<u32>,
    /// Where the files of work items, objects and assets are put.
    work_dir: Arc<Path>,
    /// The only folders whose files a confined run may leave.
    folders: Option<Arc<[PathBuf]>>,
}

impl<'a> Listener<'a> {
    pub(crate) fn new(
        attempt: &'a Arc<Attempt>,
        agent: &'a Arc<Inner>,
        masker: &'a Masker,
        rate: Option<u32>,
        work_dir: PathBuf,
    ) -> Self {
        let work_dir = work_dir.into();
        Self { attempt, agent, masker, open: FuturesUnordered::new(), rate, work_dir, folders: None }
    }

    /// The run is confined to files in these folders.
    pub(crate) fn confined_to(mut self, folders: impl IntoIterator<Item = PathBuf>) -> Self {
        self.folders = Some(folders.into_iter().collect());
        self
    }

    /// Takes what the run tells until it has ended and everything it told is dealt with.
    pub(crate) async fn listen(mut self, mut receiver: mpsc::Receiver<RunEvent>) {
        let mut events = Vec::new();
        let mut next = Instant::now();
        loop {
            let is_due = tokio::time::sleep_until(next);
            tokio::select! {
                count = async { is_due.await; receiver.recv_many(&mut events, EVENTS).await },
                    if self.open.len() < MAX_OPEN =>
                {
                    if count == 0 {
                        break;
                    }
                    let lines = self.take(events.drain(..));
                    if let Some(rate) = self.rate {
                        let pause = Duration::from_secs(1).mul_f64(f64::from(lines) / f64::from(rate));
                        next = Instant::now() + pause;
                    }
                }
                Some(()) = self.open.next(), if !self.open.is_empty() => {}
            }
        }
        while self.open.next().await.is_some() {}
    }

    /// Deals with events; tells how many lines they were.
    fn take(&mut self, events: impl Iterator<Item = RunEvent>) -> u32 {
        let mut lines = Vec::new();
        for event in events {
            match event {
                RunEvent::Log(line) => lines.push(self.masked(line)),
                RunEvent::Started => {}
                RunEvent::Progress(progress) => {
                    self.attempt.state().progress = Some(masked_progress(progress, self.masker));
                }
                RunEvent::Artifact { name, path, content_type, reply } => {
                    let found = Found { name, path, content_type, folders: self.folders.clone() };
                    self.open.push(Box::pin(artifact::keep(self.attempt, self.agent, found, reply)));
                }
                RunEvent::Call {
                    call: call @ (RunCall::Bucket { .. } | RunCall::AssetFile { .. }),
                    reply,
                } => {
                    let place = Place { work_dir: self.work_dir.clone(), folders: self.folders.clone() };
                    let call = call::masked(call, self.masker);
                    self.open.push(Box::pin(bucket::work(self.attempt, self.agent, place, call, reply)));
                }
                RunEvent::Call { call, reply } => {
                    self.open.push(Box::pin(call::make(self.attempt, self.agent, call, reply)));
                }
                RunEvent::Secret { name, reply } => {
                    self.open.push(Box::pin(tell_secret(self.attempt, self.agent, name, reply)));
                }
                RunEvent::Queue { call, reply } => {
                    let work_dir = self.work_dir.clone();
                    self.open.push(Box::pin(queue::work(self.attempt, self.agent, work_dir, call, reply)));
                }
            }
        }
        let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        if count > 0 {
            self.attempt.append(lines);
        }
        self.agent.changed.notify_one();
        count
    }

    fn masked(&self, mut line: LogLine) -> LogLine {
        mask(&mut line.text, self.masker);
        for text in [&mut line.logger, &mut line.source].into_iter().flatten() {
            mask(text, self.masker);
        }
        line
    }
}

async fn tell_secret(
    attempt: &Attempt,
    agent: &Inner,
    name: String,
    reply: oneshot::Sender<Result<Secret<String>>>,
) {
    // The run may have ended while it waited.
    let _ = reply.send(read_asset(attempt, agent, &name).await);
}

/// The value of an asset that the run may read. It is known to the masker before the run has it, so that no
/// line can be quicker.
pub(crate) async fn read_asset(attempt: &Attempt, agent: &Inner, name: &str) -> Result<Secret<String>> {
    let value = agent.ask_secret(attempt.lease, name).await?;
    if !attempt.masker.register_with_parts(value.expose()) {
        let text = format!("the asset {name} is too short to be masked in the log");
        let line = LogLine::new(agent.clock.now(), LogLevel::Warning, LogStream::System, text);
        attempt.append_while_running([line]);
        agent.changed.notify_one();
    }
    Ok(value)
}
