//! Processes that wait for runs: the public suite in each of them, and what only they can get wrong.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use openautomate_core::conformance::runner::RunnerFixture;
use openautomate_core::conformance::runner::play::{Ended, Play};
use openautomate_core::domain::RunStatus;
use openautomate_core::runner::Runner;
use openautomate_core::runner::python::{IsolatedPython, PoolSettings};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{native, python};

/// Waits until a process waits.
async fn until_waiting(runner: &IsolatedPython, wanted: impl Fn(usize) -> bool) {
    let began = Instant::now();
    while !wanted(runner.waiting(None)) {
        assert!(began.elapsed() < Duration::from_secs(20), "{} processes wait", runner.waiting(None));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn pooled(settings: PoolSettings) -> (Arc<IsolatedPython>, TempDir) {
    let (runner, dir) = native();
    let runner = runner.with_pool(settings);
    runner.prepare(None);
    until_waiting(&runner, |waiting| waiting > 0).await;
    (Arc::new(runner), dir)
}

/// Processes that were started one by one.
struct Spawned(Arc<IsolatedPython>, #[expect(dead_code, reason = "kept for its end")] TempDir);

#[async_trait]
impl RunnerFixture for Spawned {
    async fn open() -> Self {
        let (runner, dir) = pooled(PoolSettings { zygote: false, ..Default::default() }).await;
        Self(runner, dir)
    }

    fn runner(&self) -> Arc<dyn Runner> {
        self.0.clone()
    }
}

openautomate_core::runner_conformance!(spawned, Spawned);
openautomate_core::isolated_runner_conformance!(spawned_isolated, Spawned);

/// Processes that a zygote forked; elsewhere than on Linux they are started one by one.
struct Forked(Arc<IsolatedPython>, #[expect(dead_code, reason = "kept for its end")] TempDir);

#[async_trait]
impl RunnerFixture for Forked {
    async fn open() -> Self {
        let (runner, dir) = pooled(PoolSettings::default()).await;
        Self(runner, dir)
    }

    fn runner(&self) -> Arc<dyn Runner> {
        self.0.clone()
    }
}

openautomate_core::runner_conformance!(forked, Forked);
openautomate_core::isolated_runner_conformance!(forked_isolated, Forked);
#[cfg(target_os = "linux")]
openautomate_core::confining_runner_conformance!(forked_confining, Forked);

async fn outputs(source: &str, fixture: &impl RunnerFixture) -> Value {
    Play::main(source).run(fixture).await.outputs()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_takes_the_process_that_waited() {
    for zygote in [false, true] {
        let (runner, _dir) = pooled(PoolSettings { zygote, ..Default::default() }).await;
        let fixture = Forked(runner, tempfile::tempdir().unwrap());
        let source = "import os
def run():
    # Fields 20 and up of the line are behind the name: ticks since boot.
    ticks = int(open('/proc/self/stat').read().rpartition(')')[2].split()[19])
    up = float(open('/proc/uptime').read().split()[0])
    return {'age': up - ticks / os.sysconf('SC_CLK_TCK')}
";
        tokio::time::sleep(Duration::from_millis(300)).await;
        let told = outputs(source, &fixture).await;
        assert!(told["age"].as_f64().unwrap() > 0.25, "it was started for this run: {told}");
    }
}

/// Leaves behind whatever a process can.
const DIRTY: &str = "
import builtins, logging, os, resource, signal, sys, threading, time, json, socket, locale, random, warnings
builtins.leaked = 1
json.leaked = 1
sys.leaked = 1
import openautomate
openautomate.leaked = 1
def run():
    random.seed(7)
    locale.setlocale(locale.LC_ALL, 'C')
    resource.setrlimit(resource.RLIMIT_NOFILE, (70, 70))
    resource.setrlimit(resource.RLIMIT_FSIZE, (7, 7))
    os.nice(5)
    socket.setdefaulttimeout(7)
    sys.meta_path.clear()
    sys.path_hooks.clear()
    sys.excepthook = print
    sys.settrace(print)
    sys.settrace(None)
    threading.setprofile(print)
    warnings.simplefilter('error')
    signal.setitimer(signal.ITIMER_REAL, 60)
    os.environ['LEAKED'] = '1'
    os.environ['PATH'] = '/nowhere'
    os.chdir('/')
    os.umask(0o777)
    sys.path.insert(0, '/leaked')
    sys.setrecursionlimit(77777)
    sys.setswitchinterval(7)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logging.getLogger().setLevel(1)
    files = [open(os.devnull) for _ in range(40)]
    builtins.kept = (files, socket.socketpair())
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    sys.modules['left_behind'] = sys
    print('dirty', os.getpid())
";

/// Looks for it.
const LOOK: &str = "
import builtins, json, locale, os, random, resource, signal, socket, sys, threading
import openautomate
def run():
    here = os.getcwd()
    return {
        'random': random.random() == random.Random(7).random(),
        'locale': locale.setlocale(locale.LC_ALL),
        'rlimits': [resource.getrlimit(kind)[0] in (70, 7) for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE)],
        'nice': os.nice(0),
        'socket': socket.getdefaulttimeout(),
        'imports': len(sys.meta_path) >= 3 and len(sys.path_hooks) >= 2,
        'hooks': sys.excepthook is sys.__excepthook__ and threading.getprofile() is None,
        'timer': signal.getitimer(signal.ITIMER_REAL)[0],
        'argv': sys.argv[1:],
        'pending': sorted(signal.sigpending()) + sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        'leaked': [hasattr(m, 'leaked') for m in (builtins, json, sys, openautomate)],
        'environment': 'LEAKED' in os.environ or os.environ['PATH'] == '/nowhere',
        'folder': os.listdir(here),
        'umask': os.umask(0o22) == 0o777,
        'path': '/leaked' in sys.path,
        'limits': [sys.getrecursionlimit() == 77777, sys.getswitchinterval() == 7],
        'signal': signal.getsignal(signal.SIGTERM) != signal.SIG_DFL,
        'threads': threading.active_count(),
        'modules': 'left_behind' in sys.modules,
        'files': sorted(int(n) for n in os.listdir('/proc/self/fd')),
        'session': os.getsid(0) == os.getpid() == os.getpgrp(),
        'pid': os.getpid(),
    }
";

/// What one run leaves behind, the next must not find; in both kinds of processes.
async fn leaks_nothing(fixture: &impl RunnerFixture) {
    // What a process that nobody used says.
    let fresh = outputs(LOOK, fixture).await;
    Play::main(DIRTY).run(fixture).await.expect(RunStatus::Succeeded);
    for _ in 0..2 {
        let mut told = outputs(LOOK, fixture).await;
        // 0, 1, 2, the channel twice, and the listing itself.
        let files = told["files"].take();
        assert!(files.as_array().unwrap().len() <= 6, "files stay open: {files}");
        let pid = told["pid"].take();
        assert!(pid.is_number());
        let clean = json!({
            "leaked": [false, false, false, false], "environment": false, "folder": [], "umask": false,
            "path": false, "limits": [false, false], "signal": false, "threads": 1, "modules": false,
            "files": null, "session": true, "pid": null, "random": false, "locale": fresh["locale"],
            "rlimits": [false, false], "nice": fresh["nice"], "socket": null, "imports": true, "hooks": true,
            "timer": 0.0, "argv": [], "pending": [],
        });
        assert_eq!(told, clean);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_run_sees_another() {
    leaks_nothing(&Spawned::open().await).await;
    leaks_nothing(&Forked::open().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_takes_over_folder_environment_and_mark() {
    let source = "
import os, subprocess, sys
def run():
    marks = [os.environ['OPENAUTOMATE_LEASE']]
    marks.append(dict(e.split('=', 1) for e in open('/proc/self/environ').read().split(chr(0)) if '=' in e)['OPENAUTOMATE_LEASE'])
    child = [sys.executable, '-c', 'import os; print(os.environ[\"OPENAUTOMATE_LEASE\"], os.environ[\"ASKED\"])']
    marks.append(subprocess.check_output(child, text=True).split()[0])
    return {'marks': marks, 'asked': os.environ['ASKED'], 'cwd': os.getcwd(), 'python': os.environ.get('PYTHONPATH')}
";
    for fixture in [
        pooled(PoolSettings { zygote: false, ..Default::default() }).await,
        pooled(PoolSettings::default()).await,
    ] {
        let fixture = Forked(fixture.0, fixture.1);
        let mut play = Play::main(source);
        play.job.env =
            BTreeMap::from([("ASKED".into(), "yes".into()), ("PYTHONPATH".into(), "/evil".into())]);
        let (lease, folder) = (play.job.lease, play.job.work_dir.canonicalize().unwrap());
        let told = play.run(&fixture).await.outputs();
        let mark = openautomate_core::runner::process::Mark::of(lease);
        assert_eq!(told["marks"], json!([mark.as_str(), mark.as_str(), mark.as_str()]));
        assert_eq!((told["asked"].as_str(), told["python"].as_str()), (Some("yes"), None));
        assert_eq!(Path::new(told["cwd"].as_str().unwrap()), folder);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_variable_of_the_loader_is_there_from_the_start() {
    let fixture = Forked::open().await;
    let mut play = Play::main("import time\ndef run():\n  return time.tzname[0]");
    play.job.env = BTreeMap::from([("TZ".into(), "XYZ-5".into())]);
    assert_eq!(play.run(&fixture).await.outputs()["result"], "XYZ");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_died_while_it_waited_costs_no_run() {
    for zygote in [false, true] {
        let (runner, dir) = pooled(PoolSettings { zygote, max_idle: 1, ..Default::default() }).await;
        for process in children_that_wait() {
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), nix::sys::signal::SIGKILL).unwrap();
        }
        let ended = Play::main("def run(): print('here')").run(&Forked(runner, dir)).await;
        ended.expect(RunStatus::Succeeded);
        assert_eq!(ended.texts(), ["here"]);
    }
}

/// Those that wait in this test's process, zygotes too.
#[cfg(unix)]
fn children_that_wait() -> Vec<i32> {
    let own = std::process::id().to_string();
    let parent = |pid: i32| -> Option<String> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(stat.rsplit(')').next()?.split_whitespace().nth(1)?.to_owned())
    };
    let all: Vec<i32> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    let ours: Vec<i32> = all.iter().copied().filter(|pid| parent(*pid).as_deref() == Some(&own)).collect();
    let theirs = all
        .iter()
        .copied()
        .filter(|pid| parent(*pid).is_some_and(|parent| ours.iter().any(|own| own.to_string() == parent)));
    let mut found: Vec<i32> = theirs.collect();
    found.extend(ours);
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn demand_raises_what_waits_and_its_end_lowers_it() {
    let (runner, dir) = pooled(PoolSettings { max_idle: 3, ..Default::default() }).await;
    let fixture = Forked(runner.clone(), dir);
    let plays: Vec<Ended> =
        futures_util::future::join_all((0..8).map(|_| Play::main("def run(): pass").run(&fixture))).await;
    plays.iter().for_each(|ended| ended.expect(RunStatus::Succeeded));
    until_waiting(&runner, |waiting| waiting == 3).await;
    until_waiting(&runner, |waiting| waiting == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_bounds_what_waits() {
    let (runner, dir) = native();
    let runner = runner.with_pool(PoolSettings { max_idle_bytes: 1, ..Default::default() });
    runner.prepare(None);
    let ended = Play::main("def run(): return 1").run(&Forked(Arc::new(runner.clone()), dir)).await;
    ended.expect(RunStatus::Succeeded);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(runner.waiting(None), 0);
}

/// What is absent, and what starts a thread, is left out; the rest is loaded all the same.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_be_preloaded_is() {
    // The interpreter of the tests has none that starts threads, so its environment gets one.
    let folder = tempfile::tempdir().unwrap();
    let python = environment_with(
        folder.path(),
        &[
            (
                "threaded.py",
                "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
            ),
            ("broken.py", "raise SystemExit('no')"),
        ],
    );
    let preload = ["absent_module", "json", "threaded", "broken", "decimal"].map(str::to_owned).to_vec();
    let (runner, dir) = native();
    let runner = runner.with_pool(PoolSettings { preload, ..Default::default() });
    runner.prepare(Some(&python));
    let began = Instant::now();
    while runner.waiting(Some(&python)) == 0 {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let source = "
import os, sys
names = ('json', 'threaded', 'decimal')
loaded = [name in sys.modules for name in names]
def run():
    return {'loaded': loaded, 'threads': len(os.listdir('/proc/self/task')),
            'quiet': os.environ.get('OMP_NUM_THREADS')}
";
    let mut play = Play::main(source);
    play.job.python = Some(python);
    let told = play.run(&Forked(Arc::new(runner), dir)).await.outputs();
    // The second thread is ours, which listens to the agent.
    assert_eq!(told, json!({"loaded": [true, false, true], "threads": 2, "quiet": null}));
}

/// The interpreter of an environment whose modules these are.
#[cfg(target_os = "linux")]
fn environment_with(folder: &Path, modules: &[(&str, &str)]) -> std::path::PathBuf {
    let made = std::process::Command::new(python())
        .args(["-m", "venv", "--without-pip"])
        .arg(folder)
        .status()
        .unwrap();
    assert!(made.success());
    let lib = std::fs::read_dir(folder.join("lib")).unwrap().next().unwrap().unwrap().path();
    for (name, source) in modules {
        let path = lib.join("site-packages").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, source).unwrap();
    }
    folder.join("bin/python")
}

/// Two runs that a zygote forked do not draw the same lots, whatever was preloaded.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn preloaded_chances_differ() {
    let folder = tempfile::tempdir().unwrap();
    // As NumPy has it: a generator of its own, with a function to seed it.
    let random =
        "import random as _r\n_own = _r.Random(7)\ndef seed(): _own.seed()\ndef rand(): return _own.random()";
    let modules = [("numpy/__init__.py", "from numpy import random"), ("numpy/random.py", random)];
    let python = environment_with(folder.path(), &modules);
    let preload = vec!["random".to_owned(), "numpy".to_owned()];
    let (runner, dir) = native();
    let fixture = Forked(Arc::new(runner.with_pool(PoolSettings { preload, ..Default::default() })), dir);
    let source = "
import numpy, random
def run(): return [random.random(), numpy.random.rand()]
";
    let mut drawn = Vec::new();
    for _ in 0..3 {
        fixture.0.prepare(Some(&python));
        let began = Instant::now();
        while fixture.0.waiting(Some(&python)) == 0 {
            assert!(began.elapsed() < Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let mut play = Play::main(source);
        play.job.python = Some(python.clone());
        drawn.push(play.run(&fixture).await.outputs()["result"].clone());
    }
    for at in 0..2 {
        assert!(drawn[0][at] != drawn[1][at] && drawn[1][at] != drawn[2][at], "{drawn:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_waits_once_the_pool_is_gone() {
    let (runner, _dir) = pooled(PoolSettings::default()).await;
    assert!(!children_that_wait().is_empty());
    drop(runner);
    let began = Instant::now();
    while !children_that_wait().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", children_that_wait());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_interpreter_of_the_tests_is_real() {
    assert!(std::process::Command::new(python()).arg("--version").status().unwrap().success());
}
