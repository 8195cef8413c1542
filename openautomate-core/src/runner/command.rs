//! Runs any program: the runtime `command`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::{LogStream, RunError, RunResult, RunStatus};
use crate::runner::output::Stream;
use crate::runner::process::supervise::{Bounds, Ended, Stop, supervise};
use crate::runner::process::{Exit, Launch, Launched, Mark, Process, launch};
use crate::runner::{Job, RunControl, RunEvent, Runner, environment};

/// Names the file with the inputs, a JSON object.
pub const INPUTS: &str = "OPENAUTOMATE_INPUTS";

/// Names the file that the program may write its outputs to, a JSON object.
pub const OUTPUTS: &str = "OPENAUTOMATE_OUTPUTS";

/// The largest file of outputs in bytes.
pub const MAX_OUTPUT_BYTES: u64 = 16 * 1024 * 1024;

/// How long streams are read after all processes of a run are dead.
const DRAIN: std::time::Duration = std::time::Duration::from_secs(2);

/// Runs a program with its arguments, as the package's `command` names them.
///
/// A program that is named by a relative path is looked for in the package first and then on `PATH`. It
/// finds its inputs in the JSON file that `OPENAUTOMATE_INPUTS` names, and may write its outputs to the one
/// that `OPENAUTOMATE_OUTPUTS` names; both are in its working directory. Every line of stdout and stderr is
/// a log line.
///
/// Exit code 0 is success; another is `Failed` with `ExitCode`, death by a signal `Failed` with `Signal`,
/// unreadable outputs `Failed` with `OutputError`. To stop it, its process group gets `SIGTERM` (a
/// `CTRL_BREAK` on Windows), and all its processes are killed after the grace period.
#[derive(Clone, Copy, Debug, Default)]
pub struct CommandRunner;

impl CommandRunner {
    /// The runner.
    #[must_use]
    pub fn new() -> Self {
        Self
    }

    async fn attempt(job: Job, control: RunControl) -> Result<RunResult, RunError> {
        let outputs = job.work_dir.join(".openautomate-outputs.json");
        let launched = start(&job, &outputs).await?;
        let Launched { mut process, stdout, stderr, .. } = launched;
        // What the program starts within its first instants may escape the limits of number and memory.
        let limited = process.limit(&job.limits, &Mark::of(job.lease));
        let isolation = limited.map_err(|error| {
            RunError::new("StartFailed", format!("the limits of the command can't be set: {error}"))
        })?;
        // Nobody waits for it.
        let _ = control.events.send(RunEvent::Started).await;
        let (exited, abort) = (CancellationToken::new(), CancellationToken::new());
        let bounds = Bounds::of(&job, &control.cancel, &abort, isolation);
        let supervision = async {
            let ended = supervise(&mut process, bounds, |process: &Process, _| process.terminate()).await;
            exited.cancel();
            ended
        };
        let streams = [Stream::new(stdout, LogStream::Stdout), Stream::new(stderr, LogStream::Stderr)];
        let (ended, ()) = tokio::join!(supervision, capture(streams, &control.events, &exited));
        let ended =
            ended.map_err(|error| RunError::new("AgentError", format!("its end is unknown: {error}")))?;
        let outputs = read_outputs(&outputs).await;
        Ok(result(ended, outputs))
    }
}

#[async_trait]
impl Runner for CommandRunner {
    fn runtime(&self) -> &'static str {
        "command"
    }

    async fn run(&self, job: Job, control: RunControl) -> RunResult {
        Self::attempt(job, control).await.unwrap_or_else(|error| RunResult::ended(RunStatus::Failed, error))
    }
}

async fn start(job: &Job, outputs: &Path) -> Result<Launched, RunError> {
    let failed =
        |why: String| RunError::new("StartFailed", format!("the command could not be started: {why}"));
    let Some((program, args)) = job.command.split_first().filter(|(program, _)| !program.is_empty()) else {
        return Err(failed("the package names none; give tool.openautomate.command".to_owned()));
    };
    let inputs = job.work_dir.join(".openautomate-inputs.json");
    let text = serde_json::to_vec(&job.inputs).map_err(|error| failed(error.to_string()))?;
    tokio::fs::write(&inputs, text)
        .await
        .map_err(|error| failed(format!("its inputs can't be written: {error}")))?;
    let mut env = environment::with(job.env.iter().collect());
    env.push((INPUTS.into(), inputs.into()));
    env.push((OUTPUTS.into(), outputs.into()));
    let in_package = job.package_dir.join(program);
    let is_in_package = tokio::fs::metadata(&in_package).await.is_ok_and(|file| file.is_file());
    let launched = launch(Launch {
        program: if is_in_package { in_package } else { PathBuf::from(program) },
        args: args.iter().map(OsString::from).collect(),
        env,
        dir: job.work_dir.clone(),
        mark: Mark::of(job.lease),
        has_channel: false,
    });
    launched.await.map_err(|error| failed(format!("{program}: {error}")))
}

/// Sends the lines of both streams until they end, or for a while after `exited` is cancelled.
pub(crate) async fn capture(
    [mut stdout, mut stderr]: [Stream; 2],
    events: &mpsc::Sender<RunEvent>,
    exited: &CancellationToken,
) {
    let mut drain_until: Option<Instant> = None;
    let mut lines = Vec::new();
    while !(stdout.has_ended() && stderr.has_ended()) {
        let over = async {
            match drain_until {
                Some(instant) => tokio::time::sleep_until(instant).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stdout.ready() => {}
            () = stderr.ready() => {}
            () = exited.cancelled(), if drain_until.is_none() => drain_until = Some(Instant::now() + DRAIN),
            () = over => break,
        }
        for stream in [&mut stdout, &mut stderr] {
            stream.fill();
            stream.take_all(&mut lines);
        }
        for line in lines.drain(..) {
            let _ = events.send(RunEvent::Log(line)).await;
        }
    }
    stdout.finish(&mut lines);
    stderr.finish(&mut lines);
    for line in lines {
        let _ = events.send(RunEvent::Log(line)).await;
    }
}

async fn read_outputs(path: &Path) -> Result<Map<String, Value>, RunError> {
    let refused = |why: &str| RunError::new("OutputError", format!("the file of {OUTPUTS} {why}"));
    let Ok(file) = tokio::fs::symlink_metadata(path).await else { return Ok(Map::new()) };
    if !file.is_file() {
        return Err(refused("is no regular file; write the outputs as a JSON object"));
    }
    if file.len() > MAX_OUTPUT_BYTES {
        return Err(refused("has more than 16 MiB; keep large data elsewhere"));
    }
    let bytes = tokio::fs::read(path).await.map_err(|_| refused("can't be read"))?;
    serde_json::from_slice(&bytes).map_err(|_| refused("holds no JSON object; write the outputs as one"))
}

fn result(ended: Ended, outputs: Result<Map<String, Value>, RunError>) -> RunResult {
    let exit_code = ended.exit.code();
    // A program that was asked to stop and still ended well had ended first.
    let stop = ended.stop.filter(|_| ended.was_killed || ended.exit != Exit::Code(0));
    let (status, error) = match (stop, ended.exit, &outputs) {
        (Some(stop), _, _) => (stop.status(), Some(Stop::error(stop))),
        (None, Exit::Code(0), Ok(_)) => (RunStatus::Succeeded, None),
        (None, Exit::Code(0), Err(error)) => (RunStatus::Failed, Some(error.clone())),
        (None, exit @ Exit::Code(_), _) => {
            (RunStatus::Failed, Some(RunError::new("ExitCode", format!("the program {exit}"))))
        }
        (None, exit @ Exit::Signal(_), _) => {
            (RunStatus::Failed, Some(RunError::new("Signal", format!("the program {exit}"))))
        }
    };
    RunResult { status, outputs: outputs.unwrap_or_default(), error, exit_code, report: Some(ended.report) }
}
