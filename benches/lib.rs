//! What the benchmarks share.

mod database;

use std::path::Path;
use std::sync::Arc;

use openautomate_core::changes::{Changes, Event, Record};
use openautomate_core::conformance::store::sample::{World, at, audit, instant, succeeded};
use openautomate_core::domain::{Execution, Lease, Schedule};
use openautomate_core::store::{ClaimRequest, Store};
use openautomate_store::StoreOptions;

pub use database::{Database, Home};

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
        let home = Home::new(database);
        let store = openautomate_store::connect(&home.address(), StoreOptions::default())
            .await
            .unwrap_or_else(|error| panic!("the store can't be opened: {error}"));
        Self { world: Arc::new(World::new(store).await), home: Arc::new(home) }
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
