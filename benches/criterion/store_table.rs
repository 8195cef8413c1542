//! A table of what each store does in a second, beside what its database does at most: rows inserted and committed by
//! themselves, in the same run. Stores on diesel are measured with `--features diesel`. `OPENAUTOMATE_BENCH_SECONDS` says
//! how long each figure takes; 2 by default.

use std::time::Duration;

use openautomate_benches::{Engine, StoreBench, floor};
use tokio::runtime::Runtime;

const BATCHES: [usize; 2] = [1, 50];

fn seconds() -> Duration {
    let named = std::env::var("OPENAUTOMATE_BENCH_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::try_from_secs_f64(named.unwrap_or(2.0)).unwrap_or(Duration::from_secs(2))
}

#[expect(clippy::print_stdout, reason = "it is what a benchmark is for")]
fn main() {
    let for_about = seconds();
    println!(
        "| store | batch | floor, rows/s | enqueue/s | of floor | claim/s | of floor | finish/s | of floor |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for engine in Engine::all() {
        for batch in BATCHES {
            let runtime = Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"));
            let most = engine.database().map(|database| runtime.block_on(floor(database, batch, for_about)));
            let bench = runtime.block_on(StoreBench::of(engine));
            let rates = runtime.block_on(bench.rates(batch, for_about));
            let shown = rates.map(|rate| match most {
                Some(most) => format!("{rate:.0} | {:.2}", rate / most),
                None => format!("{rate:.0} | –"),
            });
            let most = most.map_or_else(|| "–".to_owned(), |most| format!("{most:.0}"));
            println!("| {} | {batch} | {most} | {} |", engine.name(), shown.join(" | "));
        }
    }
}
