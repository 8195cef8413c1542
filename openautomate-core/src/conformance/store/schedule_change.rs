//! What people change of schedules while they fire: edits, pauses, requests and calendars are atomic with firings (S7 of
//! the reliability goals, at its short size).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;

use super::sample;
use super::servers::Servers;
use crate::changes::Record;
use crate::clock::Clock as _;
use crate::command::calendar::{CalendarSettings, CreateCalendar, UpdateCalendar};
use crate::command::schedule::{
    BackfillSchedule, PauseSchedule, ResumeSchedule, RunSchedule, ScheduleSettings, UpdateSchedule,
};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{ExecutionState, RunStatus};
use crate::schedule::{CalendarRule, DayOff, OverlapPolicy};
use crate::service::Scheduler;

/// S7: edits and pauses that race with due times: every firing was decided on by one revision of the schedule that was
/// committed, and made what that revision says.
pub async fn edits_race_with_firings<F: StoreFixture>(fixture: F) {
    const ROUNDS: i64 = 40;
    let servers = Servers::new(&fixture, 2).await;
    let named = |round: i64| {
        let inputs = sample::map(serde_json::json!({"round": round}));
        ScheduleSettings { inputs, ..servers.settings("* * * * * *") }
    };
    let schedule = servers.create(named(0)).await;
    // Which round's inputs the schedule has from each revision on.
    let mut rounds = BTreeMap::from([(schedule.revision, 0)]);
    for round in 1..=ROUNDS {
        servers.clock.advance(Duration::from_secs(1));
        let edit = UpdateSchedule { id: schedule.id, revision: None, settings: named(round) };
        let scheduler = Scheduler::new(servers.servers[1].clone());
        // Who is asked first is sometimes the one, sometimes the other.
        let edited = servers.servers[0].execute(&servers.admin, edit);
        let (edited, fired) = if round % 2 == 0 {
            tokio::join!(edited, scheduler.fire_due())
        } else {
            let (fired, edited) = tokio::join!(scheduler.fire_due(), edited);
            (edited, fired)
        };
        fired.unwrap();
        rounds.insert(edited.unwrap().revision, round);
        if round % 10 == 0 {
            let pause = PauseSchedule { id: schedule.id, reason: "a pause".to_owned() };
            let (paused, fired) =
                tokio::join!(servers.servers[0].execute(&servers.admin, pause), scheduler.fire_due());
            let paused = paused.unwrap();
            fired.unwrap();
            servers.pass(5).await;
            let after = servers.firings(&schedule).await;
            assert!(after.iter().all(|firing| firing.schedule_revision < Some(paused.revision)), "{after:?}");
            let resume = ResumeSchedule { id: schedule.id };
            servers.servers[0].execute(&servers.admin, resume).await.unwrap();
        }
    }
    let executions: BTreeMap<_, _> =
        servers.executions(&schedule).await.into_iter().map(|execution| (execution.id, execution)).collect();
    let firings = servers.firings(&schedule).await;
    assert_eq!(firings.iter().filter(|firing| firing.execution_id.is_some()).count(), executions.len());
    assert!(!executions.is_empty());
    for firing in firings {
        let Some(id) = firing.execution_id else { continue };
        let revision = firing.schedule_revision.unwrap();
        let (_, round) = rounds.range(..=revision).next_back().unwrap();
        assert_eq!(executions[&id].inputs["round"], *round, "{firing:?}");
    }
}

/// After so many failures in a row the schedule pauses, whoever sees them; a resume begins to count anew.
pub async fn failures_pause<F: StoreFixture>(fixture: F) {
    let servers = Servers::new(&fixture, 2).await;
    let settings = ScheduleSettings { pause_after_failures: Some(3), ..servers.settings("* * * * *") };
    let schedule = servers.create(settings).await;
    for round in 0..2 {
        for status in [
            RunStatus::Failed,
            RunStatus::Succeeded,
            RunStatus::TimedOut,
            RunStatus::Cancelled,
            RunStatus::Failed,
        ] {
            servers.pass(60).await;
            servers.run(status).await;
            assert!(servers.schedule(&schedule).await.is_active, "{round} {status:?}");
        }
        servers.pass(60).await;
        servers.run(RunStatus::Failed).await;
        let before = servers.fired(&schedule).await.len();
        servers.pass(60).await;
        let paused = servers.schedule(&schedule).await;
        let pause = paused.pause.unwrap();
        assert_eq!((paused.is_active, paused.next_due), (false, None));
        assert_eq!(
            (pause.by.name.as_str(), pause.reason.as_str()),
            ("system", "3 executions in a row failed")
        );
        servers.pass(600).await;
        assert_eq!(servers.fired(&schedule).await.len(), before, "a paused schedule fired");
        servers.servers[round].execute(&servers.admin, ResumeSchedule { id: schedule.id }).await.unwrap();
    }
}

/// Of runs at once and backfills that race, each due time makes at most one execution, and the overlap policy holds.
pub async fn requests_race<F: StoreFixture>(fixture: F) {
    let servers = Servers::new(&fixture, 2).await;
    let schedule = servers.create(servers.settings("*/10 * * * *")).await;
    let (to, from) = (servers.clock.now(), servers.clock.now() - TimeDelta::hours(2));
    let backfill =
        |limit| BackfillSchedule { id: schedule.id, from, to, limit, overlap: OverlapPolicy::Allow };
    let (one, two) = tokio::join!(
        servers.servers[0].execute(&servers.admin, backfill(100)),
        servers.servers[1].execute(&servers.admin, backfill(100)),
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.executions.len() + two.executions.len(), 12);
    assert_eq!(one.had_one + two.had_one, 12);
    let fired = servers.fired(&schedule).await;
    assert_eq!((fired.len(), fired.iter().collect::<BTreeSet<_>>().len()), (12, 12));
    let refused = servers.servers[0].execute(&servers.admin, backfill(11)).await.unwrap_err();
    assert_eq!(refused.field(), Some("to"));
    let run = || RunSchedule { id: schedule.id, overlap: Some(OverlapPolicy::Skip) };
    assert_eq!(
        servers.servers[0].execute(&servers.admin, run()).await.unwrap_err().code(),
        "schedule.overlap"
    );
    servers.run(RunStatus::Succeeded).await;
    let (one, two) = tokio::join!(
        servers.servers[0].execute(&servers.admin, run()),
        servers.servers[1].execute(&servers.admin, run()),
    );
    let refused = if one.is_ok() { two } else { one };
    assert_eq!(refused.unwrap_err().code(), "schedule.overlap");
    let next = servers.schedule(&schedule).await.next_due;
    assert_eq!(next, schedule.next_due, "a request moved the next due time");
}

/// Changes of a calendar that race with firings: a firing that is decided on after a change follows it, and the next due
/// time is one of the present calendar.
pub async fn calendar_changes_race_with_firings<F: StoreFixture>(fixture: F) {
    let servers = Servers::new(&fixture, 2).await;
    let today = servers.clock.now().date_naive();
    let off = |days: &[i64]| {
        let day = |days: &i64| DayOff {
            date: today + TimeDelta::days(*days),
            name: String::new(),
            yearly: false,
            until: None,
        };
        CalendarSettings {
            name: "holidays".to_owned(),
            weekend: Vec::new(),
            days: days.iter().map(day).collect(),
        }
    };
    let calendar =
        servers.servers[0].execute(&servers.admin, CreateCalendar { settings: off(&[]) }).await.unwrap();
    let settings = servers.settings("0 12 * * *");
    let settings =
        ScheduleSettings { calendar_id: Some(calendar.id), calendar_rule: CalendarRule::Skip, ..settings };
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(servers.create(settings.clone()).await);
    }
    let noon = |days: i64| (today + TimeDelta::days(days)).and_hms_opt(12, 0, 0).unwrap().and_utc();
    for day in 1..12 {
        servers.clock.set(noon(day));
        // The day that begins is made free while it is decided on; the day after is free in every other round.
        let days: &[i64] = if day % 2 == 0 { &[day, day + 1] } else { &[day] };
        let change = UpdateCalendar { id: calendar.id, revision: None, settings: off(days) };
        let scheduler = Scheduler::new(servers.servers[1].clone());
        let (changed, fired) =
            tokio::join!(servers.servers[0].execute(&servers.admin, change), scheduler.fire_due());
        changed.unwrap();
        fired.unwrap();
        servers.look().await;
        for schedule in &made {
            let schedule = servers.schedule(schedule).await;
            let next = if day % 2 == 0 { day + 2 } else { day + 1 };
            assert_eq!(schedule.next_due, Some(noon(next)), "day {day}");
        }
    }
    let kept = servers.world.store.calendar(calendar.id).await.unwrap().unwrap();
    let delete = crate::command::calendar::DeleteCalendar { id: kept.id };
    assert_eq!(
        servers.servers[0].execute(&servers.admin, delete).await.unwrap_err().code(),
        "calendar.in_use"
    );
    let open = servers.world.store.open_executions_of_schedule(made[0].id).await.unwrap();
    assert!(open.iter().all(|execution| execution.state == ExecutionState::Pending));
    // What was read before is stale: the commit of a firing decided on with the old days.
    let stale = Record::Calendar(calendar);
    let refused = servers.world.store.commit(crate::changes::Changes::none().update(stale)).await;
    assert!(refused.unwrap_err().is_stale_row());
}
