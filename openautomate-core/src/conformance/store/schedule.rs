//! Schedules: found when they are due, and fired once.

use super::expect::assert_stale_row;
use super::sample::{self, World, at, instant};
use crate::changes::{Changes, Record, Write};
use crate::clock::Timestamp;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Execution, Firing, Origin, Schedule};
use crate::id::ScheduleId;

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
    assert_eq!(world.store.firings(schedule.id, 10).await.unwrap().len(), 1);
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
    let firing = |due_at: Timestamp| Firing {
        schedule_id: schedule.id,
        due_at,
        fired_at: at(100),
        execution_id: None,
        skipped: Some("overlap".to_owned()),
    };
    let made = Firing { execution_id: Some(execution.id), skipped: None, ..firing(at(2)) };
    let writes = [firing(at(3)), firing(at(1)), made.clone()].map(Write::Fire).to_vec();
    world.store.commit(Changes { writes, ..Changes::none() }).await.unwrap();
    let all = [firing(at(3)), made, firing(at(1))];
    assert_eq!(world.store.firings(schedule.id, 10).await.unwrap(), all);
    assert_eq!(world.store.firings(schedule.id, 2).await.unwrap(), all[..2]);
    assert_eq!(world.store.firings(ScheduleId::new(), 10).await.unwrap(), []);
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
    assert_eq!(world.store.next_due().await.unwrap(), Some(at(10)));
}

/// Without an active schedule nothing is due.
pub async fn nothing_is_due<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    assert_eq!(world.store.next_due().await.unwrap(), None);
    world.insert(Record::Schedule(Box::new(Schedule { is_active: false, ..world.schedule() }))).await;
    assert_eq!(world.store.next_due().await.unwrap(), None);
    assert_eq!(world.store.due_schedules(at(99), 10).await.unwrap(), []);
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

/// An execution that a schedule asked for at [`instant`].
fn fired(world: &World, schedule: &Schedule) -> Execution {
    let origin = Origin::Schedule { schedule_id: schedule.id, due_at: instant() };
    Execution { origin, ..world.execution() }
}

/// The commit that fires a schedule at [`instant`], as a server decides it.
fn fire(schedule: &Schedule, execution: &Execution) -> Changes {
    let moved = Schedule { next_due: Some(at(60)), last_due: Some(instant()), ..schedule.clone() };
    let firing = Firing {
        schedule_id: schedule.id,
        due_at: instant(),
        fired_at: at(1),
        execution_id: Some(execution.id),
        skipped: None,
    };
    let mut changes = Changes::none()
        .insert(Record::Execution(Box::new(execution.clone())))
        .update(Record::Schedule(Box::new(moved)));
    changes.writes.push(Write::Fire(firing));
    changes
}
