//! Schedulers of several servers over the store, with simulated time: due times are decided on once, and overlaps and
//! what was missed follow their policies (S1 and S3 to S6 of the reliability goals, at their short size).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;

use super::servers::Servers;
use crate::clock::{Clock as _, Timestamp};
use crate::command::schedule::{PauseSchedule, ScheduleSettings};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Origin, RunStatus, Schedule};
use crate::schedule::{MisfirePolicy, OverlapPolicy};
use crate::service::Scheduler;
use crate::store::ClaimRequest;

/// S1: with three servers every due time of every schedule fires once, also if passes are broken off half-way.
pub async fn every_due_time_fires_once<F: StoreFixture>(fixture: F) {
    const SCHEDULES: usize = 8;
    const SECONDS: usize = 25;
    let servers = Servers::new(&fixture, 3).await;
    let mut made = Vec::new();
    for _ in 0..SCHEDULES {
        made.push(servers.create(servers.settings("* * * * * *")).await);
    }
    let start = servers.clock.now();
    for second in 0..SECONDS {
        servers.clock.advance(Duration::from_secs(1));
        if second % 3 == 0 {
            // A server that is killed: its pass ends somewhere.
            let scheduler = Scheduler::new(servers.servers[second % 2].clone());
            let killed = Duration::from_millis(second as u64 % 7);
            let _ = tokio::time::timeout(killed, scheduler.fire_due()).await;
        }
        servers.look().await;
    }
    let expected: Vec<Timestamp> =
        (1..=SECONDS).map(|second| start + TimeDelta::seconds(i64::try_from(second).unwrap())).collect();
    for schedule in &made {
        assert_eq!(servers.fired(schedule).await, expected);
        assert_eq!(servers.firings(schedule).await.len(), SECONDS);
    }
}

/// S3: after any down time the policy says how many of the missed due times run, and all others are counted.
pub async fn what_was_missed_follows_the_policy<F: StoreFixture>(fixture: F) {
    const HOUR: u64 = 3_600;
    let servers = Servers::new(&fixture, 2).await;
    for down in [0, 1, 5, 30, 24 * 40, 24 * 400] {
        let mut all = Vec::new();
        for misfire in [MisfirePolicy::Skip, MisfirePolicy::Latest, MisfirePolicy::All] {
            let settings = servers.settings("0 * * * *");
            let window = 365 * 86_400_000;
            let settings =
                ScheduleSettings { misfire, max_catchup: 4, catchup_window_ms: window, ..settings };
            all.push((misfire, servers.create(settings).await));
        }
        let next = all[0].1.next_due.unwrap();
        // Down until half an hour after a due time, so that all of them were missed.
        servers.clock.advance((next - servers.clock.now()).to_std().unwrap() + Duration::from_secs(HOUR / 2));
        servers.clock.advance(Duration::from_secs(HOUR * down));
        servers.look().await;
        let missed = down + 1;
        for (misfire, schedule) in &all {
            let most = match misfire {
                MisfirePolicy::Skip => 0,
                MisfirePolicy::Latest => 1,
                MisfirePolicy::All => missed.min(4),
            };
            let firings = servers.firings(schedule).await;
            let skipped: u64 = firings.iter().filter(|f| f.skipped.is_some()).map(|f| f.due_times).sum();
            assert_eq!(servers.fired(schedule).await.len() as u64, most, "{misfire:?} after {down} hours");
            assert_eq!(skipped, missed - most, "{misfire:?} after {down} hours");
            assert!(servers.schedule(schedule).await.next_due.unwrap() > servers.clock.now());
            let pause = PauseSchedule { id: schedule.id, reason: "enough".to_owned() };
            servers.servers[1].execute(&servers.admin, pause).await.unwrap();
        }
    }
}

/// S4: a clock that jumps back fires nothing twice, and one that jumps ahead loses nothing that the policy keeps.
pub async fn clock_jumps_neither_lose_nor_double<F: StoreFixture>(fixture: F) {
    let servers = Servers::new(&fixture, 2).await;
    let settings = servers.settings("* * * * *");
    let window = 2 * 86_400_000;
    let settings = ScheduleSettings {
        misfire: MisfirePolicy::All,
        max_catchup: 1_000,
        catchup_window_ms: window,
        ..settings
    };
    let schedule = servers.create(settings).await;
    let start = servers.clock.now();
    let mut furthest = start;
    for jump in [1, 300, -1, -300, 7_200, -7_200, 1, -1, 36_000, -36_000, 7_200, 300] {
        servers.clock.set(servers.clock.now() + TimeDelta::seconds(jump));
        servers.look().await;
        servers.pass(60).await;
        furthest = furthest.max(servers.clock.now());
    }
    let fired = servers.fired(&schedule).await;
    let unique: BTreeSet<_> = fired.iter().collect();
    assert_eq!(unique.len(), fired.len(), "a due time fired twice");
    let minutes = usize::try_from((furthest - start).num_minutes()).unwrap();
    assert_eq!(fired.len(), minutes, "a due time was lost");
}

/// S5: with each overlap policy, a thousand runs of random lengths in all are as in a model of one server.
pub async fn overlaps_follow_their_policy<F: StoreFixture>(fixture: F) {
    const ROUNDS: usize = 250;
    let servers = Servers::new(&fixture, 2).await;
    for (index, policy) in
        [OverlapPolicy::Allow, OverlapPolicy::Skip, OverlapPolicy::QueueOne, OverlapPolicy::CancelRunning]
            .into_iter()
            .enumerate()
    {
        let schedule =
            servers.create(ScheduleSettings { overlap: policy, ..servers.settings("* * * * *") }).await;
        // The model: what runs ends after so many minutes; one due time may wait.
        let (mut running, mut waits, mut expected) = (BTreeMap::<Timestamp, u64>::new(), None, Vec::new());
        let mut random = 0x9E37_79B9_7F4A_7C15_u64.wrapping_add(index as u64);
        for _ in 0..ROUNDS {
            // xorshift64, by Marsaglia.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let length = random % 4;
            servers.clock.advance(Duration::from_secs(60));
            let now = servers.clock.now();
            // Whatever has run its time ends just before the next due time is decided on.
            for minutes in running.values_mut() {
                *minutes = minutes.saturating_sub(1);
            }
            for execution in servers.world.store.open_executions_of_schedule(schedule.id).await.unwrap() {
                let Origin::Schedule { due_at, .. } = execution.origin else { panic!("{execution:?}") };
                let is_over = running.get(&due_at).is_none_or(|minutes| *minutes == 0);
                if is_over && execution.state.is_leased() {
                    servers.end(&execution, RunStatus::Succeeded).await;
                    running.remove(&due_at);
                }
            }
            if running.is_empty()
                && let Some(due) = waits.take()
            {
                running.insert(due, length);
                expected.push(due);
            }
            match policy {
                OverlapPolicy::Allow => drop(running.insert(now, length)),
                _ if running.is_empty() => drop(running.insert(now, length)),
                OverlapPolicy::Skip => {}
                OverlapPolicy::QueueOne => waits = waits.or(Some(now)),
                OverlapPolicy::CancelRunning => {
                    running.clear();
                    running.insert(now, length);
                }
            }
            expected.extend(running.contains_key(&now).then_some(now));
            servers.look().await;
            assert_eq!(servers.schedule(&schedule).await.queued_due, waits, "{policy:?}");
            take_up(&servers, &schedule).await;
        }
        expected.sort();
        assert_eq!(servers.fired(&schedule).await, expected, "{policy:?}");
        let skipped = servers.firings(&schedule).await.iter().filter(|f| f.execution_id.is_none()).count();
        let decided = expected.len() + skipped + usize::from(waits.is_some());
        assert_eq!(decided, ROUNDS, "{policy:?}");
        let pause = PauseSchedule { id: schedule.id, reason: "enough".to_owned() };
        servers.servers[0].execute(&servers.admin, pause).await.unwrap();
    }
}

/// The agent takes what a schedule made, and ends what was cancelled.
async fn take_up(servers: &Servers, schedule: &Schedule) {
    let (world, now) = (&servers.world, servers.clock.now());
    let lease_until = now + TimeDelta::days(1);
    let request = ClaimRequest { now, lease_until, ..world.claim_request(100) };
    for execution in world.store.claim(request).await.unwrap() {
        world.store.start(execution.lease().unwrap(), world.agent.id, now).await.unwrap();
    }
    for execution in world.store.open_executions_of_schedule(schedule.id).await.unwrap() {
        if execution.cancel_requested_at.is_some() && execution.state.is_leased() {
            servers.end(&execution, RunStatus::Cancelled).await;
        }
    }
}

/// S6: when the server that fired is gone, the next due time is fired by another, in the pass in which it is due.
pub async fn another_server_goes_on<F: StoreFixture>(fixture: F) {
    let mut servers = Servers::new(&fixture, 3).await;
    let schedule = servers.create(servers.settings("* * * * *")).await;
    for left in [3, 2, 1] {
        servers.servers.truncate(left);
        servers.servers.rotate_left(left - 1);
        for _ in 0..3 {
            servers.pass(60).await;
            let last = servers.firings(&schedule).await.remove(0);
            assert_eq!((last.due_at, last.fired_at), (servers.clock.now(), servers.clock.now()));
        }
    }
    assert_eq!(servers.fired(&schedule).await.len(), 9);
}
