//! A pipe of bytes over messages that may get lost: for carriers that know of messages and of nothing else, as NATS.
//!
//! Whatever is lost, doubled or overtaken on the way ends the pipe; it never shows as other bytes. Both ends see to
//! it by numbers: every frame bears the next one. How much is under way is bounded by the reader, who grants a
//! number of bytes and grants more as they are taken (as HTTP/2 does, RFC 9113, 5.2). Each end says something at
//! least each [`PipeSettings::ping_every`]; one that is not heard of for [`PipeSettings::silence_limit`] is gone.
//!
//! A pipe knows nothing of who is at its other end: that is settled by what is spoken through it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::time::{Instant, MissedTickBehavior};

mod frame;

use frame::{Frame, HEAD_BYTES};

/// The most bytes in a frame.
const MAX_FRAME: usize = 64 * 1024;
/// How many bytes may be under way in one direction.
const WINDOW: u64 = 512 * 1024;
/// A frame counts as at least so many bytes, so that the window bounds the number of frames, too.
const LEAST_COST: u64 = 1024;
/// How many frames are under way at most: what a carrier has to keep for a reader that is slow for a moment.
pub const MAX_FRAMES_UNDER_WAY: usize = (WINDOW / LEAST_COST) as usize + 64;
/// How many bytes wait between the pipe and who uses it.
const BUFFER: usize = 64 * 1024;
/// How long the other end may take to close, once this one has.
const LINGER: Duration = Duration::from_secs(10);

/// How a pipe is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipeSettings {
    /// The most bytes that the carrier takes in a message.
    pub max_message: usize,
    /// How often something is said.
    pub ping_every: Duration,
    /// After how long a silence the other end is given up.
    pub silence_limit: Duration,
}

impl Default for PipeSettings {
    /// As agents and servers do over a WebSocket: 20 and 60 seconds.
    fn default() -> Self {
        Self {
            max_message: usize::MAX,
            ping_every: Duration::from_secs(20),
            silence_limit: Duration::from_secs(60),
        }
    }
}

/// Sends the messages of one end.
pub trait Carrier: Send {
    /// Sends a message after those before it. Cancel safe: what is dropped was not sent.
    fn send(&mut self, message: Bytes) -> impl Future<Output = io::Result<()>> + Send;
}

/// Both ends of the space between a pipe and who uses it: the first is for the user, the second for [`carry`].
#[must_use]
pub fn ends() -> (DuplexStream, DuplexStream) {
    tokio::io::duplex(BUFFER)
}

/// Carries what goes through an end until the pipe is over. Once one direction is over, the other has a few seconds
/// left. Dropping the future ends the pipe for its user; the other end learns of it by silence.
///
/// # Errors
/// `UnexpectedEof` if the carrier or the other end is gone, `TimedOut` after a silence, `InvalidData` if something
/// was lost, came twice, or came without leave. The user sees an end of the stream in each case: what is spoken
/// through the pipe has to tell a whole message from half of one.
pub async fn carry(
    end: DuplexStream,
    carrier: impl Carrier,
    messages: impl Stream<Item = Bytes> + Send + Unpin,
    settings: PipeSettings,
) -> io::Result<()> {
    let (read, write) = tokio::io::split(end);
    let pipe = Pipe {
        carrier: Mutex::new((0, carrier)),
        leave: AtomicU64::new(0),
        more_leave: Notify::new(),
        granted: AtomicU64::new(0),
    };
    let (taken, to_deliver) = mpsc::unbounded_channel();
    let over = {
        let delivers = pipe.deliver(write, to_deliver);
        let speaks = pipe.speak(read, settings.max_message);
        tokio::pin!(delivers, speaks);
        let both = async {
            tokio::select! {
                delivered = &mut delivers => last(delivered, speaks).await,
                said = &mut speaks => last(said, delivers).await,
            }
        };
        tokio::select! {
            over = both => over,
            failed = pipe.listen(messages, taken, settings.silence_limit) => failed,
            failed = pipe.ping(settings.ping_every) => failed,
        }
    };
    if over.is_err() {
        // So that the other end need not wait; if this is lost, it will.
        let _ = tokio::time::timeout(LINGER, pipe.say(Frame::Reset)).await;
    }
    over
}

/// Waits a while for the second direction, if the first ended well.
async fn last(first: io::Result<()>, second: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    first?;
    tokio::time::timeout(LINGER, second).await?
}

/// One end at work.
struct Pipe<C> {
    /// The number of the next frame, and who takes it.
    carrier: Mutex<(u64, C)>,
    /// How much this end may say in all, and that it is more now.
    leave: AtomicU64,
    more_leave: Notify,
    /// How much the other end may say in all.
    granted: AtomicU64,
}

fn cost(bytes: usize) -> u64 {
    (bytes as u64).max(LEAST_COST)
}

impl<C: Carrier> Pipe<C> {
    async fn say(&self, frame: Frame) -> io::Result<()> {
        let mut carrier = self.carrier.lock().await;
        let (number, carrier) = &mut *carrier;
        carrier.send(frame.encode(*number)).await?;
        // Not before: a call that is dropped has said nothing.
        *number += 1;
        Ok(())
    }

    async fn ping(&self, every: Duration) -> io::Result<()> {
        let mut ticks = tokio::time::interval_at(Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.say(Frame::Ping).await?;
        }
    }

    /// Says what the user says, as far as there is leave; then that this was all.
    async fn speak(&self, mut read: ReadHalf<DuplexStream>, max_message: usize) -> io::Result<()> {
        let most = max_message.saturating_sub(HEAD_BYTES).clamp(1, MAX_FRAME);
        let mut said = 0;
        loop {
            let left = self.leave.load(Ordering::SeqCst).saturating_sub(said);
            if left < LEAST_COST {
                self.more_leave.notified().await;
                continue;
            }
            let mut bytes = BytesMut::with_capacity(most);
            let most = most.min(usize::try_from(left).unwrap_or(most));
            if (&mut read).take(most as u64).read_buf(&mut bytes).await? == 0 {
                return self.say(Frame::Close).await;
            }
            said += cost(bytes.len());
            self.say(Frame::Data(bytes.freeze())).await?;
        }
    }

    /// Hears what comes; ends only if something is wrong.
    async fn listen(
        &self,
        mut messages: impl Stream<Item = Bytes> + Unpin,
        taken: mpsc::UnboundedSender<Bytes>,
        silence_limit: Duration,
    ) -> io::Result<()> {
        let mut taken = Some(taken);
        let mut heard = 0;
        for number in 0.. {
            let message = tokio::time::timeout(silence_limit, messages.next()).await;
            let frame = match message {
                Ok(Some(message)) => Frame::decode(&message, number).ok_or(io::ErrorKind::InvalidData)?,
                // It had said all, and heard all or given up: what it said is still delivered.
                _ if taken.is_none() => std::future::pending().await,
                Ok(None) => Frame::Reset,
                Err(silence) => return Err(silence.into()),
            };
            match (frame, &taken) {
                (Frame::Data(bytes), Some(taken)) => {
                    heard += cost(bytes.len());
                    if heard > self.granted.load(Ordering::SeqCst) {
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                    // What waits is no more than was granted, so the channel needs no bound of its own.
                    taken.send(bytes).map_err(|_| io::ErrorKind::BrokenPipe)?;
                }
                (Frame::Credit(leave), _) => {
                    self.leave.fetch_max(leave, Ordering::SeqCst);
                    self.more_leave.notify_one();
                }
                (Frame::Ping, _) => {}
                (Frame::Close, Some(_)) => taken = None,
                (Frame::Reset, Some(_)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                (Frame::Reset, None) => std::future::pending().await,
                (Frame::Data(_) | Frame::Close, None) => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    async fn grant(&self, granted: u64) -> io::Result<()> {
        // First, since the answer may be here before the call returns.
        self.granted.store(granted, Ordering::SeqCst);
        self.say(Frame::Credit(granted)).await
    }

    /// Hands the user what was heard, and grants more as it is taken.
    async fn deliver(
        &self,
        mut write: WriteHalf<DuplexStream>,
        mut to_deliver: mpsc::UnboundedReceiver<Bytes>,
    ) -> io::Result<()> {
        let (mut delivered, mut grants) = (0, true);
        self.grant(WINDOW).await?;
        while let Some(bytes) = to_deliver.recv().await {
            if write.write_all(&bytes).await.is_err() {
                // Nobody listens any more; what this end still has to say goes on.
                while to_deliver.recv().await.is_some() {}
                return Ok(());
            }
            delivered += cost(bytes.len());
            // Not for every frame, so that it costs few of them; and not for one that has said all.
            let is_low = delivered + WINDOW / 2 >= self.granted.load(Ordering::SeqCst);
            if is_low && grants && !to_deliver.is_closed() {
                // The other end may be gone, having said all and heard all: what it said is still delivered. A line
                // that broke shows to the one who listens.
                grants = self.grant(delivered + WINDOW).await.is_ok();
            }
        }
        // An error means that nobody listens.
        let _ = write.shutdown().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
