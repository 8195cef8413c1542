//! The shop on SQLite: its table and OpenAutomate's lie in one file.

use std::path::Path;
use std::sync::Arc;

use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Router, serve};
use openautomate_store::StoreOptions;
use openautomate_store::sqlx::SqliteStore;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::automation::Automation;
use crate::order::{Failed, NewOrder, Order};

/// What a handler needs.
#[derive(Clone, Debug)]
pub struct Shop {
    /// The shop's own connections.
    pub pool: SqlitePool,
    /// OpenAutomate's store, on the same file.
    pub store: SqliteStore,
    /// OpenAutomate.
    pub automation: Automation,
}

impl Shop {
    /// Opens the shop in a folder.
    ///
    /// # Errors
    /// If the folder can't be written.
    pub async fn open(folder: &Path, python: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let file = folder.join("shop.db");
        let store = SqliteStore::open(&file, StoreOptions::default()).await?;
        // The store asks for this, so that no row of ours can name one that is not there.
        let options = SqliteConnectOptions::new().filename(&file).foreign_keys(true);
        let pool = SqlitePool::connect_with(options).await?;
        sqlx::query(
            "CREATE TABLE IF NOT EXISTS orders (
                number INTEGER PRIMARY KEY, customer TEXT NOT NULL, cents INTEGER NOT NULL CHECK (cents > 0),
                invoice_run BLOB)",
        )
        .execute(&pool)
        .await?;
        let automation = Automation::start(Arc::new(store.clone()), folder, python).await?;
        Ok(Self { pool, store, automation })
    }

    /// The shop's routes.
    pub fn router(self) -> Router {
        Router::new().route("/orders", post(order)).with_state(self)
    }

    /// Serves until the process ends.
    ///
    /// # Errors
    /// If the address is in use.
    pub async fn serve(self, address: &str) -> anyhow::Result<()> {
        Ok(serve(tokio::net::TcpListener::bind(address).await?, self.router()).await?)
    }
}

/// An order, and the run that writes its invoice: both or none.
async fn order(
    State(shop): State<Shop>,
    Json(new): Json<NewOrder>,
) -> Result<(StatusCode, Json<Order>), Failed> {
    let Automation { orchestrator, .. } = &shop.automation;
    // One that begins by reading could not write once anybody else has.
    let mut transaction = shop.pool.begin_with("BEGIN IMMEDIATE").await?;
    let number: i64 = sqlx::query_scalar("SELECT coalesce(max(number), 0) + 1 FROM orders")
        .fetch_one(&mut *transaction)
        .await?;
    let run = orchestrator
        .enqueue_in(
            &mut shop.store.joining(&mut transaction),
            &shop.automation.owner,
            shop.automation.invoice_of(number, &new.customer, new.cents),
        )
        .await?;
    // If this is refused, the run was never there.
    sqlx::query("INSERT INTO orders (number, customer, cents, invoice_run) VALUES (?, ?, ?, ?)")
        .bind(number)
        .bind(&new.customer)
        .bind(new.cents)
        .bind(run.output().id.as_uuid())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    let execution = run.announce(orchestrator).id;
    Ok((StatusCode::CREATED, Json(Order { number, execution })))
}
