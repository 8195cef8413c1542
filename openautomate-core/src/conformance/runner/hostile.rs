//! Automations that crash, hang, flood and forge: what a runner with a process for each run stands.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc;

use super::RunnerFixture;
use super::play::{Play, Told};
use crate::domain::{LogStream, RunStatus};
use crate::runner::process::Mark;
use crate::runner::{RunControl, RunEvent};

/// Whether a process lives; a dead one that nobody has reaped does not.
pub(super) fn is_alive(pid: i32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => !stat.rsplit(')').next().unwrap().trim_start().starts_with(['Z', 'X']),
        Err(_) => cfg!(not(target_os = "linux")) && lives_elsewhere(pid),
    }
}

#[cfg(unix)]
fn lives_elsewhere(pid: i32) -> bool {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_ok()
}

#[cfg(not(unix))]
fn lives_elsewhere(_: i32) -> bool {
    false
}

/// No process that a run started is alive when the run has ended.
pub async fn tree_is_dead(fixture: &impl RunnerFixture) {
    let source = "
import subprocess, sys
def run():
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
    print(f'child={child.pid}', flush=True)
";
    let ended = Play::main(source).run(fixture).await;
    ended.expect(RunStatus::Succeeded);
    assert!(!is_alive(ended.number("child")));
}

/// An endless loop is killed after the grace period even if it ignores the interrupt.
pub async fn infinite_loop(fixture: &impl RunnerFixture) {
    let source = "
import os
def run():
    print(f'own={os.getpid()}')
    print('go')
    while True:
        try:
            while True: pass
        except KeyboardInterrupt: pass
";
    let ended = Play::main(source).cancel_at(fixture, "go").await;
    ended.expect(RunStatus::Cancelled);
    assert!(!is_alive(ended.number("own")));
}

/// A process that ignores every signal it can is killed.
pub async fn ignored_interrupt(fixture: &impl RunnerFixture) {
    let source = "
import signal, time
def run():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    print('go')
    time.sleep(60)
";
    Play::main(source).cancel_at(fixture, "go").await.expect(RunStatus::Cancelled);
    let mut play = Play::main(source);
    play.job.timeout = Some(Duration::from_millis(500));
    play.run(fixture).await.expect(RunStatus::TimedOut);
}

/// `os._exit(7)` is told by its code.
pub async fn hard_exit(fixture: &impl RunnerFixture) {
    let ended = Play::main("import os\ndef run(): os._exit(7)").run(fixture).await;
    assert_eq!((ended.error().kind.as_str(), ended.result.exit_code), ("ExitCode", Some(7)));
}

/// An exit before the return is no success, whatever its code.
pub async fn hard_exit_with_zero(fixture: &impl RunnerFixture) {
    let ended = Play::main("import os\ndef run(): os._exit(0)").run(fixture).await;
    assert_eq!((ended.error().kind.as_str(), ended.result.exit_code), ("ExitCode", Some(0)));
}

/// A crash is told by the name of its signal.
pub async fn segfault(fixture: &impl RunnerFixture) {
    let ended =
        Play::main("import ctypes\ndef run():\n  print('x')\n  ctypes.string_at(0)").run(fixture).await;
    assert_eq!(ended.error().kind, "Signal");
    assert!(ended.error().message.contains("SIGSEGV"), "{}", ended.error().message);
    assert_eq!((ended.texts(), ended.result.exit_code), (vec!["x"], None));
}

/// So is an abort.
pub async fn abort(fixture: &impl RunnerFixture) {
    let ended = Play::main("import os\ndef run(): os.abort()").run(fixture).await;
    assert!(ended.error().message.contains("SIGABRT"), "{}", ended.error().message);
}

/// A daemon that left the session and lost its parents is found.
pub async fn double_fork(fixture: &impl RunnerFixture) {
    let source = "
import os, time
def run():
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(write, str(os.getpid()).encode())
            for number in (0, 1, 2): os.close(number)
            time.sleep(60)
        os._exit(0)
    print('daemon=' + os.read(read, 20).decode())
    os.wait()
";
    let ended = Play::main(source).run(fixture).await;
    ended.expect(RunStatus::Succeeded);
    assert!(!is_alive(ended.number("daemon")));
}

/// Children that hold stdout do not hold the run.
pub async fn forked_children_hold_stdout(fixture: &impl RunnerFixture) {
    let source = "
import os, signal, time
def run():
    for i in range(5):
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(60)
            os._exit(0)
    print('forked')
";
    let started = Instant::now();
    let ended = Play::main(source).run(fixture).await;
    ended.expect(RunStatus::Succeeded);
    assert_eq!(ended.texts(), ["forked"]);
    assert!(started.elapsed() < Duration::from_secs(20));
}

/// Closed streams are the automation's own business.
pub async fn closed_stdout(fixture: &impl RunnerFixture) {
    let source = "
import os, openautomate
def run():
    print('before')
    os.close(1); os.close(2)
    openautomate.log.info('log')
    return {'a': 1}
";
    let ended = Play::main(source).run(fixture).await;
    assert_eq!(ended.outputs(), json!({"a": 1}));
    assert_eq!(ended.texts(), ["before", "log"]);
}

/// 100 MB of output arrive whole, slowed down by a slow reader and not kept in memory.
pub async fn flood(fixture: &impl RunnerFixture) {
    let source = "def run():\n  line = 'x' * 9999\n  for i in range(10_000): print(line)";
    let play = Play::main(source);
    let (events, mut receiver) = mpsc::channel(8);
    let control = RunControl { events, cancel: play.cancel.clone() };
    let runner = fixture.runner();
    let taking = async {
        let (mut lines, mut bytes) = (0, 0);
        while let Some(event) = receiver.recv().await {
            if let RunEvent::Log(line) = event {
                lines += 1;
                bytes += line.text.len();
            }
        }
        (lines, bytes)
    };
    let (result, counted) = tokio::join!(runner.run(play.job.clone(), control), taking);
    assert_eq!(result.status, RunStatus::Succeeded, "{result:?}");
    assert_eq!(counted, (10_000, 99_990_000));
}

/// Every descriptor but the three streams is tried, so the channel is among them.
const EACH_DESCRIPTOR: &str = "
import os, socket, stat
def channels():
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode): yield number
        except OSError: pass
";

/// Garbage in the channel ends the run and nothing else.
pub async fn garbage_in_the_channel(fixture: &impl RunnerFixture) {
    for garbage in
        ["b'garbage\\n'", "b'\\xff\\x00\\n'", "b'{\"type\":\"unknown\"}\\n'", "b'[' * 9999 + b'\\n'"]
    {
        let source = format!(
            "{EACH_DESCRIPTOR}\nimport time\ndef run():\n  for n in channels(): os.write(n, {garbage})\n  time.sleep(60)"
        );
        let ended = Play::main(&source).run(fixture).await;
        assert_eq!(ended.error().kind, "ProtocolError", "{garbage}");
    }
}

/// Messages that are well formed and wrong end the run too.
pub async fn forged_messages(fixture: &impl RunnerFixture) {
    for forged in [
        r#"{"type":"started"}"#,
        r#"{"type":"ready","version":1,"python":"3","native":true}"#,
        r#"{"type":"progress","fraction":7,"message":null}"#,
        r#"{"type":"artifact","id":1,"name":"a","path":"relative","contentType":null}"#,
        r#"{"type":"log","time":1,"level":"loud","logger":"a","message":"m","stdoutBytes":0,"stderrBytes":0}"#,
    ] {
        let source = format!(
            "{EACH_DESCRIPTOR}\nimport time\ndef run():\n  for n in channels(): os.write(n, b'''{forged}\\n''')\n  time.sleep(60)"
        );
        let ended = Play::main(&source).run(fixture).await;
        assert_eq!(ended.error().kind, "ProtocolError", "{forged}");
    }
}

/// A message without an end is bounded.
pub async fn endless_message(fixture: &impl RunnerFixture) {
    let source = format!(
        "{EACH_DESCRIPTOR}\ndef run():\n  for n in channels():\n    while True: os.write(n, b'x' * 65536)"
    );
    assert_eq!(Play::main(&source).run(fixture).await.error().kind, "ProtocolError");
}

/// A run that closes its channel can't tell how it ended, and fails.
pub async fn closed_channel(fixture: &impl RunnerFixture) {
    let source = format!("{EACH_DESCRIPTOR}\ndef run():\n  for n in channels(): os.close(n)");
    Play::main(&source).run(fixture).await.expect(RunStatus::Failed);
}

/// A forked process does not speak for the run: what it logs is on stderr.
pub async fn forked_logger(fixture: &impl RunnerFixture) {
    let source = "
import logging, openautomate, os
def run():
    logging.info('parent')
    if os.fork() == 0:
        logging.warning('forked')
        os._exit(0)
    os.wait()
    return {'a': 1}
";
    let ended = Play::main(source).run(fixture).await;
    assert_eq!(ended.outputs(), json!({"a": 1}));
    assert_eq!(ended.lines(LogStream::Logging), ["parent"]);
    assert_eq!(ended.lines(LogStream::Stderr), ["forked"]);
}

/// A run sees what its package asks for, `PATH`, its mark, and nothing of Python's.
pub async fn environment(fixture: &impl RunnerFixture) {
    let source = "
import os
def run():
    python = [n for n in os.environ if n.upper().startswith('PYTHON')]
    return {'python': python, 'own': os.environ.get('OWN'), 'path': 'PATH' in os.environ,
            'cargo': 'CARGO' in os.environ, 'lease': os.environ['OPENAUTOMATE_LEASE']}
";
    let mut play = Play::main(source);
    let lease = play.job.lease;
    play.job.env = [("OWN", "x"), ("PYTHONPATH", "/x"), ("PythonHome", "/x"), ("OPENAUTOMATE_LEASE", "no")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let expected = json!({"python": [], "own": "x", "path": true, "cargo": false,
        "lease": Mark::of(lease).as_str()});
    assert_eq!(play.run(fixture).await.outputs(), expected);
}

/// The working directory is the job's, and the package comes first on the path.
pub async fn working_folder(fixture: &impl RunnerFixture) {
    let source = "
import openautomate, os, sys
def run():
    with open('a.txt', 'w') as file: file.write('x')
    openautomate.artifact('a.txt')
    return {'cwd': os.getcwd(), 'first': sys.path[0]}
";
    let play = Play::main(source);
    let (work, package) = (play.job.work_dir.clone(), play.job.package_dir.clone());
    let ended = play.run(fixture).await;
    assert_eq!(ended.outputs(), json!({"cwd": work, "first": package}));
    assert!(ended.told.contains(&Told::Artifact("a.txt".to_owned(), b"x".to_vec(), None)));
}

/// No bytecode is written into the package.
pub async fn package_stays_clean(fixture: &impl RunnerFixture) {
    let play = Play::of(&[("main.py", "import other\ndef run(): pass"), ("other.py", "")]);
    let package: PathBuf = play.job.package_dir.clone();
    let ended = play.run(fixture).await;
    ended.expect(RunStatus::Succeeded);
    assert_eq!(fs::read_dir(package).unwrap().count(), 2);
}

/// A cancel ends a sleep at once.
pub async fn sleeping_is_interrupted(fixture: &impl RunnerFixture) {
    let source = "
import time
def run():
    try:
        print('go')
        time.sleep(60)
    except KeyboardInterrupt:
        print('woken')
        raise
";
    let mut play = Play::main(source);
    play.job.grace = Duration::from_secs(30);
    let ended = play.cancel_at(fixture, "go").await;
    ended.expect(RunStatus::Cancelled);
    assert_eq!(ended.texts().last(), Some(&"woken"));
}

/// A thread that outlasts the entry function is waited for, within the time limit.
pub async fn lasting_thread(fixture: &impl RunnerFixture) {
    let source = "
import threading, time
def work(seconds):
    time.sleep(seconds)
    print('thread')
def run(seconds):
    threading.Thread(target=work, args=(seconds,)).start()
";
    let ended = Play::main(source).inputs(&json!({"seconds": 0.05})).run(fixture).await;
    ended.expect(RunStatus::Succeeded);
    assert_eq!(ended.texts(), ["thread"]);
    let mut play = Play::main(source).inputs(&json!({"seconds": 60}));
    play.job.timeout = Some(Duration::from_secs(1));
    play.run(fixture).await.expect(RunStatus::TimedOut);
}

/// Dropping the future kills everything.
pub async fn dropped(fixture: &impl RunnerFixture) {
    let source = "
import os, subprocess, sys
def run():
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)
    print(os.getpid(), child.pid)
    child.wait()
";
    let play = Play::main(source);
    let (events, mut receiver) = mpsc::channel(8);
    let control = RunControl { events, cancel: play.cancel.clone() };
    let (job, runner) = (play.job.clone(), fixture.runner());
    let run = tokio::spawn(async move { runner.run(job, control).await });
    let pids: Vec<i32> = loop {
        if let RunEvent::Log(line) = receiver.recv().await.unwrap() {
            break line.text.split(' ').map(|pid| pid.parse().unwrap()).collect();
        }
    };
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    run.abort();
    let _ = run.await;
    let deadline = Instant::now() + Duration::from_secs(10);
    while pids.iter().any(|pid| is_alive(*pid)) {
        assert!(Instant::now() < deadline, "{pids:?} are alive");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Outputs beyond the bound of a message fail with a clear error.
pub async fn huge_outputs(fixture: &impl RunnerFixture) {
    let ended = Play::main("def run(): return 'x' * 17_000_000").run(fixture).await;
    assert_eq!(ended.error().kind, "OutputError");
    let ended = Play::main("def run(): return 'x' * 10_000_000").run(fixture).await;
    assert_eq!(ended.outputs()["result"].as_str().unwrap().len(), 10_000_000);
}

/// An interpreter that is not there is told.
pub async fn missing_interpreter(fixture: &impl RunnerFixture) {
    let mut play = Play::main("def run(): pass");
    play.job.python = Some(play.job.work_dir.join("absent-python"));
    let ended = play.run(fixture).await;
    assert_eq!(ended.error().kind, "StartFailed");
    assert!(ended.error().message.contains("absent-python"));
}

/// What other processes write to the same streams arrives whole and in its order.
pub async fn foreign_output_keeps_its_order(fixture: &impl RunnerFixture) {
    let source = "
import logging, subprocess
def run():
    for i in range(5):
        subprocess.run(['sh', '-c', f'echo foreign {i}'])
        print('print', i)
        logging.info('log %d', i)
";
    let ended = Play::main(source).run(fixture).await;
    let printed: Vec<_> = (0..5).flat_map(|i| [format!("foreign {i}"), format!("print {i}")]).collect();
    assert_eq!(ended.lines(LogStream::Stdout), printed);
    let logged: Vec<_> = (0..5).map(|i| format!("log {i}")).collect();
    assert_eq!(ended.lines(LogStream::Logging), logged);
}

/// A crash after the return is no success.
pub async fn exit_hook_crash(fixture: &impl RunnerFixture) {
    let source = "import atexit, os\ndef run():\n  atexit.register(os._exit, 9)\n  return {'a': 1}";
    let ended = Play::main(source).run(fixture).await;
    assert_eq!((ended.error().kind.as_str(), ended.result.exit_code), ("ExitCode", Some(9)));
}
