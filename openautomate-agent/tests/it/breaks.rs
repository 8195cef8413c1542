//! Connections that end, leases that end, agents that are killed.

use std::time::Duration;

use openautomate_core::domain::{LogStream, RunResult, RunStatus};
use openautomate_core::runner::RunControl;
use openautomate_core::transport::{AgentMessage, ServerMessage};
use serde_json::{Map, json};
use tokio::sync::{mpsc, oneshot};

use super::place::{Scripted, print};
use super::stage::{PATIENCE, Stage};

/// A run that prints and then waits for its cancel; dropping it is told.
fn waiting() -> (Scripted, mpsc::UnboundedReceiver<()>) {
    struct Dropped(mpsc::UnboundedSender<()>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (sender, dropped) = mpsc::unbounded_channel();
    let runner = Scripted::new(move |_, control: RunControl| {
        let dropped = Dropped(sender.clone());
        async move {
            let _dropped = dropped;
            print(&control, "begun").await;
            control.cancel.cancelled().await;
            RunResult::succeeded(Map::from_iter([("n".to_owned(), json!(1))]))
        }
    });
    (runner, dropped)
}

#[tokio::test]
async fn lines_that_were_not_acknowledged_come_again_and_those_that_were_do_not() {
    let mut stage = Stage::new();
    let (more, go_on) = oneshot::channel::<()>();
    let go_on = std::sync::Mutex::new(Some(go_on));
    stage.start(Scripted::new(move |_, control: RunControl| {
        let go_on = go_on.lock().unwrap().take().unwrap();
        async move {
            for n in 1..=1_000 {
                print(&control, n.to_string()).await;
            }
            let _ = go_on.await;
            for n in 1_001..=2_000 {
                print(&control, n.to_string()).await;
            }
            RunResult::succeeded(Map::new())
        }
    }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    let lease = assignment.lease;
    server.assign(&assignment).await;
    server.acknowledges = false;
    let mut seen = 0;
    server
        .until(|message| {
            if let AgentMessage::Logs { chunks } = message {
                seen = chunks[0].last_seq();
            }
            (seen >= 400).then_some(())
        })
        .await;
    // Stored, but the acknowledgement of all but some is lost with the connection.
    server.say(ServerMessage::LogAck { lease, stored_seq: 200 }).await;
    let stored: Vec<_> = server.lines[&lease].clone();
    drop(server);
    let (mut server, hello) = stage.connected().await;
    assert_eq!(hello.leases, [lease]);
    server.lines.insert(lease, stored);
    server.started(lease).await;
    more.send(()).unwrap();
    server.finished(lease).await;
    let expected: Vec<_> = (1..=2_000).map(|n: i32| n.to_string()).collect();
    assert_eq!(server.texts(lease), expected);
    stage.is_clean().await;
}

#[tokio::test]
async fn a_run_goes_on_without_a_server_and_its_end_is_told_until_it_is_acknowledged() {
    let mut stage = Stage::new();
    let (end, ends) = oneshot::channel::<()>();
    let ends = std::sync::Mutex::new(Some(ends));
    stage.start(Scripted::new(move |_, _| {
        let ends = ends.lock().unwrap().take().unwrap();
        async move {
            let _ = ends.await;
            RunResult::succeeded(Map::from_iter([("n".to_owned(), json!(7))]))
        }
    }));
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    server.assign(&assignment).await;
    server.started(assignment.lease).await;
    drop(server);
    end.send(()).unwrap();
    for _ in 0..2 {
        let (mut server, hello) = stage.connected().await;
        assert_eq!(hello.leases, [assignment.lease]);
        let (result, last) = server.finished_unacknowledged(assignment.lease).await;
        assert_eq!((&result.outputs["n"], last), (&json!(7), 0));
    }
    let (mut server, _) = stage.connected().await;
    server.finished(assignment.lease).await;
    stage.is_clean().await;
}

#[tokio::test]
async fn a_stale_lease_kills_the_run_and_leaves_nothing() {
    let mut stage = Stage::new();
    let (runner, mut dropped) = waiting();
    stage.start(runner);
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    server.assign(&assignment).await;
    server.started(assignment.lease).await;
    server.say(ServerMessage::Stale { lease: assignment.lease }).await;
    tokio::time::timeout(PATIENCE, dropped.recv()).await.expect("the run is killed");
    stage.is_clean().await;
    // The slot is free, and nothing is told of the run any more.
    server.ready(2, 1).await;
}

#[tokio::test]
async fn a_lease_that_went_stale_while_nobody_was_connected_is_given_up() {
    let mut stage = Stage::new();
    let (runner, mut dropped) = waiting();
    stage.start(runner);
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    let lease = assignment.lease;
    server.assign(&assignment).await;
    server.started(lease).await;
    drop(server);
    let (_server, hello) = stage.welcomed(|welcome| welcome.stale = vec![lease]).await;
    assert_eq!(hello.leases, [lease]);
    tokio::time::timeout(PATIENCE, dropped.recv()).await.expect("the run is killed");
    stage.is_clean().await;
}

#[tokio::test]
async fn a_cancel_that_was_asked_for_while_nobody_was_connected_is_done() {
    let mut stage = Stage::new();
    stage.start(waiting().0);
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    let lease = assignment.lease;
    server.assign(&assignment).await;
    server.started(lease).await;
    drop(server);
    let (mut server, _) = stage.welcomed(|welcome| welcome.cancel = vec![lease]).await;
    server.finished(lease).await;
}

#[tokio::test]
async fn a_newer_grant_of_the_same_execution_ends_the_older_one() {
    let mut stage = Stage::new();
    let (runner, mut dropped) = waiting();
    stage.start(runner);
    let (mut server, _) = stage.connected().await;
    let older = stage.assignment("python", &[]);
    server.assign(&older).await;
    server.started(older.lease).await;
    let mut newer = older.clone();
    newer.lease.epoch = 2;
    server.assign(&newer).await;
    tokio::time::timeout(PATIENCE, dropped.recv()).await.expect("the older run is killed");
    server.started(newer.lease).await;
    server.say(ServerMessage::Cancel { lease: newer.lease }).await;
    server.finished(newer.lease).await;
    stage.is_clean().await;
}

/// A real process, so that a killed run is a dead process and not just a dropped future.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_lease_that_is_not_renewed_kills_the_process_in_time() {
    let mut stage = Stage::new();
    stage.ttl = Duration::from_millis(1_500);
    stage.start(openautomate_core::runner::command::CommandRunner::new());
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("command", &["sh", "-c", "echo $$; exec sleep 600"]);
    let lease = assignment.lease;
    let assigned = tokio::time::Instant::now();
    server.assign(&assignment).await;
    // Heartbeats come and are not answered.
    let result = server.finished(lease).await;
    assert_eq!((result.status, result.error.unwrap().kind.as_str()), (RunStatus::Lost, "LeaseLost"));
    assert!(assigned.elapsed() < stage.ttl + Duration::from_secs(1), "{:?}", assigned.elapsed());
    let process = std::path::Path::new("/proc").join(server.texts(lease)[0]);
    let dead = async {
        // A dead process whose parent has not looked yet is a zombie.
        let lives = || std::fs::read_to_string(process.join("stat")).is_ok_and(|stat| !stat.contains(") Z "));
        while lives() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), dead).await.expect("the process lives on");
}

#[tokio::test]
async fn a_lease_that_is_renewed_holds() {
    let mut stage = Stage::new();
    stage.ttl = Duration::from_millis(500);
    stage.start(waiting().0);
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    let lease = assignment.lease;
    server.assign(&assignment).await;
    let began = tokio::time::Instant::now();
    while began.elapsed() < stage.ttl * 4 {
        let leases = server
            .until(|message| match message {
                AgentMessage::Heartbeat { leases, .. } => Some(leases.clone()),
                _ => None,
            })
            .await;
        let renewed = ServerMessage::Renewed { leases, cancel: Vec::new(), stale: Vec::new() };
        server.say(renewed).await;
    }
    server.say(ServerMessage::Cancel { lease }).await;
    assert_eq!(server.finished(lease).await.status, RunStatus::Succeeded);
}

#[tokio::test]
async fn an_agent_that_was_killed_in_a_run_reports_it_lost_with_its_lines() {
    let mut stage = Stage::new();
    stage.start(waiting().0);
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    let lease = assignment.lease;
    server.assign(&assignment).await;
    server.until(|message| matches!(message, AgentMessage::Logs { .. }).then_some(())).await;
    stage.kill();
    // A kill may tear the last line.
    let log = stage.data.join("attempts").join(format!("{}-{}.jsonl", lease.execution, lease.epoch));
    let mut bytes = std::fs::read(&log).unwrap();
    bytes.extend_from_slice(br#"{"time":"2026-"#);
    std::fs::write(&log, bytes).unwrap();
    std::fs::write(stage.data.join("attempts/stray"), "a file that is none of ours").unwrap();
    stage.start(waiting().0);
    let (mut server, hello) = stage.connected().await;
    assert_eq!(hello.leases, [lease]);
    let result = server.finished(lease).await;
    // What was left takes no slot.
    server.ready(2, 0).await;
    assert_eq!((result.status, result.error.unwrap().kind.as_str()), (RunStatus::Lost, "AgentLost"));
    let lines = &server.lines[&lease];
    assert_eq!((lines[0].text.as_str(), lines[1].stream, lines.len()), ("begun", LogStream::System, 2));
    stage.is_clean().await;
}

#[tokio::test]
async fn an_agent_that_was_killed_after_a_run_reports_its_result() {
    let mut stage = Stage::new();
    stage.start(waiting().0);
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    let lease = assignment.lease;
    server.assign(&assignment).await;
    server.started(lease).await;
    server.say(ServerMessage::Cancel { lease }).await;
    server.finished_unacknowledged(lease).await;
    stage.kill();
    stage.start(waiting().0);
    let (mut server, hello) = stage.connected().await;
    assert_eq!(hello.leases, [lease]);
    let result = server.finished(lease).await;
    assert_eq!((result.status, &result.outputs["n"]), (RunStatus::Succeeded, &json!(1)));
    assert_eq!(server.texts(lease), ["begun"]);
    stage.is_clean().await;
}
