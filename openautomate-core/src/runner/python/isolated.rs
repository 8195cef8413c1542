//! Runs Python automations, each in a process of its own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::pool::{Pool, PoolSettings, Warm};
use super::protocol::{self, Confine, ParentMessage, Place};
use super::runtime::has_bridge;
use super::session::{Session, Told};
use crate::domain::{IsolationLevel, RunError, RunResult, RunStatus};
use crate::runner::process::supervise::{Bounds, Ended, supervise};
use crate::runner::process::{Exit, Launch, Launched, Mark, Sink, launch};
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
/// | asked for an approval that nobody has answered | `Suspended` | |
/// | raises | `Failed` | the exception's class, message, traceback |
/// | `sys.exit(3)` | `Failed` | `SystemExit` |
/// | dies with a code (`os._exit`) | `Failed` | `ExitCode` |
/// | dies by a signal | `Failed` | `Signal`, which is named |
/// | writes into the channel itself | `Failed` | `ProtocolError` |
/// | can't be started at all | `Failed` | `StartFailed` |
/// | was asked to stop before it ended | `Cancelled`, `TimedOut` | `Cancelled`, `Timeout` |
///
/// When it ends by itself its threads are waited for, its exit hooks run, what the modules of the package hold is
/// let go, and files are flushed. With the native bridge the rest of the interpreter is left to the kernel.
///
/// A process of its own keeps a crash, a leak or a hang from the agent. It is no sandbox: the automation has
/// all rights of the agent's account.
#[derive(Clone, Debug)]
pub struct IsolatedPython {
    python: PathBuf,
    program: Program,
    pool: Option<Arc<Pool>>,
}

/// How the interpreters are started.
#[derive(Clone, Debug)]
pub(super) struct Program {
    runner: PathBuf,
    folder: PathBuf,
}

impl Program {
    fn launch(&self, python: &Path, mode: &str, dir: PathBuf, mark: Mark) -> Launch {
        let args = ["-X".into(), "utf8".into(), self.runner.clone().into(), mode.into()].into();
        let env = environment::with(BTreeMap::new());
        Launch { program: python.to_owned(), args, env, dir, mark, has_channel: true }
    }

    /// A process that waits for its run.
    pub(super) fn waiting(&self, python: &Path) -> Launch {
        self.launch(python, "wait", self.folder.clone(), Mark::idle())
    }

    /// A process that forks those that wait.
    #[cfg(target_os = "linux")]
    pub(super) fn zygote(&self, python: &Path, preload: &[String]) -> Launch {
        let mut launch = self.launch(python, "zygote", self.folder.clone(), Mark::idle());
        launch.args.extend(preload.iter().map(OsString::from));
        launch
    }

    fn run(&self, python: &Path, job: &Job) -> Launch {
        let launch = self.launch(python, "run", job.work_dir.clone(), Mark::of(job.lease));
        Launch { env: environment::with(wanted(job).collect()), ..launch }
    }
}

/// The variables that the package asks for and may have.
fn wanted(job: &Job) -> impl Iterator<Item = (&String, &String)> {
    job.env.iter().filter(|(name, _)| !name.to_ascii_uppercase().starts_with("PYTHON"))
}

/// Whether a variable counts at the start of a process only: for the loader, the allocator, the C library.
fn counts_at_start(name: &str) -> bool {
    ["LD_", "DYLD_", "MALLOC_", "GLIBC_", "LC_"].iter().any(|prefix| name.starts_with(prefix))
        || ["TZ", "LANG", "LANGUAGE"].contains(&name)
}

impl IsolatedPython {
    /// A runner with this interpreter for jobs that name none, and the folder that
    /// [`install_runtime`](super::install_runtime) gave.
    #[must_use]
    pub fn new(python: impl Into<PathBuf>, runtime_dir: impl Into<PathBuf>) -> Self {
        let folder: PathBuf = runtime_dir.into();
        let runner = folder.join("openautomate").join("_runner.py");
        Self { python: python.into(), program: Program { runner, folder }, pool: None }
    }

    /// Has processes wait for runs. Without the native bridge none can; runs then start their own as before.
    #[must_use]
    pub fn with_pool(mut self, settings: PoolSettings) -> Self {
        let can_wait = settings.max_idle > 0 && has_bridge(&self.program.folder);
        self.pool = can_wait.then(|| Arc::new(Pool::new(settings, self.program.clone())));
        self
    }

    /// Has a process wait for runs with this interpreter (`None` is the default one) soon. Must be called
    /// within a tokio runtime; does nothing without a pool.
    pub fn prepare(&self, python: Option<&Path>) {
        if let Some(pool) = &self.pool {
            pool.prepare(python.unwrap_or(&self.python));
        }
    }

    /// How many processes wait for runs with this interpreter at this moment.
    #[must_use]
    pub fn waiting(&self, python: Option<&Path>) -> usize {
        self.pool.as_ref().map_or(0, |pool| pool.idle(python.unwrap_or(&self.python)))
    }

    async fn warm(&self, python: &Path, job: &Job) -> Option<(Warm, Place)> {
        let pool = self.pool.as_ref()?;
        let work_dir = job.work_dir.to_str()?.to_owned();
        if wanted(job).any(|(name, _)| counts_at_start(name)) {
            return None;
        }
        let mark = Mark::of(job.lease);
        let mut warm = pool.take(python).await?;
        warm.launched.process.bind(&mark);
        let env = wanted(job).map(|(name, value)| (name.clone(), value.clone())).collect();
        Some((warm, Place { mark: mark.as_str().to_owned(), work_dir, env }))
    }

    /// Runs in a process that waited, if there is one; one that is gone by then costs nothing but a moment.
    async fn attempt(&self, job: Job, control: RunControl) -> Result<RunResult, RunError> {
        let python = job.python.clone().unwrap_or_else(|| self.python.clone());
        if let Some((warm, place)) = self.warm(&python, &job).await {
            let (ended, told) = talk(&job, control.clone(), warm, Some(place)).await?;
            let never_began = !told.has_started && told.fault.is_none() && ended.stop.is_none();
            if !never_began {
                return Ok(result(ended, told));
            }
            tracing::warn!(exit = %ended.exit, "a process that waited for its run was gone");
        }
        let shown = python.display();
        let launched = launch(self.program.run(&python, &job)).await;
        let launched =
            launched.map_err(|error| start_failed(format!("{shown} can't be started: {error}")))?;
        let (ended, told) = talk(&job, control, Warm { launched, said: Vec::new() }, None).await?;
        Ok(result(ended, told))
    }
}

/// What a confined run may read and write besides its interpreter.
fn confine(job: &Job) -> Confine {
    Confine { readable: vec![job.package_dir.clone()], writable: vec![job.work_dir.clone()] }
}

/// Tells a process what to run, and takes what it says until it and all that it started have ended.
async fn talk(
    job: &Job,
    control: RunControl,
    process: Warm,
    place: Option<Place>,
) -> Result<(Ended, Told), RunError> {
    let package_dir = job.package_dir.to_str().ok_or_else(|| start_failed("its folder has no UTF-8 name"))?;
    let start = ParentMessage::Start {
        entrypoint: job.entrypoint.clone(),
        package_dir: package_dir.to_owned(),
        inputs: job.inputs.clone(),
        place,
        confine: (job.isolation == IsolationLevel::L2).then(|| confine(job)),
    };
    let start = protocol::encode(&start).map_err(start_failed)?;
    let Warm { launched: Launched { mut process, stdout, stderr, channel }, said } = process;
    let (reading, sink) = channel.ok_or_else(|| start_failed("it has no channel"))?;
    let limited = process.limit(&job.limits, &Mark::of(job.lease));
    let isolation = limited.map_err(|error| start_failed(format!("its limits can't be set: {error}")))?;

    let (outbox, letters) = mpsc::unbounded_channel();
    // The writer below holds the other end.
    let _ = outbox.send(start);
    let (exited, abort) = (CancellationToken::new(), CancellationToken::new());
    let session =
        Session::new(control.events, outbox.clone(), abort.clone(), [stdout, stderr, reading], &said);
    let bounds = Bounds::of(job, &control.cancel, &abort, isolation);
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
    let ended = ended.map_err(|error| RunError::new("AgentError", format!("its end is unknown: {error}")))?;
    Ok((ended, told))
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
    let mut report = ended.report.clone();
    if told.is_confined && report.isolation == IsolationLevel::L1 {
        report.isolation = IsolationLevel::L2;
    }
    RunResult { exit_code: ended.exit.code(), report: Some(report), ..outcome(&ended, told) }
}

fn outcome(ended: &Ended, told: Told) -> RunResult {
    if let Some(fault) = told.fault {
        let message = format!("the process broke the protocol of its control channel: {fault}");
        return RunResult::ended(RunStatus::Failed, RunError::new("ProtocolError", message));
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
        return RunResult { outputs: finished.outputs, ..RunResult::ended(stop.status(), error) };
    }
    match finished {
        Some(finished) if finished.suspended && ended.exit == Exit::Code(0) => RunResult::suspended(),
        Some(finished) if finished.succeeded && ended.exit == Exit::Code(0) => {
            RunResult::succeeded(finished.outputs)
        }
        Some(finished) => {
            let error = finished.error.unwrap_or_else(|| died(ended.exit, true));
            RunResult { outputs: finished.outputs, ..RunResult::ended(RunStatus::Failed, error) }
        }
        None if told.is_ready => RunResult::ended(RunStatus::Failed, died(ended.exit, false)),
        None => {
            let why = start_failed(format!("the interpreter {}; stderr tells more", ended.exit));
            RunResult::ended(RunStatus::Failed, why)
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
