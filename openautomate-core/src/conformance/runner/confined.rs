//! Automations that look around and reach out, in a runner that confines them (level L2, Linux).

use serde_json::json;

use super::RunnerFixture;
use super::play::{Ended, Play};
use crate::domain::IsolationLevel;

async fn confined(source: &str, fixture: &impl RunnerFixture) -> Ended {
    let mut play = Play::main(source);
    play.job.isolation = IsolationLevel::L2;
    let ended = play.run(fixture).await;
    let report = ended.result.report.as_ref().unwrap();
    assert_eq!(report.isolation, IsolationLevel::L2, "{:#?}", ended.result);
    ended
}

/// An ordinary automation feels nothing: imports, its folder, temporary files, programs, threads.
pub async fn ordinary_work(fixture: &impl RunnerFixture) {
    let source = "
import csv, json, os, sqlite3, ssl, subprocess, sys, tempfile, threading, urllib.request
import openautomate
def run():
    with open('a.txt', 'w') as file: file.write('x')
    openautomate.artifact('a.txt')
    with tempfile.NamedTemporaryFile() as file: file.write(b'x')
    sqlite3.connect('a.db').execute('create table t (a)')
    out = subprocess.check_output([sys.executable, '-c', 'print(6 * 7)'], text=True)
    threading.Thread(target=print, args=('thread',)).start()
    return {'answer': int(out), 'home': os.path.isdir('/usr')}
";
    assert_eq!(confined(source, fixture).await.outputs(), json!({"answer": 42, "home": true}));
}

/// Files of others are neither read nor written, in programs that it starts neither.
pub async fn foreign_files(fixture: &impl RunnerFixture) {
    let secret = tempfile::tempdir().unwrap();
    let path = secret.path().join("secret.txt");
    std::fs::write(&path, "secret").unwrap();
    let source = format!(
        "
import os, subprocess
path = {path:?}
def attempt(work):
    try:
        work()
        return 'done'
    except OSError as error:
        return error.strerror
def run():
    return {{
        'read': attempt(lambda: open(path).read()),
        'write': attempt(lambda: open(path, 'w')),
        'list': attempt(lambda: os.listdir(os.path.dirname(path))),
        'remove': attempt(lambda: os.remove(path)),
        'make': attempt(lambda: open('/etc/openautomate-was-here', 'w')),
        'package': attempt(lambda: open(__file__, 'a')),
        'child': subprocess.run(['cat', path], capture_output=True).returncode,
    }}
"
    );
    let told = confined(&source, fixture).await.outputs();
    let refused = "Permission denied";
    assert_eq!(
        told,
        json!({"read": refused, "write": refused, "list": refused, "remove": refused, "make": refused,
            "package": refused, "child": 1})
    );
    assert_eq!(std::fs::read_to_string(path).unwrap(), "secret");
}

/// Processes outside are neither killed nor looked into, and the kernel is left alone.
pub async fn foreign_processes(fixture: &impl RunnerFixture) {
    let source = "
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
def refused(result):
    return result == -1 and ctypes.get_errno() == 1
def run():
    try:
        os.kill(os.getppid(), signal.SIGKILL)
        killed = True
    except PermissionError:
        killed = False
    # Attaching would stop it for good, so it must come last.
    return {
        'killed': killed,
        'mount': refused(libc.mount(b'none', b'/mnt', b'tmpfs', 0, None)),
        'unshare': refused(libc.unshare(0x10000000)),
        'ptrace': refused(libc.ptrace(16, os.getppid(), 0, 0)),
    }
";
    let told = confined(source, fixture).await.outputs();
    assert_eq!(told, json!({"killed": false, "mount": true, "unshare": true, "ptrace": true}));
}

/// A run that was not to be confined is not, also after one that was.
pub async fn the_next_is_free(fixture: &impl RunnerFixture) {
    foreign_files(fixture).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("here");
    let source = format!("def run(): open({path:?}, 'w').close()");
    let ended = Play::main(&source).run(fixture).await;
    assert_eq!(ended.outputs(), json!({}));
    assert_eq!(ended.result.report.unwrap().isolation, IsolationLevel::L1);
    assert!(path.exists());
}
