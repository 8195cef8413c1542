//! Runs Python automations in this process: for trusted code, in embedding and in tests.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::DateTime;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::bootstrap::{Entry, Host, Record, execute, queue_refusal};
use super::protocol::Finished;
use super::session::settled;
use crate::clock::{Clock, SystemClock};
use crate::domain::{LogLevel, LogLine, LogStream, Progress, RunError, RunResult, RunStatus};
use crate::error::ErrorKind;
use crate::runner::output::{LineAssembler, line};
use crate::runner::process::supervise::{Stop, first_stop};
use crate::runner::{Job, RunControl, RunEvent, Runner};

/// Runs a package in the interpreter of this process; the runtime is `python`.
///
/// # Limits
/// For trusted code alone. A crash of the automation (`os._exit`, a fault in C) ends this process; a blocking
/// C call can't be interrupted: a run that does not end within its grace period is given up, with a line in
/// its log, and its thread goes on. Runs take turns, one at a time in this process, for packages with modules
/// of the same names would meet in `sys.modules`; the time limit begins with the turn. They share the working directory, the environment and
/// what they write to the file descriptors 1 and 2 themselves; the job's `env`, `work_dir` and `python` are
/// not used, and bytecode may be written into the package. A thread that an automation starts belongs to its
/// run only if it copies the context.
#[derive(Clone, Debug)]
pub struct InProcess {
    runtime_dir: PathBuf,
}

impl InProcess {
    /// A runner with the folder that [`install_runtime`](super::install_runtime) gave.
    #[must_use]
    pub fn new(runtime_dir: impl Into<PathBuf>) -> Self {
        Self { runtime_dir: runtime_dir.into() }
    }
}

#[async_trait]
impl Runner for InProcess {
    fn runtime(&self) -> &'static str {
        "python"
    }

    async fn run(&self, job: Job, control: RunControl) -> RunResult {
        static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let _turn = tokio::select! {
            turn = TURN.lock() => turn,
            () = control.cancel.cancelled() => {
                return RunResult::ended(RunStatus::Cancelled, Stop::Cancelled.error());
            }
        };
        let run = Arc::new(SharedRun::new(control.events));
        // Dropping the future asks the run to stop, which is all that can be done.
        let stopper = Stopper(run.clone());
        let cancel = control.cancel;
        let runtime_dir = self.runtime_dir.clone();
        let (package, here) = (job.clone(), run.clone());
        let mut task = tokio::task::spawn_blocking(move || run_here(&package, &here, &runtime_dir));
        let mut asked = None;
        let ended = tokio::select! {
            biased;
            ended = &mut task => Some(ended),
            stop = first_stop(job.timeout, &cancel) => {
                asked = Some(stop);
                stopper.0.stop();
                tokio::select! {
                    biased;
                    ended = &mut task => Some(ended),
                    () = tokio::time::sleep(job.grace) => None,
                }
            }
        };
        match ended {
            Some(ended) => {
                let ended = ended.unwrap_or_else(|_| Err(internal("its thread panicked")));
                result(ended, asked)
            }
            None => {
                let stop = asked.unwrap_or(Stop::Cancelled);
                run.give_up().await;
                RunResult::ended(stop.status(), stop.error())
            }
        }
    }
}

fn internal(why: &str) -> RunError {
    RunError::new("AgentError", format!("the run could not be carried out: {why}"))
}

fn result(ended: Result<Finished, RunError>, asked: Option<Stop>) -> RunResult {
    let finished = ended.unwrap_or_else(|error| Finished { error: Some(error), ..Finished::default() });
    let error = finished.error;
    let stopped = asked.filter(|_| finished.saw_cancel);
    let (status, error) = match stopped {
        Some(stop) => {
            let mut told = stop.error();
            if let Some(error) = error {
                (told.traceback, told.frames) = (error.traceback, error.frames);
            }
            (stop.status(), Some(told))
        }
        None if finished.succeeded => (RunStatus::Succeeded, None),
        None => (RunStatus::Failed, error),
    };
    RunResult { status, outputs: finished.outputs, error, exit_code: None, report: None }
}

fn run_here(job: &Job, run: &Arc<SharedRun>, runtime_dir: &Path) -> Result<Finished, RunError> {
    let Some(package_dir) = job.package_dir.to_str() else {
        return Err(internal("the package's folder has no UTF-8 name"));
    };
    Python::initialize();
    let ended = Python::attach(|py| {
        let path = py.import("sys")?.getattr("path")?;
        // Text and no path object, which the import system does not look into.
        let runtime_dir = runtime_dir.to_string_lossy();
        if !path.contains(&runtime_dir)? {
            path.call_method1("append", (&runtime_dir,))?;
        }
        let thread = py.import("_thread")?.call_method0("get_ident")?.extract()?;
        *run.thread() = Some(thread);
        let entry = Entry { entrypoint: &job.entrypoint, package_dir, inputs: &job.inputs };
        let ended = execute(py, "openautomate._in_process", run.clone(), entry, None);
        // Attached as this thread is, no interrupt is on its way to it.
        *run.thread() = None;
        ended
    });
    run.flush();
    // Python may keep the host in a cycle; what was said is over all the same.
    run.sender_slot().take();
    let saw_cancel = run.is_cancelled();
    match ended {
        Ok((finished, _)) => Ok(Finished { saw_cancel, ..finished }),
        // Never printed: PyO3 ends the process when it prints a SystemExit.
        Err(error) => {
            Ok(Finished { error: Some(internal(&error.to_string())), saw_cancel, ..Finished::default() })
        }
    }
}

/// Raises `KeyboardInterrupt` in a thread of the interpreter, at its next instruction.
#[expect(unsafe_code, reason = "the interpreter has no safe interface for this")]
fn interrupt(py: Python<'_>, thread: u64) {
    let kind = py.get_type::<PyKeyboardInterrupt>();
    // SAFETY: the interpreter is attached, and the exception lives as long as it; a thread that is gone is
    // not found. The identifier is the interpreter's own, whatever its sign here.
    unsafe {
        pyo3::ffi::PyThreadState_SetAsyncExc(thread as _, kind.as_ptr());
    }
}

struct Stopper(Arc<SharedRun>);

impl Drop for Stopper {
    fn drop(&mut self) {
        if Arc::strong_count(&self.0) > 1 {
            self.0.stop();
        }
    }
}

/// One run among others in this process.
struct SharedRun {
    /// Taken when the run is given up: nothing that it says afterwards is heard.
    events: Mutex<Option<mpsc::Sender<RunEvent>>>,
    runtime: Handle,
    is_cancelled: AtomicBool,
    thread: Mutex<Option<u64>>,
    stdout: Mutex<LineAssembler>,
    stderr: Mutex<LineAssembler>,
}

impl SharedRun {
    fn new(events: mpsc::Sender<RunEvent>) -> Self {
        Self {
            events: Mutex::new(Some(events)),
            runtime: Handle::current(),
            is_cancelled: AtomicBool::new(false),
            thread: Mutex::default(),
            stdout: Mutex::default(),
            stderr: Mutex::default(),
        }
    }

    fn thread(&self) -> MutexGuard<'_, Option<u64>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sender_slot(&self) -> MutexGuard<'_, Option<mpsc::Sender<RunEvent>>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, event: RunEvent) {
        let events = self.sender_slot().clone();
        if let Some(events) = events {
            // Without a receiver nobody wants to know.
            let _ = events.blocking_send(event);
        }
    }

    /// Asks the run to stop and interrupts it; never waits for the interpreter.
    fn stop(self: &Arc<Self>) {
        if self.is_cancelled.swap(true, Ordering::SeqCst) {
            return;
        }
        let run = self.clone();
        self.runtime.spawn_blocking(move || {
            Python::attach(|py| {
                if let Some(thread) = *run.thread() {
                    interrupt(py, thread);
                }
            });
        });
    }

    async fn give_up(&self) {
        let events = self.sender_slot().take();
        if let Some(events) = events {
            let text = "the thread of the run can't be stopped and goes on; nothing more of it is recorded";
            let mut last = line(LogStream::System, text.to_owned());
            last.level = LogLevel::Error;
            let _ = events.send(RunEvent::Log(last)).await;
        }
    }

    fn flush(&self) {
        for (lines, stream) in [(&self.stdout, LogStream::Stdout), (&self.stderr, LogStream::Stderr)] {
            let last = lines.lock().unwrap_or_else(PoisonError::into_inner).finish();
            if let Some(text) = last {
                self.send(RunEvent::Log(line(stream, text)));
            }
        }
    }

    /// Hands the answer of the run's owner to the thread that waits for it.
    fn forward<T: Send + 'static>(
        &self,
        answer: oneshot::Receiver<crate::error::Result<T>>,
    ) -> Receiver<Result<T, String>> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            let _ = sender.send(settled(answer).await.map_err(|error| error.to_string()));
        });
        receiver
    }
}

impl Host for SharedRun {
    fn started(&self) {
        self.send(RunEvent::Started);
    }

    fn log(&self, record: Record) {
        let time = DateTime::from_timestamp_micros(record.time).unwrap_or_else(|| SystemClock.now());
        let mut line = LogLine::new(time, record.level, LogStream::Logging, record.message);
        (line.logger, line.source) = (Some(record.logger), record.source);
        self.send(RunEvent::Log(line));
    }

    fn progress(&self, fraction: f64, message: Option<String>) {
        self.send(RunEvent::Progress(Progress { fraction, message }));
    }

    fn artifact(
        &self,
        name: String,
        path: String,
        content_type: Option<String>,
    ) -> Receiver<Result<(), String>> {
        let (reply, answer) = oneshot::channel();
        self.send(RunEvent::Artifact { name, path: path.into(), content_type, reply });
        self.forward(answer)
    }

    fn secret(&self, name: String) -> Receiver<Result<String, String>> {
        let (reply, answer) = oneshot::channel();
        self.send(RunEvent::Secret { name, reply });
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            let settled = settled(answer).await;
            let _ =
                sender.send(settled.map(|secret| secret.expose().clone()).map_err(|error| error.to_string()));
        });
        receiver
    }

    fn queue(&self, call: String) -> Receiver<Result<String, String>> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let call = match serde_json::from_str(&call) {
            Ok(call) => call,
            Err(error) => {
                let message = format!("the call is none that the runner knows: {error}");
                let _ = sender.send(Err(queue_refusal(ErrorKind::Invalid, &message)));
                return receiver;
            }
        };
        let (reply, answer) = oneshot::channel();
        self.send(RunEvent::Queue { call, reply });
        self.runtime.spawn(async move {
            let told = match settled(answer).await {
                Ok(reply) => Ok(serde_json::to_string(&reply).unwrap_or_default()),
                Err(error) => Err(queue_refusal(error.kind(), error.message())),
            };
            let _ = sender.send(told);
        });
        receiver
    }

    fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::SeqCst)
    }

    fn write(&self, stream: LogStream, text: &str) {
        let lines = if stream == LogStream::Stderr { &self.stderr } else { &self.stdout };
        let mut complete = Vec::new();
        lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(text.as_bytes(), |text| complete.push(line(stream, text)));
        for line in complete {
            self.send(RunEvent::Log(line));
        }
    }
}
