//! What the tests of every shop ask of it.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test, in the one place that all shops reach"
)]

use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use openautomate_core::Orchestrator;
use openautomate_core::domain::ExecutionState;
use openautomate_core::query::{AuditFilter, ExecutionFilter, PageRequest};
use tower::ServiceExt as _;

use crate::order::{NewOrder, Order};

/// The interpreter that tests use.
#[must_use]
pub fn python() -> PathBuf {
    std::env::var_os("OPENAUTOMATE_TEST_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from)
}

/// The database that tests use.
#[must_use]
pub fn postgres() -> String {
    let Ok(address) = std::env::var("OPENAUTOMATE_TEST_POSTGRES") else {
        panic!("OPENAUTOMATE_TEST_POSTGRES names no server; `make test` sees to one");
    };
    address
}

async fn send(router: &Router, customer: &str, cents: i64) -> (StatusCode, Vec<u8>) {
    let order = NewOrder { customer: customer.to_owned(), cents };
    let request = Request::post("/orders")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(serde_json::to_vec(&order).unwrap()))
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    (status, to_bytes(answer.into_body(), 65_536).await.unwrap().to_vec())
}

async fn executions(orchestrator: &Orchestrator) -> usize {
    let filter = ExecutionFilter::default();
    orchestrator.store().executions(&filter, PageRequest::default()).await.unwrap().items.len()
}

async fn audited(orchestrator: &Orchestrator) -> usize {
    let filter = AuditFilter { action: Some("execution.enqueue".to_owned()), ..AuditFilter::default() };
    orchestrator.store().audit_entries(&filter, PageRequest::default()).await.unwrap().items.len()
}

/// An order and its run are there together or not at all.
pub async fn is_billed_or_never_was(router: Router, orchestrator: &Orchestrator) {
    // It is announced, so nobody waits for a slow poll of five seconds.
    let began = std::time::Instant::now();
    let (status, body) = send(&router, "Ada", 4_200).await;
    assert_eq!(status, StatusCode::CREATED, "{}", String::from_utf8_lossy(&body));
    let order: Order = serde_json::from_slice(&body).unwrap();
    let mut events = orchestrator.subscribe();
    let ended = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let execution = orchestrator.store().execution(order.execution).await.unwrap().unwrap();
            if execution.state.is_terminal() {
                return execution;
            }
            let _ = tokio::time::timeout(Duration::from_millis(200), events.recv()).await;
        }
    });
    let ended = ended.await.unwrap();
    assert_eq!(ended.state, ExecutionState::Succeeded, "{:?} after {:?}", ended.error, began.elapsed());
    assert_eq!(ended.outputs.unwrap()["invoice"], format!("invoice-{}.txt", order.number));

    let before = (executions(orchestrator).await, audited(orchestrator).await);
    assert_eq!(before, (1, 1));
    // The shop's own table refuses it, after (SQLite) or before (PostgreSQL) the run was enqueued.
    let (status, _) = send(&router, "Bob", 0).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((executions(orchestrator).await, audited(orchestrator).await), before);
}
