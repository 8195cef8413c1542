use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::id::ExecutionId;
use proptest::prelude::*;

use super::*;

fn line(text: &str) -> LogLine {
    LogLine::new(SystemClock.now(), LogLevel::Info, LogStream::Stdout, text)
}

fn lease() -> Lease {
    Lease { execution: ExecutionId::from_uuid(uuid::Uuid::nil()), epoch: 1 }
}

fn spool(folder: &Path) -> Spool {
    Spool::open(lease(), folder.join("log")).unwrap()
}

fn texts(chunk: &LogChunk) -> Vec<&str> {
    chunk.lines.iter().map(|line| line.text.as_str()).collect()
}

#[test]
fn a_run_that_says_nothing_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = spool(folder.path());
    spool.append([]).unwrap();
    assert!(spool.is_sent() && spool.is_acknowledged() && spool.next_chunk().unwrap().is_none());
    assert!(!folder.path().join("log").exists());
}

#[test]
fn what_is_not_acknowledged_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = spool(folder.path());
    spool.append([line("one"), line("two")]).unwrap();
    let first = spool.next_chunk().unwrap().unwrap();
    assert_eq!((first.first_seq, texts(&first)), (1, vec!["one", "two"]));
    assert!(spool.next_chunk().unwrap().is_none());
    spool.append([line("three")]).unwrap();
    assert_eq!(spool.next_chunk().unwrap().unwrap().first_seq, 3);
    spool.acknowledge(2);
    spool.rewind();
    let again = spool.next_chunk().unwrap().unwrap();
    assert_eq!((again.first_seq, texts(&again)), (3, vec!["three"]));
    assert!(!spool.is_acknowledged());
    spool.acknowledge(3);
    assert!(spool.is_acknowledged());
}

#[test]
fn a_torn_last_line_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    spool(folder.path()).append([line("one"), line("two")]).unwrap();
    let path = folder.path().join("log");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 5]).unwrap();
    let mut spool = spool(folder.path());
    assert_eq!(spool.last_seq(), 1);
    spool.append([line("again")]).unwrap();
    assert_eq!(texts(&spool.next_chunk().unwrap().unwrap()), ["one", "again"]);
}

#[test]
fn a_flood_ends_with_one_line_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = spool(folder.path());
    spool.limit = 1_000;
    for _ in 0..100 {
        spool.append([line(&"x".repeat(100))]).unwrap();
    }
    let chunk = spool.next_chunk().unwrap().unwrap();
    assert!(chunk.lines.len() < 12);
    let last = chunk.lines.last().unwrap();
    assert_eq!((last.stream, last.text.contains("limit reached")), (LogStream::System, true));
    assert_eq!(chunk.last_seq(), spool.last_seq());
}

#[test]
fn after_a_restart_known_lines_are_not_all_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    spool(folder.path()).append((0..1_000).map(|n| line(&n.to_string()))).unwrap();
    let mut spool = spool(folder.path());
    assert_eq!(spool.next_chunk().unwrap().unwrap().first_seq, 1);
    spool.acknowledge(990);
    let rest = spool.next_chunk().unwrap().unwrap();
    assert_eq!((rest.first_seq, rest.lines.len()), (991, 10));
    // More than there is, from a server that is wrong, is no more than all.
    spool.acknowledge(5_000);
    assert!(spool.is_acknowledged());
}

#[test]
fn the_window_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = spool(folder.path());
    spool.append((0..100).map(|_| line(&"x".repeat(60_000)))).unwrap();
    let mut bytes = 0;
    while let Some(chunk) = spool.next_chunk().unwrap() {
        bytes += chunk.lines.iter().map(|line| line.text.len() as u64).sum::<u64>();
    }
    assert!(bytes <= MAX_WINDOW_BYTES + MAX_CHUNK_BYTES + 64 * 1024, "{bytes}");
    assert!(!spool.is_sent());
}

#[test]
fn a_spool_that_cannot_be_read_back_does_not_hold_up_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = spool(folder.path());
    spool.append([line("one"), line("two")]).unwrap();
    let path = folder.path().join("log");
    let length = std::fs::read(&path).unwrap().len();
    std::fs::write(&path, vec![b'?'; length]).unwrap();
    assert!(spool.next_chunk().is_err());
    assert!(spool.next_chunk().unwrap().is_none());
    assert!(spool.is_sent() && spool.is_acknowledged());
}

/// A device that takes nothing, as a full disk does.
#[cfg(target_os = "linux")]
#[test]
fn lines_that_a_full_disk_did_not_take_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = spool(folder.path());
    spool.append([line("one")]).unwrap();
    let good = spool.file.replace(OpenOptions::new().append(true).open("/dev/full").unwrap());
    assert!(spool.append([line("two"), line("three")]).is_err());
    // A device can't be cut; a file can.
    spool.is_broken = false;
    spool.file = good;
    spool.append([line("four")]).unwrap();
    let chunk = spool.next_chunk().unwrap().unwrap();
    assert_eq!((chunk.lines.len(), spool.last_seq()), (3, 3));
    assert!(chunk.lines[1].text.starts_with("2 lines before this one were lost"));
    assert_eq!(chunk.lines[2].text, "four");
}

#[derive(Clone, Debug)]
enum Step {
    Append(usize),
    Send,
    Acknowledge,
    Reconnect,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1_usize..400).prop_map(Step::Append),
        Just(Step::Send),
        Just(Step::Send),
        Just(Step::Acknowledge),
        Just(Step::Reconnect),
        Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is lost on the way, a server that keeps what follows and acknowledges it has all lines in order.
    #[test]
    fn lines_arrive_whole_and_in_order(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = spool(folder.path());
        let mut stored: Vec<u64> = Vec::new();
        let mut said = 0_u64;
        let mut take = |spool: &mut Spool| {
            let Some(chunk) = spool.next_chunk().unwrap() else { return false };
            assert!(chunk.first_seq <= stored.len() as u64 + 1, "a gap");
            for (seq, line) in (chunk.first_seq..).zip(&chunk.lines) {
                if seq == stored.len() as u64 + 1 {
                    stored.push(line.text.parse().unwrap());
                }
            }
            spool.is_waiting()
        };
        let mut kept = 0_u64;
        for step in steps {
            match step {
                Step::Append(count) => {
                    spool.append((0..count as u64).map(|n| line(&(said + n + 1).to_string()))).unwrap();
                    said += count as u64;
                }
                Step::Send => { take(&mut spool); }
                Step::Acknowledge => { kept = spool.sent_mark().seq.max(kept); spool.acknowledge(kept); }
                Step::Reconnect => spool.rewind(),
                Step::Restart => spool = Spool::open(lease(), folder.path().join("log")).unwrap(),
            }
        }
        spool.rewind();
        while !spool.is_acknowledged() {
            take(&mut spool);
            let sent = spool.sent_mark().seq;
            spool.acknowledge(sent);
        }
        prop_assert_eq!(stored, (1..=said).collect::<Vec<_>>());
    }
}
