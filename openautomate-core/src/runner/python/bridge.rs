//! The child's half of the channel, in Rust: what the extension module of `openautomate-py` offers.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use serde::Serialize;

use super::bootstrap::{self, Entry, Host, Record, queue_refusal};
use super::protocol::{self, ChildMessage, Confine, Finished, MAX_MESSAGE_BYTES, ParentMessage};
use crate::domain::{LogStream, MAX_LINE_BYTES, RunError};
use crate::error::ErrorKind;
use crate::runner::process::{self, MainThread};

/// Runs one automation in this process, which is its alone; gives the exit code.
///
/// `channel` is the last argument of the process, `search_in` makes a folder the first to import from.
///
/// # Errors
/// If the channel or the runtime is broken; never for what the automation does.
pub fn run(py: Python<'_>, channel: &str, search_in: &Bound<'_, PyAny>) -> PyResult<i32> {
    let (reader, writer, descriptors) =
        process::open_channel(channel).map_err(|error| PyOSError::new_err(error.to_string()))?;
    let bridge = Arc::new(Bridge {
        writer: Mutex::new(writer),
        answers: Mutex::default(),
        next_id: AtomicU64::new(1),
        is_cancelled: AtomicBool::new(false),
        is_confined: AtomicBool::new(false),
        has_ended: AtomicBool::new(false),
        main: MainThread::current(),
    });
    let version = py.version_info();
    let python = format!("{}.{}.{}", version.major, version.minor, version.patch);
    bridge.send(&ChildMessage::Ready { version: protocol::VERSION, python, native: true });
    let mut reader = BufReader::new(reader);
    let (start, reader) = py.detach(move || (receive(&mut reader), reader));
    let Some(ParentMessage::Start { entrypoint, package_dir, inputs, place, confine }) = start else {
        return Err(PyRuntimeError::new_err("the agent did not say what to run"));
    };
    let module = py.import("openautomate._entry")?;
    // What is there before the automation is none of its own: nothing that looks at all objects needs to see it.
    py.import("gc")?.call_method0("freeze")?;
    if let Some(place) = place {
        process::remark(&place.mark);
        module.call_method1("take_place", (process::MARKER, &place.mark, &place.work_dir, place.env))?;
    }
    module.call_method1("leave_at_fork", pyo3::types::PyTuple::new(py, descriptors)?)?;
    // Before there is a second thread: it holds for this one and those that it starts.
    if let Some(confine) = confine {
        bridge.is_confined.store(confined(py, confine)?, Ordering::SeqCst);
    }
    LIBRARIES.get_or_init(process::Libraries::count);
    let listener = bridge.clone();
    let listening = std::thread::Builder::new().name("openautomate".to_owned());
    process::beside(|| listening.spawn(move || listener.listen(reader)))
        .map_err(|error| PyOSError::new_err(error.to_string()))?;
    search_in.call1((&package_dir,))?;
    let entry = Entry { entrypoint: &entrypoint, package_dir: &package_dir, inputs: &inputs };
    let (mut finished, mut exit_code) =
        bootstrap::execute(py, "openautomate._entry", bridge.clone(), entry, Some(false))?;
    bridge.has_ended.store(true, Ordering::SeqCst);
    finished.saw_cancel = bridge.is_cancelled();
    py.detach(|| bridge.finish(finished, &mut exit_code));
    Ok(exit_code)
}

/// Those that were there before the automation.
static LIBRARIES: OnceLock<process::Libraries> = OnceLock::new();

/// Ends this process as the C library does: what was registered with it still runs, and its streams are
/// flushed. The interpreter is not taken apart; see `_end.py`.
///
/// `is_plain` tells that the automation could call no function of the C library itself.
pub fn leave(code: i32, is_plain: bool) -> ! {
    process::leave(code, LIBRARIES.get().copied(), is_plain)
}

/// Has what children of this process allocate lie side by side.
#[cfg(target_os = "linux")]
pub fn fill_holes() {
    process::fill_holes();
}

/// Confines this process; whether the kernel can. A run that can't be confined goes on: its report says so.
#[cfg(target_os = "linux")]
fn confined(py: Python<'_>, confine: Confine) -> PyResult<bool> {
    let Confine { mut readable, mut writable } = confine;
    let sys = py.import("sys")?;
    for name in ["prefix", "base_prefix", "exec_prefix", "base_exec_prefix"] {
        readable.push(sys.getattr(name)?.extract()?);
    }
    // Ours, from which the rest of the runtime is still imported, and places that the interpreter was given.
    for place in sys.getattr("path")?.try_iter()? {
        readable.extend(place?.extract::<std::path::PathBuf>().ok().filter(|place| place.is_absolute()));
    }
    readable.retain(|place| place.exists());
    let module = py.import("openautomate._entry")?;
    for work_dir in &writable {
        module.call_method1("use_temporary_folder", (work_dir,))?;
    }
    writable.retain(|place| place.exists());
    Ok(process::linux::confine::confine(&readable, &writable).is_ok())
}

/// Only Linux can.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "its twin can fail")]
fn confined(_: Python<'_>, _: Confine) -> PyResult<bool> {
    Ok(false)
}

/// Makes this process a zygote.
///
/// # Errors
/// If the kernel refuses.
#[cfg(target_os = "linux")]
pub fn become_zygote() -> PyResult<()> {
    process::become_zygote().map_err(|error| PyOSError::new_err(error.to_string()))
}

/// Makes this process, which a zygote has just forked, the process of a run; its channel is `fd:3`.
///
/// # Errors
/// If the zygote is gone or a descriptor is none.
#[cfg(target_os = "linux")]
pub fn become_run(zygote: i32, stdout: i32, stderr: i32, channel: i32) -> PyResult<()> {
    let done = process::become_run(zygote, [stdout, stderr, channel]);
    done.map_err(|error| PyOSError::new_err(error.to_string()))
}

fn receive(reader: &mut impl BufRead) -> Option<ParentMessage> {
    let mut line = Vec::new();
    match reader.read_until(b'\n', &mut line) {
        Ok(count) if count > 0 => serde_json::from_slice(&line).ok(),
        _ => None,
    }
}

enum Waiter {
    Artifact(SyncSender<Result<(), String>>),
    /// For a text: a secret, or the answer of a queue as JSON.
    Text(SyncSender<Result<String, String>>),
}

struct Bridge {
    writer: Mutex<Box<dyn Write + Send>>,
    answers: Mutex<HashMap<u64, Waiter>>,
    next_id: AtomicU64,
    is_cancelled: AtomicBool,
    is_confined: AtomicBool,
    has_ended: AtomicBool,
    main: MainThread,
}

impl Bridge {
    fn send(&self, message: &impl Serialize) {
        if let Ok(line) = protocol::encode(message) {
            // If the agent is gone, so is this process in a moment.
            let _ = self.write_line(&line);
        }
    }

    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.write_all(line)?;
        writer.flush()
    }

    fn finish(&self, finished: Finished, exit_code: &mut i32) {
        let message = ChildMessage::Finished(finished);
        let line = protocol::encode(&message).unwrap_or_default();
        if !line.is_empty() && line.len() <= MAX_MESSAGE_BYTES {
            let _ = self.write_line(&line);
            return;
        }
        *exit_code = 1;
        let error =
            RunError::new("OutputError", "the outputs have more than 16 MiB; keep large data as an artifact");
        let saw_cancel = self.is_cancelled.load(Ordering::SeqCst);
        self.send(&ChildMessage::Finished(Finished {
            error: Some(error),
            saw_cancel,
            ..Finished::default()
        }));
    }

    fn question(&self, waiter: Waiter) -> u64 {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(id, waiter);
        id
    }

    /// Takes what the agent says, in a thread of its own; never touches the interpreter.
    fn listen(self: &Arc<Self>, mut reader: BufReader<Box<dyn Read + Send>>) {
        while let Some(message) = receive(&mut reader) {
            let (id, answer) = match message {
                ParentMessage::Cancel => {
                    let is_told = self.is_cancelled.swap(true, Ordering::SeqCst);
                    if !is_told && !self.has_ended.load(Ordering::SeqCst) {
                        let bridge = Arc::clone(self);
                        self.main.interrupt(move || bridge.has_ended.load(Ordering::SeqCst));
                    }
                    continue;
                }
                ParentMessage::Start { .. } => continue,
                ParentMessage::ArtifactKept { id } => (id, Ok(String::new())),
                ParentMessage::SecretValue { id, value } => (id, Ok(value)),
                ParentMessage::ArtifactRefused { id, message }
                | ParentMessage::SecretRefused { id, message } => (id, Err(message)),
                ParentMessage::QueueReply { id, reply } => {
                    (id, Ok(serde_json::to_string(&reply).unwrap_or_default()))
                }
                ParentMessage::QueueRefused { id, kind, message } => (id, Err(queue_refusal(kind, &message))),
            };
            // A run that was interrupted no longer waits.
            let _ = match self.answers.lock().unwrap_or_else(PoisonError::into_inner).remove(&id) {
                Some(Waiter::Artifact(waiter)) => waiter.send(answer.map(|_| ())).is_ok(),
                Some(Waiter::Text(waiter)) => waiter.send(answer).is_ok(),
                None => false,
            };
        }
        // Nobody is left to kill what hangs, so everything of this run ends at once.
        process::end_own_group();
    }
}

impl Host for Bridge {
    fn started(&self) {
        self.send(&ChildMessage::Started { confined: self.is_confined.load(Ordering::SeqCst) });
    }

    fn log(&self, record: Record) {
        // A little more than the bound, so that the agent sees that it was cut and marks it.
        let message = record.message.chars().take(MAX_LINE_BYTES + 1).collect();
        self.send(&ChildMessage::Log {
            time: record.time,
            level: record.level,
            logger: record.logger.chars().take(1000).collect(),
            source: record.source,
            message,
            stdout_bytes: record.written.0,
            stderr_bytes: record.written.1,
        });
    }

    fn progress(&self, fraction: f64, message: Option<String>) {
        let message = message.map(|message| message.chars().take(MAX_LINE_BYTES).collect());
        self.send(&ChildMessage::Progress { fraction, message });
    }

    fn artifact(
        &self,
        name: String,
        path: String,
        content_type: Option<String>,
    ) -> Receiver<Result<(), String>> {
        let (sender, answer) = mpsc::sync_channel(1);
        let id = self.question(Waiter::Artifact(sender));
        self.send(&ChildMessage::Artifact { id, name, path, content_type });
        answer
    }

    fn secret(&self, name: String) -> Receiver<Result<String, String>> {
        let (sender, answer) = mpsc::sync_channel(1);
        let id = self.question(Waiter::Text(sender));
        self.send(&ChildMessage::Secret { id, name });
        answer
    }

    fn queue(&self, call: String) -> Receiver<Result<String, String>> {
        let (sender, answer) = mpsc::sync_channel(1);
        match serde_json::from_str(&call) {
            Ok(call) => {
                let id = self.question(Waiter::Text(sender));
                self.send(&ChildMessage::Queue { id, call });
            }
            Err(error) => {
                let message = format!("the call is none that the agent knows: {error}");
                let _ = sender.send(Err(queue_refusal(ErrorKind::Invalid, &message)));
            }
        }
        answer
    }

    fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::SeqCst)
    }

    fn write(&self, _: LogStream, _: &str) {}
}
