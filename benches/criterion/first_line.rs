//! From a runner that is asked to the first line that the automation prints, inside the agent: cold, from a
//! process that waited and was started by itself, and from one that a zygote forked. Beside it the floor: a
//! fresh `python -c pass` of the same environment.
//!
//! `OPENAUTOMATE_TEST_PYTHON` names the interpreter and `OPENAUTOMATE_EXTENSION` the native bridge, as
//! `make bench` does.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use openautomate_core::conformance::runner::play::Play;
use openautomate_core::runner::python::{IsolatedPython, PoolSettings, install_runtime};
use openautomate_core::runner::{RunControl, RunEvent, Runner};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const SOURCE: &str = "def run(): print('hello')";

fn variable(name: &str) -> PathBuf {
    std::env::var_os(name).map_or_else(|| panic!("set {name}, as make bench does"), PathBuf::from)
}

/// One run; the time to its first line. The run is over when this returns.
async fn first_line(runner: &IsolatedPython) -> Duration {
    let play = Play::main(SOURCE);
    let (events, mut receiver) = mpsc::channel(64);
    let began = Instant::now();
    let runs = runner.run(play.job.clone(), RunControl { events, cancel: CancellationToken::new() });
    let listens = async {
        let mut first = None;
        while let Some(event) = receiver.recv().await {
            if matches!(event, RunEvent::Log(_)) {
                first.get_or_insert_with(|| began.elapsed());
            }
        }
        first
    };
    let (result, first) = tokio::join!(runs, listens);
    first.unwrap_or_else(|| panic!("nothing was printed: {result:?}"))
}

async fn until_one_waits(runner: &IsolatedPython) {
    runner.prepare(None);
    while runner.waiting(None) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn benches(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"));
    let python = variable("OPENAUTOMATE_TEST_PYTHON");
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
    let extension = variable("OPENAUTOMATE_EXTENSION");
    let home = install_runtime(folder.path(), Some(&extension)).unwrap_or_else(|error| panic!("{error}"));
    let cold = IsolatedPython::new(&python, &home);
    let spawned = cold.clone().with_pool(PoolSettings { zygote: false, ..PoolSettings::default() });
    let forked = cold.clone().with_pool(PoolSettings::default());

    let mut group = criterion.benchmark_group("first line");
    group.sample_size(50);
    group.bench_function("python -c pass", |bencher| {
        bencher.iter(|| Command::new(&python).args(["-c", "pass"]).status());
    });
    for (name, runner, is_pooled) in
        [("cold", cold, false), ("warm, spawned", spawned, true), ("warm, forked", forked, true)]
    {
        let runner = Arc::new(runner);
        group.bench_function(name, |bencher| {
            bencher.to_async(&runtime).iter_custom(|count| {
                let runner = Arc::clone(&runner);
                async move {
                    let mut total = Duration::ZERO;
                    for _ in 0..count {
                        if is_pooled {
                            until_one_waits(&runner).await;
                        }
                        total += first_line(&runner).await;
                    }
                    total
                }
            });
        });
    }
    group.finish();
}

criterion_group!(first_line_benches, benches);
criterion_main!(first_line_benches);
