//! From due time to the row of the execution: 10,000 active schedules, of which 1,000 are due in one second. The whole
//! second is measured, and p50 and p99 of the delay of each row are printed. On SQLite, and on PostgreSQL if a server
//! answers.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use openautomate_benches::{Database, StoreBench};
use openautomate_core::Orchestrator;
use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::changes::{Changes, Event, Record};
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::domain::Schedule;
use openautomate_core::schedule::OverlapPolicy;
use openautomate_core::vault::Vault;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::error::RecvError;

const SCHEDULES: usize = 10_000;
const DUE: usize = 1_000;

/// A store with schedules of which none is due for a year.
struct Place {
    bench: StoreBench,
    orchestrator: Orchestrator,
    schedules: Vec<Schedule>,
}

impl Place {
    async fn new(database: Database) -> Self {
        let bench = StoreBench::on(database).await;
        let vault = Vault::open_or_create(&bench.folder().join("vault.key"));
        let vault = vault.unwrap_or_else(|error| panic!("no vault: {error}"));
        let builder =
            Orchestrator::builder(bench.store().clone(), Arc::new(ObjectBlobStore::memory()), vault);
        let orchestrator = builder.build().await.unwrap_or_else(|error| panic!("no orchestrator: {error}"));
        let next_due = Some(SystemClock.now() + TimeDelta::days(365));
        let schedule = || Schedule {
            cron_expression: "0 0 1 1 *".to_owned(),
            time_zone: "UTC".to_owned(),
            overlap: OverlapPolicy::Allow,
            next_due,
            ..bench.schedule()
        };
        let schedules: Vec<Schedule> = (0..SCHEDULES).map(|_| schedule()).collect();
        for batch in schedules.chunks(500) {
            let insert = |changes: Changes, schedule: &Schedule| {
                changes.insert(Record::Schedule(Box::new(schedule.clone())))
            };
            bench
                .store()
                .commit(batch.iter().fold(Changes::none(), insert))
                .await
                .unwrap_or_else(|error| panic!("not committed: {error}"));
        }
        orchestrator.start();
        Self { bench, orchestrator, schedules }
    }

    /// Makes a thousand due in a moment that the scheduler's slow look finds in time; gives the delay of each of their
    /// rows from then.
    async fn second(&self) -> Vec<Duration> {
        let store = self.bench.store();
        let due = whole_second(SystemClock.now() + TimeDelta::seconds(8));
        for chosen in self.schedules[..DUE].chunks(250) {
            let mut changes = Changes::none();
            for schedule in chosen {
                let stored = store.schedule(schedule.id).await.ok().flatten();
                let stored = stored.unwrap_or_else(|| panic!("a schedule is gone"));
                // Once a year, and then.
                let cron_expression = due.format("%-S %-M %-H %-d %-m *").to_string();
                let moved = Schedule { cron_expression, next_due: Some(due), ..stored };
                changes = changes.update(Record::Schedule(Box::new(moved)));
            }
            store.commit(changes).await.unwrap_or_else(|error| panic!("not committed: {error}"));
        }
        let mut events = self.orchestrator.subscribe();
        assert!(SystemClock.now() < due, "the machine is too slow to make them due in time");
        let mut delays = Vec::with_capacity(DUE);
        while delays.len() < DUE {
            match events.recv().await {
                Ok(Event::ExecutionPending { .. }) => {
                    delays.push((SystemClock.now() - due).to_std().unwrap_or_default());
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_) | RecvError::Closed) => panic!("events were missed"),
            }
        }
        delays.sort();
        delays
    }
}

fn whole_second(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant.with_nanosecond(0).unwrap_or(instant)
}

fn fires_a_thousand(criterion: &mut Criterion) {
    for database in Database::all() {
        let runtime = Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"));
        let mut group = criterion.benchmark_group(format!("{}/schedules", database.name()));
        group.sample_size(10).sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(DUE as u64));
        let place = runtime.block_on(Place::new(database));
        let (mut p50, mut p99) = (Duration::ZERO, Duration::ZERO);
        group.bench_function("1,000 of 10,000 due at once", |bencher| {
            bencher.iter_custom(|rounds| {
                let mut total = Duration::ZERO;
                for _ in 0..rounds {
                    let delays = runtime.block_on(place.second());
                    p50 = p50.max(delays[DUE / 2]);
                    p99 = p99.max(delays[DUE * 99 / 100]);
                    total += delays[DUE - 1];
                }
                total
            });
        });
        #[allow(clippy::print_stdout, reason = "the figures that the bench is for")]
        {
            println!("{}: due time to row, worst second: p50 {p50:?}, p99 {p99:?}", database.name());
        }
        group.finish();
        runtime.block_on(place.orchestrator.shutdown());
    }
}

criterion_group!(benches, fires_a_thousand);
criterion_main!(benches);
