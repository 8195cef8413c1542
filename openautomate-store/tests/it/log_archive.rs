//! Logs are read while they are archived, on real databases: every reader sees every line once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use openautomate_core::Orchestrator;
use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::clock::{Clock as _, ManualClock, SystemClock};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::sample::{World, at, chunk, succeeded};
use openautomate_core::domain::Lease;
use openautomate_core::service::LogArchiver;
use openautomate_core::store::{FinishAttempt, Store};
use openautomate_core::vault::Vault;

use crate::postgres::fixture::PostgresFixture;
use crate::sqlite::fixture::SqliteFixture;

const LINES: u64 = 1_200;
/// How often lines come late, and the log is archived anew.
const ROUNDS: u64 = 12;

async fn server(store: Arc<dyn Store>, blobs: &ObjectBlobStore, folder: &tempfile::TempDir) -> Orchestrator {
    let vault = Vault::open_or_create(&folder.path().join("vault.key")).unwrap();
    let clock = ManualClock::new(SystemClock.now());
    // Later than everything that was asked for by now, and eight days later than the end.
    clock.advance(Duration::from_secs(8 * 24 * 3_600));
    Orchestrator::builder(store, Arc::new(blobs.clone()), vault).clock(Arc::new(clock)).build().await.unwrap()
}

/// Reads a log from its first line in pages, and looks that no line is missing, twice there, or another one.
async fn read_whole(server: &Orchestrator, lease: Lease, page: u32) -> u64 {
    let mut after = 0;
    loop {
        let lines = server.read_log(lease, after, page).await.unwrap();
        for record in &lines {
            assert_eq!((record.seq, &*record.line.text), (after + 1, &*format!("line {}", after + 1)));
            after = record.seq;
        }
        // A page that is not full is the last.
        if lines.len() < page as usize {
            return after;
        }
    }
}

async fn reads_while_it_archives<F: StoreFixture + 'static>() {
    let (fixture, folder, blobs) = (F::open().await, tempfile::tempdir().unwrap(), ObjectBlobStore::memory());
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(world.execution()).await;
    let say = async |first: u64, last: u64| {
        let chunks: Vec<_> =
            (first..=last).step_by(50).map(|line| chunk(lease, line, (line + 49).min(last))).collect();
        world.store.append(world.agent.id, &chunks).await.unwrap();
    };
    say(1, LINES).await;
    let finish = world.finish_message(lease, succeeded(), at(2));
    world.store.finish(FinishAttempt { final_log_seq: LINES + ROUNDS * 7, ..finish }).await.unwrap();

    let servers =
        [server(fixture.store(), &blobs, &folder).await, server(fixture.peer().await, &blobs, &folder).await];
    let is_over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = [7_u32, 500, 4_000, 999]
        .into_iter()
        .enumerate()
        .map(|(index, page)| {
            let (server, is_over) = (servers[index % 2].clone(), Arc::clone(&is_over));
            tokio::spawn(async move {
                let (mut reads, mut last) = (0, 0);
                while !is_over.load(Ordering::SeqCst) {
                    let read = read_whole(&server, lease, page).await;
                    assert!(read >= LINES.max(last), "the log became shorter: {read} after {last}");
                    (reads, last) = (reads + 1, read);
                }
                reads
            })
        })
        .collect();
    // Both servers archive at the same time; of each log one of the two is kept.
    let mut kept = 0;
    for round in 0..=ROUNDS {
        let (here, there) = (LogArchiver::new(servers[0].clone()), LogArchiver::new(servers[1].clone()));
        let archived = tokio::join!(here.archive_due(), there.archive_due());
        kept += archived.0.unwrap() + archived.1.unwrap();
        if round < ROUNDS {
            let last = LINES + round * 7;
            say(last + 1, last + 7).await;
        }
    }
    is_over.store(true, Ordering::SeqCst);
    for reader in readers {
        assert!(reader.await.unwrap() > 0, "it never read a whole log");
    }
    assert_eq!(kept, ROUNDS + 1, "each state of the log is archived once");
    assert_eq!(read_whole(&servers[0], lease, 1_000).await, LINES + ROUNDS * 7);
    assert_eq!(world.store.read(lease, 0, 1).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_sqlite() {
    reads_while_it_archives::<SqliteFixture>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_postgresql() {
    reads_while_it_archives::<PostgresFixture>().await;
}
