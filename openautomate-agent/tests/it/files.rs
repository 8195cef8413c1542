//! Files as inputs: the run gets what was uploaded, whole and unspoilt, or does not begin.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures_util::StreamExt as _;
use openautomate_agent::Agent;
use openautomate_core::command::execution::EnqueueExecution;
use openautomate_core::command::package::{CreatePackage, PublishVersion};
use openautomate_core::domain::{ExecutionState, InputFile, RunResult, RunStatus};
use openautomate_core::id::FileId;
use openautomate_core::orchestrator::{FileIntake, Settings};
use openautomate_core::package::archive::pack;
use openautomate_core::runner::python::{IsolatedPython, install_runtime};
use openautomate_core::runner::registry::RunnerRegistry;
use openautomate_core::runner::{Job, RunControl};
use openautomate_core::transport::message::ServerMessage;
use openautomate_core::transport::{AssignedFile, Assignment};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::local::{Desk, python};
use crate::place::{Place, Scripted};
use crate::stage::Stage;

const MANIFEST: &str =
    "[project]\nname = \"reader\"\nversion = \"1.0.0\"\n[tool.openautomate]\nentrypoint = \"main:run\"\n";

const SOURCE: &str = "
from pathlib import Path

def run(invoice: Path, more: list[Path], named: dict[str, Path], absent: Path | None = None):
    assert isinstance(invoice, Path) and invoice.is_absolute(), invoice
    return {
        'invoice': [invoice.name, invoice.read_text()],
        'more': [path.read_text() for path in more],
        'named': {key: path.read_text() for key, path in named.items()},
        'absent': absent,
    }
";

async fn uploaded(place: &Place, name: &str, content: &str) -> InputFile {
    let content = Bytes::copy_from_slice(content.as_bytes());
    let intake = FileIntake {
        name: name.to_owned(),
        content_type: "text/plain".to_owned(),
        size: None,
        body: futures_util::stream::once(async { Ok(content) }).boxed(),
    };
    place.orchestrator.keep_file(&place.admin, None, intake).await.unwrap()
}

fn package(folder: &Path, manifest: &str) -> Bytes {
    let source = folder.join("reader");
    std::fs::create_dir(&source).unwrap();
    std::fs::write(source.join("pyproject.toml"), manifest).unwrap();
    std::fs::write(source.join("main.py"), SOURCE).unwrap();
    pack(&source).unwrap().into()
}

/// Uploads, runs with real Python, and gives the outputs.
async fn outputs_of(manifest: &str) -> Map<String, Value> {
    let place = Place::new(Settings::default()).await;
    let create = CreatePackage { name: "reader".into(), description: String::new() };
    let reader = place.orchestrator.execute(&place.admin, create).await.unwrap();
    let publish = PublishVersion::new(reader.id, package(place.folder.path(), manifest));
    place.orchestrator.execute(&place.admin, publish).await.unwrap();
    let one = uploaded(&place, "Rechnung 7.txt", "seven").await;
    let two = uploaded(&place, "same.txt", "two").await;
    let three = uploaded(&place, "same.txt", "three").await;
    let mut command = EnqueueExecution::new(reader.id);
    let inputs = json!({"invoice": one.id, "more": [two.id, three.id, one.id], "named": {"a/~b": three.id}});
    command.inputs = inputs.as_object().cloned().unwrap();
    let id = place.orchestrator.execute(&place.admin, command).await.unwrap().id;
    let runtime = install_runtime(&place.folder.path().join("runtime"), None).unwrap();
    let runners = RunnerRegistry::new().with(Arc::new(IsolatedPython::new(python(), runtime)));
    let data = place.folder.path().join("agent");
    let agent = Agent::builder(place.transport(None), &data).runners(runners).build().unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { agent.run(stop).await }
    });
    let ended = place.reaches(id, ExecutionState::Succeeded).await;
    stop.cancel();
    running.await.unwrap();
    assert_eq!(std::fs::read_dir(data.join("work")).map_or(0, Iterator::count), 0, "the files stay");
    ended.outputs.unwrap()
}

#[tokio::test]
async fn a_function_reads_what_was_uploaded() {
    for manifest in [MANIFEST.to_owned(), format!("{MANIFEST}isolation = \"L2\"\n")] {
        let outputs = outputs_of(&manifest).await;
        assert_eq!(outputs["invoice"], json!(["Rechnung 7.txt", "seven"]));
        assert_eq!(outputs["more"], json!(["two", "three", "seven"]));
        assert_eq!((&outputs["named"], &outputs["absent"]), (&json!({"a/~b": "three"}), &Value::Null));
    }
}

/// An assignment whose input is a file with this content on the server, which said that it is another one.
fn assigned(stage: &Stage, sent: &[u8], said: &[u8]) -> Assignment {
    let id = FileId::new();
    stage.transport.files.lock().unwrap().insert(id, sent.to_vec());
    let mut assignment = stage.assignment("python", &[]);
    assignment.inputs.insert("file".to_owned(), json!(id));
    let sha256 = Sha256::digest(said).iter().map(|byte| format!("{byte:02x}")).collect();
    let (pointer, name, size) = ("/file".to_owned(), "a.txt".to_owned(), said.len() as u64);
    assignment.files.push(AssignedFile { pointer, id, name, size, sha256 });
    assignment
}

fn must_not_run() -> Scripted {
    Scripted::new(|_: Job, _: RunControl| async { panic!("it ran") })
}

#[tokio::test]
async fn what_is_damaged_or_gone_fails_the_run_before_it_begins() {
    let mut stage = Stage::new();
    stage.start(must_not_run());
    let (mut server, _) = stage.connected().await;
    let mut gone = assigned(&stage, b"", b"");
    gone.files[0].id = FileId::new();
    let mut outside = assigned(&stage, b"content", b"content");
    outside.files[0].name = "../../a.txt".to_owned();
    let mut elsewhere = assigned(&stage, b"content", b"content");
    elsewhere.files[0].pointer = "/other".to_owned();
    let spoilt = [
        assigned(&stage, b"contenT", b"content"),
        assigned(&stage, b"conten", b"content"),
        assigned(&stage, b"content and more", b"content"),
    ];
    for assignment in spoilt.into_iter().chain([gone, outside, elsewhere]) {
        server.assign(&assignment).await;
        let result = server.finished(assignment.lease).await;
        let error = result.error.unwrap();
        assert_eq!((result.status, error.kind.as_str()), (RunStatus::Failed, "InputFileFailed"), "{error:?}");
    }
    stage.is_clean().await;
}

#[tokio::test]
async fn a_cancel_ends_a_fetch() {
    let mut stage = Stage::new();
    stage.transport.holds_files.store(true, Ordering::SeqCst);
    stage.start(must_not_run());
    let (mut server, _) = stage.connected().await;
    let assignment = assigned(&stage, b"content", b"content, and more");
    server.assign(&assignment).await;
    server.ready(1, 1).await;
    server.say(ServerMessage::Cancel { lease: assignment.lease }).await;
    assert_eq!(server.finished(assignment.lease).await.status, RunStatus::Cancelled);
    stage.is_clean().await;
}

#[tokio::test]
async fn the_run_gets_a_path_of_its_own() {
    let mut stage = Stage::new();
    stage.start(Scripted::new(|job: Job, _| async move {
        let path = Path::new(job.inputs["file"].as_str().unwrap()).to_owned();
        assert!(path.starts_with(&job.work_dir) && path.ends_with("a.txt"), "{}", path.display());
        let text = std::fs::read_to_string(path).unwrap();
        RunResult::succeeded(json!({"text": text}).as_object().cloned().unwrap())
    }));
    let (mut server, _) = stage.connected().await;
    let assignment = assigned(&stage, b"content", b"content");
    server.assign(&assignment).await;
    assert_eq!(server.finished(assignment.lease).await.outputs["text"], "content");
}

#[tokio::test]
async fn a_run_at_the_desk_takes_paths() {
    let desk = Desk::new(&[("pyproject.toml", MANIFEST), ("main.py", SOURCE)]);
    let path = |name: &str, content: &str| {
        let path = desk.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (one, two) = (path("one.txt", "1"), path("two.txt", "2"));
    let inputs = json!({"invoice": format!("@{one}"), "more": [two], "named": {}});
    let desk = desk.with(inputs);
    let ran = desk.run().await;
    assert_eq!(ran.result.error, None);
    assert_eq!(ran.result.outputs["invoice"], json!(["one.txt", "1"]));
    assert_eq!(ran.result.outputs["more"], json!(["2"]));
    let folder = desk.folder.path().to_str().unwrap().to_owned();
    let desk = desk.with(json!({"invoice": folder, "more": ["/nowhere/at/all"], "named": {}}));
    let refused = desk.run_of(&desk.package()).await.err().unwrap();
    let openautomate_agent::Error::Inputs(error) = refused else { panic!("{refused}") };
    let fields: Vec<&str> = error.fields().iter().map(|wrong| wrong.field.as_str()).collect();
    assert_eq!(fields, ["inputs.invoice", "inputs.more[0]"]);
    let desk = desk.with(json!({"invoice": one, "more": "x", "named": {}}));
    let refused = desk.run_of(&desk.package()).await.err().unwrap();
    assert!(matches!(refused, openautomate_agent::Error::Inputs(_)), "{refused}");
}

#[tokio::test]
async fn the_example_adds_up_its_samples() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples/automations/csv-summary")
        .canonicalize()
        .unwrap();
    let sample = |name: &str| example.join("sample").join(name);
    let inputs = json!({"table": sample("january.csv"), "more": [sample("february.csv")]});
    let ran = Desk::new(&[]).with(inputs).run_of(&example).await.unwrap();
    let outputs =
        json!({"rows": 5, "files": {"january.csv": 3, "february.csv": 2}, "totals": {"amount": "170.50"}});
    assert_eq!((Value::Object(ran.result.outputs), ran.result.error), (outputs, None));
}
