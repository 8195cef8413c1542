use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::task::JoinHandle;

use super::*;

/// Carries over a channel; a fault may change what arrives.
struct Channel<F> {
    sender: mpsc::Sender<Bytes>,
    fault: F,
    number: usize,
}

impl<F: FnMut(usize, Bytes) -> Vec<Bytes> + Send> Carrier for Channel<F> {
    async fn send(&mut self, message: Bytes) -> io::Result<()> {
        self.number += 1;
        for message in (self.fault)(self.number, message) {
            self.sender.send(message).await.map_err(|_| io::ErrorKind::BrokenPipe)?;
        }
        Ok(())
    }
}

struct End {
    user: DuplexStream,
    carried: JoinHandle<io::Result<()>>,
}

fn faultless(_: usize, message: Bytes) -> Vec<Bytes> {
    vec![message]
}

/// Two ends; `fault` sits on the way from the first to the second.
fn joined(
    settings: PipeSettings,
    fault: impl FnMut(usize, Bytes) -> Vec<Bytes> + Send + 'static,
) -> (End, End) {
    let (to_second, second_hears) = mpsc::channel(MAX_FRAMES_UNDER_WAY);
    let (to_first, first_hears) = mpsc::channel(MAX_FRAMES_UNDER_WAY);
    let stream = |receiver: mpsc::Receiver<Bytes>| {
        Box::pin(futures_util::stream::unfold(receiver, async |mut receiver| {
            Some((receiver.recv().await?, receiver))
        }))
    };
    let (first, of_first) = ends();
    let (second, of_second) = ends();
    let there = Channel { sender: to_second, fault, number: 0 };
    let back = Channel { sender: to_first, fault: faultless, number: 0 };
    let there = tokio::spawn(carry(of_first, there, stream(first_hears), settings));
    let back = tokio::spawn(carry(of_second, back, stream(second_hears), settings));
    (End { user: first, carried: there }, End { user: second, carried: back })
}

fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

#[tokio::test]
async fn bytes_go_both_ways_at_once_and_both_ends_end_well() {
    let small = PipeSettings { max_message: 1_000, ..PipeSettings::default() };
    for settings in [PipeSettings::default(), small] {
        let (first, second) = joined(settings, faultless);
        let content = Arc::new(noise(3_000_000));
        let speaks = |end: DuplexStream| {
            let content = Arc::clone(&content);
            tokio::spawn(async move {
                let (mut read, mut write) = tokio::io::split(end);
                let sends = async {
                    write.write_all(&content).await.unwrap();
                    write.shutdown().await.unwrap();
                };
                let mut heard = Vec::new();
                let (_, read) = tokio::join!(sends, read.read_to_end(&mut heard));
                read.unwrap();
                assert!(heard == *content);
            })
        };
        let (one, two) = (speaks(first.user), speaks(second.user));
        first.carried.await.unwrap().unwrap();
        second.carried.await.unwrap().unwrap();
        one.await.unwrap();
        two.await.unwrap();
    }
}

#[tokio::test]
async fn what_is_lost_doubled_or_forged_ends_the_pipe_and_is_never_read() {
    type Fault = fn(usize, Bytes) -> Vec<Bytes>;
    let faults: [Fault; 5] = [
        |number, message| if number == 7 { vec![] } else { vec![message] },
        |number, message| if number == 7 { vec![message.clone(), message] } else { vec![message] },
        |number, message| {
            if number == 7 { vec![Bytes::from_static(b"forged"), message] } else { vec![message] }
        },
        // The right number, but kept from its place: as good as lost.
        |number, message| if number == 7 { vec![Frame::Ping.encode(99), message] } else { vec![message] },
        |number, message| {
            // A whole window more than was granted.
            let frame = |more: u64| Frame::Data(vec![0; MAX_FRAME].into()).encode(6 + more);
            if number == 7 { (0..20).map(frame).collect() } else { vec![message] }
        },
    ];
    for fault in faults {
        let (first, second) = joined(PipeSettings::default(), fault);
        let content = noise(2_000_000);
        let (mut speaker, mut hearer) = (first.user, second.user);
        let sent = content.clone();
        let sends = tokio::spawn(async move { speaker.write_all(&sent).await });
        let mut heard = vec![0; content.len()];
        let mut got = 0;
        // Slower than it comes, so that a window that is not kept would show.
        while let Ok(more @ 1..) = hearer.read(&mut heard[got..]).await {
            got += more;
            tokio::task::yield_now().await;
        }
        assert!(got < content.len());
        let same = heard[..got].iter().zip(&content).take_while(|(heard, sent)| heard == sent).count();
        assert!(got - same <= WINDOW as usize, "{got} bytes were heard, {same} of them said");
        assert!(second.carried.await.unwrap().is_err());
        assert!(first.carried.await.unwrap().is_err(), "the other end is told");
        assert!(sends.await.unwrap().is_err());
    }
}

#[tokio::test]
async fn a_reader_that_does_not_read_stops_the_writer() {
    let passed = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&passed);
    let (mut first, second) = joined(PipeSettings::default(), move |_, message| {
        counted.fetch_add(message.len(), Ordering::SeqCst);
        vec![message]
    });
    let content = noise(4_000_000);
    let mut sent = 0;
    while let Ok(Ok(more)) =
        tokio::time::timeout(Duration::from_millis(300), first.user.write(&content[sent..])).await
    {
        sent += more;
    }
    let bound = WINDOW as usize + 4 * BUFFER;
    assert!(sent < bound && passed.load(Ordering::SeqCst) < bound, "{sent} bytes were taken");
    drop(second);
}

#[tokio::test]
async fn many_small_writes_stay_within_the_number_of_frames() {
    let (sender, kept) = mpsc::channel(10 * MAX_FRAMES_UNDER_WAY);
    let (mut user, end) = ends();
    // The other end gave leave, and hears nothing for a moment.
    let credit = futures_util::stream::iter([Frame::Credit(WINDOW).encode(0)]);
    let messages = credit.chain(futures_util::stream::pending());
    let carrier = Channel { sender, fault: faultless, number: 0 };
    let carried = tokio::spawn(carry(end, carrier, messages, PipeSettings::default()));
    let writes = async {
        for _ in 0..10 * MAX_FRAMES_UNDER_WAY {
            user.write_all(b"x").await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    writes.await;
    assert!(kept.len() <= MAX_FRAMES_UNDER_WAY && kept.len() > 100, "{} frames", kept.len());
    carried.abort();
}

#[tokio::test(start_paused = true)]
async fn pings_keep_a_pipe_and_silence_ends_it() {
    let (first, second) = joined(PipeSettings::default(), faultless);
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert!(!first.carried.is_finished() && !second.carried.is_finished());
    // As a kill does: nothing is said any more.
    second.carried.abort();
    let began = Instant::now();
    let error = first.carried.await.unwrap().unwrap_err();
    assert!(began.elapsed() <= Duration::from_secs(61), "{:?}", began.elapsed());
    assert!(matches!(
        error.kind(),
        io::ErrorKind::TimedOut | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe
    ));
}

#[tokio::test]
async fn what_was_said_before_the_user_left_still_arrives() {
    let (first, mut second) = joined(PipeSettings::default(), faultless);
    let (mut leaver, content) = (first.user, noise(BUFFER));
    leaver.write_all(&content).await.unwrap();
    drop(leaver);
    // The other side speaks to nobody meanwhile.
    second.user.write_all(b"are you there?").await.unwrap();
    let mut heard = Vec::new();
    second.user.read_to_end(&mut heard).await.unwrap();
    assert!(heard == content);
    drop(second.user);
    second.carried.await.unwrap().unwrap();
    first.carried.await.unwrap().unwrap();
}
