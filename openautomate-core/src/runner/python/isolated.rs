//! Runs Python automations, each in a process of its own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::protocol::{self, ParentMessage};
use super::session::{Session, Told};
use crate::domain::{RunError, RunResult, RunStatus};
use crate::runner::process::supervise::{Bounds, Ended, supervise};
use crate::runner::process::{Exit, Launch, Launched, Sink, launch};
use crate::runner::{Job, RunControl, Runner, environment};

/// Runs a package with an interpreter of its own for each attempt; the runtime is `python`.
///
/// The process sees the agent's `PATH`, home, language and folder for temporary files, what the package asks
/// for, and no `PYTHON…` variable. Its working directory is the job's; the package comes first on `sys.path`,
/// then its `src`.
///
/// # How a run ends
/// | the automation | status | error |
/// |---|---|---|
/// | returns, or exits with 0 | `Succeeded` | |
/// | raises | `Failed` | the exception's class, message, traceback |
/// | `sys.exit(3)` | `Failed` | `SystemExit` |
/// | dies with a code (`os._exit`) | `Failed` | `ExitCode` |
/// | dies by a signal | `Failed` | `Signal`, which is named |
/// | writes into the channel itself | `Failed` | `ProtocolError` |
/// | can't be started at all | `Failed` | `StartFailed` |
/// | was asked to stop before it ended | `Cancelled`, `TimedOut` | `Cancelled`, `Timeout` |
///
/// A process of its own keeps a crash, a leak or a hang from the agent. It is no sandbox: the automation has
/// all rights of the agent's account.
#[derive(Clone, Debug)]
pub struct IsolatedPython {
    python: PathBuf,
    runner: PathBuf,
}

impl IsolatedPython {
    /// A runner with this interpreter for jobs that name none, and the folder that
    /// [`install_runtime`](super::install_runtime) gave.
    #[must_use]
    pub fn new(python: impl Into<PathBuf>, runtime_dir: impl Into<PathBuf>) -> Self {
        Self { python: python.into(), runner: runtime_dir.into().join("openautomate").join("_runner.py") }
    }

    fn launch(&self, job: &Job) -> Launch {
        let mut args: Vec<OsString> = ["-X", "utf8"].map(OsString::from).into();
        args.push(self.runner.clone().into());
        let wanted: BTreeMap<_, _> =
            job.env.iter().filter(|(name, _)| !name.to_ascii_uppercase().starts_with("PYTHON")).collect();
        Launch {
            program: job.python.clone().unwrap_or_else(|| self.python.clone()),
            args,
            env: environment::with(wanted),
            dir: job.work_dir.clone(),
            lease: job.lease,
            has_channel: true,
        }
    }

    async fn attempt(&self, job: Job, control: RunControl) -> Result<RunResult, RunError> {
        let package_dir =
            job.package_dir.to_str().ok_or_else(|| start_failed("its folder has no UTF-8 name"))?;
        let start = ParentMessage::Start {
            entrypoint: job.entrypoint.clone(),
            package_dir: package_dir.to_owned(),
            inputs: job.inputs.clone(),
        };
        let start = protocol::encode(&start).map_err(start_failed)?;
        let program = self.launch(&job);
        let shown = program.program.display().to_string();
        let Launched { mut process, stdout, stderr, channel } = launch(program)
            .await
            .map_err(|error| start_failed(format!("{shown} can't be started: {error}")))?;
        let (reading, sink) = channel.ok_or_else(|| start_failed("it has no channel"))?;

        let (outbox, letters) = mpsc::unbounded_channel();
        // The writer below holds the other end.
        let _ = outbox.send(start);
        let (exited, abort) = (CancellationToken::new(), CancellationToken::new());
        let session = Session::new(control.events, outbox.clone(), abort.clone(), [stdout, stderr, reading]);
        let bounds =
            Bounds { timeout: job.timeout, grace: job.grace, cancel: &control.cancel, abort: &abort };
        let supervision = async {
            let ended = supervise(&mut process, bounds, |_, _| {
                if let Ok(line) = protocol::encode(&ParentMessage::Cancel) {
                    let _ = outbox.send(line);
                }
            })
            .await;
            exited.cancel();
            ended
        };
        let (ended, told) = tokio::select! {
            both = async { tokio::join!(supervision, session.run(&exited)) } => both,
            () = write(sink, letters) => unreachable!("the writer never ends"),
        };
        let ended =
            ended.map_err(|error| RunError::new("AgentError", format!("its end is unknown: {error}")))?;
        Ok(result(ended, told))
    }
}

#[async_trait]
impl Runner for IsolatedPython {
    fn runtime(&self) -> &'static str {
        "python"
    }

    async fn run(&self, job: Job, control: RunControl) -> RunResult {
        self.attempt(job, control).await.unwrap_or_else(|error| RunResult::ended(RunStatus::Failed, error))
    }
}

fn start_failed(why: impl std::fmt::Display) -> RunError {
    RunError::new("StartFailed", format!("the process of the run could not be started: {why}"))
}

/// Writes letters for as long as it is polled; a closed channel would end the process at its other end.
async fn write(mut sink: Sink, mut letters: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(letter) = letters.recv().await {
        if sink.send(&letter).await.is_err() {
            break;
        }
    }
    std::future::pending::<()>().await;
}

fn result(ended: Ended, told: Told) -> RunResult {
    let exit_code = ended.exit.code();
    if let Some(fault) = told.fault {
        let message = format!("the process broke the protocol of its control channel: {fault}");
        let error = RunError::new("ProtocolError", message);
        return RunResult { exit_code, ..RunResult::ended(RunStatus::Failed, error) };
    }
    let finished = told.finished;
    let ended_first = !ended.was_killed && finished.as_ref().is_some_and(|finished| !finished.saw_cancel);
    if let Some(stop) = ended.stop.filter(|_| !ended_first) {
        let finished = finished.unwrap_or_default();
        let mut error = stop.error();
        // Where it was when it was stopped.
        if let Some(told) = finished.error {
            (error.traceback, error.frames) = (told.traceback, told.frames);
        }
        return RunResult { status: stop.status(), outputs: finished.outputs, error: Some(error), exit_code };
    }
    match finished {
        Some(finished) if finished.succeeded && ended.exit == Exit::Code(0) => {
            RunResult { exit_code, ..RunResult::succeeded(finished.outputs) }
        }
        Some(finished) => {
            let error = finished.error.unwrap_or_else(|| died(ended.exit, true));
            RunResult { status: RunStatus::Failed, outputs: finished.outputs, error: Some(error), exit_code }
        }
        None => {
            let error = if told.is_ready {
                died(ended.exit, false)
            } else {
                start_failed(format!("the interpreter {}; stderr tells more", ended.exit))
            };
            RunResult { exit_code, ..RunResult::ended(RunStatus::Failed, error) }
        }
    }
}

fn died(exit: Exit, had_finished: bool) -> RunError {
    let when =
        if had_finished { "after the automation had returned" } else { "before the automation returned" };
    let kind = match exit {
        Exit::Code(_) => "ExitCode",
        Exit::Signal(_) => "Signal",
    };
    RunError::new(kind, format!("the process {exit} {when}"))
}
