//! Processes on Unix: a session each, killed by group, and on Linux by mark and descent too.

#![expect(unsafe_code, reason = "what is set between fork and exec has no safe interface")]

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
#[cfg(target_os = "linux")]
use std::sync::Arc;
use std::sync::{OnceLock, mpsc};

use nix::libc;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, setsid};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::pipe::Receiver;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};

#[cfg(target_os = "linux")]
pub(crate) use super::linux::Meter;
#[cfg(target_os = "linux")]
use super::linux::{Family, Forked, Killed, Leader};
use super::{Exit, Launch, Launched, MARKER, Mark, TreeEnd};
use crate::domain::{IsolationLevel, Limits};

#[cfg(feature = "python")]
mod child;
#[cfg(feature = "python")]
mod interrupt;
#[cfg(feature = "python")]
pub(crate) use child::{Libraries, beside, end_own_group, leave, open_channel, remark};
#[cfg(all(feature = "python", target_os = "linux"))]
pub(crate) use child::{become_run, become_zygote, fill_holes};
#[cfg(feature = "python")]
pub(crate) use interrupt::MainThread;

/// Starts a process in a session of its own, with nothing open but its three streams and the channel.
pub(crate) async fn launch(launch: Launch) -> io::Result<Launched> {
    let runtime = tokio::runtime::Handle::current();
    let (done, started) = tokio::sync::oneshot::channel();
    on_lasting_thread(Box::new(move || {
        let _entered = runtime.enter();
        // The caller may have been dropped meanwhile; the process then ends with `Launched`.
        let _ = done.send(launch_here(launch));
    }))?;
    started.await.map_err(|_| io::Error::other("the thread that starts processes ended"))?
}

type Errand = Box<dyn FnOnce() + Send>;

/// Runs an errand on the one thread that starts processes and never ends: Linux kills a child that asked to
/// die with its parent as soon as the *thread* that forked it ends (`prctl(2)`, `PR_SET_PDEATHSIG`).
fn on_lasting_thread(errand: Errand) -> io::Result<()> {
    static THREAD: OnceLock<mpsc::Sender<Errand>> = OnceLock::new();
    let thread = THREAD.get_or_init(|| {
        let (sender, errands) = mpsc::channel::<Errand>();
        let spawned = std::thread::Builder::new().name("process-starter".to_owned()).spawn(move || {
            for errand in errands {
                errand();
            }
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "the thread that starts processes can't be started");
        }
        sender
    });
    thread.send(errand).map_err(|_| io::Error::other("the thread that starts processes is gone"))
}

fn launch_here(launch: Launch) -> io::Result<Launched> {
    let mut command = Command::new(&launch.program);
    command.args(&launch.args).env_clear().envs(launch.env).env(MARKER, launch.mark.as_str());
    command.current_dir(&launch.dir).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());

    let mut ends = None;
    if launch.has_channel {
        let (ours, theirs) = StdUnixStream::pair()?;
        ours.set_nonblocking(true)?;
        command.arg(format!("fd:{}", theirs.as_raw_fd()));
        ends = Some((UnixStream::from_std(ours)?, theirs));
    }
    let inherited = ends.as_ref().map(|(_, theirs)| theirs.as_raw_fd());
    let parent = Pid::this();
    // SAFETY: `prepare` makes only calls that `signal-safety(7)` allows between fork and exec, and allocates
    // nothing; `inherited` stays open until the spawn below is over.
    unsafe {
        command.pre_exec(move || prepare(inherited, parent));
    }
    let mut child = command.spawn()?;
    let (Some(pid), Some(stdout), Some(stderr)) = (child.id(), child.stdout.take(), child.stderr.take())
    else {
        return Err(io::Error::other("the started process has no id or no streams"));
    };
    let leader = i32::try_from(pid).map_err(io::Error::other)?;
    Ok(Launched {
        process: Process {
            leader: Pid::from_raw(leader),
            #[cfg(target_os = "linux")]
            known: Leader::of(leader, &launch.mark),
            #[cfg(target_os = "linux")]
            family: Family::of(leader, &launch.mark),
            #[cfg(target_os = "linux")]
            meter: None,
            own: Own::Spawned(child),
            exited: None,
            is_over: false,
        },
        stdout: Source::Pipe(Receiver::from_owned_fd(stdout.into_owned_fd()?)?),
        stderr: Source::Pipe(Receiver::from_owned_fd(stderr.into_owned_fd()?)?),
        channel: ends.map(|(ours, _theirs)| {
            let (reading, writing) = ours.into_split();
            (Source::Socket(reading), Sink(writing))
        }),
    })
}

/// Runs in the child between fork and exec.
fn prepare(inherited: Option<RawFd>, parent: Pid) -> io::Result<()> {
    setsid()?;
    #[cfg(target_os = "linux")]
    {
        nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
        // The parent may have died before the line above.
        if nix::unistd::getppid() != parent {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = parent;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    // SAFETY: plain system calls on numbers, all of them async-signal-safe.
    unsafe {
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
            libc::signal(signal, libc::SIG_DFL);
        }
        close_on_exec_from(3);
        if let Some(descriptor) = inherited
            && libc::fcntl(descriptor, libc::F_SETFD, 0) == -1
        {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Marks every descriptor from `first` up; closing them would take the pipe by which exec errors are told.
///
/// # Safety
/// Only between fork and exec, where no other thread opens descriptors.
unsafe fn close_on_exec_from(first: RawFd) {
    #[cfg(target_os = "linux")]
    {
        const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
        // SAFETY: `close_range(2)` with CLOEXEC changes flags only.
        let done =
            unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, CLOSE_RANGE_CLOEXEC) };
        if done == 0 {
            return;
        }
    }
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place; fcntl on a closed descriptor only fails.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        let last = RawFd::try_from(limit.rlim_cur.min(65_536)).unwrap_or(65_536);
        for descriptor in first..last {
            libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
}

/// Nothing is looked at where there is no `/proc`.
#[cfg(not(target_os = "linux"))]
#[derive(Clone, Debug)]
pub(crate) struct Meter;

#[cfg(not(target_os = "linux"))]
impl Meter {
    pub(crate) fn has_work(&self, _: &Limits) -> bool {
        false
    }

    pub(crate) fn look(&self, _: &Limits) -> Option<super::watch::Excess> {
        None
    }

    pub(crate) fn cause(&self, _: i32, _: &Limits) -> Option<super::watch::Excess> {
        None
    }
}

/// Whose child a process is.
#[derive(Debug)]
enum Own {
    /// Ours.
    Spawned(Child),
    /// That of a zygote.
    #[cfg(target_os = "linux")]
    Forked(Forked),
}

/// A process with all that it starts.
#[derive(Debug)]
pub(crate) struct Process {
    own: Own,
    leader: Pid,
    /// As the head of a run, until it is reaped.
    #[cfg(target_os = "linux")]
    known: Option<Leader>,
    #[cfg(target_os = "linux")]
    family: Family,
    #[cfg(target_os = "linux")]
    meter: Option<Meter>,
    exited: Option<Exit>,
    is_over: bool,
}

impl Process {
    /// A process that a zygote forked.
    #[cfg(target_os = "linux")]
    pub(super) fn forked(forked: Forked, mark: &Mark) -> Self {
        let leader = forked.pid();
        Self {
            own: Own::Forked(forked),
            leader: Pid::from_raw(leader),
            known: Leader::of(leader, mark),
            family: Family::of(leader, mark),
            meter: None,
            exited: None,
            is_over: false,
        }
    }

    /// Gives a process that waited its run: what bears the run's mark belongs to it from now on.
    pub(crate) fn bind(&mut self, mark: &Mark) {
        #[cfg(target_os = "linux")]
        {
            self.family.bind(mark);
            // It waited until now, so it was not known before.
            self.known = Leader::of(self.leader.as_raw(), mark);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = mark;
    }

    /// Its number.
    #[cfg(target_os = "linux")]
    pub(super) fn id(&self) -> i32 {
        self.leader.as_raw()
    }

    /// Has limits hold for it and all that it starts from now on; tells how far that goes.
    #[cfg(target_os = "linux")]
    pub(crate) fn limit(&mut self, limits: &Limits, mark: &Mark) -> io::Result<IsolationLevel> {
        let leader = self.leader.as_raw();
        let meter = Meter::limited(self.family.clone(), leader, mark.as_str(), limits)?;
        self.meter = Some(meter);
        Ok(IsolationLevel::L1)
    }

    /// Only Linux limits a process that runs already.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn limit(&mut self, _: &Limits, _: &Mark) -> io::Result<IsolationLevel> {
        Ok(IsolationLevel::L0)
    }

    /// What looks at its processes.
    pub(crate) fn meter(&self) -> Meter {
        #[cfg(target_os = "linux")]
        return self.meter.clone().unwrap_or_else(|| Meter::new(self.family.clone()));
        #[cfg(not(target_os = "linux"))]
        Meter
    }

    /// Its memory in bytes that no other process shares, where the system tells.
    pub(crate) fn memory(&self) -> Option<u64> {
        #[cfg(target_os = "linux")]
        return super::linux::memory(self.leader.as_raw());
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// Waits for the end of the process itself. Cancel safe.
    pub(crate) async fn wait(&mut self) -> io::Result<Exit> {
        if let Some(exit) = self.exited {
            return Ok(exit);
        }
        let exit = match &mut self.own {
            Own::Spawned(child) => {
                let status = child.wait().await?;
                status.code().map_or_else(|| Exit::Signal(status.signal().unwrap_or_default()), Exit::Code)
            }
            #[cfg(target_os = "linux")]
            Own::Forked(forked) => forked.wait().await,
        };
        #[cfg(target_os = "linux")]
        {
            self.known = None;
        }
        self.exited = Some(exit);
        Ok(exit)
    }

    /// Asks the process and its group to end.
    pub(crate) fn terminate(&self) {
        if self.exited.is_none() {
            let _ = killpg(self.leader, Signal::SIGTERM);
        }
    }

    /// Kills the process and everything that it started, and waits until it is gone.
    pub(crate) async fn kill_tree(&mut self) -> TreeEnd {
        #[cfg(target_os = "linux")]
        if let (Own::Forked(forked), Some(_)) = (&self.own, self.exited)
            && forked.nursery().has_no_orphans()
        {
            self.is_over = true;
            return TreeEnd::default();
        }
        self.kill_group();
        #[cfg(target_os = "linux")]
        let end = {
            let Killed { found, survivors } = self.family.clone().kill_all().await;
            let found = found + self.end_strays().await;
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            TreeEnd { found: count(found), survivors: count(survivors) }
        };
        #[cfg(not(target_os = "linux"))]
        let end = TreeEnd::default();
        self.is_over = true;
        end
    }

    /// Ends what no longer shows whose it is; gives how many there were.
    #[cfg(target_os = "linux")]
    async fn end_strays(&self) -> usize {
        let Own::Forked(forked) = &self.own else { return 0 };
        let nursery = Arc::clone(forked.nursery());
        tokio::task::spawn_blocking(move || nursery.end_strays()).await.unwrap_or_default()
    }

    fn kill_group(&self) {
        // The number of a reaped leader may belong to somebody else; Linux finds the rest by /proc.
        if self.exited.is_none() || cfg!(not(target_os = "linux")) {
            let _ = killpg(self.leader, Signal::SIGKILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        self.kill_group();
        #[cfg(target_os = "linux")]
        {
            let family = self.family.clone();
            if family.kill_once() > 0 {
                std::thread::spawn(move || family.kill_all_blocking());
            }
        }
    }
}

/// Kills every process that bears the marker.
pub(super) async fn kill_marked(mark: &Mark) -> usize {
    #[cfg(target_os = "linux")]
    return Family::marked(mark).kill_all().await.found;
    #[cfg(not(target_os = "linux"))]
    {
        let _ = mark;
        0
    }
}

/// The name of a signal, as in `SIGSEGV`.
pub(super) fn signal_name(number: i32) -> String {
    Signal::try_from(number).map_or_else(|_| format!("signal {number}"), |signal| signal.as_str().to_owned())
}

/// Where bytes come from.
#[derive(Debug)]
pub(crate) enum Source {
    Pipe(Receiver),
    Socket(OwnedReadHalf),
}

impl Source {
    /// Waits until there are bytes or the end. Cancel safe.
    pub(crate) async fn ready(&mut self) {
        // An error shows at the read that follows.
        let _ = match self {
            Self::Pipe(pipe) => pipe.readable().await,
            Self::Socket(socket) => socket.readable().await,
        };
    }

    /// Reads what there is at this moment: `None` if there is nothing, `Some(0)` at the end.
    pub(crate) fn read_now(&mut self, buffer: &mut [u8]) -> Option<usize> {
        // Asks the system and not tokio, which learns of new bytes only when its driver runs; without that
        // the order of the streams would be lost.
        let read = match self {
            Self::Pipe(pipe) => nix::unistd::read(pipe.as_fd(), buffer),
            Self::Socket(socket) => nix::unistd::read(socket.as_ref().as_fd(), buffer),
        };
        let read = match read {
            Err(nix::Error::EAGAIN) => match self {
                // Has tokio forget that there was something, so that `ready` waits.
                Self::Pipe(pipe) => pipe.try_read(buffer),
                Self::Socket(socket) => socket.try_read(buffer),
            },
            other => other.map_err(io::Error::from),
        };
        match read {
            Ok(count) => Some(count),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => None,
            // A reset connection says no more than a closed one.
            Err(_) => Some(0),
        }
    }
}

/// Where bytes go.
#[derive(Debug)]
pub(crate) struct Sink(pub(super) OwnedWriteHalf);

impl Sink {
    /// Writes all bytes. Not cancel safe: a part may have been written.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await
    }
}
