//! Automations that take more than they may, and the proof that they are over.

use std::time::{Duration, Instant};

use serde_json::json;

use super::RunnerFixture;
use super::hostile::is_alive;
use super::play::{Ended, Play};
use crate::domain::{IsolationLevel, Limits, RunStatus, StopReason};

const MIB: u64 = 1024 * 1024;

fn limited(source: &str, limits: Limits) -> Play {
    let mut play = Play::main(source);
    play.job.limits = limits;
    play
}

/// The proof of a stop, whose times follow one another.
fn proven(ended: &Ended, reason: StopReason) -> bool {
    let report = ended.result.report.as_ref().unwrap();
    let stop = report.stop.as_ref().unwrap_or_else(|| panic!("{:#?}", ended.result));
    assert_eq!((stop.reason, stop.survivors), (reason, 0));
    assert!(stop.requested_at <= stop.delivered_at && stop.delivered_at <= stop.empty_at.unwrap());
    stop.killed
}

/// Ten gigabytes at once are refused to the run, and to nobody else.
pub async fn huge_allocation(fixture: &impl RunnerFixture) {
    let source = "
def run():
    block = bytearray(10 * 1024 ** 3)
    return len(block)
";
    let ended =
        limited(source, Limits { memory_bytes: Some(256 * MIB), ..Limits::default() }).run(fixture).await;
    assert_eq!(ended.error().kind, "MemoryError");
}

/// Memory that grows step by step ends with the limit, whether the run hears of it or is killed.
pub async fn leak(fixture: &impl RunnerFixture) {
    let source = "
import time
def run():
    kept = []
    for _ in range(2000):
        kept.append(bytearray(b'x') * (1024 * 1024))
        time.sleep(0.002)
";
    let ended =
        limited(source, Limits { memory_bytes: Some(128 * MIB), ..Limits::default() }).run(fixture).await;
    let kind = ended.error().kind.as_str();
    assert!(["LimitExceeded", "MemoryError"].contains(&kind), "{:#?}", ended.result);
}

/// A leak in a process that the run started counts too.
pub async fn leak_of_a_child(fixture: &impl RunnerFixture) {
    let source = "
import subprocess, sys
def run():
    code = 'import time\\nkept = []\\nwhile True: kept.append(bytearray(b\"x\") * 1048576); time.sleep(0.002)'
    subprocess.run([sys.executable, '-c', code], check=True)
";
    let ended =
        limited(source, Limits { memory_bytes: Some(128 * MIB), ..Limits::default() }).run(fixture).await;
    let kind = ended.error().kind.as_str();
    assert!(["LimitExceeded", "CalledProcessError"].contains(&kind), "{:#?}", ended.result);
}

/// Processes beyond the limit are refused or end the run. (The number here is bounded, should nothing hold.)
pub async fn too_many_processes(fixture: &impl RunnerFixture) {
    let source = "
import os, time
def run():
    for _ in range(60):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
    time.sleep(5)
    return 'all started'
";
    let ended = limited(source, Limits { processes: Some(12), ..Limits::default() }).run(fixture).await;
    let kind = ended.error().kind.as_str();
    assert!(["LimitExceeded", "BlockingIOError"].contains(&kind), "{:#?}", ended.result);
}

/// Children that make children, three levels deep, in sessions of their own, are all found.
pub async fn growing_tree(fixture: &impl RunnerFixture) {
    let source = "
import os, sys, time
def grow(depth):
    print(f'member={os.getpid()}', flush=True)
    for _ in range(2 if depth else 0):
        if os.fork() == 0:
            os.setsid()
            grow(depth - 1)
            time.sleep(60)
            os._exit(0)
def run():
    grow(3)
    time.sleep(0.3)
    print('go', flush=True)
    time.sleep(60)
";
    let ended = Play::main(source).cancel_at(fixture, "go").await;
    ended.expect(RunStatus::Cancelled);
    let members: Vec<i32> =
        ended.texts().iter().filter_map(|text| text.strip_prefix("member=")?.parse().ok()).collect();
    assert!(members.len() >= 8, "{members:?}");
    assert!(!members.iter().any(|pid| is_alive(*pid)), "{members:?}");
    proven(&ended, StopReason::Cancelled);
}

/// Files beyond the limit are refused.
pub async fn too_many_files(fixture: &impl RunnerFixture) {
    let source = "
import os
def run():
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(500)]
";
    let ended = limited(source, Limits { open_files: Some(64), ..Limits::default() }).run(fixture).await;
    let error = ended.error();
    assert_eq!(error.kind, "OSError");
    assert!(error.message.contains("Too many open files"), "{}", error.message);
}

/// A file beyond the limit of the folder is refused.
pub async fn huge_file(fixture: &impl RunnerFixture) {
    let source = "
def run():
    with open('big', 'wb') as file:
        for _ in range(64): file.write(b'x' * 1048576)
";
    let ended = limited(source, Limits { disk_bytes: Some(8 * MIB), ..Limits::default() }).run(fixture).await;
    let kind = ended.error().kind.as_str();
    assert!(["OSError", "LimitExceeded"].contains(&kind), "{:#?}", ended.result);
}

/// Many small files that fill the folder end the run.
pub async fn many_files(fixture: &impl RunnerFixture) {
    let source = "
import time
def run():
    for n in range(100):
        with open(f'part-{n}', 'wb') as file: file.write(b'x' * 1048576)
    print('go', flush=True)
    time.sleep(30)
";
    let ended = limited(source, Limits { disk_bytes: Some(8 * MIB), ..Limits::default() }).run(fixture).await;
    assert_eq!(ended.error().kind, "LimitExceeded");
    assert!(ended.error().message.contains("working folder"), "{}", ended.error().message);
    assert!(proven(&ended, StopReason::LimitExceeded));
}

/// Processor time beyond the limit ends the run, long before its time limit.
pub async fn busy(fixture: &impl RunnerFixture) {
    let began = Instant::now();
    let source = "
def run():
    while True: pass
";
    let ended = limited(source, Limits { cpu_ms: Some(1000), ..Limits::default() }).run(fixture).await;
    assert_eq!(ended.error().kind, "LimitExceeded");
    assert!(ended.error().message.contains("processor time"), "{}", ended.error().message);
    assert!(began.elapsed() < Duration::from_secs(20));
    proven(&ended, StopReason::LimitExceeded);
}

/// A run within its limits does not feel them, and reports its level.
pub async fn within_limits(fixture: &impl RunnerFixture) {
    let limits = Limits {
        memory_bytes: Some(512 * MIB),
        cpu_ms: Some(60_000),
        processes: Some(32),
        open_files: Some(256),
        disk_bytes: Some(64 * MIB),
        ..Limits::default()
    };
    let source = "
import subprocess, sys, json
def run():
    with open('a', 'wb') as file: file.write(b'x' * 1000)
    out = subprocess.check_output([sys.executable, '-c', 'print(6 * 7)'], text=True)
    return {'answer': int(out)}
";
    let ended = limited(source, limits).run(fixture).await;
    assert_eq!(ended.outputs(), json!({"answer": 42}));
    let report = ended.result.report.unwrap();
    assert!(report.isolation >= IsolationLevel::L1 && report.stop.is_none(), "{report:?}");
}

/// A limit of one run does not hold for the next.
pub async fn limits_end_with_their_run(fixture: &impl RunnerFixture) {
    too_many_files(fixture).await;
    let source = "
import os
def run():
    return len([os.open(os.devnull, os.O_RDONLY) for _ in range(200)])
";
    assert_eq!(Play::main(source).run(fixture).await.outputs(), json!({"result": 200}));
}

/// What the run can lower it can't raise again.
pub async fn limits_stay(fixture: &impl RunnerFixture) {
    let source = "
import resource
def run():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return {'hard': hard}
";
    let ended = limited(source, Limits { open_files: Some(64), ..Limits::default() }).run(fixture).await;
    assert_eq!(ended.outputs(), json!({"hard": 64}));
}

/// A cancel that is heeded, a cancel that is ignored and a time limit end with proof.
pub async fn stops_are_proven(fixture: &impl RunnerFixture) {
    let heeds = "
import time
def run():
    print('go', flush=True)
    time.sleep(60)
";
    let mut play = Play::main(heeds);
    play.job.grace = Duration::from_secs(20);
    let ended = play.cancel_at(fixture, "go").await;
    ended.expect(RunStatus::Cancelled);
    assert!(!proven(&ended, StopReason::Cancelled), "it was killed");
    let ignores = "
def run():
    told = False
    while True:
        try:
            if not told:
                told = True
                print('go', flush=True)
            while True: pass
        except BaseException: pass
";
    let ended = Play::main(ignores).cancel_at(fixture, "go").await;
    ended.expect(RunStatus::Cancelled);
    assert!(proven(&ended, StopReason::Cancelled), "it ended by itself");
    let mut play = Play::main(ignores);
    play.job.timeout = Some(Duration::from_millis(1500));
    let ended = play.run(fixture).await;
    ended.expect(RunStatus::TimedOut);
    assert!(proven(&ended, StopReason::TimedOut));
}

/// What a run leaves running is killed and counted.
pub async fn left_behind(fixture: &impl RunnerFixture) {
    let source = "
import subprocess, sys
def run():
    for _ in range(3):
        subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)
";
    let ended = Play::main(source).run(fixture).await;
    ended.expect(RunStatus::Succeeded);
    let report = ended.result.report.unwrap();
    assert_eq!((report.left_behind, report.stop), (3, None));
}

/// A process that ignores every signal that can be ignored, with its children, is gone all the same.
pub async fn deaf(fixture: &impl RunnerFixture) {
    let source = "
import os, signal, time
def run():
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    child = os.fork()
    if child == 0:
        while True: time.sleep(60)
    print(f'child={child}', flush=True)
    told = False
    while True:
        try:
            if not told:
                told = True
                print('go', flush=True)
            time.sleep(60)
        except BaseException: pass
";
    let ended = Play::main(source).cancel_at(fixture, "go").await;
    ended.expect(RunStatus::Cancelled);
    assert!(!is_alive(ended.number("child")));
    assert!(proven(&ended, StopReason::Cancelled));
}

/// A process that was stopped (`SIGSTOP`) can't answer, and is killed.
pub async fn stopped_itself(fixture: &impl RunnerFixture) {
    let source = "
import os, signal
def run():
    print('go', flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
";
    let mut play = Play::main(source);
    play.job.timeout = Some(Duration::from_millis(500));
    let ended = play.run(fixture).await;
    ended.expect(RunStatus::TimedOut);
    assert!(proven(&ended, StopReason::TimedOut));
}

/// A blocked call in C, which no exception can leave, is killed after the grace period.
pub async fn blocked_in_c(fixture: &impl RunnerFixture) {
    let source = "
import collections, itertools
def run():
    # Never comes back from C, and keeps the lock of the interpreter.
    collections.deque(itertools.repeat(0), maxlen=0)
";
    let mut play = Play::main(source);
    play.job.timeout = Some(Duration::from_millis(1500));
    let ended = play.run(fixture).await;
    ended.expect(RunStatus::TimedOut);
    assert!(proven(&ended, StopReason::TimedOut));
}

/// A run that kills its own session ends as what it is, and the next one is unharmed.
pub async fn kills_its_group(fixture: &impl RunnerFixture) {
    let source = "
import os, signal
def run():
    os.killpg(0, signal.SIGKILL)
";
    assert_eq!(Play::main(source).run(fixture).await.error().kind, "Signal");
    Play::main("def run(): pass").run(fixture).await.expect(RunStatus::Succeeded);
}

/// Threads that go on for ever do not keep a run that has returned.
pub async fn hundreds_of_threads(fixture: &impl RunnerFixture) {
    let source = "
import threading, time
def run():
    for _ in range(200):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return threading.active_count()
";
    let ended = Play::main(source).run(fixture).await;
    assert_eq!(ended.outputs(), json!({"result": 201}));
}
