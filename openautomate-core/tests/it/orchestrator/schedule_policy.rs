//! Schedules: queues, pauses after failures, jitter, what is late, and why one does not fire.

use std::time::Duration;

use chrono::TimeDelta;
use openautomate_core::changes::Event;
use openautomate_core::clock::Clock as _;
use openautomate_core::command::schedule::{
    CreateSchedule, PauseSchedule, RunSchedule, ScheduleSettings, UpdateSchedule,
};
use openautomate_core::domain::{Package, Role, RunError, RunResult, RunStatus, Schedule};
use openautomate_core::error::ErrorKind;
use openautomate_core::id::UserId;
use openautomate_core::orchestrator::{ScheduleHold, Settings};
use openautomate_core::permission::{Actor, Principal};
use openautomate_core::query::FiringFilter;
use openautomate_core::schedule::OverlapPolicy;
use serde_json::Map;
use tokio::sync::broadcast::Receiver;

use super::place::Place;

const PATIENCE: Duration = Duration::from_secs(10);

async fn schedule(place: &Place, package: &Package, change: impl FnOnce(&mut ScheduleSettings)) -> Schedule {
    let mut settings = ScheduleSettings::new("each minute", package.id, "* * * * *");
    change(&mut settings);
    place.orchestrator.execute(&place.admin, CreateSchedule { settings }).await.unwrap()
}

async fn stored(place: &Place, schedule: &Schedule) -> Schedule {
    place.orchestrator.store().schedule(schedule.id).await.unwrap().unwrap()
}

/// Waits for an event that `pick` takes.
async fn hears<T>(events: &mut Receiver<Event>, pick: impl Fn(Event) -> Option<T>) -> T {
    let heard = async {
        loop {
            if let Some(found) = pick(events.recv().await.unwrap()) {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("the event comes")
}

fn pending(event: Event) -> Option<()> {
    matches!(event, Event::ExecutionPending { .. }).then_some(())
}

fn failed() -> RunResult {
    let error = Some(RunError::new("ValueError", "no"));
    RunResult { status: RunStatus::Failed, error, ..RunResult::succeeded(Map::new()) }
}

#[tokio::test]
async fn a_queued_due_time_runs_when_the_running_one_ends() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let agent = place.agent("bot").await;
    let mut agent = place.connect(&agent, Vec::new()).await;
    agent.ready(8).await;
    let mut events = place.orchestrator.subscribe();
    let schedule = schedule(&place, &package, |s| s.overlap = OverlapPolicy::QueueOne).await;
    place.clock.advance(Duration::from_secs(60));
    let first = agent.assignment().await;
    hears(&mut events, pending).await;
    // The next waits, and the one after it is skipped.
    for _ in 0..2 {
        let due = stored(&place, &schedule).await.next_due;
        place.clock.advance(Duration::from_secs(60));
        while stored(&place, &schedule).await.last_due < due {
            hears(&mut events, |event| matches!(event, Event::ScheduleChanged { .. }).then_some(())).await;
        }
    }
    let queued = stored(&place, &schedule).await.queued_due.unwrap();
    let told = place.orchestrator.explain_schedule(&place.admin, schedule.id).await.unwrap();
    assert!(told.holds.contains(&ScheduleHold::Queued { due_at: queued }), "{told:?}");
    // Nothing but the end lets it go: the clock stands still.
    agent.finish(first.lease, RunResult::succeeded(Map::new()), 0).await;
    let second = agent.assignment().await;
    assert_ne!(first.lease.execution, second.lease.execution);
    assert_eq!(stored(&place, &schedule).await.queued_due, None);
    let firings = place.orchestrator.store().firings(schedule.id, FiringFilter::default(), 9).await.unwrap();
    let made = firings.iter().find(|firing| firing.execution_id == Some(second.lease.execution)).unwrap();
    assert_eq!(made.due_at, queued);
    assert_eq!(firings.iter().filter(|firing| firing.skipped.as_deref() == Some("overlap")).count(), 1);
}

#[tokio::test]
async fn a_failure_too_many_pauses_at_once() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let agent = place.agent("bot").await;
    let mut agent = place.connect(&agent, Vec::new()).await;
    agent.ready(8).await;
    let mut events = place.orchestrator.subscribe();
    let schedule = schedule(&place, &package, |s| s.pause_after_failures = Some(2)).await;
    for _ in 0..2 {
        let run = RunSchedule { id: schedule.id, overlap: None };
        place.orchestrator.execute(&place.admin, run).await.unwrap();
        let assigned = agent.assignment().await;
        agent.finish(assigned.lease, failed(), 0).await;
        place.clock.advance(Duration::from_millis(10));
    }
    let paused = hears(&mut events, |event| match event {
        Event::SchedulePaused { schedule_id } => Some(schedule_id),
        _ => None,
    });
    assert_eq!(paused.await, schedule.id);
    let paused = stored(&place, &schedule).await;
    assert_eq!(paused.pause.unwrap().reason, "2 executions in a row failed");
    let told = place.orchestrator.explain_schedule(&place.admin, schedule.id).await.unwrap();
    assert!(matches!(&told.holds[..], [ScheduleHold::Paused { .. }]), "{told:?}");
}

#[tokio::test]
async fn a_jitter_delays_each_firing_by_its_own() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let mut events = place.orchestrator.subscribe();
    let made = schedule(&place, &package, |s| {
        s.overlap = OverlapPolicy::Allow;
        s.jitter_ms = 50_000;
    })
    .await;
    for _ in 0..5 {
        let schedule = stored(&place, &made).await;
        let (due, fire) = (schedule.next_due.unwrap(), schedule.next_fire().unwrap());
        assert!(fire - due <= TimeDelta::seconds(50) && fire - due == schedule.delay_of(due));
        place.clock.set(fire - TimeDelta::milliseconds(1));
        assert_eq!(place.orchestrator.store().due_schedules(place.clock.now(), 9).await.unwrap().len(), 0);
        place.clock.set(fire);
        hears(&mut events, pending).await;
        let firing = place.orchestrator.store().firings(made.id, FiringFilter::default(), 1).await.unwrap();
        assert_eq!((firing[0].due_at, firing[0].fired_at), (due, fire));
    }
}

#[tokio::test]
async fn what_is_late_or_not_begun_is_told_of() {
    let settings = Settings { schedule_late_after: Duration::from_secs(30), ..Settings::default() };
    let place = Place::with(settings).await;
    let package = place.greeter().await;
    let mut events = place.orchestrator.subscribe();
    let schedule = schedule(&place, &package, |s| s.cron_expression = "0 * * * *".into()).await;
    let due = schedule.next_due.unwrap();
    place.clock.set(due + TimeDelta::seconds(45));
    let late = hears(&mut events, |event| match event {
        Event::ScheduleLate { schedule_id, due_at, late_ms } => Some((schedule_id, due_at, late_ms)),
        _ => None,
    });
    assert_eq!(late.await, (schedule.id, due, 45_000));
    // There is no agent, so the execution waits.
    place.clock.advance(Duration::from_secs(31));
    let waits = hears(&mut events, |event| match event {
        Event::ScheduledRunNotStarted { schedule_id, .. } => Some(schedule_id),
        _ => None,
    });
    assert_eq!(waits.await, schedule.id);
}

#[tokio::test]
async fn how_often_depends_on_the_role() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let Principal::User { id, .. } = place.admin.principal else { panic!("the administrator is a person") };
    let actor = |id: UserId, roles: &[Role]| {
        Actor::of(Principal::User { id, name: "bob".into(), roles: roles.to_vec(), session: None })
    };
    let often = |expression: &str| {
        let settings = ScheduleSettings::new("often", package.id, expression);
        CreateSchedule { settings }
    };
    for (roles, expression, is_allowed) in [
        (&[Role::Developer][..], "*/5 * * * * *", false),
        (&[Role::Developer], "*/10 * * * * *", true),
        (&[Role::Operator], "0,59 * * * * *", false),
        (&[Role::Developer, Role::Administrator], "* * * * * *", true),
    ] {
        let made = place.orchestrator.execute(&actor(id, roles), often(expression)).await;
        let field = made.as_ref().err().and_then(|error| error.field());
        assert_eq!(field, (!is_allowed).then_some("cronExpression"), "{roles:?} {expression}");
    }
    // What somebody else set may be given another name, but not be due more often.
    let fast = place.orchestrator.execute(&place.admin, often("* * * * * *")).await.unwrap();
    let mut settings = ScheduleSettings::new("renamed", package.id, "* * * * * *");
    let update = |settings| UpdateSchedule { id: fast.id, revision: None, settings };
    let developer = actor(id, &[Role::Developer]);
    place.orchestrator.execute(&developer, update(settings.clone())).await.unwrap();
    settings.cron_expression = "*/2 * * * * *".into();
    let refused = place.orchestrator.execute(&developer, update(settings)).await;
    assert_eq!(refused.unwrap_err().field(), Some("cronExpression"));
}

#[tokio::test]
async fn what_would_not_be_kept_is_refused() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let now = place.clock.now();
    type Spoil = Box<dyn Fn(&mut ScheduleSettings)>;
    let cases: [(&str, Spoil); 6] = [
        ("jitterMs", Box::new(|s| s.jitter_ms = 60_000)),
        ("jitterMs", Box::new(|s| (s.cron_expression, s.jitter_ms) = ("@daily".into(), 1_800_001))),
        ("pauseAfterFailures", Box::new(|s| s.pause_after_failures = Some(0))),
        ("calendarRule", Box::new(|s| s.calendar_rule = openautomate_core::schedule::CalendarRule::RunAfter)),
        ("calendarId", Box::new(|s| s.calendar_id = Some(openautomate_core::id::CalendarId::new()))),
        ("endsAt", Box::new(move |s| s.ends_at = Some(now + TimeDelta::seconds(1)))),
    ];
    for (field, change) in cases {
        let mut settings = ScheduleSettings::new("x", package.id, "* * * * *");
        change(&mut settings);
        let refused = place.orchestrator.execute(&place.admin, CreateSchedule { settings }).await;
        assert_eq!(refused.unwrap_err().field(), Some(field));
    }
    let schedule = schedule(&place, &package, |_| {}).await;
    let pause = || PauseSchedule { id: schedule.id, reason: "once".into() };
    place.orchestrator.execute(&place.admin, pause()).await.unwrap();
    let again = place.orchestrator.execute(&place.admin, pause()).await.unwrap_err();
    assert_eq!((again.kind(), again.code()), (ErrorKind::Conflict, "schedule.paused"));
}
