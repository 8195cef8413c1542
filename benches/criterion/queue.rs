//! Work items taken and completed a second, each by itself with its audit entries: in memory, on SQLite, and on PostgreSQL
//! if a server answers. Every commit of the databases is on the disk.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use openautomate_benches::{Database, StoreBench};
use tokio::runtime::Runtime;

fn take_and_complete(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"));
    let mut stores = vec![("memory", runtime.block_on(StoreBench::in_memory()))];
    for database in Database::all() {
        stores.push((database.name(), runtime.block_on(StoreBench::on(database))));
    }
    for (name, bench) in stores {
        let queue = runtime.block_on(bench.work_queue());
        let mut group = criterion.benchmark_group(format!("{name}/take and complete"));
        group.sample_size(10).measurement_time(Duration::from_secs(3));
        for concurrency in [1_usize, 64] {
            let count = (4 * concurrency).max(128);
            group.throughput(Throughput::Elements(count as u64));
            let id = BenchmarkId::from_parameter(format!("concurrency {concurrency}"));
            group.bench_function(id, |bencher| {
                bencher.iter_custom(|rounds| {
                    let mut taken = Duration::ZERO;
                    for _ in 0..rounds {
                        // What is taken must wait first; that is not measured.
                        runtime.block_on(bench.fill(&queue, count));
                        let start = Instant::now();
                        runtime.block_on(bench.work_off(&queue, count, concurrency));
                        taken += start.elapsed();
                    }
                    taken
                });
            });
        }
    }
}

criterion_group!(benches, take_and_complete);
criterion_main!(benches);
