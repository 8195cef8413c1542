//! What a run tells while it goes on: lines, progress, files to keep, assets to read.
//!
//! A file or an asset may take its time; lines go on meanwhile, or a slow server would stop every run that
//! prints.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use openautomate_core::domain::{LogLevel, LogLine, LogStream, check_name};
use openautomate_core::error::{Error, ErrorKind, Result};
use openautomate_core::runner::RunEvent;
use openautomate_core::secret::{Masker, Secret};
use openautomate_core::transport::ArtifactUpload;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::agent::Inner;
use crate::attempt::Attempt;
use crate::outcome::{mask, masked_progress};

/// How many events of a run wait, and how many are taken at once.
pub(crate) const EVENTS: usize = 1_024;
/// The largest file that a run may leave.
const MAX_ARTIFACT_BYTES: u64 = 500 * 1024 * 1024;
/// How many files and assets of a run may be under way; the run waits beyond that.
const MAX_OPEN: usize = 64;
/// How long an upload waits before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Listens to one run.
pub(crate) struct Listener<'a> {
    attempt: &'a Arc<Attempt>,
    agent: &'a Arc<Inner>,
    masker: &'a Masker,
    open: FuturesUnordered<BoxFuture<'a, ()>>,
    /// Log lines a second; what comes faster waits, and the run with it.
    rate: Option<u32>,
}

impl<'a> Listener<'a> {
    pub(crate) fn new(
        attempt: &'a Arc<Attempt>,
        agent: &'a Arc<Inner>,
        masker: &'a Masker,
        rate: Option<u32>,
    ) -> Self {
        Self { attempt, agent, masker, open: FuturesUnordered::new(), rate }
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
                    let (attempt, agent) = (self.attempt, self.agent);
                    self.open.push(Box::pin(keep(attempt, agent, name, path, content_type, reply)));
                }
                RunEvent::Secret { name, reply } => {
                    self.open.push(Box::pin(tell_secret(self.attempt, self.agent, name, reply)));
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
    if !attempt.masker.register(value.expose()) {
        let text = format!("the asset {name} is too short to be masked in the log");
        let line = LogLine::new(agent.clock.now(), LogLevel::Warning, LogStream::System, text);
        attempt.append_while_running([line]);
        agent.changed.notify_one();
    }
    Ok(value)
}

async fn keep(
    attempt: &Attempt,
    agent: &Arc<Inner>,
    name: String,
    path: PathBuf,
    content_type: Option<String>,
    mut reply: oneshot::Sender<Result<()>>,
) {
    let content_type = content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    let upload = ArtifactUpload { lease: attempt.lease, name, content_type, path };
    let kept = match check(&upload.name, &upload.path).await {
        Err(error) => Err(error),
        Ok(()) => upload_until_kept(agent, &upload, &mut reply).await,
    };
    if kept.as_ref().is_err_and(|error| error.kind() == ErrorKind::StaleLease) {
        agent.forget(attempt.lease);
    }
    // The run may have ended while it waited.
    let _ = reply.send(kept);
}

/// Tries again while the server is away: the lease decides how long that may be. Once nobody waits for the
/// answer, the try that is under way is the last.
async fn upload_until_kept(
    agent: &Inner,
    upload: &ArtifactUpload,
    reply: &mut oneshot::Sender<Result<()>>,
) -> Result<()> {
    loop {
        match agent.transport.put_artifact(upload.clone()).await {
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                tracing::debug!(%error, "an artifact could not be sent; trying again");
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = reply.closed() => return Err(error),
                }
            }
            other => return other,
        }
    }
}

/// What the server would refuse is refused before a byte is sent. A pipe or a device is no file: reading one
/// may never end.
async fn check(name: &str, path: &Path) -> Result<()> {
    check_name("name", name)?;
    if name.contains(['/', '\\']) || name == "." || name == ".." {
        return Err(Error::invalid_field("name", "is no plain file name; leave folders out"));
    }
    let found = tokio::fs::metadata(path).await.map_err(|error| {
        Error::invalid("artifact.unreadable", "the file of the artifact can't be read").with_source(error)
    })?;
    if !found.is_file() {
        return Err(Error::invalid("artifact.no_file", "the artifact is no file; pack a folder first"));
    }
    if found.len() > MAX_ARTIFACT_BYTES {
        let message = format!("the artifact is larger than {} MiB", MAX_ARTIFACT_BYTES / 1024 / 1024);
        return Err(Error::new(ErrorKind::QuotaExceeded, "artifact.too_large", message));
    }
    Ok(())
}
