//! Limits over several servers on one database: whoever looks at any time, by SQL beside the store, finds no more leased
//! than the limit, and the limit is used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use openautomate_core::changes::{Changes, Record};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::sample::{World, at, succeeded};
use openautomate_core::domain::{Concurrency, Environment, Execution};
use openautomate_core::store::Store;
use sqlx::query_scalar;

use super::fixture::PostgresFixture;

const SERVERS: usize = 3;
const AGENTS: usize = 4;
const EXECUTIONS: usize = 210;

/// Works as the agents of a server do, until everything is done.
async fn work(store: Arc<dyn Store>, world: World, done: Arc<AtomicUsize>) {
    while done.load(Ordering::SeqCst) < EXECUTIONS {
        let claimed = store.claim(world.claim_request(2)).await.unwrap();
        if claimed.is_empty() {
            tokio::task::yield_now().await;
        }
        for execution in claimed {
            let lease = execution.lease().unwrap();
            store.start(lease, world.agent.id, at(1)).await.unwrap();
            store.finish(world.finish_message(lease, succeeded(), at(2))).await.unwrap();
            done.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The most that was ever leased at once, counted by `SELECT`.
async fn most(fixture: &PostgresFixture, select: &'static str, over: Arc<AtomicBool>) -> i64 {
    let mut connection = fixture.schema.direct().await;
    let mut most = 0;
    while !over.load(Ordering::SeqCst) {
        let now: i64 = query_scalar(select).fetch_one(&mut connection).await.unwrap();
        most = most.max(now);
    }
    most
}

async fn most_with(fixture: &PostgresFixture, world: &World, select: &'static str) -> i64 {
    // All of the limit is used.
    let first = world.store.claim(world.claim_request(100)).await.unwrap();
    assert_eq!(first.len(), 7);
    for execution in first {
        world.finish(execution.lease().unwrap(), succeeded(), at(2)).await;
    }
    let (done, over) = (Arc::new(AtomicUsize::new(7)), Arc::new(AtomicBool::new(false)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..SERVERS {
        let server = fixture.peer().await;
        for _ in 0..AGENTS {
            tasks.spawn(work(Arc::clone(&server), world.clone(), Arc::clone(&done)));
        }
    }
    let watch = most(fixture, select, Arc::clone(&over));
    let working = async {
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        over.store(true, Ordering::SeqCst);
    };
    let (most, ()) = tokio::join!(watch, working);
    assert_eq!(done.load(Ordering::SeqCst), EXECUTIONS);
    most
}

async fn enqueue(world: &World, concurrency: Option<Concurrency>) {
    for _ in 0..EXECUTIONS / 30 {
        let batch = (0..30).fold(Changes::none(), |changes, _| {
            let execution = Execution { concurrency: concurrency.clone(), ..world.execution() };
            changes.insert(Record::Execution(Box::new(execution)))
        });
        world.store.commit(batch).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_held_by_no_more_than_its_limit() {
    let fixture = PostgresFixture::open().await;
    let world = World::new(fixture.store()).await;
    enqueue(&world, Some(Concurrency { key: "sap".to_owned(), limit: 7 })).await;
    const SELECT: &str =
        "SELECT count(*) FROM executions WHERE state IN ('Assigned', 'Running') AND concurrency_key = 'sap'";
    let most = most_with(&fixture, &world, SELECT).await;
    assert!((1..=7).contains(&most), "{most} at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_is_held_by_no_more_than_its_limit() {
    let fixture = PostgresFixture::open().await;
    let world = World::new(fixture.store()).await;
    let limited = Environment { max_concurrent: Some(7), ..world.environment.clone() };
    world.update(Record::Environment(limited)).await;
    enqueue(&world, None).await;
    const SELECT: &str = "SELECT count(*) FROM executions WHERE state IN ('Assigned', 'Running')";
    let most = most_with(&fixture, &world, SELECT).await;
    assert!((1..=7).contains(&most), "{most} at once");
}
