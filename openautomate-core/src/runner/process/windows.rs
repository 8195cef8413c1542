//! Processes on Windows: a job object each, which takes everything with it when it closes.

#![expect(unsafe_code, reason = "job objects and threads have no safe interface")]

use std::io::{self, ErrorKind};
use std::mem::{size_of, zeroed};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle, RawHandle};
use std::process::Stdio;
use std::ptr::{null, null_mut};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::windows::named_pipe::{NamedPipeServer, PipeMode, ServerOptions};
use tokio::process::{Child, Command};
use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_ACTIVE_PROCESS, JOB_OBJECT_LIMIT_JOB_MEMORY,
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOB_OBJECT_LIMIT_PROCESS_TIME,
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    JobObjectBasicAccountingInformation, JobObjectExtendedLimitInformation, QueryInformationJobObject,
    SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, CREATE_SUSPENDED, OpenThread, ResumeThread, THREAD_SUSPEND_RESUME,
};

use super::watch::Excess;
use super::{Exit, Launch, Launched, MARKER, Mark, TreeEnd};
use crate::domain::{IsolationLevel, Limits};

/// How long the end of a terminated job is awaited.
const END: Duration = Duration::from_secs(5);

/// Starts a process in a job object of its own. It is suspended until it is in the job, so that nothing that
/// it starts is outside.
pub(crate) async fn launch(launch: Launch) -> io::Result<Launched> {
    let mut command = Command::new(&launch.program);
    command.args(&launch.args).env_clear().envs(launch.env).env(MARKER, launch.mark.as_str());
    command.current_dir(&launch.dir).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.creation_flags(CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP);
    let mut pipes = None;
    if launch.has_channel {
        let name = format!(r"\\.\pipe\openautomate-{}", uuid::Uuid::new_v4());
        let options = |is_inbound: bool, suffix: &str| {
            ServerOptions::new()
                .access_inbound(is_inbound)
                .access_outbound(!is_inbound)
                .first_pipe_instance(true)
                .reject_remote_clients(true)
                .max_instances(1)
                .pipe_mode(PipeMode::Byte)
                .create(format!("{name}{suffix}"))
        };
        // Two pipes: on one, a read that waits would hold up every write of the process.
        pipes = Some((options(true, "-out")?, options(false, "-in")?));
        command.arg(format!("pipe:{name}"));
    }
    let job = Job::new()?;
    let mut child = command.spawn()?;
    let (Some(pid), Some(stdout), Some(stderr)) = (child.id(), child.stdout.take(), child.stderr.take())
    else {
        return Err(io::Error::other("the started process has no id or no streams"));
    };
    let handle = child.raw_handle().ok_or_else(|| io::Error::other("the started process has no handle"))?;
    job.take(handle)?;
    resume(pid)?;
    Ok(Launched {
        process: Process { child, pid, job, exited: None },
        stdout: Source::new(Box::new(stdout)),
        stderr: Source::new(Box::new(stderr)),
        channel: pipes.map(|(reading, writing)| {
            (Source::of_pipe(reading), Sink { pipe: writing, is_connected: false })
        }),
    })
}

#[derive(Debug)]
struct Job(OwnedHandle);

impl Job {
    fn new() -> io::Result<Self> {
        // SAFETY: the calls get valid or null pointers with their sizes; the handle is owned at once.
        unsafe {
            let handle = CreateJobObjectW(null(), null());
            if handle.is_null() {
                return Err(io::Error::last_os_error());
            }
            let job = Self(OwnedHandle::from_raw_handle(handle as RawHandle));
            let mut limits: JOBOBJECT_EXTENDED_LIMIT_INFORMATION = zeroed();
            limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
            let size = size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() as u32;
            let limits = (&raw const limits).cast();
            if SetInformationJobObject(handle, JobObjectExtendedLimitInformation, limits, size) == 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(job)
        }
    }

    fn limit(&self, wanted: &Limits) -> io::Result<()> {
        // SAFETY: the place is valid and its size is told; zero is a valid value of every field.
        unsafe {
            let mut limits: JOBOBJECT_EXTENDED_LIMIT_INFORMATION = zeroed();
            let basic = &mut limits.BasicLimitInformation;
            basic.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
            if let Some(count) = wanted.processes {
                basic.LimitFlags |= JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
                basic.ActiveProcessLimit = count;
            }
            if let Some(milliseconds) = wanted.cpu_ms {
                basic.LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_TIME;
                // In units of 100 nanoseconds.
                basic.PerProcessUserTimeLimit =
                    i64::try_from(milliseconds).unwrap_or(i64::MAX / 10_000) * 10_000;
            }
            if let Some(bytes) = wanted.memory_bytes {
                basic.LimitFlags |= JOB_OBJECT_LIMIT_JOB_MEMORY;
                limits.JobMemoryLimit = usize::try_from(bytes).unwrap_or(usize::MAX);
            }
            let size = size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() as u32;
            let limits = (&raw const limits).cast();
            let job = self.0.as_raw_handle() as _;
            match SetInformationJobObject(job, JobObjectExtendedLimitInformation, limits, size) {
                0 => Err(io::Error::last_os_error()),
                _ => Ok(()),
            }
        }
    }

    fn take(&self, process: RawHandle) -> io::Result<()> {
        // SAFETY: both handles are open.
        match unsafe { AssignProcessToJobObject(self.0.as_raw_handle() as _, process as _) } {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    fn terminate(&self) {
        // SAFETY: the handle is open.
        unsafe {
            TerminateJobObject(self.0.as_raw_handle() as _, 1);
        }
    }

    fn is_empty(&self) -> bool {
        // SAFETY: the place is valid and its size is told.
        unsafe {
            let mut counts: JOBOBJECT_BASIC_ACCOUNTING_INFORMATION = zeroed();
            let size = size_of::<JOBOBJECT_BASIC_ACCOUNTING_INFORMATION>() as u32;
            let known = QueryInformationJobObject(
                self.0.as_raw_handle() as _,
                JobObjectBasicAccountingInformation,
                (&raw mut counts).cast(),
                size,
                null_mut(),
            );
            known == 0 || counts.ActiveProcesses == 0
        }
    }
}

/// Resumes the one thread of a process that was started suspended.
fn resume(pid: u32) -> io::Result<()> {
    // SAFETY: the snapshot and the thread are owned at once; the entry says its size.
    unsafe {
        let snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
        if snapshot == INVALID_HANDLE_VALUE {
            return Err(io::Error::last_os_error());
        }
        let _owned = OwnedHandle::from_raw_handle(snapshot as RawHandle);
        let mut entry: THREADENTRY32 = zeroed();
        entry.dwSize = size_of::<THREADENTRY32>() as u32;
        let mut has_entry = Thread32First(snapshot, &raw mut entry) != 0;
        while has_entry {
            if entry.th32OwnerProcessID == pid {
                let thread = OpenThread(THREAD_SUSPEND_RESUME, 0, entry.th32ThreadID);
                if thread.is_null() {
                    return Err(io::Error::last_os_error());
                }
                let _owned = OwnedHandle::from_raw_handle(thread as RawHandle);
                return match ResumeThread(thread) {
                    u32::MAX => Err(io::Error::last_os_error()),
                    _ => Ok(()),
                };
            }
            has_entry = Thread32Next(snapshot, &raw mut entry) != 0;
        }
    }
    Err(io::Error::other("the started process has no thread"))
}

/// A process with all that it starts.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: u32,
    /// Closing it kills what is in it, so dropping is enough.
    job: Job,
    exited: Option<Exit>,
}

impl Process {
    /// Gives a process that waited its run; the job object knows what belongs to it.
    #[expect(clippy::unused_self, reason = "its twin for Unix uses it")]
    pub(crate) fn bind(&mut self, _: &Mark) {}

    /// Has the job object keep memory and number of processes for it and all that it starts.
    pub(crate) fn limit(&mut self, limits: &Limits, _: &Mark) -> io::Result<IsolationLevel> {
        self.job.limit(limits)?;
        Ok(IsolationLevel::L1)
    }

    /// What looks at its processes; the job object does.
    #[expect(clippy::unused_self, reason = "its twin for Unix uses it")]
    pub(crate) fn meter(&self) -> Meter {
        Meter
    }

    /// Its memory; not asked for here.
    #[expect(clippy::unused_self, reason = "its twin for Unix uses it")]
    pub(crate) fn memory(&self) -> Option<u64> {
        None
    }

    /// Waits for the end of the process itself. Cancel safe.
    pub(crate) async fn wait(&mut self) -> io::Result<Exit> {
        if let Some(exit) = self.exited {
            return Ok(exit);
        }
        let status = self.child.wait().await?;
        let exit = Exit::Code(status.code().unwrap_or(-1));
        self.exited = Some(exit);
        Ok(exit)
    }

    /// Asks the process and its group to end; only those that share the agent's console hear it.
    pub(crate) fn terminate(&self) {
        // SAFETY: a plain call on numbers.
        unsafe {
            GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, self.pid);
        }
    }

    /// Kills the process and everything that it started, and waits until it is gone.
    pub(crate) async fn kill_tree(&mut self) -> TreeEnd {
        self.job.terminate();
        let ended = async {
            while !self.job.is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        if tokio::time::timeout(END, ended).await.is_err() {
            tracing::error!(pid = self.pid, "processes of a run can't be killed");
            return TreeEnd { found: 0, survivors: 1 };
        }
        TreeEnd::default()
    }
}

/// Nothing outlives its agent here: the job closes with it.
pub(super) async fn kill_marked(_: &Mark) -> usize {
    0
}

/// Windows has no signals.
pub(super) fn signal_name(number: i32) -> String {
    format!("signal {number}")
}

enum Input {
    Stream(Box<dyn AsyncRead + Send + Sync + Unpin>),
    Pipe { pipe: NamedPipeServer, is_connected: bool },
}

/// Where bytes come from.
pub(crate) struct Source {
    input: Input,
    read: Vec<u8>,
    has_ended: bool,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Source")
    }
}

impl Source {
    fn new(stream: Box<dyn AsyncRead + Send + Sync + Unpin>) -> Self {
        Self { input: Input::Stream(stream), read: Vec::new(), has_ended: false }
    }

    fn of_pipe(pipe: NamedPipeServer) -> Self {
        Self { input: Input::Pipe { pipe, is_connected: false }, read: Vec::new(), has_ended: false }
    }

    /// Waits until there are bytes or the end. Cancel safe.
    pub(crate) async fn ready(&mut self) {
        if !self.read.is_empty() || self.has_ended {
            return;
        }
        let mut buffer = [0; 16 * 1024];
        let read = match &mut self.input {
            Input::Stream(stream) => stream.read(&mut buffer).await,
            Input::Pipe { pipe, is_connected } => {
                if !*is_connected {
                    *is_connected = pipe.connect().await.is_ok();
                }
                pipe.read(&mut buffer).await
            }
        };
        match read {
            Ok(count) if count > 0 => self.read.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A broken pipe is how Windows says that the other end closed it.
            _ => self.has_ended = true,
        }
    }

    /// Reads what there is at this moment: `None` if there is nothing, `Some(0)` at the end.
    pub(crate) fn read_now(&mut self, buffer: &mut [u8]) -> Option<usize> {
        if self.read.is_empty() {
            let _ = self.ready().now_or_never();
        }
        if self.read.is_empty() {
            return self.has_ended.then_some(0);
        }
        let count = buffer.len().min(self.read.len());
        buffer[..count].copy_from_slice(&self.read[..count]);
        self.read.drain(..count);
        Some(count)
    }
}

/// Where bytes go.
#[derive(Debug)]
pub(crate) struct Sink {
    pipe: NamedPipeServer,
    is_connected: bool,
}

impl Sink {
    /// Writes all bytes. Not cancel safe: a part may have been written.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.is_connected {
            self.pipe.connect().await?;
            self.is_connected = true;
        }
        self.pipe.write_all(bytes).await
    }
}

/// A channel as the process of a run has it, and the numbers of its descriptors.
#[cfg(feature = "python")]
pub(crate) type ChildChannel = (Box<dyn io::Read + Send>, Box<dyn io::Write + Send>, Vec<i32>);

/// Opens the channel that the agent passed, in the process of a run.
#[cfg(feature = "python")]
pub(crate) fn open_channel(argument: &str) -> io::Result<ChildChannel> {
    use std::fs::OpenOptions;

    let name = argument.strip_prefix("pipe:").ok_or_else(|| io::Error::other("the channel is no pipe"))?;
    let reading = OpenOptions::new().read(true).open(format!("{name}-in"))?;
    let writing = OpenOptions::new().write(true).open(format!("{name}-out"))?;
    Ok((Box::new(reading), Box::new(writing), Vec::new()))
}

/// The thread that an interrupt reaches: the interpreter finds its main thread itself.
#[cfg(feature = "python")]
pub(crate) struct MainThread;

#[cfg(feature = "python")]
impl MainThread {
    pub(crate) fn current() -> Self {
        Self
    }

    /// Raises `KeyboardInterrupt` in it at its next instruction.
    pub(crate) fn interrupt(self, _: impl Fn() -> bool + Send + 'static) {
        // SAFETY: documented as callable from any thread, attached or not.
        unsafe {
            pyo3::ffi::PyErr_SetInterrupt();
        }
    }
}

/// Ends this process; the agent's job object has the rest.
#[cfg(feature = "python")]
pub(crate) fn end_own_group() {
    std::process::abort();
}

/// Ends this process as the C library does.
#[cfg(feature = "python")]
#[expect(clippy::exit, reason = "the one place where the process of a run ends")]
pub(crate) fn leave(code: i32, _: Option<Libraries>, _: bool) -> ! {
    std::process::exit(code)
}

/// Where threads run is left to the system.
#[cfg(feature = "python")]
pub(crate) fn beside<T>(start: impl FnOnce() -> T) -> T {
    start()
}

/// Every end is the ordinary one, so nobody counts.
#[cfg(feature = "python")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Libraries;

#[cfg(feature = "python")]
impl Libraries {
    pub(crate) fn count() -> Self {
        Self
    }
}

/// Changes the mark of this process; on Windows the job object marks it.
#[cfg(feature = "python")]
pub(crate) fn remark(_: &str) {}

/// The job object keeps the limits; nothing is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Meter;

impl Meter {
    pub(crate) fn has_work(&self, _: &Limits) -> bool {
        false
    }

    pub(crate) fn look(&self, _: &Limits) -> Option<Excess> {
        None
    }

    pub(crate) fn cause(&self, _: i32, _: &Limits) -> Option<Excess> {
        None
    }
}
