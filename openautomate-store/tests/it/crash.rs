//! What was acknowledged is there after a kill: what the tests of it share.
//!
//! A test starts itself again as a child that commits and prints the ids it got an `Ok` for, kills it at
//! some instant, and looks for every printed id.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use openautomate_core::conformance::store::sample::World;
use openautomate_core::id::ExecutionId;
use openautomate_core::query::PageRequest;
use openautomate_core::store::Store;

const WRITERS: usize = 4;

/// Commits and says so until it is killed.
pub(crate) async fn commit_for_ever(store: Arc<dyn Store>) {
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
    let version = store.active_version(package.id, environment.id).await.unwrap().unwrap();
    let deployment = store.deployments(package.id).await.unwrap().remove(0);
    World { store, user, environment, agent, package, version, deployment }
}

/// The name of the test that is the child of the tests of a module.
pub(crate) fn child_of(module: &str) -> String {
    let (_, path) = module.split_once("::").unwrap();
    format!("{path}::crash_child")
}

/// Lets a child run until it acknowledged `enough`, then kills it. Gives every id it acknowledged.
pub(crate) fn acknowledged_before_a_kill(
    child: &str,
    variable: &str,
    value: &OsStr,
    enough: usize,
) -> Vec<ExecutionId> {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", child, "--nocapture"])
        .env(variable, value)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).split(b'\n');
    let mut acknowledged = Vec::new();
    let mut note = |line: Vec<u8>| {
        let line = String::from_utf8(line).unwrap();
        let id = line.rsplit_once("acknowledged ").and_then(|(_, id)| id.parse::<ExecutionId>().ok());
        acknowledged.extend(id);
        acknowledged.len()
    };
    while note(lines.next().expect("the child ended by itself").unwrap()) < enough {}
    process.kill().unwrap();
    for line in lines {
        note(line.unwrap());
    }
    process.wait().unwrap();
    acknowledged
}
