//! An order and its run are there together or not at all.

use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use openautomate_example_shop::trial;
use openautomate_example_shop_diesel::{postgres, sqlite};

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let shop = sqlite::Shop::open(folder.path(), &trial::python()).await.unwrap();
    let orchestrator = shop.automation.orchestrator.clone();
    trial::is_billed_or_never_was(shop.router(), &orchestrator).await;
    orchestrator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let address = trial::postgres();
    let own = format!("shop_{}", uuid::Uuid::now_v7().simple());
    let mut admin = AsyncPgConnection::establish(&address).await.unwrap();
    admin.batch_execute(&format!("CREATE SCHEMA {own}")).await.unwrap();
    // The shop's tables lie in a schema of its own, so that tests leave nothing.
    let joint = if address.contains('?') { '&' } else { '?' };
    let shops = format!("{address}{joint}options=-csearch_path%3D{own}");
    let pool = Pool::builder(AsyncDieselConnectionManager::new(shops)).max_size(4).build().unwrap();
    let store = format!("{address}{joint}schema={own}_oa");
    let folder = tempfile::tempdir().unwrap();
    let shop = postgres::Shop::open(pool.clone(), &store, folder.path(), &trial::python()).await.unwrap();
    let orchestrator = shop.automation.orchestrator.clone();
    trial::is_billed_or_never_was(shop.router(), &orchestrator).await;
    orchestrator.shutdown().await;
    pool.close();
    let drop = format!("DROP SCHEMA {own} CASCADE; DROP SCHEMA {own}_oa CASCADE");
    admin.batch_execute(&drop).await.unwrap();
}
