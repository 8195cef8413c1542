//! Runs, with connections that break, leases that end and agents that are killed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use openautomate_core::command::asset::PutAsset;
use openautomate_core::command::execution::CancelExecution;
use openautomate_core::domain::{
    AssetFormat, AssetKind, ExecutionState, Limits, RunError, RunResult, RunStatus,
};
use openautomate_core::orchestrator::Settings;
use openautomate_core::runner::RunEvent;
use openautomate_core::runner::registry::RunnerRegistry;
use openautomate_core::secret::Secret;
use serde_json::{Map, json};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::place::{Place, Scripted, print};

fn nothing() -> RunResult {
    RunResult::succeeded(Map::new())
}

fn quick_leases(ttl: Duration) -> Settings {
    Settings::default().with_lease_ttl(ttl)
}

#[tokio::test]
async fn a_run_keeps_lines_outputs_and_files() {
    let place = Place::new(Settings::default()).await;
    let agent = place.agent(place.transport(None), |job, control| async move {
        assert!(job.package_dir.join("main.py").is_file() && job.work_dir.is_dir());
        print(&control, "one").await;
        print(&control, "two").await;
        let path = job.work_dir.join("ledger.csv");
        std::fs::write(&path, "a,b\n").unwrap();
        let (reply, kept) = oneshot::channel();
        let name = "ledger.csv".to_owned();
        let artifact = RunEvent::Artifact { name, path, content_type: Some("text/csv".into()), reply };
        control.events.send(artifact).await.unwrap();
        kept.await.unwrap().unwrap();
        RunResult::succeeded(Map::from_iter([("n".to_owned(), json!(2))]))
    });
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (agent, stop) = (agent.clone(), stop.clone());
        async move { agent.run(stop).await }
    });
    let execution = place.enqueue().await;
    let ended = place.reaches(execution, ExecutionState::Succeeded).await;
    assert_eq!(ended.outputs.unwrap()["n"], 2);
    assert_eq!(place.log(execution).await[&1], ["one", "two"]);
    let artifacts = place.orchestrator.store().artifacts(execution).await.unwrap();
    assert_eq!((artifacts[0].name.as_str(), artifacts[0].size), ("ledger.csv", 4));
    stop.cancel();
    running.await.unwrap();
    let left = std::fs::read_dir(place.folder.path().join("agent/attempts")).unwrap().count();
    assert_eq!(left, 0, "an acknowledged attempt is still on disk");
}

#[tokio::test]
async fn lines_are_whole_over_a_connection_that_breaks_all_the_time() {
    let place = Place::new(Settings::default()).await;
    let transport = place.transport(Some(12));
    let agent = place.agent(std::sync::Arc::clone(&transport), |_, control| async move {
        for n in 1..=300 {
            print(&control, format!("line {n}")).await;
            if n % 10 == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        nothing()
    });
    tokio::spawn(async move { agent.run(CancellationToken::new()).await });
    let execution = place.enqueue().await;
    let expected: Vec<String> = (1..=300).map(|n| format!("line {n}")).collect();
    place.reaches(execution, ExecutionState::Succeeded).await;
    assert_eq!(place.log(execution).await[&1], expected);
    assert!(transport.connections.load(Ordering::SeqCst) > 2, "the connection never broke");
}

#[tokio::test]
async fn a_secret_is_given_and_masked_everywhere() {
    let place = Place::new(Settings::default()).await;
    let put = PutAsset {
        format: AssetFormat::Text,
        environment_id: None,
        name: "erp".into(),
        kind: AssetKind::Secret,
        value: Secret::new("open-sesame".to_owned()),
        description: String::new(),
        readers: openautomate_core::command::asset::AssetReaders::AsBefore,
        create_only: true,
    };
    place.orchestrator.execute(&place.admin, put).await.unwrap();
    let agent = place.agent(place.transport(None), |_, control| async move {
        let (reply, value) = oneshot::channel();
        control.events.send(RunEvent::Secret { name: "erp".into(), reply }).await.unwrap();
        let value = value.await.unwrap().unwrap();
        print(&control, format!("say {}", value.expose())).await;
        let mut result =
            RunResult::ended(RunStatus::Failed, RunError::new("ValueError", value.expose().clone()));
        result.outputs.insert("deep".into(), json!({"list": [value.expose()]}));
        result
    });
    tokio::spawn(async move { agent.run(CancellationToken::new()).await });
    let execution = place.enqueue().await;
    let ended = place.reaches(execution, ExecutionState::Failed).await;
    let log = place.log(execution).await;
    assert_eq!(log[&1], ["say ***"]);
    assert!(!format!("{ended:?}").contains("sesame"), "{ended:?}");
}

#[tokio::test]
async fn the_parts_of_a_credential_are_masked() {
    let place = Place::new(Settings::default()).await;
    let put = PutAsset {
        format: AssetFormat::Credential,
        environment_id: None,
        name: "erp".into(),
        kind: AssetKind::Secret,
        value: Secret::new(r#"{"username": "robot-7", "password": "open\"sesame"}"#.to_owned()),
        description: String::new(),
        readers: openautomate_core::command::asset::AssetReaders::AsBefore,
        create_only: true,
    };
    place.orchestrator.execute(&place.admin, put).await.unwrap();
    let agent = place.agent(place.transport(None), |_, control| async move {
        let (reply, value) = oneshot::channel();
        control.events.send(RunEvent::Secret { name: "erp".into(), reply }).await.unwrap();
        value.await.unwrap().unwrap();
        print(&control, "open\"sesame, robot-7".to_owned()).await;
        nothing()
    });
    tokio::spawn(async move { agent.run(CancellationToken::new()).await });
    let execution = place.enqueue().await;
    place.reaches(execution, ExecutionState::Succeeded).await;
    assert_eq!(place.log(execution).await[&1], ["***, ***"]);
}

#[tokio::test]
async fn a_cancel_reaches_the_run() {
    let place = Place::new(Settings::default()).await;
    let agent = place.agent(place.transport(None), |_, control| async move {
        control.cancel.cancelled().await;
        RunResult::ended(RunStatus::Cancelled, RunError::new("Cancelled", "cancelled"))
    });
    tokio::spawn(async move { agent.run(CancellationToken::new()).await });
    let id = place.enqueue().await;
    place.reaches(id, ExecutionState::Running).await;
    place.orchestrator.execute(&place.admin, CancelExecution { id }).await.unwrap();
    place.reaches(id, ExecutionState::Cancelled).await;
}

#[tokio::test]
async fn a_run_is_killed_before_its_lease_ends() {
    struct Ends(Option<oneshot::Sender<()>>);
    impl Drop for Ends {
        fn drop(&mut self) {
            let _ = self.0.take().map(|ended| ended.send(()));
        }
    }
    let ttl = Duration::from_secs(2);
    let place = Place::new(quick_leases(ttl)).await;
    let transport = place.transport(None);
    let (sender, mut killed) = oneshot::channel();
    let sender = std::sync::Mutex::new(Some(sender));
    let agent = place.agent(std::sync::Arc::clone(&transport), move |_, _| {
        let ends = Ends(sender.lock().unwrap().take());
        async move {
            let _ends = ends;
            std::future::pending::<RunResult>().await
        }
    });
    tokio::spawn(async move { agent.run(CancellationToken::new()).await });
    let id = place.enqueue().await;
    place.reaches(id, ExecutionState::Running).await;
    transport.close();
    let ended = place.reaches(id, ExecutionState::Failed).await;
    assert_eq!(ended.error.unwrap().kind, "AgentLost");
    assert!(killed.try_recv().is_ok(), "the server gave the lease up while the run went on");
}

#[tokio::test]
async fn a_restarted_agent_reports_what_it_lost_and_keeps_its_lines() {
    let place = Place::new(Settings::default()).await;
    let agent = place.agent(place.transport(None), |_, control| async move {
        print(&control, "before").await;
        std::future::pending::<RunResult>().await
    });
    let running = tokio::spawn({
        let agent = agent.clone();
        async move { agent.run(CancellationToken::new()).await }
    });
    let id = place.enqueue().await;
    place.reaches(id, ExecutionState::Running).await;
    let mut follower = place.orchestrator.follow_logs(id, 1, 0);
    assert_eq!(follower.next().await.unwrap().unwrap().record.line.text, "before");
    // What is on disk is all that a killed agent leaves; a copy of it is what the next one finds.
    let (from, to) = (place.folder.path().join("agent/attempts"), place.folder.path().join("left"));
    running.abort();
    copy(&from, &to);
    drop(agent);
    let second =
        openautomate_agent::Agent::builder(place.transport(None), place.folder.path().join("second"));
    copy(&to, &place.folder.path().join("second/attempts"));
    let second = second.build().unwrap();
    tokio::spawn(async move { second.run(CancellationToken::new()).await });
    let ended = place.reaches(id, ExecutionState::Failed).await;
    assert_eq!(ended.error.unwrap().kind, "AgentLost");
    assert_eq!(place.log(id).await[&1], ["before", "the agent was restarted; the run is lost"]);
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_runner_that_panics_fails_its_run_only() {
    let place = Place::new(Settings::default()).await;
    let calls = std::sync::atomic::AtomicU32::new(0);
    let agent = place.agent(place.transport(None), move |_, _| {
        let first = calls.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            assert!(!first, "the runner has a defect");
            nothing()
        }
    });
    tokio::spawn(async move { agent.run(CancellationToken::new()).await });
    let first = place.enqueue().await;
    let failed = place.reaches(first, ExecutionState::Failed).await;
    assert_eq!(failed.error.unwrap().kind, "RunnerPanicked");
    let second = place.enqueue().await;
    place.reaches(second, ExecutionState::Succeeded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_executions_is_worked_off() {
    let place = Place::new(Settings::default()).await;
    let agent = place.agent(place.transport(None), |_, _| async { nothing() });
    tokio::spawn(async move { agent.run(CancellationToken::new()).await });
    let mut executions = Vec::new();
    for _ in 0..300 {
        executions.push(place.enqueue().await);
    }
    for execution in executions {
        place.reaches(execution, ExecutionState::Succeeded).await;
    }
}

#[tokio::test]
async fn a_second_agent_on_the_same_folder_is_refused() {
    let place = Place::new(Settings::default()).await;
    let _first = place.agent(place.transport(None), |_, _| async { nothing() });
    let second = openautomate_agent::Agent::builder(place.transport(None), place.folder.path().join("agent"));
    assert!(matches!(second.build(), Err(openautomate_agent::Error::InUse(_))));
}

#[tokio::test]
async fn a_log_is_bounded_in_size_and_rate() {
    let place = Place::new(Settings::default()).await;
    let runners = RunnerRegistry::new().with(std::sync::Arc::new(Scripted::new(|_, control| async move {
        for number in 0..300 {
            print(&control, format!("line {number}")).await;
        }
        nothing()
    })));
    let limits = Limits { log_bytes: Some(20_000), log_lines_per_second: Some(150), ..Limits::default() };
    let agent = openautomate_agent::Agent::builder(place.transport(None), place.folder.path().join("agent"))
        .runners(runners)
        .limits(limits)
        .build()
        .unwrap();
    tokio::spawn(async move { agent.run(CancellationToken::new()).await });
    let id = place.enqueue().await;
    let ended = place.reaches(id, ExecutionState::Succeeded).await;
    let took = ended.ended_at.unwrap() - ended.started_at.unwrap();
    assert!(took >= chrono::TimeDelta::milliseconds(900), "300 lines came within {took}");
    let log = place.log(id).await;
    let last = log[&1].last().unwrap();
    assert!(last.contains("limit reached") && log[&1].len() < 300, "{} lines, {last}", log[&1].len());
}
