//! Schedules: found when they are due, and fired once.

use super::expect::{assert_code, assert_stale_row};
use super::sample::{self, World, at, instant};
use crate::changes::{Changes, Record, Write};
use crate::clock::Timestamp;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Calendar, Execution, ExecutionState, Firing, FiringCause, Origin, RunStatus, Schedule};
use crate::error::ErrorKind;
use crate::id::{CalendarId, ScheduleId};
use crate::query::FiringFilter;

/// The second firing of one due time is a stale row, and its execution is not written.
pub async fn fires_once<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let schedule = world.schedule();
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    let (first, second) = (fired(&world, &schedule), fired(&world, &schedule));
    world.store.commit(fire(&schedule, &first)).await.unwrap();
    // Also at the revision that the first left: the firing itself is the key.
    let current = Schedule { revision: 1, ..schedule.clone() };
    assert_stale_row(world.store.commit(fire(&current, &second)).await);
    assert_eq!(world.store.execution(second.id).await.unwrap(), None);
    let stored = world.store.schedule(schedule.id).await.unwrap().unwrap();
    assert_eq!((stored.next_due, stored.last_due, stored.revision), (Some(at(60)), Some(instant()), 1));
    assert_eq!(all_firings(&world, &schedule).await.len(), 1);
}

/// A firing takes the place of one that was skipped, once; of none, and of one that made an execution, it is stale.
pub async fn a_skipped_one_fires_once<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let schedule = world.schedule();
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    let again = |execution: &Execution, due_at| {
        let firing = Firing {
            cause: FiringCause::Backfill,
            requested_by: Some(world.user.id),
            ..Firing::new(schedule.id, 3, due_at, at(9)).made(execution.id)
        };
        let mut changes = Changes::none().insert(Record::Execution(Box::new(execution.clone())));
        changes.writes.push(Write::FireSkipped(firing.clone()));
        (changes, firing)
    };
    let (first, second) = (fired(&world, &schedule), fired(&world, &schedule));
    assert_stale_row(world.store.commit(again(&first, instant()).0).await);
    let skipped = Firing { due_times: 7, ..Firing::new(schedule.id, 2, instant(), at(1)).skipped("misfire") };
    let changes = Changes { writes: vec![Write::Fire(skipped.clone())], ..Changes::none() };
    world.store.commit(changes).await.unwrap();
    assert_eq!(all_firings(&world, &schedule).await, [skipped]);
    let (changes, firing) = again(&first, instant());
    world.store.commit(changes).await.unwrap();
    assert_stale_row(world.store.commit(again(&second, instant()).0).await);
    assert_eq!(world.store.execution(second.id).await.unwrap(), None);
    assert_eq!(all_firings(&world, &schedule).await, [firing]);
}

/// Two servers that fire the same due time at once make one execution.
pub async fn two_servers_fire_once<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let peer = fixture.peer().await;
    for round in 0..10 {
        let schedule = world.schedule();
        world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
        let commits = [world.store.clone(), peer.clone()].map(|server| {
            let changes = fire(&schedule, &fired(&world, &schedule));
            tokio::spawn(async move { server.commit(changes).await })
        });
        let mut won = 0;
        for commit in commits {
            match commit.await.unwrap() {
                Ok(()) => won += 1,
                lost => assert_stale_row(lost),
            }
        }
        assert_eq!(won, 1, "round {round}");
        assert_eq!(world.store.open_executions_of_schedule(schedule.id).await.unwrap().len(), 1);
    }
}

/// Firings are read with every field, the latest due time first, no more than asked.
pub async fn firings<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let schedule = world.schedule();
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    let execution = world.enqueue(fired(&world, &schedule)).await;
    let firing = |due_at: Timestamp| Firing::new(schedule.id, 7, due_at, at(100)).skipped("overlap");
    let made = Firing {
        cause: FiringCause::RunNow,
        requested_by: Some(world.user.id),
        due_times: u64::MAX,
        schedule_revision: None,
        ..Firing::new(schedule.id, 0, at(2), at(100)).made(execution.id)
    };
    let writes = [firing(at(3)), firing(at(1)), made.clone()].map(Write::Fire).to_vec();
    world.store.commit(Changes { writes, ..Changes::none() }).await.unwrap();
    let all = [firing(at(3)), made, firing(at(1))];
    let firings = async |from: Option<i64>, before: Option<i64>, limit| {
        let filter = FiringFilter { from: from.map(at), before: before.map(at) };
        world.store.firings(schedule.id, filter, limit).await.unwrap()
    };
    assert_eq!(firings(None, None, 10).await, all);
    assert_eq!(firings(None, None, 2).await, all[..2]);
    assert_eq!(firings(Some(2), None, 10).await, all[..2]);
    assert_eq!(firings(None, Some(2), 10).await, all[2..]);
    assert_eq!(firings(Some(2), Some(3), 10).await, all[1..2]);
    let none = world.store.firings(ScheduleId::new(), FiringFilter::default(), 10).await.unwrap();
    assert_eq!(none, []);
}

/// Due are active schedules that are not deleted, the longest due first, no more than asked.
pub async fn due<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut made = Vec::new();
    for seconds in [30, 10, 20, 40] {
        let schedule = Schedule { next_due: Some(at(seconds)), ..world.schedule() };
        world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
        made.push(schedule);
    }
    let base = || Schedule { next_due: Some(at(5)), ..world.schedule() };
    world.insert(Record::Schedule(Box::new(Schedule { is_active: false, ..base() }))).await;
    world.insert(Record::Schedule(Box::new(Schedule { deleted_at: Some(at(1)), ..base() }))).await;
    world.insert(Record::Schedule(Box::new(Schedule { next_due: None, ..base() }))).await;
    let due = async |now, limit| {
        let due = world.store.due_schedules(now, limit).await.unwrap();
        due.into_iter().map(|schedule| schedule.id).collect::<Vec<_>>()
    };
    assert_eq!(due(at(9), 10).await, []);
    assert_eq!(due(at(30), 10).await, [made[1].id, made[2].id, made[0].id]);
    assert_eq!(due(at(99), 2).await, [made[1].id, made[2].id]);
    assert_eq!(world.store.next_fire().await.unwrap(), Some(at(10)));
}

/// A schedule fires as long after its due time as its delay says.
pub async fn a_delay_counts<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let late = Schedule { next_due: Some(at(10)), delay_ms: 30_500, ..world.schedule() };
    let early = Schedule { next_due: Some(at(20)), delay_ms: 1_000, ..world.schedule() };
    for schedule in [&late, &early] {
        world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    }
    let due = async |now| {
        let due = world.store.due_schedules(now, 10).await.unwrap();
        due.into_iter().map(|schedule| schedule.id).collect::<Vec<_>>()
    };
    assert_eq!(world.store.next_fire().await.unwrap(), Some(at(21)));
    assert_eq!(due(at(20)).await, []);
    assert_eq!(due(at(40)).await, [early.id]);
    assert_eq!(due(at(41)).await, [early.id, late.id]);
}

/// Without an active schedule nothing is due.
pub async fn nothing_is_due<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    assert_eq!(world.store.next_fire().await.unwrap(), None);
    world.insert(Record::Schedule(Box::new(Schedule { is_active: false, ..world.schedule() }))).await;
    assert_eq!(world.store.next_fire().await.unwrap(), None);
    assert_eq!(world.store.due_schedules(at(99), 10).await.unwrap(), []);
}

/// A queued due time is free when no execution of its schedule is open; the longest waiting is first.
pub async fn queued<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    assert!(!world.store.has_queued().await.unwrap());
    let queue = |seconds| Schedule { queued_due: Some(at(seconds)), ..world.schedule() };
    let (second, first, busy) = (queue(20), queue(10), queue(5));
    let gone = Schedule { deleted_at: Some(at(1)), is_active: false, next_due: None, ..queue(1) };
    for schedule in [&second, &first, &busy, &gone, &world.schedule()] {
        world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    }
    let queued = async |limit| {
        let queued = world.store.queued_schedules(limit).await.unwrap();
        queued.into_iter().map(|schedule| schedule.id).collect::<Vec<_>>()
    };
    let (_, lease) = world.running(fired(&world, &busy)).await;
    assert!(world.store.has_queued().await.unwrap());
    assert_eq!(queued(10).await, [first.id, second.id]);
    assert_eq!(queued(1).await, [first.id]);
    world.finish(lease, sample::succeeded(), at(2)).await;
    assert_eq!(queued(10).await, [busy.id, first.id, second.id]);
}

/// Failures and time-outs are counted back to the last success, after an instant, past what was cancelled.
pub async fn failures<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (schedule, other) = (world.schedule(), world.schedule());
    for schedule in [&schedule, &other] {
        world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    }
    let count = async |since, most| world.store.failures_in_a_row(schedule.id, since, most).await.unwrap();
    assert_eq!(count(None, 9).await, 0);
    let ended = async |schedule, status, seconds| {
        let (_, lease) = world.running(fired(&world, schedule)).await;
        let result = match status {
            RunStatus::Succeeded => sample::succeeded(),
            _ => crate::domain::RunResult { status, ..sample::failed() },
        };
        world.finish(lease, result, at(seconds)).await;
    };
    ended(&schedule, RunStatus::Failed, 1).await;
    ended(&schedule, RunStatus::Failed, 2).await;
    assert_eq!((count(None, 9).await, count(None, 1).await), (2, 1));
    ended(&schedule, RunStatus::Succeeded, 3).await;
    assert_eq!(count(None, 9).await, 0);
    ended(&schedule, RunStatus::TimedOut, 4).await;
    ended(&schedule, RunStatus::Cancelled, 5).await;
    ended(&schedule, RunStatus::Failed, 6).await;
    ended(&other, RunStatus::Succeeded, 7).await;
    world.running(fired(&world, &schedule)).await;
    assert_eq!(count(None, 9).await, 2);
    assert_eq!((count(Some(at(4)), 9).await, count(Some(at(6)), 9).await), (1, 0));
}

/// Found are executions of schedules that wait and never began, by how long they wait.
pub async fn not_started<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let schedule = world.schedule();
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    world.running(fired(&world, &schedule)).await;
    world.enqueue(world.execution()).await;
    let mut made = Vec::new();
    for seconds in [10, 30, 20] {
        made.push(world.enqueue(Execution { run_at: at(seconds), ..fired(&world, &schedule) }).await);
    }
    let found = async |after, until, limit| {
        let found = world.store.not_started(at(after), at(until), limit).await.unwrap();
        found.into_iter().map(|execution| execution.id).collect::<Vec<_>>()
    };
    assert_eq!(found(-60, 60, 10).await, [made[0].id, made[2].id, made[1].id]);
    assert_eq!(found(10, 20, 10).await, [made[2].id]);
    assert_eq!(found(-60, 60, 2).await, [made[0].id, made[2].id]);
    let row = world.store.not_started(at(29), at(30), 1).await.unwrap();
    assert_eq!((row[0].state, &row[0]), (ExecutionState::Pending, &made[1]));
}

/// The schedules of a calendar are those that name it and are not deleted, by id.
pub async fn of_a_calendar<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (one, other) = (world.calendar("one"), world.calendar("other"));
    let mut using = Vec::new();
    for calendar in [&one, &other] {
        world.insert(Record::Calendar(calendar.clone())).await;
    }
    for calendar_id in [Some(one.id), Some(other.id), Some(one.id), None] {
        let schedule = Schedule { calendar_id, ..world.schedule() };
        world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
        if calendar_id == Some(one.id) {
            using.push(schedule);
        }
    }
    let gone =
        Schedule { calendar_id: Some(one.id), deleted_at: Some(at(1)), next_due: None, ..world.schedule() };
    world.insert(Record::Schedule(Box::new(gone))).await;
    assert_eq!(world.store.schedules_of_calendar(one.id, 10).await.unwrap(), using);
    assert_eq!(world.store.schedules_of_calendar(one.id, 1).await.unwrap(), using[..1]);
    assert_eq!(world.store.schedules_of_calendar(CalendarId::new(), 10).await.unwrap(), []);
}

/// A calendar that a schedule names is not removed, nor anything of that commit written.
pub async fn a_calendar_in_use_stays<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let calendar = world.calendar("used");
    world.insert(Record::Calendar(calendar.clone())).await;
    let schedule = Schedule { calendar_id: Some(calendar.id), ..world.schedule() };
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    let delete = || Changes {
        writes: vec![Write::DeleteCalendar { id: calendar.id, revision: 0 }],
        ..Changes::none()
    };
    assert_code(world.store.commit(delete()).await, ErrorKind::Conflict, "calendar.in_use");
    let found: Option<Calendar> = world.store.calendar(calendar.id).await.unwrap();
    assert_eq!(found, Some(calendar.clone()));
    world.update(Record::Schedule(Box::new(Schedule { calendar_id: None, ..schedule }))).await;
    world.store.commit(delete()).await.unwrap();
}

/// The open executions of a schedule are those that it made and that have not ended, oldest first.
pub async fn open_executions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (schedule, other) = (world.schedule(), world.schedule());
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    world.insert(Record::Schedule(Box::new(other.clone()))).await;
    let (ended, lease) = world.running(fired(&world, &schedule)).await;
    world.finish(lease, sample::succeeded(), at(2)).await;
    let (runs, _) = world.running(fired(&world, &schedule)).await;
    let retry = world.retried(2).retry;
    let (waits, lease) = world.running(Execution { retry, ..fired(&world, &schedule) }).await;
    world.finish(lease, sample::failed(), at(2)).await;
    let pending = world.enqueue(fired(&world, &schedule)).await;
    world.enqueue(fired(&world, &other)).await;
    world.enqueue(world.execution()).await;
    let open = world.store.open_executions_of_schedule(schedule.id).await.unwrap();
    assert_eq!(open.iter().map(|open| open.id).collect::<Vec<_>>(), [runs.id, waits.id, pending.id]);
    assert_eq!(open[0], world.stored(runs.id).await);
    assert!(!open.iter().any(|open| open.id == ended.id));
}

async fn all_firings(world: &World, schedule: &Schedule) -> Vec<Firing> {
    world.store.firings(schedule.id, FiringFilter::default(), 10).await.unwrap()
}

/// An execution that a schedule asked for at [`instant`].
fn fired(world: &World, schedule: &Schedule) -> Execution {
    let origin = Origin::Schedule { schedule_id: schedule.id, due_at: instant(), cause: FiringCause::Due };
    Execution { origin, ..world.execution() }
}

/// The commit that fires a schedule at [`instant`], as a server decides it.
fn fire(schedule: &Schedule, execution: &Execution) -> Changes {
    let moved = Schedule { next_due: Some(at(60)), last_due: Some(instant()), ..schedule.clone() };
    let firing = Firing::new(schedule.id, schedule.revision, instant(), at(1)).made(execution.id);
    let mut changes = Changes::none()
        .insert(Record::Execution(Box::new(execution.clone())))
        .update(Record::Schedule(Box::new(moved)));
    changes.writes.push(Write::Fire(firing));
    changes
}
