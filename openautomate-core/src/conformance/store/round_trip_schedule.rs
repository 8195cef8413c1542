//! Every field of schedules and calendars is read as it was written.

use serde_json::json;

use super::round_trip::ODD;
use super::sample::{self, World, at, instant, map};
use crate::changes::Record;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    Agent, AgentStatus, Calendar, Concurrency, Execution, ExecutionOptions, ExecutionState, Pause,
    RetryOptions, Role, Schedule, User,
};
use crate::schedule::{CalendarRule, DstGap, DstOverlap, MisfirePolicy, OverlapPolicy};

fn options() -> ExecutionOptions {
    ExecutionOptions {
        os: Some("linux".to_owned()),
        python: Some(">=3.11".to_owned()),
        pool: Some(ODD.to_owned()),
        concurrency: Some(Concurrency { key: "sap-{region}".to_owned(), limit: 3 }),
        retry: RetryOptions {
            max_attempts: Some(4),
            backoff_factor: Some(1.5),
            jitter: Some(true),
            only_errors: Some(vec!["ValueError".to_owned()]),
            ..RetryOptions::default()
        },
        queue_timeout_ms: Some(60_000),
    }
}

/// Schedules.
pub async fn schedules<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let calendar = world.calendar("holidays");
    world.insert(Record::Calendar(calendar.clone())).await;
    let empty = Schedule { next_due: None, is_active: false, ..world.schedule() };
    let full = Schedule {
        name: ODD.to_owned(),
        max_catchup: u32::MAX,
        catchup_window_ms: i64::MAX as u64,
        inputs: map(json!({"month": "last", "list": [null]})),
        options: options(),
        starts_at: Some(at(1)),
        ends_at: Some(at(2)),
        jitter_ms: i64::MAX as u64,
        calendar_id: Some(calendar.id),
        calendar_rule: CalendarRule::RunBefore,
        pause_after_failures: Some(u32::MAX),
        is_active: false,
        pause: Some(Pause { at: at(4), by: sample::audit("x").actor, reason: ODD.to_owned() }),
        resumed_at: Some(at(5)),
        delay_ms: 1_500,
        queued_due: Some(at(6)),
        last_due: Some(at(-60)),
        deleted_at: Some(at(3)),
        revision: 4,
        ..world.schedule()
    };
    for schedule in [empty, full] {
        world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
        assert_eq!(world.store.schedule(schedule.id).await.unwrap(), Some(schedule.clone()));
        let changed = Schedule {
            name: "changed".to_owned(),
            cron_expression: "0 0 * * 1".to_owned(),
            time_zone: "UTC".to_owned(),
            max_catchup: 1,
            catchup_window_ms: 10_000,
            inputs: map(json!({"changed": true})),
            options: ExecutionOptions { pool: Some("fast".to_owned()), ..ExecutionOptions::default() },
            starts_at: schedule.starts_at.is_none().then(|| at(7)),
            ends_at: schedule.ends_at.is_none().then(|| at(8)),
            jitter_ms: 60_000,
            calendar_id: schedule.calendar_id.is_none().then_some(calendar.id),
            calendar_rule: CalendarRule::RunAfter,
            pause_after_failures: schedule.pause_after_failures.is_none().then_some(3),
            is_active: !schedule.is_active,
            pause: None,
            resumed_at: schedule.resumed_at.is_none().then(|| at(12)),
            delay_ms: 2,
            queued_due: schedule.queued_due.is_none().then(|| at(13)),
            next_due: schedule.next_due.is_none().then(|| at(9)),
            last_due: Some(instant()),
            updated_at: at(10),
            deleted_at: schedule.deleted_at.is_none().then(|| at(11)),
            ..schedule
        };
        world.update(Record::Schedule(Box::new(changed.clone()))).await;
        let expected = Schedule { revision: changed.revision + 1, ..changed };
        assert_eq!(world.store.schedule(expected.id).await.unwrap(), Some(expected));
    }
}

/// Calendars.
pub async fn calendars<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let empty = Calendar { weekend: Vec::new(), days: Vec::new(), ..world.calendar("empty") };
    for calendar in [empty, world.calendar(ODD)] {
        world.insert(Record::Calendar(calendar.clone())).await;
        assert_eq!(world.store.calendar(calendar.id).await.unwrap(), Some(calendar.clone()));
        let name = format!("{} again", calendar.name);
        let changed = Calendar { name, updated_at: at(9), ..world.calendar("x") };
        let changed = Calendar { id: calendar.id, ..changed };
        world.update(Record::Calendar(changed.clone())).await;
        let expected = Calendar { revision: 1, ..changed };
        assert_eq!(world.store.calendar(calendar.id).await.unwrap(), Some(expected));
    }
}

/// The policies of schedules, each of them.
pub async fn schedule_policies<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let policies = [
        (DstGap::RunAfter, DstOverlap::First, MisfirePolicy::Skip, OverlapPolicy::Allow),
        (DstGap::Skip, DstOverlap::Second, MisfirePolicy::Latest, OverlapPolicy::Skip),
        (DstGap::RunAfter, DstOverlap::Both, MisfirePolicy::All, OverlapPolicy::QueueOne),
        (DstGap::Skip, DstOverlap::First, MisfirePolicy::All, OverlapPolicy::CancelRunning),
    ];
    let base = world.schedule();
    world.insert(Record::Schedule(Box::new(base.clone()))).await;
    for ((dst_gap, dst_overlap, misfire, overlap), revision) in policies.into_iter().zip(0..) {
        let changed = Schedule { dst_gap, dst_overlap, misfire, overlap, revision, ..base.clone() };
        world.update(Record::Schedule(Box::new(changed.clone()))).await;
        let expected = Schedule { revision: revision + 1, ..changed };
        assert_eq!(world.store.schedule(base.id).await.unwrap(), Some(expected));
    }
}

/// Every state and status that a row can have.
pub async fn enumerations<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let statuses = [AgentStatus::Draining, AgentStatus::Disabled, AgentStatus::Active];
    for (status, revision) in statuses.into_iter().zip(0..) {
        world.update(Record::Agent(Agent { status, revision, ..world.agent.clone() })).await;
        assert_eq!(world.store.agent(world.agent.id).await.unwrap().unwrap().status, status);
    }
    for (role, revision) in Role::ALL.into_iter().zip(0..) {
        world.update(Record::User(User { roles: vec![role], revision, ..world.user.clone() })).await;
        assert_eq!(world.store.user(world.user.id).await.unwrap().unwrap().roles, [role]);
    }
    for state in ExecutionState::ALL.into_iter().filter(|state| state.is_terminal()) {
        let ended = Execution { state, ended_at: Some(at(1)), ..world.execution() };
        world.enqueue(ended.clone()).await;
        assert_eq!(world.stored(ended.id).await, ended);
    }
}
