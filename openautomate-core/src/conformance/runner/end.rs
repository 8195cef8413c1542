//! What an automation sees of the end of its interpreter, whether that is taken apart or left to the kernel.

use serde_json::json;

use super::RunnerFixture;
use super::play::Play;
use crate::domain::{LogStream, RunStatus};

/// Threads are waited for, then hooks are run, then what modules hold is let go.
pub async fn order_of_the_end(fixture: &impl RunnerFixture) {
    let source = "
import atexit, threading, time
import part
class Held:
    def __del__(self): tell('held')
def tell(text): print(text)
held = Held()
def late():
    time.sleep(0.1)
    tell('thread')
def run():
    atexit.register(tell, 'hook')
    threading.Thread(target=late).start()
    tell('returned')
";
    let part = "
class Held:
    def __del__(self): print(prefix + 'part')
prefix, held = 'of ', Held()
";
    let ended = Play::of(&[("main.py", source), ("part.py", part)]).run(fixture).await;
    assert_eq!(ended.result.status, RunStatus::Succeeded);
    let mut lines = ended.lines(LogStream::Stdout);
    assert_eq!(lines[..3], ["returned", "thread", "hook"]);
    // Nobody promises an order among modules.
    lines[3..].sort();
    assert_eq!(lines[3..], ["held", "of part"]);
    assert_eq!(ended.lines(LogStream::Stderr), Vec::<String>::new());
}

/// What was written to files that nobody closed is in them.
pub async fn open_files_are_written(fixture: &impl RunnerFixture) {
    let source = "
import io, sys
def run(folder: str):
    global mine
    mine = open(folder + '/mine', 'w')
    sys.theirs = open(folder + '/theirs', 'w')
    sys.packed = io.TextIOWrapper(io.BufferedWriter(io.FileIO(folder + '/packed', 'w')))
    for file in (mine, sys.theirs, sys.packed):
        file.write('written')
";
    let folder = tempfile::tempdir().unwrap();
    let ended = Play::main(source).inputs(&json!({"folder": folder.path()})).run(fixture).await;
    assert_eq!(ended.result.status, RunStatus::Succeeded);
    for name in ["mine", "theirs", "packed"] {
        assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), "written", "{name}");
    }
}

/// A thread that nobody waits for has its globals for as long as it runs.
pub async fn daemons_end_quietly(fixture: &impl RunnerFixture) {
    let source = "
import threading
count = 0
def busy():
    global count
    while True:
        count = step(count)
def step(count): return count + 1
def run():
    for _ in range(4):
        threading.Thread(target=busy, daemon=True).start()
    while count < 1000:
        pass
";
    let ended = Play::main(source).run(fixture).await;
    assert_eq!(ended.result.status, RunStatus::Succeeded);
    assert_eq!(ended.lines(LogStream::Stderr), Vec::<String>::new());
}

/// An automation that takes away what the end needs is ended all the same.
pub async fn end_without_names(fixture: &impl RunnerFixture) {
    let source = "
import builtins, gc, sys
def run():
    gc.collect = gc.get_objects = sys._current_frames = None
    del builtins.issubclass
";
    let ended = Play::main(source).run(fixture).await;
    assert_eq!(ended.result.status, RunStatus::Succeeded);
}
