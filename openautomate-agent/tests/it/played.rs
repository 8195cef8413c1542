//! One run after the other, message by message.

use std::sync::atomic::Ordering;
use std::time::Duration;

use openautomate_core::domain::{LogStream, Progress, RunResult, RunStatus};
use openautomate_core::error::ErrorKind;
use openautomate_core::id::VersionId;
use openautomate_core::package::signature::Statement;
use openautomate_core::runner::{RunControl, RunEvent};
use openautomate_core::secret::Secret;
use openautomate_core::transport::message::{InClear, SecretAnswer};
use openautomate_core::transport::{AgentMessage, Preparation, ServerMessage};
use serde_json::{Map, json};
use tokio::sync::oneshot;

use super::place::{Scripted, print};
use super::stage::{PATIENCE, Server, Stage};

fn nothing() -> RunResult {
    RunResult::succeeded(Map::new())
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_runs_from_assignment_to_acknowledged_finish() {
    let mut stage = Stage::new();
    stage.start(openautomate_core::runner::command::CommandRunner::new());
    let (mut server, hello) = stage.connected().await;
    assert_eq!((hello.slots, hello.leases.len()), (2, 0));
    server.ready(2, 0).await;
    let go = tempfile::tempdir().unwrap();
    // A run that ends at once may have ended before anything is told of it.
    let script = r#"until [ -e "$0/go" ]; do sleep 0.01; done
        echo one; echo two >&2; printf '{"n":2}' > "$OPENAUTOMATE_OUTPUTS""#;
    let assignment = stage.assignment("command", &["sh", "-c", script, go.path().to_str().unwrap()]);
    let lease = assignment.lease;
    server.assign(&assignment).await;
    server.ready(1, 1).await;
    server.started(lease).await;
    assert_eq!(stage.attempts_on_disk(), 1);
    std::fs::write(go.path().join("go"), "").unwrap();
    let result = server.finished(lease).await;
    assert_eq!((result.status, &result.outputs["n"]), (RunStatus::Succeeded, &json!(2)));
    let mut texts = server.texts(lease);
    texts.sort_unstable();
    assert_eq!(texts, ["one", "two"]);
    server.ready(2, 1).await;
    stage.is_clean().await;
}

#[tokio::test]
async fn an_unknown_runtime_fails_the_run_and_says_why() {
    let mut stage = Stage::new();
    stage.start(Scripted::new(|_, _| async { nothing() }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("cobol", &[]);
    server.assign(&assignment).await;
    let error = server.finished(assignment.lease).await.error.unwrap();
    assert_eq!((error.kind.as_str(), error.message.contains("cobol")), ("StartFailed", true));
}

#[tokio::test]
async fn a_package_that_is_not_what_was_published_fails_the_run_after_a_few_tries() {
    let mut stage = Stage::new();
    stage.start(Scripted::new(|_, _| async { nothing() }));
    let (mut server, _) = stage.connected().await;
    let mut assignment = stage.assignment("python", &[]);
    let package = &mut assignment.package;
    package.digest = "0".repeat(64);
    let published = Statement::Published {
        package: package.id,
        version: &package.version_number,
        digest: &package.digest,
    };
    package.signature = stage.transport.signer.sign(&published);
    server.assign(&assignment).await;
    assert_eq!(server.finished(assignment.lease).await.error.unwrap().kind, "PackageInvalid");
    assert_eq!(stage.transport.fetches.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_package_whose_signature_does_not_fit_is_not_even_fetched() {
    let mut stage = Stage::new();
    stage.start(Scripted::new(|_, _| async { nothing() }));
    let (mut server, _) = stage.connected().await;
    let good = stage.assignment("python", &[]);
    server.assign(&good).await;
    assert!(server.finished(good.lease).await.error.is_none());
    let mut bad = stage.assignment("python", &[]);
    bad.package.version_number = "0.9.0".to_owned();
    server.assign(&bad).await;
    let error = server.finished(bad.lease).await.error.unwrap();
    assert_eq!(error.kind, "PackageUntrusted", "{}", error.message);
    assert_eq!(stage.transport.fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_deployed_version_is_there_before_its_first_run() {
    let mut stage = Stage::new();
    stage.start(Scripted::new(|_, _| async { nothing() }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    let preparation = Preparation {
        version: VersionId::new(),
        package: assignment.package.clone(),
        runtime: "python".to_owned(),
        entrypoint: "main.py".to_owned(),
    };
    server.say(ServerMessage::Prepare(Box::new(preparation))).await;
    let index = stage.data.join("packages").join(format!("{}.index", assignment.package.digest));
    let ready = async {
        while !index.is_file() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ready).await.expect("the version is fetched");
    server.assign(&assignment).await;
    assert!(server.finished(assignment.lease).await.error.is_none());
    assert_eq!(stage.transport.fetches.load(Ordering::SeqCst), 1, "the run found it");
}

#[tokio::test]
async fn a_cancel_ends_a_fetch_that_hangs() {
    let mut stage = Stage::new();
    stage.transport.holds_package.store(true, Ordering::SeqCst);
    stage.start(Scripted::new(|_, _| async { nothing() }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    server.assign(&assignment).await;
    server.ready(1, 1).await;
    server.say(ServerMessage::Cancel { lease: assignment.lease }).await;
    assert_eq!(server.finished(assignment.lease).await.status, RunStatus::Cancelled);
    server.ready(2, 1).await;
}

#[tokio::test]
async fn an_assignment_that_comes_twice_runs_once() {
    let mut stage = Stage::new();
    let (sender, mut runs) = tokio::sync::mpsc::unbounded_channel();
    stage.start(Scripted::new(move |_, control: RunControl| {
        sender.send(()).unwrap();
        async move {
            control.cancel.cancelled().await;
            nothing()
        }
    }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    server.assign(&assignment).await;
    server.started(assignment.lease).await;
    server.assign(&assignment).await;
    server.ready(1, 2).await;
    server.say(ServerMessage::Cancel { lease: assignment.lease }).await;
    server.finished(assignment.lease).await;
    stage.is_clean().await;
    assert!(runs.try_recv().is_ok() && runs.try_recv().is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn an_assignment_that_cannot_be_kept_is_given_back_and_nothing_is_taken_for_a_while() {
    let mut stage = Stage::new();
    stage.start(Scripted::new(|_, _| async { nothing() }));
    let (mut server, _) = stage.connected().await;
    server.ready(2, 0).await;
    let attempts = stage.data.join("attempts");
    std::fs::remove_dir(&attempts).unwrap();
    std::fs::write(&attempts, "no folder").unwrap();
    let assignment = stage.assignment("python", &[]);
    server.assign(&assignment).await;
    let wanted = assignment.lease;
    server
        .until(|message| matches!(message, AgentMessage::Release { lease } if *lease == wanted).then_some(()))
        .await;
    server.ready(0, 1).await;
}

async fn asked(server: &mut Server) -> (u64, String) {
    server
        .until(|message| match message {
            AgentMessage::Secret { request, name, .. } => Some((*request, name.clone())),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_secret_is_asked_for_again_after_a_reconnect_and_masked_in_all_that_is_told() {
    let mut stage = Stage::new();
    stage.start(Scripted::new(|_, control: RunControl| async move {
        let (reply, value) = oneshot::channel();
        control.events.send(RunEvent::Secret { name: "erp".into(), reply }).await.unwrap();
        print(&control, "meanwhile").await;
        let value = value.await.unwrap().unwrap();
        print(&control, format!("say {}", value.expose())).await;
        let message = Some(format!("at {}", value.expose()));
        control.events.send(RunEvent::Progress(Progress { fraction: 0.5, message })).await.unwrap();
        control.cancel.cancelled().await;
        nothing()
    }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    let lease = assignment.lease;
    server.assign(&assignment).await;
    let (_, name) = asked(&mut server).await;
    assert_eq!(name, "erp");
    // Lines go on while the question is open.
    server
        .until(|message| match message {
            AgentMessage::Logs { chunks } => {
                Some(chunks[0].lines[0].text.clone()).filter(|t| t == "meanwhile")
            }
            _ => None,
        })
        .await;
    let stored = server.lines.clone();
    drop(server);
    let (mut server, _) = stage.connected().await;
    server.lines = stored;
    let (request, _) = asked(&mut server).await;
    let value = SecretAnswer::Value(InClear::new(Secret::new("open-sesame".to_owned())));
    server.say(ServerMessage::Secret { request, answer: value }).await;
    let progress = server
        .until(|message| match message {
            AgentMessage::Progress { progress, .. } => Some(progress.clone()),
            _ => None,
        })
        .await;
    assert_eq!(progress.message.as_deref(), Some("at ***"));
    server.say(ServerMessage::Cancel { lease }).await;
    server.finished(lease).await;
    assert_eq!(server.texts(lease), ["meanwhile", "say ***"]);
    assert!(!format!("{:?}", server.lines).contains("sesame"));
}

#[tokio::test]
async fn a_refused_secret_is_an_error_of_the_run() {
    let mut stage = Stage::new();
    stage.start(Scripted::new(|_, control: RunControl| async move {
        let (reply, value) = oneshot::channel();
        control.events.send(RunEvent::Secret { name: "erp".into(), reply }).await.unwrap();
        let refused = value.await.unwrap().unwrap_err();
        RunResult::succeeded(Map::from_iter([("kind".to_owned(), json!(refused.kind().as_str()))]))
    }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    server.assign(&assignment).await;
    let (request, _) = asked(&mut server).await;
    let answer = SecretAnswer::Refused { kind: ErrorKind::NotFound, message: "there is none".into() };
    server.say(ServerMessage::Secret { request, answer }).await;
    assert_eq!(server.finished(assignment.lease).await.outputs["kind"], "notFound");
}

#[tokio::test]
async fn an_artifact_is_tried_again_while_lines_go_on() {
    let mut stage = Stage::new();
    stage.transport.failing_uploads.store(1, Ordering::SeqCst);
    stage.start(Scripted::new(|job: openautomate_core::runner::Job, control: RunControl| async move {
        std::fs::write(job.work_dir.join("ledger.csv"), "a,b\n").unwrap();
        let offers = [
            ("ledger.csv", job.work_dir.join("ledger.csv")),
            ("../ledger.csv", job.work_dir.join("ledger.csv")),
            ("folder", job.work_dir.clone()),
            ("gone", job.work_dir.join("gone")),
        ];
        let mut answers = Vec::new();
        for (name, path) in offers {
            let (reply, kept) = oneshot::channel();
            let event = RunEvent::Artifact { name: name.into(), path, content_type: None, reply };
            control.events.send(event).await.unwrap();
            print(&control, "offered").await;
            answers.push(kept);
        }
        let mut kept = Vec::new();
        for answer in answers {
            kept.push(json!(answer.await.unwrap().is_ok()));
        }
        RunResult::succeeded(Map::from_iter([("kept".to_owned(), kept.into())]))
    }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    server.assign(&assignment).await;
    let result = server.finished(assignment.lease).await;
    assert_eq!(result.outputs["kept"], json!([true, false, false, false]));
    assert_eq!(server.texts(assignment.lease), ["offered"; 4]);
    assert_eq!(*stage.transport.uploads.lock().unwrap(), [("ledger.csv".to_owned(), b"a,b\n".to_vec())]);
}

#[tokio::test]
async fn an_upload_that_nobody_waits_for_does_not_hold_up_the_end() {
    let mut stage = Stage::new();
    stage.transport.failing_uploads.store(usize::MAX, Ordering::SeqCst);
    stage.start(Scripted::new(|job: openautomate_core::runner::Job, control: RunControl| async move {
        let path = job.work_dir.join("x");
        std::fs::write(&path, "x").unwrap();
        let (reply, _) = oneshot::channel();
        let event = RunEvent::Artifact { name: "x".into(), path, content_type: None, reply };
        control.events.send(event).await.unwrap();
        nothing()
    }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    server.assign(&assignment).await;
    assert_eq!(server.finished(assignment.lease).await.status, RunStatus::Succeeded);
}

#[tokio::test]
async fn progress_is_told_seldom_and_the_latest_wins() {
    let mut stage = Stage::new();
    stage.start(Scripted::new(|_, control: RunControl| async move {
        for n in 0..=1_000 {
            let progress = Progress { fraction: f64::from(n) / 1_000.0, message: None };
            control.events.send(RunEvent::Progress(progress)).await.unwrap();
        }
        control.cancel.cancelled().await;
        nothing()
    }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    server.assign(&assignment).await;
    let mut told = 0;
    server
        .until(|message| match message {
            AgentMessage::Progress { progress, .. } => {
                told += 1;
                (progress.fraction >= 1.0).then_some(())
            }
            _ => None,
        })
        .await;
    assert!(told <= 10, "{told}");
}

#[tokio::test]
async fn an_agent_that_stops_takes_nothing_and_tells_the_end_of_its_runs() {
    let mut stage = Stage::new();
    let running = stage.start(Scripted::new(|_, control: RunControl| async move {
        control.cancel.cancelled().await;
        print(&control, "stopped").await;
        RunResult::ended(
            RunStatus::Cancelled,
            openautomate_core::domain::RunError::new("Cancelled", "cancelled"),
        )
    }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    server.assign(&assignment).await;
    server.started(assignment.lease).await;
    stage.stop.cancel();
    server.ready(0, 1).await;
    assert_eq!(server.finished(assignment.lease).await.status, RunStatus::Cancelled);
    assert_eq!(server.lines[&assignment.lease][0].stream, LogStream::Stdout);
    tokio::time::timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
    assert_eq!(stage.attempts_on_disk(), 0);
}

#[tokio::test]
async fn an_agent_whose_server_does_not_answer_can_be_stopped() {
    let mut stage = Stage::new();
    let running = stage.start(Scripted::new(|_, _| async { nothing() }));
    // It said hello and waits for its welcome.
    let (_server, _) = stage.hello().await;
    stage.stop.cancel();
    tokio::time::timeout(Duration::from_secs(3), running).await.unwrap().unwrap();
}
