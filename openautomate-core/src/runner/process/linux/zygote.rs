//! A zygote: a process with one thread that waits with everything loaded and forks when it is asked. Forking
//! takes a tenth of the time that a start takes, and its children share memory.
//!
//! The agent asks over a socket, with requests of five bytes: `F` and four zeros, with the three descriptors of
//! the new process; `R` and a number, once the agent has no more to do with a process that ended. The zygote
//! answers with nine bytes: `P` and the number of a new process, or `X`, the number and how it ended. It does
//! not reap before `R`, so that no number belongs to somebody else while it may still be killed.

use std::collections::{HashMap, VecDeque};
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::{Arc, Weak};
use std::time::Duration;

use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

use super::super::{Exit, Launch, Launched, Mark, Process, Sink, Source, launch};
use super::cgroup::Cgroup;
use super::nursery::Nursery;

/// How much of what a zygote prints is told.
const MAX_PRINTED: usize = 4096;
const ANSWER: usize = 9;
/// How long a zygote may take to answer: then it is given up, with all that it forked.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a zygote is looked after.
const LOOK: Duration = Duration::from_secs(1);

/// A zygote that lives as long as this or one of its children is held.
#[derive(Debug)]
pub(crate) struct Zygote {
    requests: mpsc::UnboundedSender<Request>,
}

#[derive(Debug)]
enum Request {
    Fork { descriptors: [OwnedFd; 3], reply: oneshot::Sender<Forked> },
    Reap { pid: i32 },
    End,
}

/// A child of a zygote.
#[derive(Debug)]
pub(in super::super) struct Forked {
    pid: i32,
    exit: watch::Receiver<Option<Exit>>,
    requests: mpsc::UnboundedSender<Request>,
    nursery: Arc<Nursery>,
}

impl Forked {
    pub(in super::super) fn pid(&self) -> i32 {
        self.pid
    }

    /// What knows all that this zygote forked.
    pub(in super::super) fn nursery(&self) -> &Arc<Nursery> {
        &self.nursery
    }

    /// Waits for its end. Cancel safe.
    pub(in super::super) async fn wait(&mut self) -> Exit {
        match self.exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.unwrap_or(Exit::Signal(9)),
            // The zygote is gone, and its children with it.
            Err(_) => Exit::Signal(9),
        }
    }
}

impl Drop for Forked {
    fn drop(&mut self) {
        // If the zygote is gone there is nobody to reap for.
        let _ = self.requests.send(Request::Reap { pid: self.pid });
    }
}

impl Zygote {
    /// Starts one. It has loaded everything when the first fork is answered.
    pub(crate) async fn start(program: Launch) -> io::Result<Self> {
        let Launched { process, stdout, stderr, channel } = launch(program).await?;
        let (Some(Source::Socket(reading)), Some(Sink(writing))) =
            channel.map_or((None, None), |(source, sink)| (Some(source), Some(sink)))
        else {
            return Err(io::Error::other("the zygote has no channel"));
        };
        let socket = reading.reunite(writing).map_err(io::Error::other)?;
        let pid = process.id();
        // Beside the runtime: the kernel takes its time.
        let group = tokio::task::spawn_blocking(move || Cgroup::shared(pid)).await.unwrap_or(None);
        let (requests, asked) = mpsc::unbounded_channel();
        let nursery = Arc::new(Nursery::of(pid));
        tokio::spawn(look_after(Arc::downgrade(&nursery)));
        tokio::spawn(serve((process, group), socket, asked, (requests.downgrade(), nursery)));
        tokio::spawn(tell(stdout));
        tokio::spawn(tell(stderr));
        Ok(Self { requests })
    }

    /// Forks a process that waits for its run.
    ///
    /// # Errors
    /// If the zygote has ended, or does not answer.
    pub(crate) async fn fork(&self) -> io::Result<Launched> {
        let (stdout, their_stdout) = pipe()?;
        let (stderr, their_stderr) = pipe()?;
        let (ours, theirs) = StdUnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let (reading, writing) = UnixStream::from_std(ours)?.into_split();
        let (reply, forked) = oneshot::channel();
        let descriptors = [their_stdout, their_stderr, theirs.into()];
        let ended = || io::Error::other("the zygote has ended");
        self.requests.send(Request::Fork { descriptors, reply }).map_err(|_| ended())?;
        let Ok(forked) = tokio::time::timeout(PATIENCE, forked).await else {
            tracing::warn!("a zygote does not answer and is ended");
            let _ = self.requests.send(Request::End);
            return Err(ended());
        };
        let forked = forked.map_err(|_| ended())?;
        Ok(Launched {
            process: Process::forked(forked, &Mark::idle()),
            stdout: Source::Pipe(stdout),
            stderr: Source::Pipe(stderr),
            channel: Some((Source::Socket(reading), Sink(writing))),
        })
    }

    /// Whether it can't fork any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.requests.is_closed()
    }
}

fn pipe() -> io::Result<(Receiver, OwnedFd)> {
    let (reading, writing) = io::pipe()?;
    let reading: OwnedFd = reading.into();
    nix::fcntl::fcntl(&reading, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK))?;
    Ok((Receiver::from_owned_fd(reading)?, writing.into()))
}

/// Carries requests and answers until nobody holds the zygote or a child of it, or it ends. Dropping the process
/// kills it, and its children with it; the group goes after it.
async fn serve(
    zygote: (Process, Option<Cgroup>),
    socket: UnixStream,
    mut asked: mpsc::UnboundedReceiver<Request>,
    (requests, nursery): (mpsc::WeakUnboundedSender<Request>, Arc<Nursery>),
) {
    let mut forks: VecDeque<oneshot::Sender<Forked>> = VecDeque::new();
    let mut exits: HashMap<i32, watch::Sender<Option<Exit>>> = HashMap::new();
    let mut answers: Vec<u8> = Vec::new();
    loop {
        tokio::select! {
            request = asked.recv() => {
                let sent = match request {
                    None | Some(Request::End) => break,
                    Some(Request::Fork { descriptors, reply }) => {
                        forks.push_back(reply);
                        let raw = descriptors.each_ref().map(AsRawFd::as_raw_fd);
                        send(&socket, *b"F\0\0\0\0", &raw).await
                    }
                    Some(Request::Reap { pid }) => {
                        exits.remove(&pid);
                        nursery.forget(pid);
                        let [a, b, c, d] = pid.to_le_bytes();
                        send(&socket, [b'R', a, b, c, d], &[]).await
                    }
                };
                if sent.is_err() {
                    break;
                }
            }
            readable = socket.readable() => {
                let read = readable.and_then(|()| socket.try_read_buf(&mut answers));
                match read {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => break,
                }
                let whole = answers.len() / ANSWER * ANSWER;
                for answer in answers.drain(..whole).as_slice().chunks_exact(ANSWER) {
                    let number = |at: usize| {
                        let bytes = answer.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
                        i32::from_le_bytes(bytes.unwrap_or_default())
                    };
                    let (pid, value) = (number(1), number(5));
                    if answer.first() == Some(&b'X') {
                        let exit = if value < 0 { Exit::Signal(-value) } else { Exit::Code(value) };
                        if let Some(sender) = exits.get(&pid) {
                            sender.send_replace(Some(exit));
                        }
                    } else if let (Some(reply), Some(requests)) = (forks.pop_front(), requests.upgrade()) {
                        let (sender, exit) = watch::channel(None);
                        exits.insert(pid, sender);
                        nursery.add(pid);
                        // If nobody waits any more, dropping it has the process reaped; its channel is closed.
                        let nursery = Arc::clone(&nursery);
                        let _ = reply.send(Forked { pid, exit, requests, nursery });
                    }
                }
            }
        }
    }
    drop(zygote);
}

/// Looks after a zygote for as long as somebody knows of it.
async fn look_after(nursery: Weak<Nursery>) {
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let Some(nursery) = nursery.upgrade() else { return };
        let looked = tokio::task::spawn_blocking(move || {
            nursery.wake();
            nursery.end_strays();
        });
        if looked.await.is_err() {
            return;
        }
    }
}

async fn send(socket: &UnixStream, request: [u8; 5], descriptors: &[RawFd]) -> io::Result<()> {
    let rights = [ControlMessage::ScmRights(descriptors)];
    let rights = if descriptors.is_empty() { &rights[..0] } else { &rights[..] };
    let sent = socket
        .async_io(Interest::WRITABLE, || {
            let bytes = [IoSlice::new(&request)];
            Ok(sendmsg::<()>(socket.as_raw_fd(), &bytes, rights, MsgFlags::MSG_NOSIGNAL, None)?)
        })
        .await?;
    if sent == request.len() { Ok(()) } else { Err(io::Error::other("a request was cut")) }
}

/// Tells what a zygote prints, which is little but for modules that can't be loaded.
async fn tell(mut source: Source) {
    let (mut printed, mut told) = (Vec::new(), 0);
    let mut buffer = [0; 1024];
    loop {
        source.ready().await;
        match source.read_now(&mut buffer) {
            Some(0) => break,
            Some(count) if told + printed.len() < MAX_PRINTED => {
                printed.extend_from_slice(&buffer[..count]);
            }
            _ => continue,
        }
        while let Some(end) = printed.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = printed.drain(..=end).collect();
            told += line.len();
            tracing::warn!(said = %String::from_utf8_lossy(&line).trim_end(), "from a zygote");
        }
    }
}
