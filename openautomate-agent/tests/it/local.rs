//! Packages run with no server, by the library and by the program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use openautomate_agent::Error;
use openautomate_agent::local::{self, LocalEvent, LocalOptions};
use openautomate_core::domain::{RunResult, RunStatus};
use openautomate_core::runner::command::CommandRunner;
use openautomate_core::runner::python::{IsolatedPython, install_runtime};
use openautomate_core::runner::registry::RunnerRegistry;
use openautomate_core::secret::Secret;
use serde_json::{Map, Value, json};

/// The interpreter of the tests.
pub(crate) fn python() -> PathBuf {
    std::env::var_os("OPENAUTOMATE_TEST_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from)
}

/// A package in a folder, and what it takes to run it.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) options: LocalOptions,
    pub(crate) inputs: Map<String, Value>,
}

/// How a run at the desk went.
pub(crate) struct Ran {
    pub(crate) result: RunResult,
    pub(crate) events: Vec<LocalEvent>,
}

impl Ran {
    pub(crate) fn texts(&self) -> Vec<&str> {
        let lines = self.events.iter().filter_map(|event| match event {
            LocalEvent::Line(line) => Some(line.text.as_str()),
            _ => None,
        });
        lines.collect()
    }
}

impl Desk {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = install_runtime(&folder.path().join("runtime"), None).unwrap();
        let desk = Self {
            options: LocalOptions::new(
                RunnerRegistry::new()
                    .with(Arc::new(CommandRunner::new()))
                    .with(Arc::new(IsolatedPython::new(python(), runtime))),
            ),
            folder,
            inputs: Map::new(),
        };
        for (name, text) in files {
            let path = desk.package().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        desk
    }

    pub(crate) fn package(&self) -> PathBuf {
        self.folder.path().join("package")
    }

    pub(crate) fn with(mut self, inputs: Value) -> Self {
        let Value::Object(inputs) = inputs else { panic!("inputs are an object") };
        self.inputs = inputs;
        self
    }

    pub(crate) async fn run(&self) -> Ran {
        self.run_of(&self.package()).await.unwrap()
    }

    pub(crate) async fn run_of(&self, source: &Path) -> Result<Ran, Error> {
        let mut events = Vec::new();
        let running =
            local::run(source, self.inputs.clone(), self.options.clone(), |event| events.push(event));
        let result = tokio::time::timeout(Duration::from_secs(60), running).await.expect("the run ends")?;
        Ok(Ran { result, events })
    }
}

const MANIFEST: &str =
    "[project]\nname = \"job\"\nversion = \"1.0.0\"\n[tool.openautomate]\nentrypoint = \"main:run\"\n";

fn files(source: &str) -> [(&str, &str); 2] {
    [("pyproject.toml", MANIFEST), ("main.py", source)]
}

fn listing(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[tokio::test]
async fn a_folder_runs_with_lines_progress_files_and_outputs_and_stays_as_it_was() {
    let source = "
import logging, pathlib, openautomate
def run(name, count=1):
    print(f'hello {name}')
    logging.warning('careful')
    openautomate.progress(0.5, 'half')
    pathlib.Path('made.txt').write_text('here')
    openautomate.artifact('made.txt')
    return {'count': count, 'secret': openautomate.secret('key')}
";
    let mut desk = Desk::new(&files(source)).with(json!({"name": "Ada", "count": 3}));
    let kept = desk.folder.path().join("kept");
    desk.options.artifacts = Some(kept.clone());
    desk.options.assets = Arc::new(|name| (name == "key").then(|| Secret::new("open-sesame".to_owned())));
    let before = listing(&desk.package());
    let ran = desk.run().await;
    assert_eq!((ran.result.status, &ran.result.error), (RunStatus::Succeeded, &None));
    assert_eq!(ran.result.outputs["count"], 3);
    assert_eq!(ran.result.outputs["secret"], "***", "the same masking as on an agent");
    assert_eq!(ran.texts(), ["hello Ada", "careful"]);
    assert!(matches!(ran.events[0], LocalEvent::Started), "{:?}", ran.events);
    let progress = |event: &LocalEvent| matches!(event, LocalEvent::Progress(p) if p.fraction == 0.5);
    assert!(ran.events.iter().any(progress), "{:?}", ran.events);
    let path = Some(kept.join("made.txt"));
    assert!(ran.events.contains(&LocalEvent::Artifact { name: "made.txt".into(), size: 4, path }));
    assert_eq!(std::fs::read(kept.join("made.txt")).unwrap(), b"here");
    assert_eq!(listing(&kept).len(), 1, "nothing half copied is left");
    assert_eq!(listing(&desk.package()), before, "the run changed the package");
}

#[tokio::test]
async fn a_script_and_an_archive_run_as_they_are() {
    let desk = Desk::new(&[("job.py", "print('from a script')"), ("other.py", "x = 1")]);
    let ran = desk.run_of(&desk.package().join("job.py")).await.unwrap();
    assert_eq!(ran.texts(), ["from a script"]);
    assert!(matches!(&ran.events[0], LocalEvent::Notice(text) if text.contains("version")));
    let desk = Desk::new(&files("def run(): return 7"));
    let archive = desk.folder.path().join("job.zip");
    std::fs::write(&archive, openautomate_core::package::archive::pack(&desk.package()).unwrap()).unwrap();
    assert_eq!(desk.run_of(&archive).await.unwrap().result.outputs["result"], 7);
}

#[tokio::test]
async fn what_publishing_would_refuse_is_refused() {
    let desk = Desk::new(&[("a.py", ""), ("b.py", "")]);
    let refused = desk.run_of(&desk.package()).await.err().unwrap();
    assert!(matches!(&refused, Error::Package(error) if error.code() == "package.manifest"), "{refused}");
    let absent = desk.run_of(&desk.package().join("c.py")).await.err().unwrap();
    assert!(matches!(absent, Error::Io { .. }), "{absent}");
    let desk = Desk::new(&files("def run(big): pass")).with(json!({"big": "x".repeat(600_000)}));
    let refused = desk.run_of(&desk.package()).await.err().unwrap();
    assert!(matches!(refused, Error::Inputs(_)), "{refused}");
}

#[tokio::test]
async fn a_failure_and_an_unknown_asset_are_results() {
    let desk = Desk::new(&files("import openautomate\ndef run(): openautomate.secret('nothing')"));
    let error = desk.run().await.result.error.unwrap();
    assert_eq!((error.kind.as_str(), error.frames[0].file.as_str()), ("SecretError", "main.py"));
    assert!(error.message.contains("no asset"), "{}", error.message);
}

#[tokio::test]
async fn the_time_limit_and_a_cancel_stop_it() {
    let source = "import time\ndef run():\n    print('go')\n    time.sleep(60)";
    let mut desk = Desk::new(&files(source));
    desk.options.timeout = Some(Duration::from_millis(700));
    let ran = desk.run().await;
    assert_eq!(ran.result.status, RunStatus::TimedOut);
    desk.options.timeout = None;
    let cancel = desk.options.cancel.clone();
    let began = Instant::now();
    let package = desk.package();
    let running = local::run(&package, Map::new(), desk.options.clone(), |event| {
        if matches!(event, LocalEvent::Line(_)) {
            cancel.cancel();
        }
    });
    assert_eq!(running.await.unwrap().status, RunStatus::Cancelled);
    assert!(began.elapsed() < Duration::from_secs(9), "the grace was not used");
    let ran = desk.run().await;
    assert_eq!(ran.result.status, RunStatus::Cancelled, "cancelled before it began");
    assert!(ran.texts().is_empty());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_run_that_nobody_waits_for_is_killed() {
    let source = "import os, time\ndef run():\n    print(os.getpid())\n    time.sleep(60)";
    let desk = Desk::new(&files(source));
    let pid = Arc::new(Mutex::new(None));
    {
        let seen = tokio::sync::Notify::new();
        let package = desk.package();
        let running = local::run(&package, Map::new(), desk.options.clone(), |event| {
            if let LocalEvent::Line(line) = event {
                *pid.lock().unwrap() = Some(line.text);
                seen.notify_one();
            }
        });
        tokio::select! {
            _ = running => panic!("it ended"),
            () = seen.notified() => {}
        }
    }
    let process = PathBuf::from("/proc").join(pid.lock().unwrap().clone().unwrap());
    let began = Instant::now();
    while process.exists() {
        assert!(began.elapsed() < Duration::from_secs(10), "it lives on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn exec(arguments: &[&str], package: &Path) -> Output {
    let mut command = program(package);
    command.args(arguments).output().unwrap()
}

fn program(package: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openautomate-agent"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OPENAUTOMATE_")) {
        command.env_remove(name);
    }
    command.arg("exec").arg(package).arg("--python").arg(python()).stdin(Stdio::null());
    command
}

#[test]
fn the_program_prints_lines_and_outputs() {
    let source = "import sys, openautomate\ndef run(a, b, c='x'):\n    print('line'); print('bad', file=sys.stderr)\n    \
                  print(openautomate.secret('the key'), openautomate.secret('env-key'))\n    return {'a': a, 'b': b, 'c': c}";
    let desk = Desk::new(&files(source));
    let write = |name: &str, text: &str| {
        let path = desk.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let inputs = write("inputs.json", r#"{"a": 1, "b": 2}"#);
    let assets = write("assets.json", r#"{"the key": "open-sesame"}"#);
    let arguments = ["--inputs", &inputs, "--input", "b=three", "--assets", &assets];
    let run = |more: &[&str]| {
        let mut command = program(&desk.package());
        command.args(arguments).args(more).env("OPENAUTOMATE_SECRET_ENV_KEY", "from-outside");
        command.output().unwrap()
    };
    let output = run(&[]);
    let lines = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{lines}");
    assert!(lines.contains("INFO     line\n") && lines.contains("WARNING  bad\n"), "{lines}");
    assert!(lines.contains("INFO     *** ***\n"), "{lines}");
    let outputs: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(outputs, json!({"a": 1, "b": "three", "c": "x"}));
    let output = run(&["--json"]);
    let events: Vec<Value> =
        output.stdout.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(events[0], json!({"event": "started"}));
    assert_eq!((&events[1]["event"], &events[1]["line"]["text"]), (&json!("log"), &json!("line")));
    assert_eq!(events.last().unwrap()["result"]["outputs"]["b"], "three");
}

#[test]
fn the_exit_code_says_how_it_ended() {
    let desk =
        Desk::new(&files("import time\ndef run(how):\n    if how == 'sleep': time.sleep(60)\n    1 / 0"));
    let failed = exec(&["--input", "how=fail"], &desk.package());
    let lines = String::from_utf8(failed.stderr).unwrap();
    assert_eq!((failed.status.code(), failed.stdout.as_slice()), (Some(1), b"{}\n".as_slice()), "{lines}");
    assert!(lines.contains("Traceback") && lines.contains("ZeroDivisionError"), "{lines}");
    let slow = exec(&["--input", "how=sleep", "--timeout", "1"], &desk.package());
    assert_eq!(slow.status.code(), Some(124));
    let nothing = exec(&[], &desk.package().join("nothing.zip"));
    assert_eq!(nothing.status.code(), Some(2));
    assert!(String::from_utf8(nothing.stderr).unwrap().starts_with("error: "));
}

#[cfg(unix)]
#[test]
fn ctrl_c_cancels_with_grace() {
    use std::io::{BufRead as _, BufReader, Read as _};
    let source = "import time\ndef run():\n    try:\n        print('go')\n        time.sleep(60)\n    finally:\n        \
                  print('tidy')";
    let desk = Desk::new(&files(source));
    let mut child = program(&desk.package()).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("go") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended");
    }
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("tidy"), "{rest}");
}
