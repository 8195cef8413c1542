//! Executions from trigger to end.

use std::time::Duration;

use chrono::TimeDelta;
use openautomate_core::ErrorKind;
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::command::agent::UpdateAgent;
use openautomate_core::command::execution::{CancelExecution, EnqueueExecution, RetryExecution};
use openautomate_core::command::package::DeletePackage;
use openautomate_core::domain::{AgentStatus, ExecutionState, Origin, RunError, RunResult, RunStatus};
use openautomate_core::orchestrator::Idempotency;
use openautomate_core::store::ClaimRequest;
use openautomate_core::transport::{AgentMessage, ServerMessage};
use serde_json::{Map, json};

use super::place::{MANIFEST, Place};

fn succeeded() -> RunResult {
    RunResult::succeeded(Map::from_iter([("greeted".to_owned(), json!("world"))]))
}

fn failed() -> RunResult {
    RunResult::ended(RunStatus::Failed, RunError::new("ValueError", "no"))
}

#[tokio::test]
async fn an_execution_goes_its_way() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(1).await;
    let execution = place.enqueue(&package).await;
    let mut follower = place.orchestrator.follow_logs(execution.id, 1, 0);

    let assignment = bot.assignment().await;
    assert_eq!((assignment.lease.execution, assignment.lease.epoch), (execution.id, 1));
    assert_eq!((assignment.entrypoint.as_str(), assignment.runtime.as_str()), ("greeter:run", "python"));
    bot.send(AgentMessage::Started { lease: assignment.lease }).await;
    place.reaches(execution.id, ExecutionState::Running).await;
    bot.say(assignment.lease, 1, &["one", "two"]).await;
    assert_eq!(follower.next().await.unwrap().unwrap().record.line.text, "one");
    bot.say(assignment.lease, 3, &["three"]).await;
    bot.finish(assignment.lease, succeeded(), 3).await;

    let ended = place.reaches(execution.id, ExecutionState::Succeeded).await;
    assert_eq!(ended.outputs.unwrap()["greeted"], "world");
    let mut rest = Vec::new();
    while let Some(line) = follower.next().await.unwrap() {
        rest.push(line.record.line.text);
    }
    assert_eq!(rest, ["two", "three"]);
}

#[tokio::test]
async fn an_agent_gets_no_more_than_it_has_slots_for() {
    let place = Place::new().await;
    let package = place.greeter().await;
    for _ in 0..3 {
        place.enqueue(&package).await;
    }
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(2).await;
    let first = bot.assignment().await;
    bot.assignment().await;
    bot.finish(first.lease, succeeded(), 0).await;
    bot.ready(1).await;
    bot.assignment().await;
}

#[tokio::test]
async fn a_lost_agent_fails_its_execution_when_the_lease_ends() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(1).await;
    let execution = place.enqueue(&package).await;
    let assignment = bot.assignment().await;
    bot.send(AgentMessage::Started { lease: assignment.lease }).await;
    place.reaches(execution.id, ExecutionState::Running).await;
    place.clock.advance(Duration::from_secs(61));
    let ended = place.reaches(execution.id, ExecutionState::Failed).await;
    assert_eq!(ended.error.unwrap().kind, "AgentLost");
    // What the agent says afterwards changes nothing.
    bot.send(AgentMessage::Finished { lease: assignment.lease, result: succeeded(), final_log_seq: 0 }).await;
    bot.until(|message| matches!(message, ServerMessage::Stale { .. }).then_some(())).await;
    assert_eq!(place.execution(execution.id).await.state, ExecutionState::Failed);
}

#[tokio::test]
async fn a_failed_attempt_is_repeated_after_its_back_off() {
    let place = Place::new().await;
    let package = place.package("retrying").await;
    place.publish(&package, &format!("{MANIFEST}retries = 1\nbackoff = \"30s\"\n")).await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(8).await;
    let execution = place.enqueue(&package).await;
    let first = bot.assignment().await;
    bot.finish(first.lease, failed(), 0).await;
    let waiting = place.reaches(execution.id, ExecutionState::Waiting).await;
    assert!(waiting.run_at > waiting.created_at);
    place.clock.advance(Duration::from_secs(31));
    let second = bot.assignment().await;
    assert_eq!(second.lease.epoch, 2);
    bot.finish(second.lease, failed(), 0).await;
    place.reaches(execution.id, ExecutionState::Failed).await;
}

#[tokio::test]
async fn a_cancel_ends_what_waits_and_reaches_what_runs() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let waiting = place.enqueue(&package).await;
    place.orchestrator.execute(&place.admin, CancelExecution { id: waiting.id }).await.unwrap();
    assert_eq!(place.execution(waiting.id).await.state, ExecutionState::Cancelled);

    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(1).await;
    let running = place.enqueue(&package).await;
    let lease = bot.assignment().await.lease;
    bot.send(AgentMessage::Started { lease }).await;
    place.reaches(running.id, ExecutionState::Running).await;
    place.orchestrator.execute(&place.admin, CancelExecution { id: running.id }).await.unwrap();
    bot.until(|message| matches!(message, ServerMessage::Cancel { lease: l } if l == lease).then_some(()))
        .await;
    let result = RunResult::ended(RunStatus::Cancelled, RunError::new("Cancelled", "cancelled"));
    bot.finish(lease, result, 0).await;
    place.reaches(running.id, ExecutionState::Cancelled).await;
    let again = place.orchestrator.execute(&place.admin, CancelExecution { id: running.id }).await;
    assert_eq!(again.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn a_cancelled_execution_of_a_lost_agent_ends_as_cancelled() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(1).await;
    let execution = place.enqueue(&package).await;
    bot.assignment().await;
    place.orchestrator.execute(&place.admin, CancelExecution { id: execution.id }).await.unwrap();
    place.clock.advance(Duration::from_secs(61));
    place.reaches(execution.id, ExecutionState::Cancelled).await;
}

#[tokio::test]
async fn an_assignment_that_was_lost_on_its_way_is_given_again() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(1).await;
    let execution = place.enqueue(&package).await;
    assert_eq!(bot.assignment().await.lease.epoch, 1);
    drop(bot);
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(1).await;
    let again = bot.assignment().await;
    assert_eq!((again.lease.execution, again.lease.epoch), (execution.id, 2));
    assert_eq!(place.execution(execution.id).await.failed_attempts, 0);
}

#[tokio::test]
async fn a_reconnect_keeps_what_the_agent_still_runs() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(1).await;
    let execution = place.enqueue(&package).await;
    let lease = bot.assignment().await.lease;
    bot.send(AgentMessage::Started { lease }).await;
    place.reaches(execution.id, ExecutionState::Running).await;
    let stale = openautomate_core::domain::Lease { epoch: 7, ..lease };
    let mut bot = place.connect(&agent, vec![lease, stale]).await;
    assert_eq!(bot.welcome.as_ref().unwrap().stale, [stale]);
    bot.finish(lease, succeeded(), 0).await;
    place.reaches(execution.id, ExecutionState::Succeeded).await;
}

#[tokio::test]
async fn a_run_that_a_restarted_agent_has_forgotten_ends() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(1).await;
    let execution = place.enqueue(&package).await;
    let lease = bot.assignment().await.lease;
    bot.send(AgentMessage::Started { lease }).await;
    place.reaches(execution.id, ExecutionState::Running).await;
    drop(bot);
    let _bot = place.connect(&agent, vec![]).await;
    let ended = place.reaches(execution.id, ExecutionState::Failed).await;
    assert_eq!(ended.error.unwrap().kind, "AgentLost");
}

#[tokio::test]
async fn a_draining_agent_takes_nothing_and_a_disabled_one_is_cut_off() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    let status = |status| UpdateAgent { status: Some(status), ..UpdateAgent::new(agent.id) };
    place.orchestrator.execute(&place.admin, status(AgentStatus::Disabled)).await.unwrap();
    bot.until(|message| matches!(message, ServerMessage::Bye { .. }).then_some(())).await;
    place.orchestrator.execute(&place.admin, status(AgentStatus::Draining)).await.unwrap();
    let draining = place.connect(&agent, vec![]).await;
    draining.ready(1).await;
    let execution = place.enqueue(&package).await;
    let other = place.agent("other").await;
    let mut other = place.connect(&other, vec![]).await;
    other.ready(1).await;
    assert_eq!(other.assignment().await.lease.execution, execution.id);
}

#[tokio::test]
async fn the_same_key_makes_one_execution() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let key = |fingerprint: u8| Some(Idempotency::new("key-1", [fingerprint; 32]).unwrap());
    let once = |fingerprint: u8| {
        place.orchestrator.execute_once(&place.admin, key(fingerprint), EnqueueExecution::new(package.id))
    };
    let tries: Vec<_> = (0..10).map(|_| once(1)).collect();
    let made = futures_util::future::join_all(tries).await;
    let ids: std::collections::BTreeSet<_> = made.into_iter().map(|made| made.unwrap().id).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(once(2).await.unwrap_err().code(), "idempotency.mismatch");
}

#[tokio::test]
async fn a_retry_is_a_new_execution_of_the_same_version() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let execution = place.enqueue(&package).await;
    let retry = || place.orchestrator.execute(&place.admin, RetryExecution::new(execution.id));
    assert_eq!(retry().await.unwrap_err().code(), "execution.open");
    place.orchestrator.execute(&place.admin, CancelExecution { id: execution.id }).await.unwrap();
    let again = retry().await.unwrap();
    assert_eq!(again.version_id, execution.version_id);
    assert!(matches!(again.origin, Origin::Retry { of, .. } if of == execution.id));
}

#[tokio::test]
async fn a_package_in_use_is_not_deleted() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let execution = place.enqueue(&package).await;
    let delete = || place.orchestrator.execute(&place.admin, DeletePackage { id: package.id });
    assert_eq!(delete().await.unwrap_err().code(), "package.in_use");
    place.orchestrator.execute(&place.admin, CancelExecution { id: execution.id }).await.unwrap();
    delete().await.unwrap();
    let gone = place.orchestrator.execute(&place.admin, EnqueueExecution::new(package.id)).await;
    assert_eq!(gone.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn one_version_is_active_and_numbers_are_never_used_again() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let second = place.publish(&package, &MANIFEST.replace("1.0.0", "1.1.0")).await;
    let here = place.environment().await;
    let active = place.orchestrator.store().active_version(package.id, here).await.unwrap().unwrap();
    assert_eq!(active.id, second.id);
    let command =
        openautomate_core::command::package::PublishVersion::new(package.id, super::place::archive(MANIFEST));
    let again = place.orchestrator.execute(&place.admin, command).await;
    assert_eq!(again.unwrap_err().code(), "version.exists");
}

#[tokio::test]
async fn what_another_server_could_not_deliver_is_given_again() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    let execution = place.enqueue(&package).await;
    // A server that was killed just after: its commit came when the agent had said hello here.
    let (now, ttl) = (SystemClock.now(), place.orchestrator.settings().lease_ttl);
    let before = now - TimeDelta::seconds(10);
    let claim = ClaimRequest {
        agent_id: agent.id,
        environment_id: agent.environment_id,
        labels: Vec::new(),
        os: String::new(),
        python_versions: Vec::new(),
        pool_ids: Vec::new(),
        limit: 1,
        now,
        lease_until: before + TimeDelta::from_std(ttl).unwrap(),
    };
    assert_eq!(place.orchestrator.store().claim(claim).await.unwrap().len(), 1);
    for _ in 0..2 {
        bot.send(AgentMessage::Heartbeat { leases: vec![], usage: None }).await;
        bot.until(|message| matches!(message, ServerMessage::Renewed { .. }).then_some(())).await;
    }
    place.reaches(execution.id, ExecutionState::Pending).await;
    bot.ready(1).await;
    let assignment = bot.assignment().await;
    assert_eq!((assignment.lease.execution, assignment.lease.epoch), (execution.id, 2));
    // Now it holds it, and keeps it.
    for _ in 0..3 {
        bot.send(AgentMessage::Heartbeat { leases: vec![assignment.lease], usage: None }).await;
        bot.until(|message| matches!(message, ServerMessage::Renewed { .. }).then_some(())).await;
    }
    assert_eq!(place.execution(execution.id).await.state, ExecutionState::Assigned);
}
