//! What was acknowledged is there after a kill of the server that acknowledged it.

use std::sync::Arc;

use openautomate_core::store::ExecutionStore;

use super::fixture::Schema;
use crate::crash::{acknowledged_before_a_kill, child_of, commit_for_ever};

const SCHEMA: &str = "OPENAUTOMATE_STORE_CRASH_SCHEMA";
const KILLS: usize = 5;

/// The child, when the variable is set; nothing in an ordinary run.
#[tokio::test(flavor = "multi_thread")]
async fn crash_child() {
    let Ok(schema) = std::env::var(SCHEMA) else { return };
    // Its owner drops it.
    let schema = std::mem::ManuallyDrop::new(Schema(schema));
    commit_for_ever(Arc::new(schema.open().await.unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_by_a_kill() {
    let schema = Schema::new();
    let mut acknowledged = Vec::new();
    for round in 0..KILLS {
        acknowledged.extend(acknowledged_before_a_kill(
            child_of(module_path!()).as_str(),
            SCHEMA,
            schema.0.as_ref(),
            1 + round * 37 % 200,
        ));
    }
    let store = schema.open().await.unwrap();
    for id in &acknowledged {
        assert!(store.execution(*id).await.unwrap().is_some(), "{id} was acknowledged and is lost");
    }
    assert!(acknowledged.len() >= KILLS);
}
