//! Runs an automation through PyO3, whoever the host is: the agent at the other end of a channel, or the
//! program that embeds Python.
//!
//! What inputs, outputs and failures mean is decided in `openautomate._entry`, for both and for the bridge in
//! pure Python alike.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Map, Value};

use super::convert;
use super::protocol::Finished;
use crate::domain::{LogLevel, LogStream, RunError, TraceFrame};
use crate::error::ErrorKind;

/// How often a thread that waits for an answer looks for an interrupt.
const INTERRUPT_CHECK: Duration = Duration::from_millis(20);

/// A record of `logging`.
#[derive(Clone, Debug)]
pub struct Record {
    /// When, in microseconds since 1970.
    pub time: i64,
    /// How severe.
    pub level: LogLevel,
    /// The logger's name.
    pub logger: String,
    /// `file:line`.
    pub source: Option<String>,
    /// The text.
    pub message: String,
    /// How much was written to `sys.stdout` and `sys.stderr` before.
    pub written: (u64, u64),
}

/// Whom a run talks to. No method is called with the interpreter attached, so each may block.
pub trait Host: Send + Sync + 'static {
    /// The first instruction is about to run.
    fn started(&self);
    /// A record was logged.
    fn log(&self, record: Record);
    /// It is this far.
    fn progress(&self, fraction: f64, message: Option<String>);
    /// Keep a file; the answer is the reason of a refusal.
    fn artifact(
        &self,
        name: String,
        path: String,
        content_type: Option<String>,
    ) -> Receiver<Result<(), String>>;
    /// Give a secret.
    fn secret(&self, name: String) -> Receiver<Result<String, String>>;
    /// Work with a queue: the call, the answer and the reason of a refusal are JSON.
    fn queue(&self, call: String) -> Receiver<Result<String, String>>;
    /// Whether the run was asked to stop.
    fn is_cancelled(&self) -> bool;
    /// It printed; only where runs share the process.
    fn write(&self, stream: LogStream, text: &str);
}

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// `module:function` or `script.py`.
    pub entrypoint: &'a str,
    /// The unpacked package.
    pub package_dir: &'a str,
    /// The inputs by name.
    pub inputs: &'a Map<String, Value>,
}

#[pyclass(frozen, name = "Host", module = "openautomate")]
struct PyHost(Arc<dyn Host>);

#[pymethods]
impl PyHost {
    fn started(&self, py: Python<'_>) {
        py.detach(|| self.0.started());
    }

    #[expect(clippy::too_many_arguments, reason = "the signature of the Python protocol `Host`")]
    fn log(
        &self,
        py: Python<'_>,
        time: i64,
        level: &str,
        logger: String,
        source: Option<String>,
        message: String,
        stdout_bytes: u64,
        stderr_bytes: u64,
    ) {
        let level = match level {
            "critical" => LogLevel::Critical,
            "error" => LogLevel::Error,
            "warning" => LogLevel::Warning,
            "info" => LogLevel::Info,
            _ => LogLevel::Debug,
        };
        let record = Record { time, level, logger, source, message, written: (stdout_bytes, stderr_bytes) };
        py.detach(|| self.0.log(record));
    }

    fn progress(&self, py: Python<'_>, fraction: f64, message: Option<String>) {
        py.detach(|| self.0.progress(fraction, message));
    }

    fn artifact(
        &self,
        py: Python<'_>,
        name: String,
        path: String,
        content_type: Option<String>,
    ) -> PyResult<Option<String>> {
        let answer = py.detach(|| self.0.artifact(name, path, content_type));
        Ok(wait(py, answer)?.err())
    }

    fn secret(&self, py: Python<'_>, name: String) -> PyResult<(bool, String)> {
        let answer = py.detach(|| self.0.secret(name));
        Ok(match wait(py, answer)? {
            Ok(value) => (true, value),
            Err(reason) => (false, reason),
        })
    }

    fn queue(&self, py: Python<'_>, call: String) -> PyResult<(bool, String)> {
        let answer = py.detach(|| self.0.queue(call));
        Ok(match wait(py, answer)? {
            Ok(reply) => (true, reply),
            Err(refusal) => (false, refusal),
        })
    }

    fn cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    fn write(&self, py: Python<'_>, stream: &str, text: &str) {
        let stream = if stream == "stderr" { LogStream::Stderr } else { LogStream::Stdout };
        py.detach(|| self.0.write(stream, text));
    }
}

/// A refusal of work with a queue, as the runtime reads it.
pub(super) fn queue_refusal(kind: ErrorKind, message: &str) -> String {
    serde_json::json!({"kind": kind, "message": message}).to_string()
}

/// Waits for an answer; an interrupt of the main thread ends the wait.
fn wait<T: Send>(py: Python<'_>, answer: Receiver<Result<T, String>>) -> PyResult<Result<T, String>> {
    let mut answer = answer;
    loop {
        // Moved in and out: a receiver can't be shared with another thread.
        let (received, back) = py.detach(move || (answer.recv_timeout(INTERRUPT_CHECK), answer));
        answer = back;
        match received {
            Ok(settled) => return Ok(settled),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => return Ok(Err("the agent gave no answer".to_owned())),
        }
    }
}

/// Runs an automation to its end with the function `execute` of a module of the runtime; gives how it ended
/// and the exit code that a process of its own should have.
pub(super) fn execute(
    py: Python<'_>,
    module: &str,
    host: Arc<dyn Host>,
    entry: Entry<'_>,
    is_shared: Option<bool>,
) -> PyResult<(Finished, i32)> {
    let inputs = convert::map_to_python(py, entry.inputs)?;
    let host = Py::new(py, PyHost(host))?;
    let execute = py.import(module)?.getattr("execute")?;
    let end = match is_shared {
        Some(is_shared) => execute.call1((host, entry.entrypoint, entry.package_dir, inputs, is_shared))?,
        None => execute.call1((host, entry.entrypoint, entry.package_dir, inputs))?,
    };
    let error = end.get_item("error")?;
    let finished = Finished {
        succeeded: end.get_item("succeeded")?.extract()?,
        outputs: convert::map_to_json(end.get_item("outputs")?.cast::<PyDict>()?)?,
        error: if error.is_none() { None } else { Some(run_error(&error)?) },
        saw_cancel: false,
    };
    let exit_code: i64 = end.get_item("exit_code")?.extract().unwrap_or(1);
    Ok((finished, i32::try_from(exit_code & 0xff).unwrap_or(1)))
}

fn run_error(error: &Bound<'_, PyAny>) -> PyResult<RunError> {
    let frames: Vec<(String, u32, String)> = error.get_item("frames")?.extract()?;
    Ok(RunError {
        kind: error.get_item("kind")?.extract()?,
        message: error.get_item("message")?.extract()?,
        traceback: error.get_item("traceback")?.extract()?,
        frames: frames
            .into_iter()
            .map(|(file, line, function)| TraceFrame { file, line, function })
            .collect(),
    })
}
