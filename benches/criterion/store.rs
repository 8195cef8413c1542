//! Executions enqueued, claimed and finished a second, with every commit on the disk: SQLite, and PostgreSQL
//! beside it if a server answers.

use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use openautomate_benches::{Database, StoreBench};
use tokio::runtime::Runtime;

const CASES: [(usize, usize); 4] = [(1, 1), (1, 64), (50, 1), (50, 64)];

/// So many executions that every task has at least two rounds.
fn executions(batch: usize, concurrency: usize) -> usize {
    (2 * batch * concurrency).max(128)
}

fn runtime() -> Runtime {
    Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"))
}

/// Runs one kind of measurement on a fresh store of each database.
fn on_each(
    criterion: &mut Criterion,
    what: &str,
    measure: impl Fn(&mut BenchmarkGroup<'_, WallTime>, &Runtime, &StoreBench),
) {
    for database in Database::all() {
        let runtime = runtime();
        let bench = runtime.block_on(StoreBench::on(database));
        let mut group = criterion.benchmark_group(format!("{}/{what}", database.name()));
        group.sample_size(10).measurement_time(Duration::from_secs(3));
        measure(&mut group, &runtime, &bench);
    }
}

fn enqueue(criterion: &mut Criterion) {
    on_each(criterion, "enqueue", |group, runtime, bench| {
        for (batch, concurrency) in CASES {
            let count = executions(batch, concurrency);
            group.throughput(Throughput::Elements(count as u64));
            let id = BenchmarkId::new(format!("batch {batch}"), format!("concurrency {concurrency}"));
            group.bench_function(id, |bencher| {
                bencher.iter(|| runtime.block_on(bench.enqueue(count, batch, concurrency)));
            });
        }
    });
}

fn claim(criterion: &mut Criterion) {
    on_each(criterion, "claim", |group, runtime, bench| {
        for (batch, concurrency) in CASES {
            let count = executions(batch, concurrency);
            group.throughput(Throughput::Elements(count as u64));
            let id = BenchmarkId::new(format!("batch {batch}"), format!("concurrency {concurrency}"));
            group.bench_function(id, |bencher| {
                bencher.iter_custom(|rounds| {
                    let mut taken = Duration::ZERO;
                    for _ in 0..rounds {
                        // What is claimed must wait first; that is not measured.
                        runtime.block_on(bench.enqueue(count, 256, 4));
                        let start = Instant::now();
                        runtime.block_on(bench.claim(count, batch, concurrency));
                        taken += start.elapsed();
                    }
                    taken
                });
            });
        }
    });
}

fn finish(criterion: &mut Criterion) {
    on_each(criterion, "start and finish", |group, runtime, bench| {
        for concurrency in [1, 64] {
            let count = executions(1, concurrency);
            group.throughput(Throughput::Elements(count as u64));
            group.bench_function(
                BenchmarkId::from_parameter(format!("concurrency {concurrency}")),
                |bencher| {
                    bencher.iter_custom(|rounds| {
                        let mut taken = Duration::ZERO;
                        for _ in 0..rounds {
                            // What is finished must be claimed first; that is not measured.
                            runtime.block_on(bench.enqueue(count, 256, 4));
                            let leases = runtime.block_on(bench.leases(count));
                            let start = Instant::now();
                            runtime.block_on(bench.finish(&leases, concurrency));
                            taken += start.elapsed();
                        }
                        taken
                    });
                },
            );
        }
    });
}

criterion_group!(benches, enqueue, claim, finish);
criterion_main!(benches);
