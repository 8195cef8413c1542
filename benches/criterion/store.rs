//! Executions enqueued and claimed a second, on SQLite with every commit on the disk.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use openautomate_benches::StoreBench;
use tokio::runtime::Runtime;

const CASES: [(usize, usize); 4] = [(1, 1), (1, 64), (50, 1), (50, 64)];

/// So many executions that every task has at least two rounds.
fn executions(batch: usize, concurrency: usize) -> usize {
    (2 * batch * concurrency).max(128)
}

fn enqueue(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"));
    let bench = runtime.block_on(StoreBench::sqlite());
    let mut group = criterion.benchmark_group("sqlite/enqueue");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for (batch, concurrency) in CASES {
        let count = executions(batch, concurrency);
        group.throughput(Throughput::Elements(count as u64));
        let id = BenchmarkId::new(format!("batch {batch}"), format!("concurrency {concurrency}"));
        group.bench_function(id, |bencher| {
            bencher.iter(|| runtime.block_on(bench.enqueue(count, batch, concurrency)));
        });
    }
}

fn claim(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"));
    let bench = runtime.block_on(StoreBench::sqlite());
    let mut group = criterion.benchmark_group("sqlite/claim");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
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
}

criterion_group!(benches, enqueue, claim);
criterion_main!(benches);
