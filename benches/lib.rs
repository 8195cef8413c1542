//! What the benchmarks share.

mod database;
mod engine;
mod floor;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openautomate_core::changes::{Changes, Event, Record};
use openautomate_core::conformance::store::sample::{World, at, audit, instant, succeeded};
use openautomate_core::domain::{Execution, ItemHolder, Lease, Schedule, WorkQueue};
use openautomate_core::id::WorkItemId;
use openautomate_core::store::memory::MemoryStore;
use openautomate_core::store::{AddItems, ClaimRequest, PackedItem, Store, TakeItems};

pub use database::{Database, Home};
pub use engine::Engine;
pub use floor::floor;

/// So many tasks enqueue and claim at once.
const TASKS: usize = 16;

/// A store on a disk with the sample world in it. Clones are handles on the same.
#[derive(Clone, Debug)]
pub struct StoreBench {
    // Before its home, which is removed with the last handle.
    world: Arc<World>,
    home: Arc<Home>,
}

impl StoreBench {
    /// A fresh store.
    ///
    /// # Panics
    /// If it can't be made.
    pub async fn on(database: Database) -> Self {
        Self::of(Engine::Sqlx(database)).await
    }

    /// A fresh store of any kind.
    ///
    /// # Panics
    /// If it can't be made.
    pub async fn of(engine: Engine) -> Self {
        let home = Home::new(engine.database().unwrap_or(Database::Sqlite));
        let store = engine.open(&home).await;
        Self { world: Arc::new(World::new(store).await), home: Arc::new(home) }
    }

    /// A store in memory.
    ///
    /// # Panics
    /// Never: it takes what belongs together.
    pub async fn in_memory() -> Self {
        let home = Home::new(Database::Sqlite);
        Self { world: Arc::new(World::new(Arc::new(MemoryStore::new())).await), home: Arc::new(home) }
    }

    /// A work queue; not filled.
    ///
    /// # Panics
    /// If it can't be written.
    pub async fn work_queue(&self) -> WorkQueue {
        let queue = self.world.work_queue("bench");
        let changes = Changes::none().insert(Record::WorkQueue(Box::new(queue.clone())));
        self.store().commit(changes).await.unwrap_or_else(|error| panic!("not committed: {error}"));
        queue
    }

    /// Adds `count` items with payloads of 300 bytes to a queue.
    ///
    /// # Panics
    /// If they can't be written.
    pub async fn fill(&self, queue: &WorkQueue, count: usize) {
        let payload = format!("{{\"text\":\"{}\"}}", "x".repeat(300));
        let item = |_| PackedItem {
            id: WorkItemId::new(),
            payload: payload.clone(),
            reference: None,
            priority: 0,
            due_at: None,
            defer_until: None,
        };
        let add = AddItems {
            queue_id: queue.id,
            is_unique: false,
            items: (0..count).map(item).collect(),
            skip_taken: false,
            now: instant(),
            audit: audit("workItem.addMany"),
            idempotency: None,
        };
        self.store().add_items(add).await.unwrap_or_else(|error| panic!("not added: {error}"));
    }

    /// Takes and completes `count` items one by one, each with its audit entries, from `concurrency` tasks at once.
    ///
    /// # Panics
    /// If fewer wait, or a write fails.
    pub async fn work_off(&self, queue: &WorkQueue, count: usize, concurrency: usize) {
        let (queue_id, user) = (queue.id, self.world.user.id);
        self.spread(count, 1, concurrency, move |bench, _| async move {
            let take = TakeItems {
                queue_id,
                limit: 1,
                holder: ItemHolder::Caller { user_id: Some(user) },
                now: instant(),
                lease_until: at(60),
                audit: Some(audit("workItem.take")),
            };
            let taken = bench.store().take_items(take).await;
            let taken = taken.unwrap_or_else(|error| panic!("not taken: {error}"));
            let Some(mut item) = taken.into_iter().next() else { panic!("the queue is empty") };
            item.succeed(Some(true.into()), at(1));
            let mut changes = Changes::none().update(Record::WorkItem(Box::new(item)));
            changes.audit.push(audit("workItem.complete"));
            bench.store().commit(changes).await.unwrap_or_else(|error| panic!("not committed: {error}"));
            1
        })
        .await;
    }

    /// Where its files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.home.folder()
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.world.store
    }

    /// An execution as a request makes it, with inputs of 300 bytes.
    #[must_use]
    pub fn execution(&self) -> Execution {
        let mut execution = self.world.execution();
        execution.inputs.insert("text".to_owned(), "x".repeat(300).into());
        execution
    }

    /// A schedule of the sample world's package.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        self.world.schedule()
    }

    /// Enqueues `count` executions in commits of `batch`, each with its audit entry, from `concurrency` tasks
    /// at once.
    ///
    /// # Panics
    /// If a commit fails.
    pub async fn enqueue(&self, count: usize, batch: usize, concurrency: usize) {
        self.spread(count, batch, concurrency, |bench, batch| async move {
            let mut changes = Changes::none();
            for _ in 0..batch {
                let execution = bench.execution();
                changes = changes
                    .event(Event::ExecutionPending { execution_id: execution.id })
                    .insert(Record::Execution(Box::new(execution)));
                changes.audit.push(audit("execution.enqueue"));
            }
            bench.store().commit(changes).await.unwrap_or_else(|error| panic!("not committed: {error}"));
            batch
        })
        .await;
    }

    /// Claims `count` of the executions that wait, `batch` at a time, from `concurrency` tasks at once.
    ///
    /// # Panics
    /// If fewer wait, or a claim fails.
    pub async fn claim(&self, count: usize, batch: usize, concurrency: usize) {
        self.spread(count, batch, concurrency, |bench, batch| async move {
            let limit = u32::try_from(batch).unwrap_or(u32::MAX);
            let request = ClaimRequest { now: instant(), ..bench.world.claim_request(limit) };
            let claimed =
                bench.store().claim(request).await.unwrap_or_else(|error| panic!("not claimed: {error}"));
            assert!(!claimed.is_empty(), "the queue is empty");
            claimed.len()
        })
        .await;
    }

    /// Claims `count` of the executions that wait, for [`StoreBench::finish`].
    ///
    /// # Panics
    /// If fewer wait, or a claim fails.
    pub async fn leases(&self, count: usize) -> Vec<Lease> {
        let mut leases = Vec::with_capacity(count);
        while leases.len() < count {
            let limit = u32::try_from((count - leases.len()).min(256)).unwrap_or(u32::MAX);
            let claimed = self.store().claim(self.world.claim_request(limit)).await;
            let claimed = claimed.unwrap_or_else(|error| panic!("not claimed: {error}"));
            assert!(!claimed.is_empty(), "the queue is empty");
            leases.extend(claimed.iter().filter_map(Execution::lease));
        }
        leases
    }

    /// Starts and finishes runs, from `concurrency` tasks at once.
    ///
    /// # Panics
    /// If a lease is not held.
    pub async fn finish(&self, leases: &[Lease], concurrency: usize) {
        let tasks: Vec<_> = leases
            .chunks(leases.len().div_ceil(concurrency))
            .map(|share| {
                let (bench, share) = (self.clone(), share.to_vec());
                tokio::spawn(async move {
                    for lease in share {
                        let started = bench.store().start(lease, bench.world.agent.id, at(1)).await;
                        started.unwrap_or_else(|error| panic!("not started: {error}"));
                        bench.world.finish(lease, succeeded(), at(2)).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap_or_else(|error| panic!("a task ended early: {error}"));
        }
    }

    /// Executions a second that are enqueued, claimed, and started and finished: `batch` of them in a commit, in a claim,
    /// and at the same time; for about so long each.
    ///
    /// # Panics
    /// If the store does not do it.
    pub async fn rates(&self, batch: usize, for_about: Duration) -> [f64; 3] {
        let count = batch * TASKS * 4;
        let (mut taken, mut rounds) = ([Duration::ZERO; 3], 0);
        while taken.iter().min().is_some_and(|least| *least < for_about) {
            let begun = Instant::now();
            self.enqueue(count, batch, TASKS).await;
            taken[0] += begun.elapsed();
            let begun = Instant::now();
            self.claim(count, batch, TASKS).await;
            taken[1] += begun.elapsed();
            // A claim does not tell what it claimed; so much again is made ready, and not measured.
            self.enqueue(count, 256, 4).await;
            let leases = self.leases(count).await;
            let begun = Instant::now();
            self.finish(&leases, batch).await;
            taken[2] += begun.elapsed();
            rounds += count;
        }
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let rate = |taken: Duration| rounds as f64 / taken.as_secs_f64();
        taken.map(rate)
    }

    async fn spread<F, Fut>(&self, count: usize, batch: usize, concurrency: usize, work: F)
    where
        F: Fn(Self, usize) -> Fut + Copy + Send + 'static,
        Fut: Future<Output = usize> + Send,
    {
        let tasks: Vec<_> = (0..concurrency)
            .map(|_| {
                let bench = self.clone();
                let share = count.div_ceil(concurrency);
                tokio::spawn(async move {
                    let mut done = 0;
                    while done < share {
                        done += work(bench.clone(), batch.min(share - done)).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap_or_else(|error| panic!("a task ended early: {error}"));
        }
    }
}
