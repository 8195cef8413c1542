//! Where and when executions run: what they ask for, what holds them back, and that this is told as it is.

use std::time::Duration;

use chrono::TimeDelta;
use openautomate_core::clock::Clock as _;
use openautomate_core::command::agent::UpdateAgent;
use openautomate_core::command::agent_pool::{CreateAgentPool, DeleteAgentPool};
use openautomate_core::command::execution::{CancelExecution, EnqueueExecution};
use openautomate_core::command::package::UpdatePackage;
use openautomate_core::command::schedule::{CreateSchedule, ScheduleSettings};
use openautomate_core::domain::{
    Agent, AgentStatus, Concurrency, ConcurrencyScope, Execution, ExecutionOptions, ExecutionState,
    HoldReason, MaintenanceWindow, Mismatch, OnAgentLost, Package, Rest, RetryOptions, RunError, RunResult,
    RunStatus,
};
use openautomate_core::error::Result;
use openautomate_core::id::ExecutionId;
use openautomate_core::query::{ExecutionFilter, FiringFilter, PageRequest};
use openautomate_core::service::{LeaseReaper, Scheduler};
use openautomate_core::transport::{AgentMessage, ServerMessage};

use super::place::Place;

fn keyed(key: &str, limit: u32) -> ExecutionOptions {
    ExecutionOptions {
        concurrency: Some(Concurrency { key: key.to_owned(), limit }),
        ..ExecutionOptions::default()
    }
}

async fn enqueue(place: &Place, package: &Package, options: ExecutionOptions) -> Result<Execution> {
    let command = EnqueueExecution { options, ..EnqueueExecution::new(package.id) };
    place.orchestrator.execute(&place.admin, command).await
}

async fn update(place: &Place, command: UpdateAgent) -> Agent {
    place.orchestrator.execute(&place.admin, command).await.unwrap()
}

async fn reasons(place: &Place, id: ExecutionId) -> Vec<HoldReason> {
    place.orchestrator.explain(id).await.unwrap().reasons
}

fn succeeded() -> RunResult {
    RunResult::succeeded(serde_json::Map::new())
}

#[tokio::test]
async fn what_ends_makes_way_at_once_for_what_its_limit_held_back() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let (one, other) = (place.agent("one").await, place.agent("other").await);
    let mut first = place.connect(&one, vec![]).await;
    let mut second = place.connect(&other, vec![]).await;
    first.ready(1).await;
    let running = enqueue(&place, &package, keyed("sap", 1)).await.unwrap();
    let assignment = first.assignment().await;
    second.ready(1).await;
    let waiting = enqueue(&place, &package, keyed("sap", 1)).await.unwrap();
    let limit = HoldReason::Limit {
        scope: ConcurrencyScope::Key,
        key: Some("sap".to_owned()),
        limit: 1,
        held: 1,
        held_by: vec![running.id],
    };
    assert_eq!(reasons(&place, waiting.id).await, [limit]);
    // The clock stands still, so that no look by time helps; and the first agent says nothing of its free slot.
    first.finish(assignment.lease, succeeded(), 0).await;
    assert_eq!(second.assignment().await.lease.execution, waiting.id);
}

#[tokio::test]
async fn a_higher_limit_makes_way_at_once() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let limit = |max_concurrent| UpdatePackage {
        id: package.id,
        revision: None,
        name: None,
        description: None,
        max_concurrent: Some(max_concurrent),
    };
    place.orchestrator.execute(&place.admin, limit(1)).await.unwrap();
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(5).await;
    let (first, second) = (place.enqueue(&package).await, place.enqueue(&package).await);
    assert_eq!(bot.assignment().await.lease.execution, first.id);
    let held = reasons(&place, second.id).await;
    let scope =
        |reason: &HoldReason| matches!(reason, HoldReason::Limit { scope: ConcurrencyScope::Package, .. });
    assert!(held.len() == 1 && scope(&held[0]), "{held:?}");
    place.orchestrator.execute(&place.admin, limit(0)).await.unwrap();
    assert_eq!(bot.assignment().await.lease.execution, second.id);
    let error = place.orchestrator.execute(&place.admin, limit(u32::MAX)).await.unwrap_err();
    assert_eq!(error.fields()[0].field, "maxConcurrent");
}

#[tokio::test]
async fn an_execution_waits_for_the_agent_that_it_is_pinned_to() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let (one, other) = (place.agent("one").await, place.agent("other").await);
    let mut present = place.connect(&other, vec![]).await;
    present.ready(5).await;
    let command = EnqueueExecution { agent_id: Some(one.id), ..EnqueueExecution::new(package.id) };
    let pinned = place.orchestrator.execute(&place.admin, command).await.unwrap();
    let after = place.enqueue(&package).await;
    assert_eq!(present.assignment().await.lease.execution, after.id, "it holds nobody up");
    let away = HoldReason::AgentsAway { agents: vec![one.id], count: 1, since: one.last_heartbeat };
    assert_eq!(reasons(&place, pinned.id).await, [away]);
    place.clock.advance(Duration::from_secs(30 * 24 * 3_600));
    LeaseReaper::new(place.orchestrator.clone()).reap().await.unwrap();
    assert_eq!(place.execution(pinned.id).await.state, ExecutionState::Pending);
    let mut bot = place.connect(&one, vec![]).await;
    assert_eq!(reasons(&place, pinned.id).await, [], "it is there");
    bot.ready(1).await;
    assert_eq!(bot.assignment().await.lease.execution, pinned.id);
    let reason = reasons(&place, pinned.id).await;
    assert!(matches!(reason[0], HoldReason::Leased { agent_id, .. } if agent_id == one.id));
}

#[tokio::test]
async fn what_agents_lack_is_counted() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let options = ExecutionOptions { os: Some("windows".to_owned()), ..ExecutionOptions::default() };
    let command =
        EnqueueExecution { labels: vec!["sap".to_owned()], options, ..EnqueueExecution::new(package.id) };
    let execution = place.orchestrator.execute(&place.admin, command).await.unwrap();
    assert_eq!(reasons(&place, execution.id).await, [HoldReason::NoAgent]);
    let (one, _) = (place.agent("one").await, place.agent("other").await);
    update(&place, UpdateAgent { labels: Some(vec!["sap".to_owned()]), ..UpdateAgent::new(one.id) }).await;
    let explained = reasons(&place, execution.id).await;
    let HoldReason::NoSuitableAgent { agents: 2, lacking } = &explained[0] else { panic!("{explained:?}") };
    let lacking: Vec<_> = lacking.iter().map(|lack| (lack.mismatch.clone(), lack.agents)).collect();
    assert_eq!(lacking, [(Mismatch::Os, 2), (Mismatch::Label { label: "sap".to_owned() }, 1)]);
    assert!(explained[0].message().contains("1 lack the label sap"), "{}", explained[0].message());
}

#[tokio::test]
async fn an_agent_rests_while_it_is_drained_or_maintained() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    let now = place.clock.now();
    let until = now + TimeDelta::hours(1);
    let drain = UpdateAgent {
        status: Some(AgentStatus::Draining),
        drain_until: Some(until),
        ..UpdateAgent::new(agent.id)
    };
    update(&place, drain).await;
    bot.ready(1).await;
    let execution = place.enqueue(&package).await;
    let explained = reasons(&place, execution.id).await;
    let HoldReason::AgentsResting { agents, count: 1 } = &explained[0] else { panic!("{explained:?}") };
    assert_eq!((agents[0].agent_id, &agents[0].rest), (agent.id, &Rest::Draining { until: Some(until) }));
    assert_eq!(place.execution(execution.id).await.state, ExecutionState::Pending);
    // A window that begins when the drain ends.
    let window = MaintenanceWindow::Once { starts_at: until, ends_at: until + TimeDelta::hours(1) };
    let windows = UpdateAgent { maintenance_windows: Some(vec![window]), ..UpdateAgent::new(agent.id) };
    update(&place, windows).await;
    place.clock.advance(Duration::from_secs(3_600));
    let explained = reasons(&place, execution.id).await;
    let HoldReason::AgentsResting { agents, .. } = &explained[0] else { panic!("{explained:?}") };
    assert_eq!(agents[0].rest, Rest::Maintenance { until: until + TimeDelta::hours(1) });
    place.clock.advance(Duration::from_secs(3_600));
    assert_eq!(bot.assignment().await.lease.execution, execution.id);
}

#[tokio::test]
async fn what_waits_too_long_ends_and_says_why() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let options = ExecutionOptions { queue_timeout_ms: Some(60_000), ..ExecutionOptions::default() };
    let execution = enqueue(&place, &package, options).await.unwrap();
    place.clock.advance(Duration::from_secs(59));
    LeaseReaper::new(place.orchestrator.clone()).reap().await.unwrap();
    assert_eq!(place.execution(execution.id).await.state, ExecutionState::Pending);
    place.clock.advance(Duration::from_secs(1));
    let ended = place.reaches(execution.id, ExecutionState::TimedOut).await;
    assert_eq!((ended.error.unwrap().kind.as_str(), ended.lease_epoch), ("QueueTimeout", 0));
    assert_eq!(reasons(&place, execution.id).await, [HoldReason::Ended]);
}

#[tokio::test]
async fn a_trigger_overrules_its_package_and_a_schedule_too() {
    let place = Place::new().await;
    let package = place.package("greeter").await;
    let manifest = format!(
        "{}retries = 4\nqueue_timeout = '1h'\n[tool.openautomate.requires]\nos = 'linux'\npython = '>=3.10'\n\
         [tool.openautomate.concurrency]\nkey = 'all'\n[tool.openautomate.retry]\nfactor = 3.0\njitter = true\n",
        super::place::MANIFEST
    );
    place.publish(&package, &manifest).await;
    let plain = place.enqueue(&package).await;
    let python = plain.requirements.python.as_ref().map(|python| python.specifier().to_owned());
    assert_eq!((plain.requirements.os.as_deref(), python.as_deref()), (Some("linux"), Some(">=3.10")));
    assert_eq!(plain.concurrency, Some(Concurrency { key: "all".to_owned(), limit: 1 }));
    assert_eq!((plain.queue_timeout_ms, plain.retry.max_attempts), (Some(3_600_000), 5));
    assert!(plain.retry.jitter && (plain.retry.backoff_factor - 3.0).abs() < 1e-9);

    let command = CreateAgentPool { name: "fast".into(), description: String::new(), environment_id: None };
    let pool = place.orchestrator.execute(&place.admin, command).await.unwrap();
    let own = ExecutionOptions {
        os: Some("windows".to_owned()),
        pool: Some("FAST".to_owned()),
        retry: RetryOptions { max_attempts: Some(2), ..RetryOptions::default() },
        ..keyed("mine", 3)
    };
    let execution = enqueue(&place, &package, own.clone()).await.unwrap();
    assert_eq!(execution.requirements.os.as_deref(), Some("windows"));
    assert_eq!(execution.requirements.pool_id, Some(pool.id));
    assert_eq!(execution.concurrency, Some(Concurrency { key: "mine".to_owned(), limit: 3 }));
    assert_eq!((execution.retry.max_attempts, execution.retry.jitter), (2, true));
    let delete = || place.orchestrator.execute(&place.admin, DeleteAgentPool { id: pool.id });
    assert_eq!(delete().await.unwrap_err().code(), "agent_pool.in_use");

    let settings = ScheduleSettings { options: own, ..ScheduleSettings::new("s", package.id, "* * * * *") };
    let schedule = place.orchestrator.execute(&place.admin, CreateSchedule { settings }).await.unwrap();
    place.clock.advance(Duration::from_secs(60));
    Scheduler::new(place.orchestrator.clone()).fire_due().await.unwrap();
    let filter = ExecutionFilter { schedule_id: Some(schedule.id), ..Default::default() };
    let fired =
        place.orchestrator.store().executions(&filter, PageRequest::new(None, 9)).await.unwrap().items;
    let fired = place.execution(fired[0].id).await;
    assert_eq!(
        (&fired.requirements, &fired.concurrency, &fired.retry),
        (&execution.requirements, &execution.concurrency, &execution.retry)
    );
    for id in [execution.id, fired.id] {
        place.orchestrator.execute(&place.admin, CancelExecution { id }).await.unwrap();
    }
    delete().await.unwrap();
    // The pool is gone: the next due time says so, and no execution is made that would wait for ever.
    place.clock.advance(Duration::from_secs(60));
    Scheduler::new(place.orchestrator.clone()).fire_due().await.unwrap();
    let firings = place.orchestrator.store().firings(schedule.id, FiringFilter::default(), 1).await.unwrap();
    assert_eq!(firings[0].skipped.as_deref(), Some("invalidOptions"));
}

#[tokio::test]
async fn a_setting_that_would_not_be_kept_is_refused() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let default = ExecutionOptions::default;
    let retry = |retry| ExecutionOptions { retry, ..default() };
    for (field, options) in [
        ("os", ExecutionOptions { os: Some("beos".to_owned()), ..default() }),
        ("python", ExecutionOptions { python: Some("new".to_owned()), ..default() }),
        ("pool", ExecutionOptions { pool: Some("nowhere".to_owned()), ..default() }),
        ("concurrency", keyed("sap", 0)),
        ("concurrency", keyed("", 1)),
        ("concurrency", keyed("{region}", 1)),
        ("queueTimeoutMs", ExecutionOptions { queue_timeout_ms: Some(0), ..default() }),
        ("retry", retry(RetryOptions { max_attempts: Some(0), ..RetryOptions::default() })),
        ("retry", retry(RetryOptions { backoff_factor: Some(0.0), ..RetryOptions::default() })),
        (
            "retry",
            retry(RetryOptions {
                only_errors: Some(vec!["ValueError".to_owned()]),
                on_agent_lost: Some(OnAgentLost::Retry),
                ..RetryOptions::default()
            }),
        ),
    ] {
        let error = enqueue(&place, &package, options.clone()).await.unwrap_err();
        assert_eq!(
            error.fields().first().map(|wrong| wrong.field.as_str()),
            Some(field),
            "{options:?} {error:?}"
        );
    }
    let all =
        place.orchestrator.store().executions(&ExecutionFilter::default(), PageRequest::new(None, 9)).await;
    assert_eq!(all.unwrap().items, [], "nothing is half written");
    let agent = place.agent("bot").await;
    let past = Some(place.clock.now());
    for (field, command) in [
        ("drainUntil", UpdateAgent { drain_until: past, ..UpdateAgent::new(agent.id) }),
        (
            "drainUntil",
            UpdateAgent {
                status: Some(AgentStatus::Draining),
                drain_until: past,
                ..UpdateAgent::new(agent.id)
            },
        ),
        (
            "poolIds",
            UpdateAgent {
                pool_ids: Some(vec![openautomate_core::id::PoolId::new()]),
                ..UpdateAgent::new(agent.id)
            },
        ),
    ] {
        let error = place.orchestrator.execute(&place.admin, command).await.unwrap_err();
        assert_eq!(error.fields()[0].field, field);
    }
}

#[tokio::test]
async fn only_the_named_errors_are_repeated() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(1).await;
    let options = ExecutionOptions {
        retry: RetryOptions {
            max_attempts: Some(5),
            backoff_ms: Some(1_000),
            only_errors: Some(vec!["ConnectionError".to_owned()]),
            ..RetryOptions::default()
        },
        ..ExecutionOptions::default()
    };
    let execution = enqueue(&place, &package, options).await.unwrap();
    let failed = |kind: &str| RunResult::ended(RunStatus::Failed, RunError::new(kind, "no"));
    let first = bot.assignment().await.lease;
    bot.finish(first, failed("ConnectionError"), 0).await;
    let waiting = place.reaches(execution.id, ExecutionState::Waiting).await;
    let backoff = HoldReason::BackOff { until: waiting.run_at, failed_attempts: 1 };
    assert_eq!(reasons(&place, execution.id).await[0], backoff);
    bot.ready(1).await;
    place.clock.advance(Duration::from_secs(1));
    LeaseReaper::new(place.orchestrator.clone()).reap().await.unwrap();
    let second = bot.assignment().await.lease;
    bot.finish(second, failed("ValueError"), 0).await;
    let ended = place.reaches(execution.id, ExecutionState::Failed).await;
    assert_eq!(ended.failed_attempts, 2);
}

#[tokio::test]
async fn a_cancel_gives_the_place_back() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(2).await;
    let running = enqueue(&place, &package, keyed("sap", 1)).await.unwrap();
    let lease = bot.assignment().await.lease;
    bot.send(AgentMessage::Started { lease }).await;
    let next = enqueue(&place, &package, keyed("sap", 1)).await.unwrap();
    place.orchestrator.execute(&place.admin, CancelExecution { id: running.id }).await.unwrap();
    bot.until(|message| matches!(message, ServerMessage::Cancel { .. }).then_some(())).await;
    let cancelled = RunResult::ended(RunStatus::Cancelled, RunError::new("Cancelled", "asked for"));
    bot.send(AgentMessage::Finished { lease, result: cancelled, final_log_seq: 0 }).await;
    assert_eq!(bot.assignment().await.lease.execution, next.id);
}
