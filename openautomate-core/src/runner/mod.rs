//! Runners: what executes an automation. A runner is a plug-in; the registry finds it by the runtime that
//! a package version names.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::domain::{IsolationLevel, Lease, Limits, LogLine, Progress, RunResult};
use crate::error::Result;
use crate::secret::Secret;
use crate::transport::message::{QueueCall, QueueReply};

pub mod command;
mod environment;
pub mod output;
pub mod process;
pub mod python;
pub mod registry;

/// Everything that a runner needs to run one attempt.
#[derive(Clone, Debug)]
pub struct Job {
    /// The lease under which it runs: execution and attempt number.
    pub lease: Lease,
    /// The name of the package, for messages.
    pub package: String,
    /// The unpacked package. The run must not change it.
    pub package_dir: PathBuf,
    /// A folder of the run's own that is its working directory: empty, or a copy of the package, and then the
    /// same as `package_dir`. The caller removes it afterwards.
    pub work_dir: PathBuf,
    /// `module:function`, `script.py` or `robot.yaml` for Python.
    pub entrypoint: String,
    /// Program and arguments, for the command runner.
    pub command: Vec<String>,
    /// The inputs by name.
    pub inputs: Map<String, Value>,
    /// Environment variables that the package asks for.
    pub env: BTreeMap<String, String>,
    /// The time limit of the run.
    pub timeout: Option<Duration>,
    /// How long a cancelled or timed out run may take to end by itself before it is killed.
    pub grace: Duration,
    /// The Python interpreter to use; `None` is the runner's default.
    pub python: Option<PathBuf>,
    /// What it may use.
    pub limits: Limits,
    /// How far it shall be confined. Reached is what the machine can; the report of the run says it.
    pub isolation: IsolationLevel,
}

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum RunEvent {
    /// The automation's first instruction is about to run.
    Started,
    /// A line of output.
    Log(LogLine),
    /// How far it is.
    Progress(Progress),
    /// A file to keep. `path` is absolute; the run waits for `reply` before it goes on, so the file may
    /// change afterwards.
    Artifact {
        /// The name to keep it under.
        name: String,
        /// Where it lies.
        path: PathBuf,
        /// Its media type, where the automation named one.
        content_type: Option<String>,
        /// Whether it was kept.
        reply: oneshot::Sender<Result<()>>,
    },
    /// The run asks for the value of an asset.
    Secret {
        /// The asset's name.
        name: String,
        /// The value, or why it is refused.
        reply: oneshot::Sender<Result<Secret<String>>>,
    },
    /// The run works with a queue.
    Queue {
        /// What it wants.
        call: QueueCall,
        /// What came of it, with the paths of files as the pointers of those of an item; or why it is refused.
        reply: oneshot::Sender<Result<QueueReply>>,
    },
}

/// How a run and its owner talk.
#[derive(Clone, Debug)]
pub struct RunControl {
    /// Where the run's events go; it is bounded, so a flood of output slows the run and nobody else.
    pub events: mpsc::Sender<RunEvent>,
    /// Cancelled when the run shall stop.
    pub cancel: CancellationToken,
}

/// Executes attempts.
///
/// # Contract
/// - Never fails and never panics for what an automation does: whatever goes wrong is a [`RunResult`] with
///   its error (`runner::any_end_is_a_result`).
/// - When `run` returns, no process that the run started is alive, and every event was sent
///   (`runner::tree_is_dead`).
/// - After `control.cancel` is cancelled, the run is asked to stop, has `job.grace` to do so, and is then
///   killed; it ends as `Cancelled`, or as what it was if it ended first (`runner::cancel`).
/// - After `job.timeout` the same happens and it ends as `TimedOut` (`runner::timeout`).
/// - Dropping the future kills what it started.
#[async_trait]
pub trait Runner: Send + Sync + Debug + 'static {
    /// The runtime that packages name to get this runner, as in `python`.
    fn runtime(&self) -> &'static str;

    /// Runs one attempt to its end.
    async fn run(&self, job: Job, control: RunControl) -> RunResult;
}
