use std::collections::BTreeMap;

use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::domain::{IsolationLevel, Limits};
use openautomate_core::id::{ExecutionId, PackageId};
use openautomate_core::package::signature::{PackageSigner, Statement};
use openautomate_core::transport::PackageRef;
use proptest::prelude::*;

use super::*;

fn line(text: &str) -> LogLine {
    LogLine::new(SystemClock.now(), LogLevel::Info, LogStream::Stdout, text)
}

fn lease() -> Lease {
    Lease { execution: ExecutionId::from_uuid(uuid::Uuid::nil()), epoch: 1 }
}

fn assignment() -> Assignment {
    Assignment {
        lease: lease(),
        lease_ttl_ms: 60_000,
        package: PackageRef {
            id: PackageId::from_uuid(uuid::Uuid::nil()),
            name: "invoices".to_owned(),
            version_number: "1.0.0".to_owned(),
            digest: "ab".repeat(32),
            size: 1,
            signature: PackageSigner::generate().unwrap().sign(&Statement::Authored { digest: "ab" }),
            author: None,
        },
        version: None,
        runtime: "python".to_owned(),
        entrypoint: "main:run".to_owned(),
        command: Vec::new(),
        env: BTreeMap::new(),
        inputs: serde_json::Map::new(),
        files: Vec::new(),
        timeout_ms: None,
        grace_ms: 20_000,
        limits: Limits::default(),
        isolation: IsolationLevel::L1,
    }
}

/// What is in the folder, or an attempt that begins there.
fn spool(folder: &Path) -> Spool {
    let path = folder.join("log");
    if path.exists() {
        return Spool::open(path).unwrap().unwrap().spool;
    }
    let mut spool = Spool::new(lease(), path);
    spool.begin(&assignment()).unwrap();
    spool
}

fn texts(chunk: &LogChunk) -> Vec<&str> {
    chunk.lines.iter().map(|line| line.text.as_str()).collect()
}

#[test]
fn a_run_that_says_nothing_has_nothing_to_send() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = spool(folder.path());
    spool.append([]).unwrap();
    assert!(spool.is_sent() && spool.is_acknowledged() && spool.next_chunk().unwrap().is_none());
    spool.remove().unwrap();
    spool.remove().unwrap();
    assert!(!folder.path().join("log").exists());
}

#[test]
fn an_attempt_is_there_from_its_assignment_to_its_result_wherever_the_agent_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = spool(folder.path());
    first.append([line("one"), line("two")]).unwrap();
    first.end(&RunResult::succeeded(serde_json::Map::new())).unwrap();
    first.append([line("too late")]).unwrap();
    let whole = std::fs::read(folder.path().join("log")).unwrap();
    let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').map(|at| at + 1).collect();
    assert_eq!(ends.len(), 4);
    for length in 0..=whole.len() {
        let path = folder.path().join("cut");
        std::fs::write(&path, &whole[..length]).unwrap();
        let left = Spool::open(path).unwrap();
        let lines = ends.iter().filter(|end| **end <= length).count();
        assert_eq!(left.is_some(), lines > 0, "{length}");
        let Some(mut left) = left else { continue };
        assert_eq!(left.result.is_some(), lines == 4, "{length}");
        assert_eq!(left.spool.last_seq(), lines.min(3) as u64 - 1, "{length}");
        assert_eq!(left.spool.lease(), lease());
        if lines < 4 {
            left.spool.append([line("more")]).unwrap();
            assert_eq!(texts(&left.spool.next_chunk().unwrap().unwrap()).last(), Some(&"more"));
        }
    }
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
                Step::Restart => spool = Spool::open(folder.path().join("log")).unwrap().unwrap().spool,
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
