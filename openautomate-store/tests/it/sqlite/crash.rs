//! What was acknowledged is there after a kill.

use std::path::Path;
use std::sync::Arc;

use openautomate_core::store::ExecutionStore;
use tempfile::TempDir;

use super::fixture::{direct, open};
use crate::crash::{acknowledged_before_a_kill, child_of, commit_for_ever};

const PATH: &str = "OPENAUTOMATE_STORE_CRASH_PATH";
const KILLS: usize = 20;

/// The child, when the variable is set; nothing in an ordinary run.
#[tokio::test(flavor = "multi_thread")]
async fn crash_child() {
    let Some(path) = std::env::var_os(PATH) else { return };
    commit_for_ever(Arc::new(open(Path::new(&path)).await.unwrap())).await;
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_a_kill() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let mut acknowledged = Vec::new();
    for round in 0..KILLS {
        // A different instant each time: few or many groups after the start.
        acknowledged.extend(acknowledged_before_a_kill(
            child_of(module_path!()).as_str(),
            PATH,
            path.as_os_str(),
            1 + round * 37 % 200,
        ));
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
