//! The model: random commands, given to the reference store and to the store under test alike, have the same
//! answers and leave the same state.
//!
//! The walk is the same in every run. Set `OPENAUTOMATE_MODEL_SEED` to a number to try another one; a failure
//! tells the seed, the sequence and the step.

use std::fmt::Debug;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;

use super::sample::{self, World, at, chunk};
use crate::changes::{Changes, Record};
use crate::clock::Timestamp;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    Agent, Artifact, Concurrency, Environment, Execution, ExecutionState, Lease, OnAgentLost, Package,
    Progress, PythonRequirement, Requirements, RetryPolicy, RunError, RunReport, RunResult, RunStatus,
};
use crate::error::Result;
use crate::id::{AgentId, ArtifactId, ExecutionId, PoolId};
use crate::query::{ExecutionFilter, PageRequest};
use crate::store::memory::MemoryStore;
use crate::store::{ClaimRequest, FinishAttempt, Store};

const SEQUENCES: u64 = 64;
const STEPS: u64 = 40;
const SEED: u64 = 0x6F70_656E_6175_746F;

/// What a step may be; the frequent ones stand here more than once.
const COMMANDS: &[&str] = &[
    "enqueue", "enqueue", "enqueue", "claim", "claim", "claim", "start", "start", "finish", "finish",
    "expire", "cancel", "update", "renew", "append", "append", "seal", "wake", "release", "progress",
    "artifact", "overdue", "limit",
];

/// Sixty-four walks of forty commands.
pub async fn same_as_the_reference<F: StoreFixture>(fixture: F) {
    let seed =
        std::env::var("OPENAUTOMATE_MODEL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(SEED);
    let mut walk = Walk::new(fixture.store(), seed).await;
    for sequence in 0..SEQUENCES {
        for step in 0..STEPS {
            walk.place = format!("seed {seed}, sequence {sequence}, step {step}");
            walk.step().await;
        }
        walk.compare().await;
        walk.executions.clear();
    }
    // Otherwise the walk would compare refusals.
    assert!(walk.went_well > SEQUENCES * STEPS / 3, "only {} commands went well", walk.went_well);
}

/// Numbers that only the seed decides (xorshift64*; Vigna, "An experimental exploration of Marsaglia's
/// xorshift generators, scrambled", 2016).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: u32) -> u32 {
        // The high bits are the good ones, and 32 bits shifted right by 32 fit.
        u32::try_from(((self.next() >> 32) * u64::from(end)) >> 32).unwrap_or(0)
    }

    fn one_in(&mut self, odds: u32) -> bool {
        self.below(odds) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(u32::try_from(from.len()).unwrap_or(1)) as usize]
    }

    fn id(&mut self, now: Timestamp) -> uuid::Uuid {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.next().to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

fn python(specifier: &str) -> PythonRequirement {
    PythonRequirement::parse("python", specifier).expect("it is one")
}

struct Walk {
    model: Arc<dyn Store>,
    real: Arc<dyn Store>,
    world: World,
    agents: [AgentId; 2],
    pools: [PoolId; 2],
    numbers: Numbers,
    now: Timestamp,
    /// The executions of this sequence.
    executions: Vec<ExecutionId>,
    place: String,
    went_well: u64,
}

impl Walk {
    async fn new(real: Arc<dyn Store>, seed: u64) -> Self {
        let model: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let world = World::new(Arc::clone(&model)).await;
        let agent = sample::agent("bot-2", world.environment.id, world.user.id);
        world.insert(Record::Agent(agent.clone())).await;
        let pools = ["fast", "large"].map(|name| sample::pool(name, world.environment.id));
        for pool in &pools {
            world.insert(Record::AgentPool(pool.clone())).await;
        }
        let copied = Changes::none()
            .insert(Record::User(world.user.clone()))
            .insert(Record::Environment(world.environment.clone()))
            .insert(Record::Agent(world.agent.clone()))
            .insert(Record::Agent(Agent { ..agent.clone() }))
            .insert(Record::AgentPool(pools[0].clone()))
            .insert(Record::AgentPool(pools[1].clone()))
            .insert(Record::Package(world.package.clone()))
            .insert(Record::PackageVersion(world.version.clone()))
            .insert(Record::Deployment(world.deployment.clone()));
        real.commit(copied).await.expect("the world is copied");
        let agents = [world.agent.id, agent.id];
        // Zero is the one state that the generator never leaves.
        let numbers = Numbers(seed.max(1));
        let (now, place) = (at(0), String::new());
        let pools = pools.map(|pool| pool.id);
        Self { model, real, world, agents, pools, numbers, now, executions: Vec::new(), place, went_well: 0 }
    }

    /// Expects the same of both, and gives it.
    fn same<T: PartialEq + Debug>(&mut self, what: &str, model: Result<T>, real: Result<T>) -> Option<T> {
        let place = &self.place;
        match (model, real) {
            (Ok(model), Ok(real)) => {
                assert_eq!(real, model, "{what}: not what the model says ({place})");
                self.went_well += 1;
                Some(model)
            }
            (Err(model), Err(real)) => {
                let codes = [(real.kind(), real.code()), (model.kind(), model.code())];
                assert_eq!(codes[0], codes[1], "{what}: not the model's error ({place}): {real:?}");
                None
            }
            (model, real) => panic!("{what}: the model says {model:?}, the store {real:?} ({place})"),
        }
    }

    async fn step(&mut self) {
        self.now += TimeDelta::milliseconds(i64::from(self.numbers.below(4_000)));
        let command = self.numbers.pick(COMMANDS);
        self.place = format!("{}, {command}", self.place);
        match command {
            "enqueue" => self.enqueue().await,
            "claim" => self.claim().await,
            "start" => self.start().await,
            "finish" => self.finish().await,
            "expire" => self.expire().await,
            "cancel" => self.cancel().await,
            "update" => self.update().await,
            "renew" => self.renew().await,
            "append" => self.append().await,
            "seal" => self.seal().await,
            "wake" => self.wake().await,
            "release" => self.release().await,
            "progress" => self.progress().await,
            "artifact" => self.artifact().await,
            "overdue" => self.overdue().await,
            "limit" => self.limit().await,
            other => panic!("there is no command {other}"),
        }
        if let Some(id) = self.any_execution() {
            let (model, real) = (self.model.execution(id).await, self.real.execution(id).await);
            self.same("execution", model, real);
        }
        let (model, real) =
            (self.model.next_deadline(self.now).await, self.real.next_deadline(self.now).await);
        self.same("next_deadline", model, real);
    }

    fn any_execution(&mut self) -> Option<ExecutionId> {
        if self.executions.is_empty() { None } else { Some(self.numbers.pick(&self.executions)) }
    }

    /// A lease, held mostly, and an agent, its holder mostly.
    async fn any_lease(&mut self) -> (Lease, AgentId) {
        let Some(id) = self.any_execution() else {
            return (Lease { execution: ExecutionId::new(), epoch: 1 }, self.agents[0]);
        };
        let execution = self.model.execution(id).await.expect("a read").expect("it was enqueued");
        let holder = execution.agent_id.unwrap_or(self.agents[0]);
        let agent = if self.numbers.one_in(10) { self.numbers.pick(&self.agents) } else { holder };
        let epoch = if self.numbers.one_in(6) { self.numbers.below(4) } else { execution.lease_epoch };
        (Lease { execution: id, epoch }, agent)
    }

    async fn commit(&mut self, what: &str, changes: Changes) {
        let (model, real) = (self.model.commit(changes.clone()).await, self.real.commit(changes).await);
        self.same(what, model, real);
    }

    async fn enqueue(&mut self) {
        let labels = self.numbers.pick(&[&[] as &[&str], &["excel"], &["excel", "linux"]]);
        let execution = Execution {
            id: ExecutionId::from_uuid(self.numbers.id(self.now)),
            priority: self.numbers.pick(&[0, 0, 1, -1]),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            pinned_agent_id: if self.numbers.one_in(5) {
                Some(self.numbers.pick(&self.agents))
            } else {
                None
            },
            requirements: Requirements {
                os: self.numbers.pick(&[None, None, Some("linux"), Some("windows")]).map(str::to_owned),
                python: self.numbers.pick(&[None, None, Some(">=3.11"), Some("==3.10.*")]).map(python),
                pool_id: if self.numbers.one_in(4) { Some(self.numbers.pick(&self.pools)) } else { None },
            },
            concurrency: self
                .numbers
                .pick(&[None, None, Some(("a", 1)), Some(("a", 2)), Some(("b", 1))])
                .map(|(key, limit)| Concurrency { key: key.to_owned(), limit }),
            queue_timeout_ms: self.numbers.pick(&[None, None, Some(2_000), Some(60_000)]),
            retry: RetryPolicy {
                jitter: self.numbers.one_in(2),
                ..RetryPolicy::new(
                    1 + self.numbers.below(3),
                    u64::from(self.numbers.below(5_000)),
                    self.numbers.pick(&[OnAgentLost::Fail, OnAgentLost::Retry]),
                )
            },
            run_at: self.now + TimeDelta::milliseconds(i64::from(self.numbers.below(6_000)) - 4_000),
            created_at: self.now,
            ..self.world.execution()
        };
        let again = self.numbers.one_in(20);
        let mut changes = Changes::none().insert(Record::Execution(Box::new(execution.clone())));
        changes.audit.push(sample::audit("execution.enqueue"));
        self.commit("enqueue", changes.clone()).await;
        self.executions.push(execution.id);
        if again {
            self.commit("enqueue again", changes).await;
        }
    }

    async fn claim(&mut self) {
        let labels = self.numbers.pick(&[&[] as &[&str], &["linux", "excel"], &["excel"]]);
        let request = ClaimRequest {
            agent_id: self.numbers.pick(&self.agents),
            environment_id: self.world.environment.id,
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            os: self.numbers.pick(&["linux", "windows"]).to_owned(),
            python_versions: self
                .numbers
                .pick(&[&[] as &[&str], &["3.12.1"], &["3.10.4", "3.12.1"]])
                .iter()
                .map(|version| (*version).to_owned())
                .collect(),
            pool_ids: if self.numbers.one_in(2) { self.pools.to_vec() } else { vec![self.pools[0]] },
            limit: self.numbers.below(4),
            now: self.now,
            lease_until: self.now + TimeDelta::milliseconds(i64::from(self.numbers.below(30_000))),
        };
        let (model, real) = (self.model.claim(request.clone()).await, self.real.claim(request).await);
        self.same("claim", model, real);
    }

    async fn start(&mut self) {
        let (lease, agent) = self.any_lease().await;
        let model = self.model.start(lease, agent, self.now).await;
        let real = self.real.start(lease, agent, self.now).await;
        self.same("start", model, real);
    }

    async fn finish(&mut self) {
        let (lease, agent_id) = self.any_lease().await;
        let status = self.numbers.pick(&[
            RunStatus::Succeeded,
            RunStatus::Failed,
            RunStatus::Failed,
            RunStatus::TimedOut,
            RunStatus::Cancelled,
            RunStatus::Lost,
        ]);
        let result = RunResult {
            status,
            outputs: sample::map(json!({"step": self.place})),
            error: (status != RunStatus::Succeeded)
                .then(|| RunError::new(format!("{status:?}"), &*self.place)),
            exit_code: self.numbers.pick(&[None, Some(0), Some(-9)]),
            report: self.numbers.pick(&[false, true]).then(RunReport::default),
        };
        let final_log_seq = u64::from(self.numbers.below(6));
        let finish = FinishAttempt { lease, agent_id, result, final_log_seq, now: self.now };
        let (model, real) = (self.model.finish(finish.clone()).await, self.real.finish(finish).await);
        self.same("finish", model, real);
    }

    async fn expire(&mut self) {
        let limit = self.numbers.below(4);
        let (model, real) =
            (self.model.expire(self.now, limit).await, self.real.expire(self.now, limit).await);
        self.same("expire", model, real);
    }

    /// As the command does it, now and then at a revision that is not current.
    async fn cancel(&mut self) {
        let Some(id) = self.any_execution() else { return };
        let mut execution = self.model.execution(id).await.expect("a read").expect("it was enqueued");
        if execution.state.is_terminal() {
            return;
        }
        execution.cancel_requested_at = Some(self.now);
        if !execution.state.is_leased() {
            execution.state = ExecutionState::Cancelled;
            execution.ended_at = Some(self.now);
        }
        execution.revision -= i64::from(self.numbers.one_in(4));
        self.commit("cancel", Changes::none().update(Record::Execution(Box::new(execution)))).await;
    }

    /// Any change of state that needs no lease, legal or not.
    async fn update(&mut self) {
        let Some(id) = self.any_execution() else { return };
        let mut execution = self.model.execution(id).await.expect("a read").expect("it was enqueued");
        let state = self.numbers.pick(&ExecutionState::ALL);
        if state.is_leased() && state != execution.state {
            return;
        }
        execution.state = state;
        execution.priority += 1;
        execution.lease_until = execution.lease_until.filter(|_| state.is_leased());
        execution.ended_at = state.is_terminal().then_some(self.now);
        self.commit("update", Changes::none().update(Record::Execution(Box::new(execution)))).await;
    }

    async fn renew(&mut self) {
        let (first, agent) = self.any_lease().await;
        let leases = [first, self.any_lease().await.0];
        let until = self.now + TimeDelta::milliseconds(i64::from(self.numbers.below(30_000)));
        let model = self.model.renew(agent, &leases, self.now, until).await;
        let real = self.real.renew(agent, &leases, self.now, until).await;
        self.same("renew", model, real);
    }

    async fn append(&mut self) {
        let (lease, agent) = self.any_lease().await;
        let first = 1 + u64::from(self.numbers.below(4));
        let chunks = [chunk(lease, first, first + u64::from(self.numbers.below(3))), chunk(lease, 1, 1)];
        let (model, real) = (self.model.append(agent, &chunks).await, self.real.append(agent, &chunks).await);
        self.same("append", model, real);
    }

    async fn seal(&mut self) {
        let limit = self.numbers.below(20);
        let (model, real) = (self.model.seal(limit).await, self.real.seal(limit).await);
        self.same("seal", model, real);
    }

    async fn wake(&mut self) {
        let limit = self.numbers.below(4);
        let (model, real) = (self.model.wake(self.now, limit).await, self.real.wake(self.now, limit).await);
        self.same("wake", model, real);
    }

    async fn overdue(&mut self) {
        let limit = self.numbers.below(4);
        let model = self.model.time_out_queued(self.now, limit).await;
        let real = self.real.time_out_queued(self.now, limit).await;
        self.same("time_out_queued", model, real);
        self.same("has_limited", self.model.has_limited().await, self.real.has_limited().await);
    }

    /// An operator changes how many run at once.
    async fn limit(&mut self) {
        let limit = self.numbers.pick(&[None, None, Some(2), Some(4)]);
        let record = if self.numbers.one_in(2) {
            let stored = self.model.environment(self.world.environment.id).await;
            let environment = stored.expect("a read").expect("it is there");
            Record::Environment(Environment { max_concurrent: limit, ..environment })
        } else {
            let package =
                self.model.package(self.world.package.id).await.expect("a read").expect("it is there");
            Record::Package(Package { max_concurrent: limit, ..package })
        };
        self.commit("limit", Changes::none().update(record)).await;
    }

    async fn release(&mut self) {
        let (first, agent) = self.any_lease().await;
        let leases = [first, self.any_lease().await.0];
        let model = self.model.release(agent, &leases, self.now).await;
        let real = self.real.release(agent, &leases, self.now).await;
        self.same("release", model, real);
    }

    async fn progress(&mut self) {
        let (lease, agent) = self.any_lease().await;
        let progress = Progress { fraction: f64::from(self.numbers.below(5)) / 4.0, message: None };
        let model = self.model.set_progress(lease, agent, progress.clone()).await;
        let real = self.real.set_progress(lease, agent, progress).await;
        self.same("set_progress", model, real);
    }

    async fn artifact(&mut self) {
        let (lease, agent) = self.any_lease().await;
        let name = self.numbers.pick(&["a.csv", "b.csv"]);
        let id = ArtifactId::from_uuid(self.numbers.id(self.now));
        let artifact = Artifact { id, ..self.world.artifact(lease, name) };
        let model = self.model.keep_artifact(lease, agent, artifact.clone()).await;
        let real = self.real.keep_artifact(lease, agent, artifact).await;
        self.same("keep_artifact", model, real);
    }

    /// Everything that the sequence can have touched.
    async fn compare(&mut self) {
        let (model, real) = (Arc::clone(&self.model), Arc::clone(&self.real));
        for id in self.executions.clone() {
            self.same("execution", model.execution(id).await, real.execution(id).await);
            let attempts = self.same("attempts", model.attempts(id).await, real.attempts(id).await);
            self.same("artifacts", model.artifacts(id).await, real.artifacts(id).await);
            for attempt in attempts.unwrap_or_default() {
                let lease = attempt.lease;
                self.same("read", model.read(lease, 0, 100).await, real.read(lease, 0, 100).await);
            }
        }
        for agent in self.agents {
            self.same("agent", model.agent(agent).await, real.agent(agent).await);
            self.same("leased", model.leased_executions(agent).await, real.leased_executions(agent).await);
        }
        let (filter, page) = (ExecutionFilter::default(), PageRequest::new(None, 100));
        self.same("executions", model.executions(&filter, page).await, real.executions(&filter, page).await);
        let place = self.world.environment.id;
        self.same("occupancy", model.occupancy(place).await, real.occupancy(place).await);
        let held =
            (model.holders(place, None, Some("a"), 9).await, real.holders(place, None, Some("a"), 9).await);
        self.same("holders", held.0, held.1);
        if let Some(id) = self.any_execution() {
            let execution = model.execution(id).await.expect("a read").expect("it was enqueued");
            let ahead = model.count_ahead(&execution, self.now).await;
            self.same("count_ahead", ahead, real.count_ahead(&execution, self.now).await);
        }
        let package = self.world.package.id;
        let open = model.count_open_executions_of_package(package).await;
        self.same("open", open, real.count_open_executions_of_package(package).await);
        let head = self.same("audit_head", model.audit_head().await, real.audit_head().await);
        let after = head.map_or(0, |head| head.sequence.saturating_sub(50));
        self.same("chain", model.chain(after, 100).await, real.chain(after, 100).await);
    }
}
