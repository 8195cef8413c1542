//! An order and its run are there together or not at all.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use openautomate_core::Orchestrator;
use openautomate_core::domain::ExecutionState;
use openautomate_core::query::{AuditFilter, ExecutionFilter, PageRequest};
use openautomate_example_shop::order::{NewOrder, Order};
use openautomate_example_shop::{postgres, sqlite};
use sqlx::postgres::{PgConnectOptions, PgPool};
use tower::ServiceExt as _;

fn python() -> PathBuf {
    std::env::var_os("OPENAUTOMATE_TEST_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from)
}

async fn send(router: &Router, customer: &str, cents: i64) -> (StatusCode, Vec<u8>) {
    let order = NewOrder { customer: customer.to_owned(), cents };
    let request = Request::post("/orders")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(serde_json::to_vec(&order).unwrap()))
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    (status, answer.into_body().collect().await.unwrap().to_bytes().to_vec())
}

async fn executions(orchestrator: &Orchestrator) -> usize {
    let filter = ExecutionFilter::default();
    orchestrator.store().executions(&filter, PageRequest::default()).await.unwrap().items.len()
}

async fn audited(orchestrator: &Orchestrator) -> usize {
    let filter = AuditFilter { action: Some("execution.enqueue".to_owned()), ..AuditFilter::default() };
    orchestrator.store().audit_entries(&filter, PageRequest::default()).await.unwrap().items.len()
}

async fn is_billed_or_never_was(router: Router, orchestrator: &Orchestrator) {
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

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let shop = sqlite::Shop::open(folder.path(), &python()).await.unwrap();
    let orchestrator = shop.automation.orchestrator.clone();
    is_billed_or_never_was(shop.clone().router(), &orchestrator).await;
    let orders: i64 = sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&shop.pool).await.unwrap();
    assert_eq!(orders, 1);
    orchestrator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let Ok(address) = std::env::var("OPENAUTOMATE_TEST_POSTGRES") else {
        panic!("OPENAUTOMATE_TEST_POSTGRES names no server; `make test` sees to one");
    };
    let own = format!("shop_{}", uuid::Uuid::now_v7().simple());
    let admin = PgPool::connect(&address).await.unwrap();
    let create = format!("CREATE SCHEMA {own}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&admin).await.unwrap();
    // The shop's tables lie in a schema of its own, so that tests leave nothing.
    let options = PgConnectOptions::from_str(&address).unwrap().options([("search_path", &own)]);
    let pool = PgPool::connect_with(options).await.unwrap();
    let joint = if address.contains('?') { '&' } else { '?' };
    let store = format!("{address}{joint}schema={own}_oa");
    let folder = tempfile::tempdir().unwrap();
    let shop = postgres::Shop::open(pool, &store, folder.path(), &python()).await.unwrap();
    let orchestrator = shop.automation.orchestrator.clone();
    is_billed_or_never_was(shop.clone().router(), &orchestrator).await;
    let orders: i64 = sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&shop.pool).await.unwrap();
    assert_eq!(orders, 1);
    orchestrator.shutdown().await;
    shop.pool.close().await;
    let drop = format!("DROP SCHEMA {own} CASCADE; DROP SCHEMA {own}_oa CASCADE");
    sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&admin).await.unwrap();
}

#[test]
fn the_automation_lies_where_the_shop_looks_for_it() {
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("invoice/pyproject.toml").is_file());
}
