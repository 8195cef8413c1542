//! What was acknowledged is there after a kill.
//!
//! The test starts itself again as a child that commits and prints the ids it got an `Ok` for, kills it at
//! some instant, and looks for every printed id.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use openautomate_core::conformance::store::sample::World;
use openautomate_core::id::ExecutionId;
use openautomate_core::query::PageRequest;
use openautomate_core::store::{ExecutionStore, Store};
use tempfile::TempDir;

use super::fixture::{direct, open};

const PATH: &str = "OPENAUTOMATE_STORE_CRASH_PATH";
const KILLS: usize = 20;
const WRITERS: usize = 4;

/// The child, when the variable is set; nothing in an ordinary run.
#[tokio::test(flavor = "multi_thread")]
async fn crash_child() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let store: Arc<dyn Store> = Arc::new(open(Path::new(&path)).await.unwrap());
    let world = if store.environments().await.unwrap().is_empty() {
        World::new(store).await
    } else {
        world_in(store).await
    };
    let world = Arc::new(world);
    let writers = (0..WRITERS).map(|_| {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            loop {
                let execution = world.enqueue(world.execution()).await;
                // One write a line, so that a kill never leaves half an id that looks whole.
                let line = format!("acknowledged {}\n", execution.id);
                let _ = std::io::stdout().lock().write_all(line.as_bytes());
            }
        })
    });
    let ended = futures_util::future::join_all(writers).await;
    panic!("writers end by a kill only, not by {ended:?}");
}

/// The sample world that an earlier child wrote.
async fn world_in(store: Arc<dyn Store>) -> World {
    let user = store.user_by_login("ada").await.unwrap().unwrap();
    let environment = store.environments().await.unwrap().remove(0);
    let agent = store.agents(PageRequest::default()).await.unwrap().items.remove(0);
    let package = store.package_by_name("invoices").await.unwrap().unwrap();
    let version = store.active_version(package.id).await.unwrap().unwrap();
    World { store, user, environment, agent, package, version }
}

/// Lets a child run until it acknowledged `enough`, then kills it. Gives every id it acknowledged.
fn acknowledged_before_a_kill(path: &Path, enough: usize) -> Vec<ExecutionId> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::crash_child", "--nocapture"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).split(b'\n');
    let mut acknowledged = Vec::new();
    let mut note = |line: Vec<u8>| {
        let line = String::from_utf8(line).unwrap();
        let id = line.rsplit_once("acknowledged ").and_then(|(_, id)| id.parse::<ExecutionId>().ok());
        acknowledged.extend(id);
        acknowledged.len()
    };
    while note(lines.next().expect("the child ended by itself").unwrap()) < enough {}
    child.kill().unwrap();
    for line in lines {
        note(line.unwrap());
    }
    child.wait().unwrap();
    acknowledged
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_a_kill() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let mut acknowledged = Vec::new();
    for round in 0..KILLS {
        // A different instant each time: few or many groups after the start.
        acknowledged.extend(acknowledged_before_a_kill(&path, 1 + round * 37 % 200));
        let mut connection = direct(&path).await;
        let check: String =
            sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
        assert_eq!(check, "ok");
        drop(connection);
    }
    let store = open(&path).await.unwrap();
    for id in &acknowledged {
        assert!(store.execution(*id).await.unwrap().is_some(), "{id} was acknowledged and is lost");
    }
    assert!(acknowledged.len() >= KILLS);
}
