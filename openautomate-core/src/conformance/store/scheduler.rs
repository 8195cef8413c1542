//! Schedulers of several servers over the store, with simulated time: due times are decided on once, edits and pauses
//! are atomic with firings, overlaps and what was missed follow their policies (S1 to S7 of the reliability goals, at
//! their short size).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Timelike as _};

use super::sample::{self, World};
use crate::Orchestrator;
use crate::blob::ObjectBlobStore;
use crate::changes::Record;
use crate::clock::{Clock as _, ManualClock, Timestamp};
use crate::command::calendar::{CalendarSettings, CreateCalendar, UpdateCalendar};
use crate::command::schedule::{
    BackfillSchedule, CreateSchedule, PauseSchedule, ResumeSchedule, RunSchedule, ScheduleSettings,
    UpdateSchedule,
};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Execution, ExecutionState, Firing, Origin, Role, RunResult, RunStatus, Schedule};
use crate::permission::{Actor, Principal};
use crate::query::{ExecutionFilter, FiringFilter, PageRequest};
use crate::schedule::{CalendarRule, DayOff, MisfirePolicy, OverlapPolicy};
use crate::service::Scheduler;
use crate::store::Store;
use crate::vault::Vault;

/// Servers on one database, a clock for all of them, and a person.
struct Servers {
    world: World,
    clock: ManualClock,
    servers: Vec<Orchestrator>,
    admin: Actor,
    _keys: tempfile::TempDir,
}

impl Servers {
    async fn new<F: StoreFixture>(fixture: &F, count: usize) -> Self {
        let world = World::new(fixture.store()).await;
        let keys = tempfile::tempdir().unwrap();
        // A whole minute, so that cases know when something is due.
        let start = sample::instant().with_second(0).and_then(|start| start.with_nanosecond(0)).unwrap();
        let clock = ManualClock::new(start);
        let mut servers = Vec::new();
        for index in 0..count {
            let store: Arc<dyn Store> = if index == 0 { fixture.store() } else { fixture.peer().await };
            let vault = Vault::open_or_create(&keys.path().join("vault.key")).unwrap();
            let server = Orchestrator::builder(store, Arc::new(ObjectBlobStore::memory()), vault);
            servers.push(server.clock(Arc::new(clock.clone())).build().await.unwrap());
        }
        let principal = Principal::User {
            id: world.user.id,
            name: world.user.username.clone(),
            roles: vec![Role::Administrator],
            session: None,
        };
        Self { world, clock, servers, admin: Actor::of(principal), _keys: keys }
    }

    fn settings(&self, expression: &str) -> ScheduleSettings {
        let settings = ScheduleSettings::new("simulated", self.world.package.id, expression);
        ScheduleSettings { overlap: OverlapPolicy::Allow, ..settings }
    }

    async fn create(&self, settings: ScheduleSettings) -> Schedule {
        self.servers[0].execute(&self.admin, CreateSchedule { settings }).await.unwrap()
    }

    /// Moves the clock, and lets every server look until none of them finds anything to do.
    async fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.look().await;
    }

    async fn look(&self) {
        loop {
            let looks = self.servers.iter().map(|server| {
                let scheduler = Scheduler::new(server.clone());
                async move { scheduler.fire_due().await.unwrap() }
            });
            let made: usize = futures_util::future::join_all(looks).await.into_iter().sum();
            let store = &self.world.store;
            let now = self.clock.now();
            let rest = store.due_schedules(now, 1).await.unwrap().len()
                + store.queued_schedules(1).await.unwrap().len();
            if made == 0 && rest == 0 {
                return;
            }
        }
    }

    async fn schedule(&self, schedule: &Schedule) -> Schedule {
        self.world.store.schedule(schedule.id).await.unwrap().unwrap()
    }

    async fn firings(&self, schedule: &Schedule) -> Vec<Firing> {
        self.world.store.firings(schedule.id, FiringFilter::default(), 10_000).await.unwrap()
    }

    async fn executions(&self, schedule: &Schedule) -> Vec<Execution> {
        let filter = ExecutionFilter { schedule_id: Some(schedule.id), ..ExecutionFilter::default() };
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.world.store.executions(&filter, PageRequest::new(after, 200)).await.unwrap();
            for row in &page.items {
                found.push(self.world.stored(row.id).await);
            }
            after = page.next;
            if after.is_none() {
                return found;
            }
        }
    }

    /// The due times that became executions, each as often as it did.
    async fn fired(&self, schedule: &Schedule) -> Vec<Timestamp> {
        let mut due: Vec<_> = self
            .executions(schedule)
            .await
            .iter()
            .map(|execution| match execution.origin {
                Origin::Schedule { due_at, .. } => due_at,
                ref other => panic!("{other:?}"),
            })
            .collect();
        due.sort();
        due
    }

    /// Has the world's agent run what waits and end it so.
    async fn run(&self, status: RunStatus) {
        let now = self.clock.now();
        let request = crate::store::ClaimRequest {
            now,
            lease_until: now + TimeDelta::minutes(1),
            ..self.world.claim_request(100)
        };
        for execution in self.world.store.claim(request).await.unwrap() {
            let lease = execution.lease().unwrap();
            self.world.store.start(lease, self.world.agent.id, now).await.unwrap();
            self.end(&execution, status).await;
        }
    }

    async fn end(&self, execution: &Execution, status: RunStatus) {
        let result = match status {
            RunStatus::Succeeded => sample::succeeded(),
            _ => RunResult { status, ..sample::failed() },
        };
        self.world.finish(execution.lease().unwrap(), result, self.clock.now()).await;
    }
}

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
    assert_eq!(fired.len() as i64, (furthest - start).num_minutes(), "a due time was lost");
}

/// S5: with each overlap policy, runs of random lengths are as in a model of one server.
pub async fn overlaps_follow_their_policy<F: StoreFixture>(fixture: F) {
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
        for _ in 0..40 {
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
            let fired = servers.fired(&schedule).await;
            let mut sorted = expected.clone();
            sorted.sort();
            assert_eq!(fired, sorted, "{policy:?}");
            assert_eq!(servers.schedule(&schedule).await.queued_due, waits, "{policy:?}");
            // The agent takes what was made; what was cancelled it lets go.
            let request = crate::store::ClaimRequest {
                now,
                lease_until: now + TimeDelta::days(1),
                ..servers.world.claim_request(100)
            };
            for execution in servers.world.store.claim(request).await.unwrap() {
                servers
                    .world
                    .store
                    .start(execution.lease().unwrap(), servers.world.agent.id, now)
                    .await
                    .unwrap();
            }
            for execution in servers.executions(&schedule).await {
                if execution.cancel_requested_at.is_some() && execution.state.is_leased() {
                    servers.end(&execution, RunStatus::Cancelled).await;
                }
            }
        }
        let skipped = servers.firings(&schedule).await.iter().filter(|f| f.execution_id.is_none()).count();
        let decided = expected.len() + skipped + usize::from(waits.is_some());
        assert_eq!(decided, 40, "{policy:?}");
        let pause = PauseSchedule { id: schedule.id, reason: "enough".to_owned() };
        servers.servers[0].execute(&servers.admin, pause).await.unwrap();
        for execution in servers.world.store.open_executions_of_schedule(schedule.id).await.unwrap() {
            let cancel = crate::command::execution::CancelExecution { id: execution.id };
            servers.servers[0].execute(&servers.admin, cancel).await.unwrap();
        }
        servers.run(RunStatus::Cancelled).await;
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
        let (edited, fired) =
            tokio::join!(servers.servers[0].execute(&servers.admin, edit), scheduler.fire_due());
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
