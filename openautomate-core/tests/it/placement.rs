//! Rules that hold for any execution: what is explained is what a claim does, and attempts end.

use std::sync::Arc;

use chrono::TimeDelta;
use openautomate_core::Orchestrator;
use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::changes::Record;
use openautomate_core::clock::{ManualClock, Timestamp};
use openautomate_core::conformance::store::sample::{self, World, at, instant};
use openautomate_core::domain::{
    Agent, AgentFacts, AgentPool, AgentStatus, Concurrency, Environment, Execution, MaintenanceWindow,
    OnAgentLost, Package, PythonRequirement, Requirements, RetryPolicy, RunError, RunResult, RunStatus,
    TIMED_OUT,
};
use openautomate_core::store::ClaimRequest;
use openautomate_core::store::memory::MemoryStore;
use openautomate_core::vault::Vault;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

#[derive(Clone, Debug)]
struct AgentCase {
    labels: usize,
    os: &'static str,
    pythons: usize,
    in_pool: bool,
    status: AgentStatus,
    drain_until: Option<i64>,
    window: Option<(i64, i64)>,
    heard_of: i64,
    slots: u32,
}

#[derive(Clone, Debug)]
struct ExecutionCase {
    labels: usize,
    os: Option<&'static str>,
    python: Option<&'static str>,
    in_pool: bool,
    pinned: Option<usize>,
    group: Option<(&'static str, u32)>,
    run_at: i64,
    queue_timeout_ms: Option<u64>,
}

#[derive(Clone, Debug)]
struct Case {
    agents: Vec<AgentCase>,
    /// What runs already: by which agent, in which group.
    running: Vec<(usize, Option<&'static str>)>,
    package_limit: Option<u32>,
    environment_limit: Option<u32>,
    execution: ExecutionCase,
}

const LABELS: [&[&str]; 3] = [&[], &["excel"], &["excel", "sap"]];
const PYTHONS: [&[&str]; 3] = [&[], &["3.10.4"], &["3.10.4", "3.12.1"]];

fn agent() -> impl Strategy<Value = AgentCase> {
    let status = select(vec![
        AgentStatus::Active,
        AgentStatus::Active,
        AgentStatus::Active,
        AgentStatus::Draining,
        AgentStatus::Disabled,
    ]);
    let window = select(vec![None, None, Some((-5, 0)), Some((-5, 5)), Some((0, 5)), Some((1, 5))]);
    let times = (select(vec![None, Some(-1), Some(0), Some(1)]), window, select(vec![0, -59, -60]));
    (0_usize..3, select(vec!["linux", "windows"]), 0_usize..3, any::<bool>(), status, times, 1_u32..3)
        .prop_map(|(labels, os, pythons, in_pool, status, (drain_until, window, heard_of), slots)| {
            AgentCase { labels, os, pythons, in_pool, status, drain_until, window, heard_of, slots }
        })
}

fn execution() -> impl Strategy<Value = ExecutionCase> {
    let group = select(vec![None, Some(("sap", 1)), Some(("sap", 2)), Some(("crm", 1))]);
    let wishes = (
        select(vec![0, 0, 1, 2]),
        select(vec![None, None, Some("linux"), Some("windows")]),
        select(vec![None, None, Some(">=3.11"), Some("<3.11"), Some("==3.13.*")]),
        prop::bool::weighted(0.3),
    );
    let times = (select(vec![-10, -1, 0, 1]), select(vec![None, None, Some(1_000), Some(60_000)]));
    (wishes, select(vec![None, None, None, Some(0), Some(1)]), group, times).prop_map(
        |((labels, os, python, in_pool), pinned, group, (run_at, queue_timeout_ms))| ExecutionCase {
            labels,
            os,
            python,
            in_pool,
            pinned,
            group,
            run_at,
            queue_timeout_ms,
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let running = prop::collection::vec((0_usize..3, select(vec![None, Some("sap"), Some("crm")])), 0..4);
    let limit = || select(vec![None, None, Some(1), Some(2), Some(3)]);
    (prop::collection::vec(agent(), 0..4), running, limit(), limit(), execution()).prop_map(
        |(agents, running, package_limit, environment_limit, execution)| Case {
            agents,
            running,
            package_limit,
            environment_limit,
            execution,
        },
    )
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

async fn orchestrator(world: &World, keys: &tempfile::TempDir) -> Orchestrator {
    let vault = Vault::open_or_create(&keys.path().join("vault.key")).unwrap();
    Orchestrator::builder(Arc::clone(&world.store), Arc::new(ObjectBlobStore::memory()), vault)
        .clock(Arc::new(ManualClock::new(instant())))
        .build()
        .await
        .unwrap()
}

fn request(agent: &Agent, limit: u32) -> ClaimRequest {
    ClaimRequest {
        agent_id: agent.id,
        environment_id: agent.environment_id,
        labels: agent.labels.clone(),
        os: agent.facts.os.clone(),
        python_versions: agent.facts.python_versions.clone(),
        pool_ids: agent.pool_ids.clone(),
        limit,
        now: instant(),
        lease_until: at(60),
    }
}

async fn make_agent(world: &World, case: &AgentCase, number: usize, pool: &AgentPool) -> Agent {
    let time = |seconds: i64| -> Timestamp { at(seconds) };
    let agent = Agent {
        labels: texts(LABELS[case.labels]),
        pool_ids: if case.in_pool { vec![pool.id] } else { Vec::new() },
        status: case.status,
        drain_until: case.drain_until.map(time),
        maintenance_windows: case
            .window
            .map(|(from, to)| MaintenanceWindow::Once { starts_at: time(from), ends_at: time(to) })
            .into_iter()
            .collect(),
        ..sample::agent(&format!("agent-{number}"), world.environment.id, world.user.id)
    };
    world.insert(Record::Agent(agent.clone())).await;
    let facts = AgentFacts {
        os: case.os.to_owned(),
        python_versions: texts(PYTHONS[case.pythons]),
        ..AgentFacts::default()
    };
    world.store.connect_agent(agent.id, facts, case.slots, time(case.heard_of)).await.unwrap();
    world.store.agent(agent.id).await.unwrap().unwrap()
}

/// Whether an execution is explained as held back by nothing, and whether an agent that takes something gets it.
async fn explained_and_claimed(case: &Case, keys: &tempfile::TempDir) -> (bool, bool, String) {
    let world = World::new(Arc::new(MemoryStore::new())).await;
    // The one that the world comes with is none of the case's.
    world.update(Record::Agent(Agent { deleted_at: Some(at(-9)), ..world.agent.clone() })).await;
    let pool = sample::pool("fast", world.environment.id);
    world.insert(Record::AgentPool(pool.clone())).await;
    let mut agents = Vec::new();
    for (number, agent) in case.agents.iter().enumerate() {
        agents.push(make_agent(&world, agent, number, &pool).await);
    }
    for (index, key) in &case.running {
        let Some(agent) = agents.get(*index) else { continue };
        let concurrency = key.map(|key| Concurrency { key: key.to_owned(), limit: 99 });
        world.enqueue(Execution { concurrency, ..world.execution() }).await;
        assert_eq!(world.store.claim(request(agent, 1)).await.unwrap().len(), 1);
    }
    let package = Package { max_concurrent: case.package_limit, ..world.package.clone() };
    world.update(Record::Package(package)).await;
    let environment = Environment { max_concurrent: case.environment_limit, ..world.environment.clone() };
    world.update(Record::Environment(environment)).await;
    let wish = &case.execution;
    let execution = Execution {
        labels: texts(LABELS[wish.labels]),
        requirements: Requirements {
            os: wish.os.map(str::to_owned),
            python: wish.python.map(|text| PythonRequirement::parse("python", text).unwrap()),
            pool_id: wish.in_pool.then_some(pool.id),
        },
        pinned_agent_id: wish.pinned.and_then(|index| agents.get(index)).map(|agent| agent.id),
        concurrency: wish.group.map(|(key, limit)| Concurrency { key: key.to_owned(), limit }),
        run_at: at(wish.run_at),
        queue_timeout_ms: wish.queue_timeout_ms,
        ..world.execution()
    };
    world.enqueue(execution.clone()).await;
    let explanation = orchestrator(&world, keys).await.explain(execution.id).await.unwrap();
    let mut claimed = false;
    let leases = world.store.leases_by_agent(world.environment.id).await.unwrap();
    for agent in &agents {
        let held = leases.iter().find(|(id, _)| *id == agent.id).map_or(0, |(_, count)| *count);
        let is_present = instant() - agent.last_heartbeat < TimeDelta::seconds(60);
        if is_present && agent.rest(instant()).is_none() && held < u64::from(agent.slots) {
            claimed |= !world.store.claim(request(agent, 1)).await.unwrap().is_empty();
        }
    }
    (explanation.reasons.is_empty(), claimed, format!("{:?}", explanation.reasons))
}

#[test]
fn what_nothing_holds_back_is_what_a_claim_gives() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let keys = tempfile::tempdir().unwrap();
    let mut free = 0;
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let result = runner.run(&case(), |case| {
        let (explained, claimed, reasons) = runtime.block_on(explained_and_claimed(&case, &keys));
        prop_assert_eq!(explained, claimed, "{}", reasons);
        Ok(())
    });
    result.unwrap();
    // Otherwise the cases would all be held back.
    let mut more = TestRunner::deterministic();
    for _ in 0..100 {
        let case = case().new_tree(&mut more).unwrap().current();
        free += usize::from(runtime.block_on(explained_and_claimed(&case, &keys)).0);
    }
    assert!((5..95).contains(&free), "{free} of 100");
}

proptest! {
    /// Whatever the attempts of an execution come to, there are never more than its policy allows.
    #[test]
    fn attempts_never_exceed_the_policy(
        max_attempts in 1_u32..8,
        backoff_ms in 0_u64..100_000,
        factor in 1.0_f64..100.0,
        jitter: bool,
        retries_losses: bool,
        only_timeouts: bool,
        statuses in prop::collection::vec(
            select(vec![RunStatus::Failed, RunStatus::Failed, RunStatus::TimedOut, RunStatus::Lost]), 10..20),
    ) {
        let on_agent_lost = if retries_losses { OnAgentLost::Retry } else { OnAgentLost::Fail };
        let retry = RetryPolicy {
            backoff_factor: factor,
            jitter,
            only_errors: if only_timeouts { vec![TIMED_OUT.to_owned()] } else { Vec::new() },
            ..RetryPolicy::new(max_attempts, backoff_ms, on_agent_lost)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let world = runtime.block_on(World::new(Arc::new(MemoryStore::new())));
        let mut execution = Execution { retry, ..world.execution() };
        let mut attempts = 0;
        for status in statuses {
            attempts += 1;
            let result = RunResult::ended(status, RunError::new(format!("{status:?}"), "no"));
            let after = execution.after_attempt(&result, instant());
            let again = execution.after_attempt(&result, instant());
            prop_assert_eq!(after, again, "the same question has the same answer");
            execution.failed_attempts = after.failed_attempts;
            if after.state.is_terminal() {
                break;
            }
            prop_assert!(after.run_at - instant() <= TimeDelta::days(1));
            prop_assert!(!only_timeouts || status == RunStatus::TimedOut);
            prop_assert!(status != RunStatus::Lost || retries_losses);
        }
        prop_assert!(attempts <= max_attempts, "{attempts} attempts");
        prop_assert_eq!(execution.failed_attempts, attempts);
    }
}
