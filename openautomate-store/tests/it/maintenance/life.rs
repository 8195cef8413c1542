//! Whatever happens to executions, in whatever order: no rule is broken by it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use openautomate_core::changes::{Changes, Record};
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::sample::{World, at, audit, chunk, user};
use openautomate_core::domain::{
    Execution, ExecutionState, Lease, Role, RunError, RunResult, RunStatus, User,
};
use openautomate_core::id::ExecutionId;
use openautomate_core::store::{ClaimRequest, FinishAttempt, Store};
use openautomate_store::StoreOptions;
use openautomate_store::maintenance::{Check, Database};

use crate::postgres::fixture::{PostgresFixture, address};
use crate::sqlite::fixture::SqliteFixture;

const STEPS: u32 = 300;

/// The same numbers from the same seed (xorshift, Marsaglia 2003).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

struct Life {
    world: World,
    numbers: Numbers,
    now: i64,
    executions: Vec<ExecutionId>,
    leases: Vec<Lease>,
    lines: HashMap<Lease, u64>,
    told: HashSet<Lease>,
}

impl Life {
    async fn step(&mut self) {
        self.now += i64::try_from(self.numbers.below(20)).unwrap();
        match self.numbers.below(12) {
            0 | 1 => self.enqueue().await,
            2..=4 => self.claim().await,
            5 => drop(self.world.store.expire(at(self.now), 2).await.unwrap()),
            6 => drop(self.world.store.wake(at(self.now), 5).await.unwrap()),
            7 => self.cancel().await,
            8 => drop(self.world.store.seal(3).await.unwrap()),
            _ => self.with_a_lease().await,
        }
    }

    async fn enqueue(&mut self) {
        let attempts = 1 + u32::try_from(self.numbers.below(3)).unwrap();
        let execution = Execution { run_at: at(self.now), ..self.world.retried(attempts) };
        self.executions.push(execution.id);
        let changes = Changes::none().insert(Record::Execution(Box::new(execution)));
        self.world
            .store
            .commit(Changes { audit: vec![audit("execution.enqueue")], ..changes })
            .await
            .unwrap();
    }

    async fn claim(&mut self) {
        let (now, lease_until) = (at(self.now), at(self.now + 60));
        let request = ClaimRequest { now, lease_until, ..self.world.claim_request(2) };
        let claimed = self.world.store.claim(request).await.unwrap();
        self.leases.extend(claimed.iter().filter_map(Execution::lease));
    }

    async fn cancel(&mut self) {
        if self.executions.is_empty() {
            return;
        }
        let id = self.executions[self.numbers.below(self.executions.len())];
        let mut execution = self.world.stored(id).await;
        if execution.state.is_terminal() {
            return;
        }
        execution.cancel_requested_at = Some(at(self.now));
        if !execution.state.is_leased() {
            (execution.state, execution.ended_at) = (ExecutionState::Cancelled, Some(at(self.now)));
        }
        self.world.update(Record::Execution(Box::new(execution))).await;
    }

    /// What an agent does with a lease that it holds, or thinks it holds: some of it is refused.
    async fn with_a_lease(&mut self) {
        if self.leases.is_empty() {
            return;
        }
        let lease = self.leases[self.numbers.below(self.leases.len())];
        let (store, agent) = (self.world.store.clone(), self.world.agent.id);
        match self.numbers.below(6) {
            0 | 1 => drop(store.start(lease, agent, at(self.now)).await),
            2 => drop(store.release(agent, &[lease], at(self.now)).await.unwrap()),
            // An agent that told its last line has no further one.
            3 if self.told.contains(&lease) => {}
            3 => {
                let last = self.lines.entry(lease).or_default();
                let lines = chunk(lease, *last + 1, *last + 3);
                if store.append(agent, &[lines]).await.is_ok() {
                    *last += 3;
                }
            }
            _ => {
                let result = self.result();
                let last = self.lines.get(&lease).copied().unwrap_or_default();
                let message = FinishAttempt {
                    final_log_seq: last,
                    ..self.world.finish_message(lease, result, at(self.now))
                };
                self.told.insert(lease);
                drop(store.finish(message).await);
            }
        }
    }

    fn result(&mut self) -> RunResult {
        let status = [RunStatus::Failed, RunStatus::Cancelled, RunStatus::TimedOut, RunStatus::Lost];
        match self.numbers.below(5) {
            4 => RunResult::succeeded(serde_json::Map::new()),
            number => RunResult::ended(status[number], RunError::new("Test", "as it happens")),
        }
    }
}

async fn lived(store: Arc<dyn Store>, seed: u64) -> Vec<ExecutionState> {
    let world = World::new(store).await;
    world.insert(Record::User(User { roles: vec![Role::Administrator], ..user("grace") })).await;
    let (executions, leases) = (Vec::new(), Vec::new());
    let (lines, told) = (HashMap::new(), HashSet::new());
    let mut life = Life { world, numbers: Numbers(seed), now: 0, executions, leases, lines, told };
    for _ in 0..STEPS {
        life.step().await;
    }
    life.enqueue().await;
    let mut ends = Vec::new();
    for id in &life.executions {
        ends.push(life.world.stored(*id).await.state);
    }
    ends
}

async fn assert_sound(address: &str, options: &StoreOptions) {
    let mut database = Database::open(address, options).await.unwrap();
    let checks = database.check(SystemClock.now(), true).await.unwrap();
    let broken: Vec<_> = checks.iter().filter(|check| !Check::is_ok(check)).collect();
    assert!(broken.is_empty(), "{broken:?}");
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rule_is_broken_by_what_happens_in_sqlite() {
    let mut ends = Vec::new();
    for seed in [1, 7, 20_261_129] {
        let fixture = SqliteFixture::open().await;
        ends.extend(lived(fixture.store(), seed).await);
        assert_sound(fixture.path().to_str().unwrap(), &StoreOptions::default()).await;
    }
    let missed: Vec<_> = ExecutionState::ALL.into_iter().filter(|state| !ends.contains(state)).collect();
    assert_eq!(missed, [], "the seeds come to every state");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rule_is_broken_by_what_happens_in_postgresql() {
    let fixture = PostgresFixture::open().await;
    assert!(!lived(fixture.store(), 7).await.is_empty());
    let options = StoreOptions { schema: Some(fixture.schema.0.clone()), ..StoreOptions::default() };
    assert_sound(&address(), &options).await;
}
