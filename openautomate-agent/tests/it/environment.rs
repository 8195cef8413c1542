//! Runs whose packages ask for an environment.

#[path = "../../src/environment/tests/wheel.rs"]
mod wheel;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use openautomate_agent::{EnvironmentSettings, find_uv};
use openautomate_core::domain::{LogLevel, LogStream, RunResult, RunStatus};
use openautomate_core::runner::python::{IsolatedPython, install_runtime};
use openautomate_core::transport::{AgentMessage, ServerMessage};
use serde_json::{Map, json};

use super::place::Scripted;
use super::stage::Stage;

/// `OPENAUTOMATE_TEST_PYTHON`, or the one on the path.
fn python() -> PathBuf {
    PathBuf::from(std::env::var_os("OPENAUTOMATE_TEST_PYTHON").unwrap_or_else(|| "python3".into()))
}

/// The interpreter of the tests, `OPENAUTOMATE_TEST_UV` or the one on the path, and a folder of wheels.
fn settings(wheels: &Path) -> EnvironmentSettings {
    let named = std::env::var_os("OPENAUTOMATE_TEST_UV").map(PathBuf::from);
    let uv =
        find_uv(named.as_deref(), &python()).expect("the tests need uv: name one by OPENAUTOMATE_TEST_UV");
    let ask = ["-c", "import platform; print(platform.python_version())"];
    let version = std::process::Command::new(python()).args(ask).output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    EnvironmentSettings::new(python(), version.trim()).uv(Some(uv)).wheels(Some(wheels.to_owned()))
}

fn needs(dependency: &str) -> String {
    format!(
        "[project]\nname = \"job\"\nversion = \"1.0.0\"\ndependencies = [\"{dependency}\"]\n\
         [tool.openautomate]\nentrypoint = \"main.py\"\n"
    )
}

#[tokio::test]
async fn a_run_has_what_its_package_asks_for_and_nothing_else() {
    let source = "import sys, importlib.util, tiny\n\
                  def run():\n    pip = importlib.util.find_spec('pip') is not None\n    \
                  return {'tiny': tiny.VERSION, 'pip': pip, 'own': sys.prefix != sys.base_prefix}\n";
    let mut stage = Stage::with(&[("pyproject.toml", &needs("tiny")), ("main.py", source)]);
    let folder = tempfile::tempdir().unwrap();
    wheel::write(folder.path(), "tiny", "1.0");
    let runtime = install_runtime(folder.path(), None).unwrap();
    let builder = stage.builder().environments(settings(folder.path()));
    stage.start_built(builder, IsolatedPython::new(python(), runtime));
    let (mut server, _) = stage.connected().await;
    for run in 1..=2 {
        let mut assignment = stage.assignment("python", &[]);
        assignment.entrypoint = "main:run".into();
        server.assign(&assignment).await;
        let result = server.finished(assignment.lease).await;
        assert_eq!(result.status, RunStatus::Succeeded, "{:?}", result.error);
        assert_eq!(json!(result.outputs), json!({"tiny": "1.0", "pip": false, "own": true}));
        let texts = server.texts(assignment.lease);
        let says = texts.iter().any(|text| text.starts_with("making the environment: 1 distribution "));
        assert_eq!(says, run == 1, "{texts:?}");
    }
}

#[tokio::test]
async fn the_words_of_a_failing_resolution_are_in_the_log_and_in_the_error() {
    let mut stage = Stage::with(&[("pyproject.toml", &needs("tiny>=9"))]);
    let folder = tempfile::tempdir().unwrap();
    wheel::write(folder.path(), "tiny", "1.0");
    let builder = stage.builder().environments(settings(folder.path()));
    stage.start_built(builder, Scripted::new(|_, _| async { RunResult::succeeded(Map::new()) }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    server.assign(&assignment).await;
    let result = server.finished(assignment.lease).await;
    let error = result.error.unwrap();
    assert_eq!((result.status, error.kind.as_str()), (RunStatus::Failed, "EnvironmentFailed"));
    assert!(error.message.starts_with("installing the distributions failed"), "{}", error.message);
    assert!(error.message.contains("tiny>=9"), "{}", error.message);
    let lines = &server.lines[&assignment.lease];
    let line = lines.iter().find(|line| line.text.contains("you require tiny>=9")).unwrap();
    assert_eq!((line.level, line.stream), (LogLevel::Error, LogStream::System));
}

#[tokio::test]
async fn a_cancel_ends_the_making_at_once() {
    let mut stage = Stage::with(&[("pyproject.toml", &needs("tiny"))]);
    let folder = tempfile::tempdir().unwrap();
    let uv = folder.path().join("uv");
    std::fs::write(&uv, "#!/bin/sh\n[ \"$1\" = --version ] && exec echo uv 1.0.0\nsleep 60\n").unwrap();
    std::fs::set_permissions(&uv, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let builder = stage.builder().environments(settings(folder.path()).uv(Some(uv)));
    stage.start_built(builder, Scripted::new(|_, _| async { RunResult::succeeded(Map::new()) }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    let lease = assignment.lease;
    server.assign(&assignment).await;
    server.until(|message| matches!(message, AgentMessage::Logs { .. }).then_some(())).await;
    let asked = Instant::now();
    server.say(ServerMessage::Cancel { lease }).await;
    assert_eq!(server.finished(lease).await.status, RunStatus::Cancelled);
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    stage.is_clean().await;
}

#[tokio::test]
async fn without_settings_every_package_runs_on_the_runners_own_python() {
    let mut stage = Stage::with(&[("pyproject.toml", &needs("no-such-distribution"))]);
    stage.start(Scripted::new(|job, _| async move {
        RunResult::succeeded(Map::from_iter([("own".to_owned(), json!(job.python.is_none()))]))
    }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    server.assign(&assignment).await;
    assert_eq!(server.finished(assignment.lease).await.outputs["own"], true);
}
