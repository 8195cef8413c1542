//! Every field of executions is read as it was written, at each point of their lives.

use serde_json::{Map, json};

use super::round_trip::{ODD, ODD_KEY};
use super::sample::{self, World, at, map};
use crate::changes::Record;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    Concurrency, Execution, ExecutionState, FiringCause, OnAgentLost, Origin, Progress, PythonRequirement,
    Requirements, RetryPolicy, RunError, TraceFrame,
};
use crate::id::ExecutionId;

/// Executions that nobody has run yet, from every origin.
pub async fn new_executions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let schedule = world.schedule();
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    let pool = sample::pool("fast", world.environment.id);
    world.insert(Record::AgentPool(pool.clone())).await;
    let first = world.enqueue(world.execution()).await;
    let user_id = world.user.id;
    let origins = [
        Origin::Manual { user_id },
        Origin::Schedule { schedule_id: schedule.id, due_at: at(-5), cause: FiringCause::Backfill },
        Origin::Retry { user_id, of: first.id },
        Origin::Embedded,
    ];
    for (origin, priority) in origins.into_iter().zip([i32::MIN, i32::MAX, 0, -1]) {
        let execution = Execution {
            origin,
            priority,
            labels: vec!["excel".to_owned(), "linux".to_owned()],
            pinned_agent_id: Some(world.agent.id),
            inputs: map(json!({
                "text": ODD, "none": null, "yes": true, "whole": u64::MAX, "negative": i64::MIN, "real": 0.5,
                "list": [1, [2], {"deep": {"er": []}}], "": "empty key",
            })),
            requirements: Requirements {
                os: Some("linux".to_owned()),
                python: Some(PythonRequirement::parse("python", ">=3.11, !=3.12.1").unwrap()),
                pool_id: Some(pool.id),
            },
            concurrency: Some(Concurrency { key: ODD_KEY.to_owned(), limit: u32::MAX }),
            queue_timeout_ms: Some(1),
            retry: RetryPolicy {
                backoff_factor: 0.1 + 0.2,
                max_backoff_ms: 1,
                jitter: true,
                only_errors: vec!["ValueError".to_owned()],
                ..RetryPolicy::new(u32::MAX, i64::MAX as u64, OnAgentLost::Retry)
            },
            timeout_ms: Some(i64::MAX as u64),
            run_at: at(1_000_000_000),
            ..world.execution()
        };
        world.enqueue(execution.clone()).await;
        assert_eq!(world.stored(execution.id).await, execution);
    }
    assert_eq!(world.stored(first.id).await, first);
}

/// Executions that have ended, as an import writes them.
pub async fn ended_executions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let error = RunError {
        kind: "ValueError".to_owned(),
        message: ODD.to_owned(),
        traceback: Some("Traceback (most recent call last):\n  File \"main.py\"\n".to_owned()),
        frames: vec![
            TraceFrame { file: "main.py".to_owned(), line: 1, function: "<module>".to_owned() },
            TraceFrame { file: "invoices/reader.py".to_owned(), line: u32::MAX, function: "read".to_owned() },
        ],
    };
    let ended = Execution {
        id: ExecutionId::new(),
        state: ExecutionState::Failed,
        outputs: Some(map(json!({"partial": [1, 2, 3]}))),
        error: Some(error),
        lease_epoch: 3,
        agent_id: Some(world.agent.id),
        failed_attempts: 3,
        progress: Some(Progress { fraction: 1.0, message: Some(ODD.to_owned()) }),
        cancel_requested_at: Some(at(4)),
        started_at: Some(at(1)),
        ended_at: Some(at(5)),
        revision: 12,
        ..world.execution()
    };
    let bare = Execution {
        state: ExecutionState::Succeeded,
        outputs: Some(Map::new()),
        ended_at: Some(at(5)),
        ..world.execution()
    };
    for execution in [ended, bare] {
        world.enqueue(execution.clone()).await;
        assert_eq!(world.stored(execution.id).await, execution);
    }
}

/// An update of an execution writes everything that can change.
pub async fn updated_executions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let first = world.enqueue(world.execution()).await;
    let changed = Execution {
        state: ExecutionState::Cancelled,
        priority: 7,
        labels: vec!["sap".to_owned()],
        pinned_agent_id: Some(world.agent.id),
        inputs: map(json!({"page": 2})),
        outputs: Some(map(json!({"read": 0}))),
        error: Some(RunError::new("Cancelled", "cancelled before it ran")),
        requirements: Requirements { os: Some("windows".to_owned()), ..Requirements::default() },
        concurrency: Some(Concurrency { key: "sap".to_owned(), limit: 2 }),
        queue_timeout_ms: Some(5),
        retry: RetryPolicy::new(9, 9, OnAgentLost::Retry),
        timeout_ms: Some(1),
        run_at: at(3),
        failed_attempts: 1,
        progress: Some(Progress { fraction: 0.0, message: None }),
        cancel_requested_at: Some(at(4)),
        started_at: Some(at(5)),
        ended_at: Some(at(6)),
        ..first
    };
    world.update(Record::Execution(Box::new(changed.clone()))).await;
    assert_eq!(world.stored(changed.id).await, Execution { revision: 1, ..changed });
}
