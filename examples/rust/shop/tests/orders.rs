//! An order and its run are there together or not at all.

use std::path::Path;
use std::str::FromStr as _;

use openautomate_example_shop::{postgres, sqlite, trial};
use sqlx::postgres::{PgConnectOptions, PgPool};

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let shop = sqlite::Shop::open(folder.path(), &trial::python()).await.unwrap();
    let orchestrator = shop.automation.orchestrator.clone();
    trial::is_billed_or_never_was(shop.clone().router(), &orchestrator).await;
    let orders: i64 = sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&shop.pool).await.unwrap();
    assert_eq!(orders, 1);
    orchestrator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let address = trial::postgres();
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
    let shop = postgres::Shop::open(pool, &store, folder.path(), &trial::python()).await.unwrap();
    let orchestrator = shop.automation.orchestrator.clone();
    trial::is_billed_or_never_was(shop.clone().router(), &orchestrator).await;
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
